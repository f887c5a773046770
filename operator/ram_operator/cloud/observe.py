"""One close look at one identity: each part a value, absent, or unknown with its error.

Serves the `Observer` protocol call by call. READS has one function per (kind, read) that the table
in `kinds` names; a part whose read fails is an UnknownPart and never an empty value.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from .. import documents
from ..constants import OWNER_TAG_CLUSTER, OWNER_TAG_NAME, OWNER_TAG_NAMESPACE, Reason
from ..errors import Absent, Bug, RamOperatorError, Retry
from ..kinds.table import KINDS, names_entries, policy_entries, tag_entries
from ..model.objects import CloudCalls, Entries, Entry, FieldValue, Live, Owner, UnknownPart
from ..model.vocabulary import Presence
from . import answers

Fields = dict[str, FieldValue | UnknownPart]
INACTIVE: Final = "inactive"
DEFAULT_SESSION: Final = 3600
"""Seconds, where RAM names none."""


class CloseObserver:
    """Looks by calling the cloud; `calls` is one account's client, `clock` a monotonic one."""

    def __init__(self, calls: CloudCalls, clock: Callable[[], float] = time.monotonic) -> None:
        self._calls = calls
        self._clock = clock

    def glance(self, kind: str, cloud_name: str) -> Live:
        """What the first call alone says: of the other parts it knows nothing, so they are left out
        as if nobody managed them. Never raises errors of the cloud.
        """
        try:
            return GETS[kind](self._calls, cloud_name)
        except Absent:
            return Live(Presence.ABSENT, cloud_name)
        except RamOperatorError as error:
            return Live(Presence.UNKNOWN, cloud_name, error=error)

    def look(self, kind: str, cloud_name: str) -> Live:
        """What the cloud says now. Never raises errors of the cloud: they are in the value."""
        begun = self._clock()
        try:
            live = GETS[kind](self._calls, cloud_name)
        except Absent:
            return Live(Presence.ABSENT, cloud_name, read_at=begun)
        except RamOperatorError as error:
            return Live(Presence.UNKNOWN, cloud_name, error=error)
        fields: Fields = dict(live.fields)
        row = KINDS[kind]
        for read in row.reads:
            names = [field.name for field in row.fields if field.read == read]
            try:
                fields.update(READS[read](self._calls, row.noun, live))
            except RamOperatorError as error:
                if not (row.optional(read) and error.reason is Reason.ACCESS_DENIED):
                    fields.update({name: UnknownPart(error) for name in names})
        return Live(
            presence=Presence.PRESENT,
            cloud_name=live.cloud_name,
            cloud_id=live.cloud_id,
            arn=live.arn,
            fields=fields,
            service_linked=live.service_linked,
            default_version=live.default_version,
            created_at=live.created_at,
            owner=_owner(fields.get(row.tag_field)),
            read_at=begun,
        )


def _owner(tags: FieldValue | UnknownPart | None) -> Owner | None:
    if not isinstance(tags, Mapping) or OWNER_TAG_NAME not in tags:
        return None
    parts = (OWNER_TAG_CLUSTER, OWNER_TAG_NAMESPACE, OWNER_TAG_NAME)
    cluster, namespace, name = (tags[key].value if key in tags else "" for key in parts)
    return Owner(cluster, namespace, name)


def _next(body: Mapping[str, Any], field: str, before: str) -> str:
    """The marker of the next page, or "". A list that is cut and goes nowhere is not complete."""
    following = str(body.get(field) or "")
    cut = body.get("IsTruncated")
    if (following and following == before) or (cut and not following):
        raise Retry(Reason.CLOUD_UNAVAILABLE, "a list of the cloud ended before it was complete")
    return "" if cut is False else following


def _role(calls: CloudCalls, name: str) -> Live:
    body = calls.call("GetRole", {"RoleName": name})
    role = answers.part(body, "GetRole", "Role", "RoleId")
    fields: Fields = {
        "trustPolicy": read_trust(role.get("AssumeRolePolicyDocument"), name),
        "description": role.get("Description") or "",
        "maxSessionDurationSeconds": _seconds(role.get("MaxSessionDuration")),
    }
    return Live(
        presence=Presence.PRESENT,
        cloud_name=str(role.get("RoleName") or name),
        cloud_id=str(role["RoleId"]),
        arn=str(role.get("Arn") or ""),
        fields=fields,
        service_linked=bool(role.get("IsServiceLinkedRole")),
    )


def read_trust(text: Any, name: str) -> documents.Trust | UnknownPart:
    """The live trust document; one that is missing or no JSON object is unknown, not empty."""
    if not text:
        return UnknownPart(answers.incomplete("GetRole", "AssumeRolePolicyDocument"))
    try:
        return documents.parse_trust(text, lenient=True)
    except documents.DocumentError as error:
        return UnknownPart(Bug(f"the trust document of role {name} cannot be read: {error}"))


def _seconds(value: Any) -> FieldValue | UnknownPart:
    try:
        return int(value or DEFAULT_SESSION)
    except (TypeError, ValueError):
        return UnknownPart(answers.incomplete("GetRole", "MaxSessionDuration as a number"))


