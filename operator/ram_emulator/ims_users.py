"""Users as IMS 2019-08-15 shows them: GetUser, ListUsers, ListUserBasicInfos.

Users go by id or by principal name, `<name>@<domain>`. What RAM does not show is here: whether a
user is frozen, where he is kept, and when he last logged on, in a list.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from .common import PAGING, TAGS, has_tags, page, tag_rows
from .entities import User, fold
from .errors import ApiError, invalid, not_exist
from .params import Param
from .principals import ALL_USERS, user_fields
from .registry import IMS, Action, Body, Call

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
_BASIC = ("UserId", "UserPrincipalName", "DisplayName")
_ACTIVE = "active"
_STATES = ("", _ACTIVE, "freeze", "active,freeze", "freeze,active")
_STATUS = Param("Status", choices=_STATES, code="")


def by_principal_name(call: Call, principal: str, as_of: float) -> User:
    """The user with a principal name, in the default domain or that of the account id; or 404."""
    name, _, domain = principal.partition("@")
    account = call.account
    user = account.users.seen(fold(name), as_of)
    domains = (account.default_domain, f"{account.account_id}.onaliyun.com")
    if user is None or domain.lower() not in domains:
        raise not_exist("User", principal)
    return user


def by_id(call: Call, user_id: str, as_of: float) -> User:
    """The user with an id, or 404."""
    user = call.account.users.seen_by(user_id, as_of)
    if user is None:
        raise not_exist("User", user_id)
    return user


def _show(call: Call, user: User) -> dict[str, Any]:
    shown = user_fields(call, user, _READ)
    return {**shown, "ProvisionType": user.provision, "Tags": tag_rows(user.tags)}


def _listed(call: Call, user: User) -> dict[str, Any]:
    shown = {**_show(call, user), "Status": user.status}
    if user.last_login and call.account.text("ims_list_last_login") == "milliseconds":
        shown["LastLoginDate"] = str(int(user.last_login * 1000))
    return shown


def _wanted(call: Call) -> Sequence[tuple[str, User]]:
    """The users that a list is asked for: with tags in every state, else the active ones."""
    tags, status = call.values.get("Tag", ()), call.optional("Status") or _ACTIVE
    return [
        (key, user)
        for key, user in call.account.users.items_seen(call.as_of)
        if has_tags(user.tags, tags) and (tags or user.status in status.split(","))
    ]


def _list_users(call: Call) -> Body:
    chosen, reply = page(call, _wanted(call), default=1000)
    return {**reply, "Users": {"User": [_listed(call, user) for user in chosen]}}


def _list_basic(call: Call) -> Body:
    if call.values.get("Tag") and call.optional("Status"):
        raise invalid("Status", "", "Status cannot be given together with Tag.")
    chosen, reply = page(call, _wanted(call))
    rows = [{**user_fields(call, user, _BASIC), "Status": user.status} for user in chosen]
    return {**reply, "UserBasicInfos": {"UserBasicInfo": rows}}


def _get_user(call: Call) -> Body:
    principal, user_id = call.optional("UserPrincipalName"), call.optional("UserId")
    key_id = call.optional("UserAccessKeyId")
    if principal is not None:
        user = by_principal_name(call, principal, call.as_of)
    elif user_id is not None:
        user = by_id(call, user_id, call.as_of)
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


ACTIONS = tuple(
    dataclasses.replace(action, version=IMS)
    for action in (
        Action("ListUsers", _list_users, "read", (*PAGING, TAGS, _STATUS), ALL_USERS),
        Action("ListUserBasicInfos", _list_basic, "read", (*PAGING, TAGS, _STATUS), ALL_USERS),
        Action(
            "GetUser",
            _get_user,
            "read",
            (Param("UserPrincipalName"), Param("UserId"), Param("UserAccessKeyId")),
            ALL_USERS,
        ),
    )
)
