"""Calling actions of the real SDK by their wire names, and documents that tests use."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from alibabacloud_ims20190815 import models as ims_models
from alibabacloud_ram20150501 import models as ram_models
from alibabacloud_sts20150401 import models as sts_models
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException


def invoke(client: Any, action: str, **parameters: Any) -> dict[str, Any]:
    """Call an action with wire parameters; the reply's body by wire names."""
    method = getattr(client, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", action).lower())
    product = type(client).__module__.partition(".")[0]
    models = {"ram": ram_models, "sts": sts_models, "ims": ims_models}[product[13:16]]
    model = getattr(models, f"{action}Request", None)
    reply = method(model().from_map(parameters)) if model else method()
    return dict(reply.body.to_map())


def at(body: Any, path: str) -> Any:
    """The part of a reply at a dotted path; numbers are positions."""
    for part in path.split(".") if path else ():
        body = body[int(part)] if part.isdigit() else body[part]
    return body


def refused(client: Any, action: str, **parameters: Any) -> AlibabaCloudException:
    """Call an action that must be refused; the exception."""
    with pytest.raises(AlibabaCloudException) as caught:
        invoke(client, action, **parameters)
    return caught.value


def trust(*principals: str, kind: str = "RAM", **extra: Any) -> str:
    """A trust document for some principals."""
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {kind: list(principals)},
        **extra,
    }
    return json.dumps({"Version": "1", "Statement": [statement]})


def policy(action: Any = "oss:GetObject", **extra: Any) -> str:
    """A permission document with one statement."""
    statement = {"Effect": "Allow", "Action": action, "Resource": "*", **extra}
    return json.dumps({"Version": "1", "Statement": [statement]})


SERVICE_TRUST = trust("fc.aliyuncs.com", kind="Service")
