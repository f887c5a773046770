"""What ActionTrail has of an account: who called what, without what the calls carried.

It lags by about ten minutes and takes two calls a second: it is asked only who made a difference
that was found otherwise. Of an event only what `Trace` has is kept, for others hold secrets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from .. import times
from ..constants import Reason
from ..errors import Retry
from ..model.state import CloudCalls
from ..model.traces import Trace
from . import answers

ACTION: Final = "ActionTrail.LookupEvents"
_SERVICES: Final = ("Ram", "Ims", "ResourceManager")
"""The console edits by IMS."""
_PAGE: Final = 50
_MOST_PAGES: Final = 20
_NOUNS: Final = {
    "RoleName": "role",
    "UserName": "user",
    "UserPrincipalName": "user",
    "GroupName": "group",
    "PolicyName": "policy",
    "UserAccessKeyId": "key",
    "RoleId": "id",
    "UserId": "id",
    "GroupId": "id",
}
_TYPES: Final = {
    "ACS::RAM::Role": "role",
    "ACS::RAM::User": "user",
    "ACS::RAM::Group": "group",
    "ACS::RAM::Policy": "policy",
    "ACS::RAM::AccessKey": "key",
}

_WITH_DOMAIN: Final = frozenset({"role", "user", "group"})


def read(calls: CloudCalls, start: float, end: float) -> list[Trace]:
    """All writes between these times. Raises errors.*, also where there are too many to tell."""
    return [trace for service in _SERVICES for trace in _service(calls, service, start, end)]


def _service(calls: CloudCalls, service: str, start: float, end: float) -> Iterator[Trace]:
    asked = {
        "StartTime": times.stamp(start),
        "EndTime": times.stamp(end),
        "LookupAttribute.1.Key": "ServiceName",
        "LookupAttribute.1.Value": service,
        "LookupAttribute.2.Key": "EventRW",
        "LookupAttribute.2.Value": "Write",
        "MaxResults": str(_PAGE),
    }
    token = ""
    for _ in range(_MOST_PAGES):
        body = calls.call(ACTION, {**asked, "NextToken": token} if token else asked)
        for event in answers.rows(body, ACTION, ("Events",)):
            if (trace := understood(event)) is not None:
                yield trace
        token = str(body.get("NextToken") or "")
        if not token:
            return
    text = f"{ACTION}: more events than can be read, so that nobody can be named"
    raise Retry(Reason.CLOUD_UNAVAILABLE, text)


def understood(event: Mapping[str, Any]) -> Trace | None:
    """None for one that does not even say when it was. Old events have other shapes."""
    at = times.seconds_or_none(str(event.get("eventTime") or ""))
    if at is None or event.get("eventRW", "Write") != "Write":
        return None
    who = _part(event, "userIdentity")
    agent = str(event.get("userAgent") or "").lower()
    platform = "ServiceEvent" in str(event.get("eventType") or "")
    return Trace(
        event_id=str(event.get("eventId") or ""),
        request_id=str(
            event.get("requestId") or _part(event, "requestParameters").get("RequestId") or ""
        ),
        action=str(event.get("eventName") or ""),
        at=at,
        names=frozenset(_names(event)),
        identity="service" if platform or not who else str(who.get("type") or ""),
        user=_user(who),
        console="console" in agent or not who.get("accessKeyId"),
        failed=bool(event.get("errorCode")),
        address=str(event.get("sourceIpAddress") or ""),
    )


def _user(who: Mapping[str, Any]) -> str:
    if who.get("type") == "root-account":
        return "root"
    return str(who.get("userName") or who.get("principalId") or "")


def _names(event: Mapping[str, Any]) -> Iterator[str]:
    for name, value in _part(event, "requestParameters").items():
        if name in _NOUNS and isinstance(value, str) and value:
            yield _named(_NOUNS[name], value)
    for kind, values in _part(event, "referencedResources").items():
        if kind in _TYPES and isinstance(values, Sequence) and not isinstance(values, str):
            yield from (_named(_TYPES[kind], str(value)) for value in values)


def _named(noun: str, name: str) -> str:
    # What is behind the last @ is the account's domain, which may change.
    own = name.rpartition("@")[0] if noun in _WITH_DOMAIN else ""
    return f"{noun}/{(own or name).lower()}"


def _part(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = event.get(name)
    return found if isinstance(found, Mapping) else {}
