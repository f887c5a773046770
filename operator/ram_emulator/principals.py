"""What several family modules need of users and groups: parameters, look-ups, shown fields.

Used by users, groups, credentials, attachments and IMS. Must not change state.
"""

from __future__ import annotations

import re
from typing import Any

from .clock import iso
from .common import optional_text
from .entities import Group, User, fold
from .errors import ApiError, not_exist
from .params import Param
from .registry import Call
from .state import ROOT
from .versioned import Versioned

# `@` was allowed once: looking up such names stays possible, making them does not.
_NAME = re.compile(r"[A-Za-z0-9._-]+")

NEW_USER_NAME = Param("UserName", required=True, pattern=_NAME, low=1, high=64)
RENAMED_USER = Param("NewUserName", pattern=_NAME, low=1, high=64)
NEW_GROUP_NAME = Param("GroupName", required=True, pattern=_NAME, low=1, high=64)
RENAMED_GROUP = Param("NewGroupName", pattern=_NAME, low=1, high=64)

# The four optional texts of a user: wire name -> field.
USER_TEXTS = {
    "DisplayName": "display_name",
    "MobilePhone": "mobile_phone",
    "Email": "email",
    "Comments": "comments",
}

ONE_USER = ("acs:ram:*:{account}:user/{UserName}",)
ALL_USERS = ("acs:ram:*:{account}:user/*",)
ONE_GROUP = ("acs:ram:*:{account}:group/{GroupName}",)
ALL_GROUPS = ("acs:ram:*:{account}:group/*",)
WHOLE_ACCOUNT = ("acs:ram:*:{account}:*",)


def find_user(call: Call, as_of: float) -> User:
    """The user that the call names, or 404."""
    user = call.account.users.seen(fold(call.text("UserName")), as_of)
    if user is None:
        raise not_exist("User", call.text("UserName"))
    return user


def find_group(call: Call, as_of: float) -> Group:
    """The group that the call names, or 404."""
    group = call.account.groups.seen(fold(call.text("GroupName")), as_of)
    if group is None:
        raise not_exist("Group", call.text("GroupName"))
    return group


def key_holder(call: Call, as_of: float) -> str:
    """The folded name of the user that a key action is about: the caller if none is named."""
    if call.optional("UserName") is not None:
        return fold(find_user(call, as_of).name)
    if call.caller.kind == "user":
        return fold(call.caller.name)
    if call.caller.kind == "account":
        return ROOT
    raise ApiError("MissingParameter", "Parameter UserName is required.")


def user_fields(call: Call, user: User, fields: tuple[str, ...]) -> dict[str, Any]:
    """The named fields of a user as the wire has them."""
    everything: dict[str, Any] = {
        "UserId": user.user_id,
        "UserName": user.name,
        "UserPrincipalName": f"{user.name}@{call.account.default_domain}",
        "CreateDate": iso(user.created),
        "UpdateDate": iso(user.updated),
        **optional_text(call, "LastLoginDate", iso(user.last_login) if user.last_login else ""),
    }
    for wire, attribute in USER_TEXTS.items():
        everything |= optional_text(call, wire, getattr(user, attribute))
    return {name: everything[name] for name in fields if name in everything}


def group_fields(call: Call, group: Group, fields: tuple[str, ...]) -> dict[str, Any]:
    """The named fields of a group as the wire has them."""
    everything: dict[str, Any] = {
        "GroupId": group.group_id,
        "GroupName": group.name,
        **optional_text(call, "Comments", group.comments),
        "CreateDate": iso(group.created),
        "UpdateDate": iso(group.updated),
    }
    return {name: everything[name] for name in fields if name in everything}


def updated_text(call: Call, wire: str, current: str, omitted: str) -> str:
    """An optional text after an update. `omitted`: the behaviour for an absent parameter."""
    given = call.optional(f"New{wire}")
    if given is None:
        return "" if call.account.text(omitted) == "cleared" else current
    if given == "" and not call.account.is_on("comments_can_be_cleared"):
        return current
    return given


def still_there(call: Call, relation: Versioned[tuple[Any, ...]], key: str) -> bool:
    """Whether a relation has rows, or had some until so recently that deletions still see them."""
    earlier = call.now - call.account.seconds("detach_visible_after_seconds")
    return bool(relation.get(key)) or bool(relation.seen(key, earlier))
