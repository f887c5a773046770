"""IMS 2019-08-15, as far as RAM lacks it: tags of users, and look-ups over the same entities.

TagResources, UntagResources, ListTagResources, GetUser, ListUsers, GetDefaultDomain,
GetAccountSummary. Users go by id or by principal name, `<name>@<domain>`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from .common import PAGING, TAGS, has_tags, merge_tags, page, tag_page, tag_rows
from .entities import User, fold
from .errors import ApiError, invalid, not_exist
from .params import Param
from .principals import ALL_USERS, WHOLE_ACCOUNT, user_fields
from .registry import IMS, Action, Body, Call

_MOST_VALUE_CHARACTERS = 128

_TYPE = Param("ResourceType", required=True, choices=("user",), code="")
_IDS = Param("ResourceId", "names", high=50)
_NAMES = Param("ResourcePrincipalName", "names", high=50)

_READ = (
    "UserId",
    "UserPrincipalName",
    "DisplayName",
    "MobilePhone",
    "Email",
    "Comments",
    "CreateDate",
    "UpdateDate",
    "LastLoginDate",
)


def _by_principal_name(call: Call, principal: str, as_of: float) -> User:
    name, _, domain = principal.partition("@")
    account = call.account
    user = account.users.seen(fold(name), as_of)
    domains = (account.default_domain, f"{account.account_id}.onaliyun.com")
    if user is None or domain.lower() not in domains:
        raise not_exist("User", principal)
    return user


def _by_id(call: Call, user_id: str, as_of: float) -> User:
    user = call.account.users.seen_by(user_id, as_of)
    if user is None:
        raise not_exist("User", user_id)
    return user


def _named(call: Call, as_of: float) -> list[User] | None:
    """The users that the call names; None if it names none."""
    ids, names = call.values.get(_IDS.name), call.values.get(_NAMES.name)
    if ids and names:
        raise invalid(_IDS.name, "", f"Only one of {_IDS.name} and {_NAMES.name} can be given.")
    if ids:
        return [_by_id(call, user_id, as_of) for user_id in ids]
    if names:
        return [_by_principal_name(call, name, as_of) for name in names]
    return None


def _targets(call: Call) -> list[User]:
    users = _named(call, call.now)
    if users is None:
        raise ApiError("MissingParameter", f"{_IDS.name} or {_NAMES.name} is required.")
    return users


def _store(call: Call, user: User, tags: tuple[tuple[str, str], ...]) -> None:
    call.account.users.put(fold(user.name), dataclasses.replace(user, tags=tags), call.now)


def _tag(call: Call) -> Body:
    for _, value in call.values["Tag"]:
        if len(value) > _MOST_VALUE_CHARACTERS:
            raise invalid("TagValue", "Length", "A tag value has at most 128 characters here.")
    # All are looked up before the first is changed: the call takes effect whole or not at all.
    changes = [(user, merge_tags(call, user.tags, call.values["Tag"])) for user in _targets(call)]
    for user, tags in changes:
        _store(call, user, tags)
    return {}


def _untag(call: Call) -> Body:
    keys = call.values.get("TagKey", ())
    everything = call.flag("All") and not keys
    for user in _targets(call):
        kept = () if everything else tuple(t for t in user.tags if t[0] not in keys)
        _store(call, user, kept)
    return {}


def _list_tags(call: Call) -> Body:
    named = _named(call, call.as_of)

    def tagged(first: str) -> Iterable[tuple[str, User]]:
        if named is None:
            return call.account.users.walk(first, call.as_of)
        return sorted({fold(user.name): user for user in named}.items())

    rows, token = tag_page(call, tagged, _tag_owner)
    reply: Body = {"TagResources": {"TagResource": rows}, "IsTruncated": token is not None}
    return {**reply, **({"NextToken": token} if token else {})}


def _tag_owner(user: User) -> dict[str, str]:
    return {"ResourceType": "user", "ResourceId": user.user_id}


def _show(call: Call, user: User) -> dict[str, Any]:
    shown = user_fields(call, user, _READ)
    return {**shown, "ProvisionType": "Manual", "Tags": tag_rows(user.tags)}


def _list_users(call: Call) -> Body:
    wanted, status = call.values.get("Tag", ()), call.optional("Status")
    rows = [
        (key, user)
        for key, user in call.account.users.items_seen(call.as_of)
        if has_tags(user.tags, wanted) and status in (None, user.status)
    ]
    chosen, reply = page(call, rows)
    shown = [{**_show(call, user), "Status": user.status} for user in chosen]
    return {**reply, "Users": {"User": shown}}


def _get_user(call: Call) -> Body:
    principal, user_id = call.optional("UserPrincipalName"), call.optional("UserId")
    key_id = call.optional("UserAccessKeyId")
    if principal is not None:
        user = _by_principal_name(call, principal, call.as_of)
    elif user_id is not None:
        user = _by_id(call, user_id, call.as_of)
    elif key_id is not None:
        user = _by_key(call, key_id)
    else:
        raise ApiError("MissingParameter", "UserPrincipalName, UserId or UserAccessKeyId.")
    return {"User": {**_show(call, user), "UserName": user.name}}


def _by_key(call: Call, key_id: str) -> User:
    owner = call.universe.owners.get(key_id)
    mine = owner is not None and owner.account_id == call.account.account_id
    user = call.account.users.seen(owner.user, call.as_of) if owner is not None and mine else None
    if user is None:
        raise not_exist("User", key_id)
    return user


def _domain(call: Call) -> Body:
    return {"DefaultDomainName": call.account.default_domain}


def _summary(call: Call) -> Body:
    account, quotas = call.account, call.account.quotas
    system, custom = quotas["systemPoliciesPerPrincipal"], quotas["customPoliciesPerPrincipal"]
    bound = [device for _, device in account.devices.items() if device.user]
    summary = {
        "Users": len(account.users),
        "UsersQuota": quotas["users"],
        "Groups": len(account.groups),
        "GroupsQuota": quotas["groups"],
        "GroupsPerUserQuota": quotas["groupsPerUser"],
        "Roles": len(account.roles),
        "RolesQuota": quotas["roles"],
        "Policies": len(account.policies),
        "PoliciesQuota": quotas["policies"],
        "PolicySizeQuota": quotas["policyBytes"],
        "VersionsPerPolicyQuota": quotas["policyVersions"],
        "AccessKeysPerUserQuota": quotas["accessKeysPerUser"],
        "AccountAccessKeysPerAccountQuota": quotas["accountAccessKeys"],
        "MFADevices": len(account.devices),
        "MFADevicesInUse": len(bound),
        "VirtualMFADevicesQuota": quotas["mfaDevices"],
        "IPItemsPerAKPolicyQuota": quotas["ipItemsPerKeyPolicy"],
        "ConditionsPerAKPolicyQuota": quotas["conditionsPerKeyPolicy"],
        "AuthorizedClientPerUserQuota": quotas["authorizedClientsPerUser"],
        "ServiceCredentialsPerUserPerServiceQuota": quotas["serviceCredentialsPerUserAndService"],
    }
    for kind in ("User", "Group", "Role"):
        summary[f"AttachedPoliciesPer{kind}Quota"] = custom
        summary[f"AttachedSystemPoliciesPer{kind}Quota"] = system
    return {"SummaryMap": summary}


_TARGETS = (_TYPE, _IDS, _NAMES)

ACTIONS = tuple(
    dataclasses.replace(action, version=IMS)
    for action in (
        Action(
            "TagResources",
            _tag,
            "write",
            (*_TARGETS, dataclasses.replace(TAGS, required=True, low=1)),
            ALL_USERS,
            "attachmentsPerSecond",
        ),
        Action(
            "UntagResources",
            _untag,
            "write",
            (*_TARGETS, Param("TagKey", "names", high=20), Param("All", "bool")),
            ALL_USERS,
            "attachmentsPerSecond",
        ),
        Action(
            "ListTagResources",
            _list_tags,
            "read",
            (*_TARGETS, TAGS, Param("NextToken"), Param("PageSize", "int", code="")),
            ALL_USERS,
        ),
        Action(
            "ListUsers",
            _list_users,
            "read",
            (*PAGING, TAGS, Param("Status", choices=("active", "freeze"), code="")),
            ALL_USERS,
        ),
        Action(
            "GetUser",
            _get_user,
            "read",
            (Param("UserPrincipalName"), Param("UserId"), Param("UserAccessKeyId")),
            ALL_USERS,
        ),
        Action("GetDefaultDomain", _domain, "read", (), WHOLE_ACCOUNT),
        Action("GetAccountSummary", _summary, "read", (), WHOLE_ACCOUNT),
    )
)
