"""ActionTrail 2020-07-06: LookupEvents over what was called, as late as the service is.

The gateway records each call that writes or wanted to, refused ones as well. Edits made in the
console (by a client whose User-Agent says so) come with the names that the console has for them,
from the service that it goes through.
"""

from __future__ import annotations

import base64
import binascii
import calendar
import hashlib
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .clock import iso
from .entities import AccessKey, Caller
from .errors import ApiError
from .journal import redacted
from .params import Param
from .registry import ACTION_TRAIL, SERVICES, Action, Body, Call
from .state import ROOT, KeyOwner
from .trail import Recorded
from .wire import Envelope

_DAY: Final = 86_400.0
_WINDOW: Final = 90 * _DAY
_DEFAULT_WINDOW: Final = 7 * _DAY
_CONSOLE: Final = "console"
_NAMES: Final = {"ram": "Ram", "ims": "Ims", "resourcemanager": "ResourceManager", "sts": "Sts"}
_IN_CONSOLE: Final = {
    "AddUserToGroup": "AddUserToUserGroup",
    "RemoveUserFromGroup": "RemoveUserFromUserGroup",
    "CreateUser": "BatchCreateUser",
    "CreateGroup": "CreateUserGroup",
}
"""Those that are no public API actions; of the others the console uses the API's own."""
_TYPES: Final = {
    "RoleName": "ACS::RAM::Role",
    "UserName": "ACS::RAM::User",
    "UserPrincipalName": "ACS::RAM::User",
    "GroupName": "ACS::RAM::Group",
    "PolicyName": "ACS::RAM::Policy",
    "UserAccessKeyId": "ACS::RAM::AccessKey",
}
_IDENTITIES: Final = {"account": "root-account", "user": "ram-user", "role": "assumed-role"}
_FIELDS: Final = {
    "ServiceName": "serviceName",
    "EventName": "eventName",
    "EventId": "eventId",
    "EventRW": "eventRW",
    "EventType": "eventType",
    "SourceIpAddress": "sourceIpAddress",
    "ResourceType": "resourceType",
}


@dataclass(frozen=True, slots=True)
class Finished:
    """What becomes of a call once it is over: its request id and its error's code, if any."""

    request_id: str
    code: str


def event_of(envelope: Envelope, caller: Caller, done: Finished, now: float) -> Recorded:
    """What ActionTrail has of a call, with secrets replaced."""
    agent = envelope.headers.get("User-Agent", "")
    console = _CONSOLE in agent.lower()
    service = "ims" if console else SERVICES.get(envelope.version, "")
    given, name = redacted(envelope.parameters), envelope.action
    resources = _resources(given)
    event: dict[str, Any] = {
        "eventId": done.request_id,
        "eventVersion": "1",
        "eventCategory": "Management",
        "eventType": "ConsoleOperation" if console else "ApiCall",
        "eventName": _IN_CONSOLE.get(name, name) if console else name,
        "eventRW": "Write",
        "eventSource": "ims-share.aliyuncs.com" if console else f"{service}.aliyuncs.com",
        "eventTime": iso(now),
        "serviceName": _NAMES.get(service, service),
        "apiVersion": envelope.version,
        "requestId": done.request_id,
        "requestParameters": {**given, "HostId": envelope.host, "RequestId": done.request_id},
        "referencedResources": resources,
        "resourceType": ";".join(resources),
        "resourceName": ";".join(name for names in resources.values() for name in names),
        "sourceIpAddress": envelope.source,
        "userAgent": agent,
        "userIdentity": _identity(caller, console=console),
    }
    if done.code:
        event |= {"errorCode": done.code, "errorMessage": "The call was refused."}
    return Recorded(caller.account_id, now, event)


def of_platform(key: AccessKey, owner: KeyOwner, now: float) -> Recorded:
    """What it has of a key that the platform has switched: nobody called, so there is no caller. No
    sample of it is published.
    """
    given = {"UserAccessKeyId": key.key_id, "Status": "Active" if key.active else "Inactive"}
    if owner.user != ROOT:
        given["UserName"] = owner.user
    resources = _resources(given)
    event: dict[str, Any] = {
        "eventId": str(uuid.uuid4()).upper(),
        "eventVersion": "1",
        "eventCategory": "Management",
        "eventType": "AliyunServiceEvent",
        "eventName": "UpdateAccessKey",
        "eventRW": "Write",
        "eventSource": "ram.aliyuncs.com",
        "eventTime": iso(now),
        "serviceName": "Ram",
        "requestParameters": given,
        "referencedResources": resources,
        "resourceType": ";".join(resources),
        "sourceIpAddress": "",
        "userIdentity": {},
    }
    return Recorded(owner.account_id, now, event)


