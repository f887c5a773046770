"""Calls about the access keys that the operator makes. Each is one write, safe to repeat but the
first, which `loop.access_keys` announces in the record.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from .. import times
from ..errors import Absent, OutcomeUnknown
from ..model.secret import Secret
from ..model.state import CloudCalls
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


def last_used(calls: CloudCalls, user: str, key_id: str, now: float) -> float:
    """When it was, in seconds since the epoch; 0 for never. What cannot be read, or is to come, is
    now: nobody may take a key for unused of which that is not known.
    """
    action = "GetAccessKeyLastUsed"
    used = calls.call(action, _target(user, key_id)).get("AccessKeyLastUsed")
    if not isinstance(used, Mapping):
        raise answers.incomplete(action, "AccessKeyLastUsed")
    found = str(used.get("LastUsedDate") or "")
    if found in ("", "N/A"):
        return 0.0
    known = times.seconds_or_none(found)
    return now if known is None else min(known, now)


def _target(user: str, key_id: str) -> dict[str, Any]:
    return {"UserName": user, "UserAccessKeyId": key_id}


def _narrow(writer: Writer, action: str, parameters: Mapping[str, Any]) -> None:
    with contextlib.suppress(Absent):
        writer.send(Write(action, parameters, Turn.NARROWING))
