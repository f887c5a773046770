"""Users: CreateUser, GetUser, UpdateUser, DeleteUser, ListUsers."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any

from .common import PAGING, USER_NAME, page
from .entities import User, fold, principal_key
from .errors import ApiError, already_exists, delete_conflict, limit_exceeded
from .params import Param
from .principals import (
    ALL_USERS,
    NEW_USER_NAME,
    ONE_USER,
    RENAMED_USER,
    USER_TEXTS,
    find_user,
    still_there,
    updated_text,
    user_fields,
)
from .registry import Action, Body, Call
from .renaming import rename_user
from .state import random_id

_DISPLAY = re.compile(r"[\w.@ -]*")
_EMAIL = re.compile(r"([^@\s]+@[^@\s.]+(\.[^@\s.]+)+)?")
_MOBILE = re.compile(r"(\d{1,4}-\d{4,20})?")

# The contact fields exist on the China site only; elsewhere they are taken and dropped.
_CHINA_ONLY = ("MobilePhone", "Email")

_CREATED = (
    "UserId",
    "UserName",
    "DisplayName",
    "MobilePhone",
    "Email",
    "Comments",
    "CreateDate",
)
_UPDATED = (*_CREATED, "UpdateDate")
_READ = (*_UPDATED, "LastLoginDate")


def _text_params(prefix: str, low: int) -> tuple[Param, ...]:
    return (
        Param(f"{prefix}DisplayName", pattern=_DISPLAY, low=low, high=128),
        Param(f"{prefix}MobilePhone", pattern=_MOBILE, code="Format"),
        Param(f"{prefix}Email", pattern=_EMAIL, code="Format"),
        Param(f"{prefix}Comments", low=low, high=128),
    )


def _kept(call: Call, texts: Mapping[str, str]) -> dict[str, Any]:
    """The texts as fields of a user, without those that the account's site drops."""
    dropped = _CHINA_ONLY if call.account.site == "international" else ()
    return {USER_TEXTS[wire]: value for wire, value in texts.items() if wire not in dropped}


def _refuse_taken(call: Call, name: str) -> None:
    account, key = call.account, fold(name)
    deleted = account.deleted_users.get(key, float("-inf"))
    reserved = call.now < deleted + account.seconds("deleted_user_name_reserved_seconds")
    if account.users.get(key) is not None or reserved:
        raise already_exists("User", name)


def _create(call: Call) -> Body:
    account, name = call.account, call.text("UserName")
    _refuse_taken(call, name)
    if len(account.users) >= account.quotas["users"]:
        raise limit_exceeded("User", account.quotas["users"])
    user = User(
        name=name,
        user_id=random_id(),
        created=call.now,
        updated=call.now,
        visible_from=call.now + account.seconds("principal_visibility_seconds"),
        **_kept(call, {wire: call.optional(wire) or "" for wire in USER_TEXTS}),
    )
    account.users.put(fold(name), user, call.now)
    return {"User": user_fields(call, user, _CREATED)}


def _get(call: Call) -> Body:
    return {"User": user_fields(call, find_user(call, call.as_of), _READ)}


def _update(call: Call) -> Body:
    account, given = call.account, call.optional("NewUserName")
    if given is None and account.is_on("update_user_needs_new_name"):
        raise ApiError("MissingParameter", "Parameter NewUserName is required.")
    user = find_user(call, call.now)
    name = user.name if given is None else given
    if fold(name) != fold(user.name):
        _refuse_taken(call, name)
    texts = {
        wire: updated_text(call, wire, getattr(user, attribute), "update_user_omitted_fields")
        for wire, attribute in USER_TEXTS.items()
    }
    changed = dataclasses.replace(user, name=name, updated=call.now, **_kept(call, texts))
    rename_user(call.universe, account, fold(user.name), fold(name), call.now)
    if fold(name) != fold(user.name):
        account.users.delete(fold(user.name), call.now)
    account.users.put(fold(name), changed, call.now)
    return {"User": user_fields(call, changed, _UPDATED)}


# What has to be gone before a user can be deleted, in the order of the documentation.
_BLOCKERS: tuple[tuple[str, Callable[[Call, str], bool]], ...] = (
    ("User.Group", lambda call, key: still_there(call, call.account.memberships, key)),
    ("User.AccessKey", lambda call, key: bool(call.account.keys.get(key))),
    ("User.LoginProfile", lambda call, key: call.account.profiles.get(key) is not None),
    ("User.MFADevice", lambda call, key: call.account.device_of(key, call.now) is not None),
    (
        "User.Policy",
        lambda call, key: still_there(call, call.account.attached, principal_key("user", key)),
    ),
)


def _delete(call: Call) -> Body:
    account, user = call.account, find_user(call, call.now)
    key = fold(user.name)
    found = [code for code, blocks in _BLOCKERS if blocks(call, key)]
    if account.text("delete_user_conflict_order") == "reverse":
        found.reverse()
    if found:
        raise delete_conflict(found[0], f"The user still has one of these: {found[0]}")
    account.users.delete(key, call.now)
    account.deleted_users[key] = call.now
    return {}


def _list(call: Call) -> Body:
    chosen, reply = page(call, call.account.users.items_seen(call.as_of))
    return {**reply, "Users": {"User": [user_fields(call, user, _UPDATED) for user in chosen]}}


ACTIONS = (
    Action(
        "CreateUser",
        _create,
        "write",
        (NEW_USER_NAME, *_text_params("", 1)),
        ALL_USERS,
        "writesPerSecond",
    ),
    Action("GetUser", _get, "read", (USER_NAME,), ONE_USER),
    Action(
        "UpdateUser",
        _update,
        "write",
        (USER_NAME, RENAMED_USER, *_text_params("New", 0)),
        ONE_USER,
        "writesPerSecond",
    ),
    Action("DeleteUser", _delete, "write", (USER_NAME,), ONE_USER, "writesPerSecond"),
    Action("ListUsers", _list, "read", PAGING, ALL_USERS),
)
