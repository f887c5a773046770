"""deploy/ram-policy.json is what the operator needs, and no more. The tour runs under it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from alibabacloud_ram20150501 import client as ram_client
from alibabacloud_ram20150501 import models as ram_models
from alibabacloud_tea_openapi.models import Config
from Tea.exceptions import TeaException

from demo.stage import RAM_POLICY
from lab.emulator_process import EmulatorProcess
from ram_operator.cloud.methods import (
    ACTION_TRAIL_ACTIONS,
    IMS_METHODS,
    METHODS,
    RESOURCE_MANAGER_ACTIONS,
)

DOCUMENT: dict[str, Any] = json.loads(RAM_POLICY.read_text())


@pytest.fixture(scope="module")
def client() -> Iterator[ram_client.Client]:
    with EmulatorProcess.start() as process:
        account = process.admin.create_account(behaviours="friendly").account_id
        user = process.admin.create_user(account, "ram-operator", document=DOCUMENT)
        yield ram_client.Client(
            Config(
                access_key_id=user.access_key_id,
                access_key_secret=user.access_key_secret,
                endpoint=process.endpoint,
                protocol="http",
            )
        )


def test_it_allows_exactly_the_calls_that_the_operator_makes() -> None:
    (statement,) = DOCUMENT["Statement"]
    wanted = {f"ram:{action}" for action in METHODS} | {"sts:GetCallerIdentity"}
    # One published table has IMS's actions under its own name, another under RAM's.
    wanted |= {f"{prefix}:{action}" for action in IMS_METHODS for prefix in ("ims", "ram")}
    wanted |= {f"ram:{action}" for action in RESOURCE_MANAGER_ACTIONS}
    wanted |= {f"actiontrail:{action}" for action in ACTION_TRAIL_ACTIONS}
    assert set(statement["Action"]) == wanted
    assert len(statement["Action"]) == len(wanted)
    assert (statement["Effect"], statement["Resource"]) == ("Allow", "*")


@pytest.mark.parametrize("action", METHODS)
def test_the_cloud_lets_every_call_through(client: ram_client.Client, action: str) -> None:
    request = getattr(ram_models, f"{action}Request")()
    code = ""
    try:
        getattr(client, METHODS[action])(request)
    except TeaException as error:
        code = str(error.code)
    # Permission is asked first; what the empty request lacks is asked only then.
    assert re.fullmatch("|Missing.*|Invalid.*", code)


def test_what_is_not_listed_is_refused(client: ram_client.Client) -> None:
    with pytest.raises(TeaException) as caught:
        client.create_login_profile(ram_models.CreateLoginProfileRequest(user_name="somebody"))
    assert caught.value.code == "NoPermission"
