"""Calls about the access keys that the operator makes. Each is one write, safe to repeat but the
first, which `loop.access_keys` announces in the record.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from ..errors import Absent, OutcomeUnknown
from ..model.secret import Secret
from . import answers
from .locks import Turn
from .writing import Write, Writer


def create(writer: Writer, user: str) -> tuple[str, Secret]:
    """Id and secret of a new key. Raises OutcomeUnknown where the answer lacks one of them."""
    reply = writer.send(Write("CreateAccessKey", {"UserName": user}))
    key = answers.made(reply, "CreateAccessKey", "AccessKey", "AccessKeyId")
    secret = key.get("AccessKeySecret")
    if not isinstance(secret, Secret):
        raise OutcomeUnknown("CreateAccessKey got an answer without its AccessKeySecret")
    return str(key["AccessKeyId"]), secret


def disable(writer: Writer, user: str, key_id: str) -> None:
    """The key lets nobody in any more; one that is gone does not, either."""
    _narrow(writer, "UpdateAccessKey", _target(user, key_id) | {"Status": "Inactive"})


def delete(writer: Writer, user: str, key_id: str) -> None:
    _narrow(writer, "DeleteAccessKey", _target(user, key_id))


def _target(user: str, key_id: str) -> dict[str, Any]:
    return {"UserName": user, "UserAccessKeyId": key_id}


def _narrow(writer: Writer, action: str, parameters: Mapping[str, Any]) -> None:
    with contextlib.suppress(Absent):
        writer.send(Write(action, parameters, Turn.NARROWING))