def _policy(calls: CloudCalls, name: str) -> Live:
    body = calls.call("GetPolicy", {"PolicyName": name, "PolicyType": "Custom"})
    policy = answers.part(body, "GetPolicy", "Policy", "CreateDate")
    document: FieldValue | UnknownPart
    version: Mapping[str, Any] = {}
    needs = ("DefaultPolicyVersion", "VersionId", "PolicyDocument")
    try:
        version = answers.part(body, "GetPolicy", *needs)
        document = documents.parse_policy(version["PolicyDocument"], lenient=True)
    except Retry as error:
        document = UnknownPart(error)
    except documents.DocumentError as error:
        document = UnknownPart(Bug(f"the document of policy {name} cannot be read: {error}"))
    return Live(
        presence=Presence.PRESENT,
        cloud_name=str(policy.get("PolicyName") or name),
        # A policy has neither id nor ARN in RAM; its creation date tells a re-created one apart.
        cloud_id=str(policy["CreateDate"]),
        fields={"document": document, "description": policy.get("Description") or ""},
        default_version=str(version.get("VersionId") or ""),
    )


def _user(calls: CloudCalls, name: str) -> Live:
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
        fields=fields,
    )


def _group(calls: CloudCalls, name: str) -> Live:
    body = calls.call("GetGroup", {"GroupName": name})
    group = answers.part(body, "GetGroup", "Group", "GroupId")
    return Live(
        presence=Presence.PRESENT,
        cloud_name=str(group.get("GroupName") or name),
        cloud_id=str(group["GroupId"]),
        created_at=str(group.get("CreateDate") or ""),
        fields={"comments": group.get("Comments") or ""},
    )


def _groups(calls: CloudCalls, noun: str, live: Live) -> Fields:
    body = calls.call("ListGroupsForUser", {"UserName": live.cloud_name})
    rows = answers.rows(body, "ListGroupsForUser", ("Groups", "Group"), "GroupName")
    return {"groups": names_entries([row["GroupName"] for row in rows])}


def _members(calls: CloudCalls, noun: str, live: Live) -> Fields:
    names: list[str] = []
    marker = ""
    while True:
        query: dict[str, Any] = {"GroupName": live.cloud_name, "MaxItems": 1000}
        if marker:
            query["Marker"] = marker
        body = calls.call("ListUsersForGroup", query)
        rows = answers.rows(body, "ListUsersForGroup", ("Users", "User"), "UserName")
        names += [row["UserName"] for row in rows]
        following = _next(body, "Marker", marker)
        if not following:
            return {"members": names_entries(names)}
        marker = following


def _access(calls: CloudCalls, noun: str, live: Live) -> Fields:
    """Ways to log in: a login profile, and keys by their last characters.

    A key that lets nobody in has the value `inactive`, for it need not be made so once more.
    """
    name = live.cloud_name
    found: dict[str, Entry] = {}
    try:
        body = calls.call("GetLoginProfile", {"UserName": name})
        answers.part(body, "GetLoginProfile", "LoginProfile")
        found["loginProfile"] = Entry("loginProfile")
    except Absent as error:
        _only_relation(error)
    body = calls.call("ListAccessKeys", {"UserName": name})
    for row in answers.rows(body, "ListAccessKeys", ("AccessKeys", "AccessKey"), "AccessKeyId"):
        key = str(row["AccessKeyId"])
        value = INACTIVE if row.get("Status") == "Inactive" else ""
        found[f"accessKey/…{key[-4:]}"] = Entry(f"accessKey …{key[-4:]}", value, handle=key)
    return {"access": found}


def _mfa(calls: CloudCalls, noun: str, live: Live) -> Fields:
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


def _attachments(calls: CloudCalls, noun: str, live: Live) -> Fields:
    title = noun.capitalize()
    action = f"ListPoliciesFor{title}"
    body = calls.call(action, {f"{title}Name": live.cloud_name})
    rows = answers.rows(body, action, ("Policies", "Policy"), "PolicyType", "PolicyName")
    items = [{"type": row["PolicyType"], "name": row["PolicyName"]} for row in rows]
    return {"policies": policy_entries(items)}


def _user_tags(calls: CloudCalls, noun: str, live: Live) -> Fields:
    """IMS knows users by id; a user has at most 20 tags, so one page holds them."""
    query = {"ResourceType": noun, "ResourceId": [live.cloud_id], "PageSize": 100}
    body = calls.call("IMS.ListTagResources", query)
    action = "ListTagResources"
    rows = answers.rows(body, action, ("TagResources", "TagResource"), "TagKey")
    return {"tags": tag_entries({str(row["TagKey"]): row.get("TagValue") or "" for row in rows})}


def _tags(calls: CloudCalls, noun: str, live: Live) -> Fields:
    tags: dict[str, str] = {}
    marker = ""
    while True:
        query: dict[str, Any] = {
            "ResourceType": noun,
            "ResourceNames": [live.cloud_name],
            "PageSize": 100,
        }
        if marker:
            query["NextToken"] = marker
        body = calls.call("ListTagResources", query)
        for row in answers.rows(body, "ListTagResources", ("TagResources",), "TagKey"):
            tags[str(row["TagKey"])] = str(row.get("TagValue") or "")
        following = _next(body, "NextToken", marker)
        if not following:
            entries: Entries = tag_entries(tags)
            return {"tags": entries}
        marker = following


GETS: Final[Mapping[str, Callable[[CloudCalls, str], Live]]] = {
    "RamRole": _role,
    "RamPolicy": _policy,
    "RamUser": _user,
    "RamGroup": _group,
}
READS: Final[Mapping[str, Callable[[CloudCalls, str, Live], Fields]]] = {
    "user tags": _user_tags,
    "attachments": _attachments,
    "tags": _tags,
    "groups": _groups,
    "members": _members,
    "access": _access,
    "mfa": _mfa,
}
