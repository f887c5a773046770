"""Groups and their members.

CreateGroup, GetGroup, UpdateGroup, DeleteGroup, ListGroups, AddUserToGroup, RemoveUserFromGroup,
ListGroupsForUser, ListUsersForGroup.
"""

from __future__ import annotations

import dataclasses

from .clock import iso
from .common import GROUP_NAME, PAGING, USER_NAME, page
from .entities import Group, fold, principal_key
from .errors import already_exists, delete_conflict, limit_exceeded, not_exist
from .params import Param
from .principals import (
    ALL_GROUPS,
    NEW_GROUP_NAME,
    ONE_GROUP,
    ONE_USER,
    RENAMED_GROUP,
    find_group,
    find_user,
    group_fields,
    still_there,
    updated_text,
    user_fields,
)
from .registry import Action, Body, Call
from .renaming import rename_group
from .state import random_text

MOST_GROUPS_PER_PAGE = 100

_CREATED = ("GroupId", "GroupName", "Comments", "CreateDate")
_READ = (*_CREATED, "UpdateDate")


def _create(call: Call) -> Body:
    account, name = call.account, call.text("GroupName")
    if account.groups.get(fold(name)) is not None:
        raise already_exists("Group", name)
    if len(account.groups) >= account.quotas["groups"]:
        raise limit_exceeded("Group", account.quotas["groups"])
    comments = call.optional("Comments") or ""
    group = Group(name, f"g-{random_text(16)}", comments, call.now, call.now)
    account.groups.put(fold(name), group, call.now)
    return {"Group": group_fields(call, group, _CREATED)}


def _get(call: Call) -> Body:
    return {"Group": group_fields(call, find_group(call, call.as_of), _READ)}


def _update(call: Call) -> Body:
    account, group = call.account, find_group(call, call.now)
    name = call.optional("NewGroupName") or group.name
    old, new = fold(group.name), fold(name)
    if old != new and account.groups.get(new) is not None:
        raise already_exists("Group", name)
    comments = updated_text(call, "Comments", group.comments, "update_group_omitted_fields")
    changed = dataclasses.replace(group, name=name, comments=comments, updated=call.now)
    rename_group(account, old, new, call.now)
    if old != new:
        account.groups.delete(old, call.now)
    account.groups.put(new, changed, call.now)
    return {"Group": group_fields(call, changed, _READ)}


def _delete(call: Call) -> Body:
    account, group = call.account, find_group(call, call.now)
    if still_there(call, account.members, fold(group.name)):
        raise delete_conflict("Group.User", f"The group has members: {group.name}")
    if still_there(call, account.attached, principal_key("group", group.name)):
        raise delete_conflict("Group.Policy", f"The group has policies attached: {group.name}")
    account.groups.delete(fold(group.name), call.now)
    return {}


def _list(call: Call) -> Body:
    rows = call.account.groups.items_seen(call.as_of)
    chosen, reply = page(call, rows, MOST_GROUPS_PER_PAGE)
    return {**reply, "Groups": {"Group": [group_fields(call, group, _READ) for group in chosen]}}


def _add(call: Call) -> Body:
    account = call.account
    user, group = find_user(call, call.now), find_group(call, call.now)
    mine = account.memberships.get(fold(user.name)) or ()
    if any(m.key == fold(group.name) for m in mine):
        raise already_exists("User.Group", group.name)
    if len(mine) >= account.quotas["groupsPerUser"]:
        raise limit_exceeded("User.Group", account.quotas["groupsPerUser"])
    account.join(fold(group.name), fold(user.name), call.now)
    return {}


def _remove(call: Call) -> Body:
    user, group = find_user(call, call.now), find_group(call, call.now)
    if not call.account.leave(fold(group.name), fold(user.name), call.now):
        raise not_exist("User.Group", group.name)
    return {}


def _groups_of_user(call: Call) -> Body:
    user, rows = find_user(call, call.as_of), []
    for membership in call.account.memberships.seen(fold(user.name), call.as_of) or ():
        group = call.account.groups.seen(membership.key, call.as_of)
        if group is not None:
            shown = group_fields(call, group, ("GroupId", "GroupName", "Comments"))
            rows.append({**shown, "JoinDate": iso(membership.joined)})
    return {"Groups": {"Group": rows}}


def _users_of_group(call: Call) -> Body:
    group, rows = find_group(call, call.as_of), []
    for membership in call.account.members.seen(fold(group.name), call.as_of) or ():
        user = call.account.users.seen(membership.key, call.as_of)
        if user is not None:
            shown = user_fields(call, user, ("UserName", "DisplayName"))
            rows.append((membership.key, {**shown, "JoinDate": iso(membership.joined)}))
    chosen, reply = page(call, rows)
    return {**reply, "Users": {"User": chosen}}


_BOTH_NAMES = (USER_NAME, GROUP_NAME)
_BOTH = (*ONE_USER, *ONE_GROUP)

ACTIONS = (
    Action(
        "CreateGroup",
        _create,
        "write",
        (NEW_GROUP_NAME, Param("Comments", low=1, high=128)),
        ALL_GROUPS,
        "writesPerSecond",
    ),
    Action("GetGroup", _get, "read", (GROUP_NAME,), ONE_GROUP),
    Action(
        "UpdateGroup",
        _update,
        "write",
        (GROUP_NAME, RENAMED_GROUP, Param("NewComments", high=128)),
        ONE_GROUP,
        "writesPerSecond",
    ),
    Action("DeleteGroup", _delete, "write", (GROUP_NAME,), ONE_GROUP, "writesPerSecond"),
    Action("ListGroups", _list, "read", PAGING, ALL_GROUPS),
    Action("AddUserToGroup", _add, "write", _BOTH_NAMES, _BOTH, "attachmentsPerSecond"),
    Action("RemoveUserFromGroup", _remove, "write", _BOTH_NAMES, _BOTH, "attachmentsPerSecond"),
    Action("ListGroupsForUser", _groups_of_user, "read", (USER_NAME,), ONE_USER),
    Action("ListUsersForGroup", _users_of_group, "read", (GROUP_NAME, *PAGING), ONE_GROUP),
)
