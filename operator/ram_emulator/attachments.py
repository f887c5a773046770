"""Policies on users, groups and roles: attach, detach, and both ways of listing.

One table of principal kinds makes the nine actions per direction; ListEntitiesForPolicy is the
tenth.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .clock import iso
from .common import (
    GROUP_NAME,
    POLICY_NAME,
    POLICY_TYPE,
    ROLE_NAME,
    USER_NAME,
    find_policy,
    refuse_service_linked,
)
from .entities import Group, PrincipalKind, Role, User, fold, policy_key, principal_key
from .errors import already_exists, limit_exceeded, not_exist
from .params import Param
from .policies import policy_fields
from .principals import group_fields, user_fields
from .registry import Action, Body, Call, Rate
from .roles import role_fields

Principal = User | Group | Role

_POLICY_ROW = ("PolicyName", "PolicyType", "Description", "DefaultVersion")
_SCOPE = Param("ResourceGroupId")


@dataclass(frozen=True, slots=True)
class PrincipalTable:
    """One kind of principal: its words on the wire and how it is found and shown."""

    kind: PrincipalKind
    word: str
    parameter: Param
    find: Callable[[Call, str, float], Principal | None]
    show: Callable[[Call, Any], dict[str, Any]]


def _show_user(call: Call, user: User) -> dict[str, Any]:
    return user_fields(call, user, ("UserId", "UserName", "DisplayName"))


def _show_group(call: Call, group: Group) -> dict[str, Any]:
    return group_fields(call, group, ("GroupName", "Comments"))


def _show_role(call: Call, role: Role) -> dict[str, Any]:
    return role_fields(call, role, ("RoleId", "RoleName", "Arn", "Description"))


PRINCIPALS = (
    PrincipalTable(
        "user", "User", USER_NAME, lambda c, n, t: c.account.users.seen(fold(n), t), _show_user
    ),
    PrincipalTable(
        "group", "Group", GROUP_NAME, lambda c, n, t: c.account.groups.seen(fold(n), t), _show_group
    ),
    PrincipalTable(
        "role", "Role", ROLE_NAME, lambda c, n, t: c.account.roles.seen(fold(n), t), _show_role
    ),
)


def _principal(call: Call, table: PrincipalTable, as_of: float) -> Principal:
    name = call.text(table.parameter.name)
    found = table.find(call, name, as_of)
    if found is None:
        raise not_exist(table.word, name)
    return found


def _check_write(call: Call, table: PrincipalTable) -> tuple[str, str]:
    """The principal's key and the scope, after the checks that attach and detach share."""
    principal = _principal(call, table, call.now)
    if isinstance(principal, Role):
        refuse_service_linked(call, principal)
    scope = call.optional("ResourceGroupId") or ""
    if scope == call.account.account_id:
        scope = ""
    if scope and scope not in call.account.resource_groups:
        raise not_exist("ResourceGroup", scope)
    return principal_key(table.kind, principal.name), scope


def _attach(table: PrincipalTable, call: Call) -> Body:
    holder, scope = _check_write(call, table)
    policy = find_policy(call, call.now)
    account, key = call.account, policy_key(policy.type, policy.name)
    held = [a for a in account.attached.get(holder) or () if a.scope == scope]
    if any(a.policy_key == key for a in held):
        if account.text("attach_repeat") == "conflict":
            raise already_exists(f"{table.word}.Policy", policy.name)
        return {}
    same_type = sum(1 for a in held if a.policy_key.startswith(f"{policy.type}/"))
    limit = account.quotas[f"{policy.type.lower()}PoliciesPerPrincipal"]
    if same_type >= limit:
        raise limit_exceeded(f"{table.word}.Policy", limit)
    account.attach(holder, policy, call.now, scope)
    return {}


def _detach(table: PrincipalTable, call: Call) -> Body:
    holder, scope = _check_write(call, table)
    policy = find_policy(call, call.now)
    if not call.account.detach(holder, policy_key(policy.type, policy.name), call.now, scope):
        raise not_exist(f"{table.word}.Policy", policy.name)
    return {}


def _list_for(table: PrincipalTable, call: Call) -> Body:
    principal = _principal(call, table, call.as_of)
    rows = []
    key = principal_key(table.kind, principal.name)
    for attachment in call.account.attachments(key, call.as_of):
        policy = call.account.policy_by_key(attachment.policy_key, call.as_of)
        if policy is not None:
            shown = policy_fields(call, policy, _POLICY_ROW)
            rows.append({**shown, "AttachDate": iso(attachment.attached)})
    return {"Policies": {"Policy": rows}}


def _list_entities(call: Call) -> Body:
    policy = find_policy(call, call.as_of)
    rows: dict[str, list[dict[str, Any]]] = {table.kind: [] for table in PRINCIPALS}
    tables = {table.kind: table for table in PRINCIPALS}
    for holder in call.account.policy_holders(policy_key(policy.type, policy.name), call.as_of):
        kind, _, name = holder.principal_key.partition("/")
        table = next(t for k, t in tables.items() if k == kind)
        principal = table.find(call, name, call.as_of)
        if principal is not None:
            row = {**table.show(call, principal), "AttachDate": iso(holder.attached)}
            rows[table.kind].append(row)
    return {f"{table.word}s": {table.word: rows[table.kind]} for table in PRINCIPALS}


def _actions(table: PrincipalTable) -> tuple[Action, ...]:
    mine = f"acs:ram:*:{{account}}:{table.kind}/{{{table.parameter.name}}}"
    both = (mine, "acs:ram:*:{account}:policy/{PolicyName}")
    params = (POLICY_TYPE, POLICY_NAME, table.parameter, _SCOPE)
    rate: Rate = "attachmentsPerSecond"
    attach = functools.partial(_attach, table)
    detach = functools.partial(_detach, table)
    listing = functools.partial(_list_for, table)
    return (
        Action(f"AttachPolicyTo{table.word}", attach, "write", params, both, rate),
        Action(f"DetachPolicyFrom{table.word}", detach, "write", params, both, rate),
        Action(f"ListPoliciesFor{table.word}", listing, "read", (table.parameter,), (mine,)),
    )


ACTIONS = (
    *(action for table in PRINCIPALS for action in _actions(table)),
    Action(
        "ListEntitiesForPolicy",
        _list_entities,
        "read",
        (POLICY_TYPE, POLICY_NAME),
        ("acs:ram:*:{account}:policy/{PolicyName}",),
    ),
)