def _resources(given: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, kind in _TYPES.items():
        if name in given:
            found.setdefault(kind, []).append(given[name])
    return found


def _identity(caller: Caller, *, console: bool) -> dict[str, Any]:
    name = caller.name
    if caller.kind == "account":
        name = "root"
    elif caller.session is not None:
        name = f"{caller.name}:{caller.session.name}"
    identity: dict[str, Any] = {
        "type": _IDENTITIES.get(caller.kind, caller.kind),
        "principalId": caller.principal_id,
        "accountId": caller.account_id,
        "userName": name,
    }
    if console:
        identity["sessionContext"] = {"attributes": {"mfaAuthenticated": "false"}}
    else:
        identity["accessKeyId"] = caller.session.key_id if caller.session else "(a key)"
    return identity


def _lookup(call: Call) -> Body:
    start, end = _window(call)
    wanted = dict(call.values.get("LookupAttribute", ())[:2])
    lag = call.account.seconds("actiontrail_lag_seconds")
    found = [
        each.event
        for each in call.universe.trail.of(call.account.account_id, start, min(end, call.now - lag))
        if all(_has(each.event, key, value) for key, value in wanted.items())
    ]
    if call.optional("Direction") == "FORWARD":
        found.reverse()
    size = call.number("MaxResults", 20)
    begin = _place(call)
    body: Body = {"Events": found[begin : begin + size], "StartTime": iso(start)}
    body["EndTime"] = iso(end)
    if begin + size < len(found):
        body["NextToken"] = _token(call, begin + size)
    return body


def _has(event: Mapping[str, Any], key: str, value: str) -> bool:
    """Exact, and by letter case."""
    identity = event["userIdentity"]
    if key == "User":
        return bool(identity.get("userName") == value)
    if key == "EventAccessKeyId":
        return bool(identity.get("accessKeyId") == value)
    if key == "ResourceName":
        return any(value in names for names in event["referencedResources"].values())
    if key not in _FIELDS:
        raise ApiError("InvalidQueryParameter", f"The attribute {key} is not supported.")
    return bool(event[_FIELDS[key]] == value)


def _window(call: Call) -> tuple[float, float]:
    texts = call.optional("StartTime"), call.optional("EndTime")
    if texts == (None, None):
        return call.now - _DEFAULT_WINDOW, call.now
    if None in texts:
        raise ApiError("InvalidParameterCombination", "Give both StartTime and EndTime.")
    start, end = _time("StartTime", str(texts[0])), _time("EndTime", str(texts[1]))
    if start > end:
        raise ApiError("InvalidParameterCombination", "StartTime is after EndTime.")
    if start < call.now - _WINDOW:
        raise ApiError("InvalidParameterStartTime", "StartTime is more than 90 days ago.")
    # A second is as much as the times say.
    return start, end + 0.999


def _time(name: str, text: str) -> float:
    try:
        return float(calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")))
    except ValueError:
        raise ApiError(f"InvalidParameter{name}", f"{name} is wrongly formed.") from None


def _asked(call: Call) -> str:
    asked = {name: value for name, value in call.values.items() if name != "NextToken"}
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def _token(call: Call, begin: int) -> str:
    return base64.b64encode(f"{_asked(call)}:{begin}".encode()).decode()


def _place(call: Call) -> int:
    """Where the page begins; a token is good for the parameters that it was given for."""
    token = call.optional("NextToken")
    if not token:
        return 0
    try:
        asked, _, begin = base64.b64decode(token, validate=True).decode().partition(":")
        if asked == _asked(call):
            return int(begin)
    except (binascii.Error, ValueError):
        pass
    raise ApiError("InvalidQueryParameter", "NextToken is of another query.")


ACTIONS = (
    Action(
        "LookupEvents",
        _lookup,
        "read",
        (
            Param("StartTime"),
            Param("EndTime"),
            Param("LookupAttribute", "tags"),
            Param("MaxResults", "int", low=0, high=50, code=""),
            Param("NextToken"),
            Param("Direction", choices=("", "FORWARD", "BACKWARD"), code=""),
        ),
        ("*",),
        "lookupsPerSecond",
        ACTION_TRAIL,
    ),
)
