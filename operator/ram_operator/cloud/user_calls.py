"""Calls about users: attributes, ways to log in, groups."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from ..constants import Reason
from ..errors import Absent, RamOperatorError
from ..kinds.entries import names_entries
from ..kinds.sign_in import INACTIVE, PROFILE, SHOWN, UNREAD, shown, way
from ..model.objects import Entry
from ..model.state import CloudCalls, Live
from ..model.steps import Attributes, Create, Leave, Revoke, Unbind, WriteAttributes
from ..model.vocabulary import Presence
from . import answers
from .calls import Fields, gone_is_done, send
from .jobs import Reply
from .writing import Writer

_DOMAIN: Final = "IMS.GetDefaultDomain"
_PROFILE: Final = "IMS.GetLoginProfile"
_USER: Final = "IMS.GetUser"


def read_user(calls: CloudCalls, name: str) -> Live:
    body = calls.call("GetUser", {"UserName": name})
    user = answers.part(body, "GetUser", "User", "UserId")
    fields: Fields = {
        "displayName": user.get("DisplayName") or "",
        "email": user.get("Email") or "",
        "mobilePhone": user.get("MobilePhone") or "",
        "comments": user.get("Comments") or "",
    }
    return Live(
        presence=Presence.PRESENT,
        cloud_name=str(user.get("UserName") or name),
        cloud_id=str(user["UserId"]),
        created_at=str(user.get("CreateDate") or ""),
        last_logon=str(user.get("LastLoginDate") or ""),
        fields=fields,
    )


def exists(calls: CloudCalls, name: str) -> bool:
    """Whether there is such a user. Raises errors.*."""
    try:
        read_user(calls, name)
    except Absent:
        return False
    return True


def read_groups(calls: CloudCalls, noun: str, live: Live) -> Fields:
    body = calls.call("ListGroupsForUser", {"UserName": live.cloud_name})
    rows = answers.rows(body, "ListGroupsForUser", ("Groups", "Group"), "GroupName")
    return {"groups": names_entries([row["GroupName"] for row in rows])}


def read_access(calls: CloudCalls, noun: str, live: Live) -> Fields:
    """Ways to log in: a login profile, and keys by the last characters that tell them apart.

    A profile has no id, and is known by when it was made. What lets nobody in has the value
    `inactive`: a key need not be made so once more, and a profile may be switched on again.
    """
    name = live.cloud_name
    found: dict[str, Entry] = {}
    try:
        body = calls.call("GetLoginProfile", {"UserName": name})
        profile = answers.part(body, "GetLoginProfile", "LoginProfile")
    except Absent as error:
        _only_relation(error)
    else:
        made = str(profile.get("CreateDate") or "")
        value = _switched(calls, live)
        # The status lists it: nobody may take what nobody watches for something that is watched.
        told = f"{PROFILE} ({UNREAD})" if value == UNREAD else PROFILE
        found[PROFILE] = Entry(told, value, handle=made)
    body = calls.call("ListAccessKeys", {"UserName": name})
    rows = answers.rows(body, "ListAccessKeys", ("AccessKeys", "AccessKey"), "AccessKeyId")
    keys = {str(row["AccessKeyId"]): row for row in rows}
    for key, row in keys.items():
        value = INACTIVE if row.get("Status") == "Inactive" else ""
        made, end = str(row.get("CreateDate") or ""), _end(key, keys)
        found[way(end)] = Entry(f"accessKey {shown(end)}", value, handle=key, since=made)
    return {"access": found}


def _end(key: str, keys: Collection[str]) -> str:
    """Its last characters, as many as tell it from the others: none may stand for two."""
    for length in range(SHOWN, len(key)):
        if sum(each.endswith(key[-length:]) for each in keys) == 1:
            return key[-length:]
    return key


def _switched(calls: CloudCalls, live: Live) -> str:
    """Value of a login profile: whether the console lets the user in. RAM does not say it."""
    try:
        name = f"{live.cloud_name}@{_of(calls.call(_DOMAIN, {}), _DOMAIN, 'DefaultDomainName')}"
        try:
            profile = _profile(calls, name)
        except Absent:
            # The account's domain may have changed since it was asked for.
            profile = _profile(calls, _principal_name(calls, live))
    except Absent as error:
        raise answers.incomplete(_PROFILE, "what RAM knows") from error
    except RamOperatorError as error:
        if error.reason is not Reason.ACCESS_DENIED:
            raise
        return UNREAD
    return INACTIVE if profile["Status"] == "Inactive" else ""


def _profile(calls: CloudCalls, principal: str) -> Mapping[str, Any]:
    body = calls.call(_PROFILE, {"UserPrincipalName": principal})
    return answers.part(body, _PROFILE, "LoginProfile", "Status")


def _principal_name(calls: CloudCalls, live: Live) -> str:
    user_id = live.cloud_id or read_user(calls, live.cloud_name).cloud_id
    found = answers.part(calls.call(_USER, {"UserId": user_id}), _USER, "User", "UserPrincipalName")
    return str(found["UserPrincipalName"])


def _of(body: Mapping[str, Any], action: str, name: str) -> str:
    return str(answers.part({"answer": body}, action, "answer", name)[name])


def read_mfa(calls: CloudCalls, noun: str, live: Live) -> Fields:
    try:
        body = calls.call("GetUserMFAInfo", {"UserName": live.cloud_name})
        answers.part(body, "GetUserMFAInfo", "MFADevice")
    except Absent as error:
        _only_relation(error)
        return {"mfa": {}}
    return {"mfa": {"mfa": Entry("mfa")}}


def _only_relation(error: Absent) -> None:
    """The user is there and has no such thing. That the user is gone is another answer."""
    if not error.relation:
        raise error


def leave(writer: Writer, name: str, step: Leave) -> Reply:
    for entry in step.entries.values():
        parameters = {"GroupName": entry.display, "UserName": name}
        gone_is_done(writer, step, "RemoveUserFromGroup", parameters)
    return {}


def revoke(writer: Writer, name: str, step: Revoke) -> Reply:
    """A key is made inactive before it is deleted, so that a half-done deletion is a safe one."""
    for key, entry in step.entries.items():
        if key == PROFILE:
            gone_is_done(writer, step, "DeleteLoginProfile", {"UserName": name})
            continue
        target = {"UserName": name, "UserAccessKeyId": entry.handle}
        if entry.value != INACTIVE:
            gone_is_done(writer, step, "UpdateAccessKey", {**target, "Status": "Inactive"})
        gone_is_done(writer, step, "DeleteAccessKey", target)
    return {}


def unbind(writer: Writer, name: str, step: Unbind) -> Reply:
    return gone_is_done(writer, step, "UnbindMFADevice", {"UserName": name})


_USER_FIELDS: Final = {
    "displayName": "DisplayName",
    "email": "Email",
    "mobilePhone": "MobilePhone",
    "comments": "Comments",
}


def _user_attributes(values: Attributes, prefix: str) -> dict[str, Any]:
    """All attributes that are known: what a call omits may be cleared. Empty ones are not sent."""
    return {prefix + wire: values[name] for name, wire in _USER_FIELDS.items() if values.get(name)}


def create_user(writer: Writer, name: str, step: Create) -> Reply:
    parameters = {"UserName": name, **_user_attributes(step.new.attributes, "")}
    reply = send(writer, step, "CreateUser", parameters)
    return {"cloudId": answers.made(reply, "CreateUser", "User", "UserId")["UserId"]}


def update_user(writer: Writer, name: str, step: WriteAttributes) -> Reply:
    attributes = _user_attributes(step.attributes, "New")
    send(writer, step, "UpdateUser", {"UserName": name, "NewUserName": name, **attributes})
    return {}
