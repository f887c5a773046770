"""Roles: CreateRole, GetRole, UpdateRole, DeleteRole, ListRoles."""

from __future__ import annotations

import dataclasses
from typing import Any

from .clock import iso
from .common import (
    DESCRIPTION,
    NEW_DESCRIPTION,
    NEW_ROLE_NAME,
    PAGING,
    ROLE_NAME,
    TAGS,
    find_role,
    has_tags,
    merge_tags,
    new_description,
    optional_text,
    page,
    refuse_service_linked,
    shown_document,
    tag_rows,
)
from .entities import Role, fold, principal_key
from .errors import already_exists, delete_conflict, limit_exceeded
from .params import Param
from .principals import still_there
from .registry import Action, Body, Call, refuse_long_document
from .state import Account, random_id
from .trust import check_trust_document

DEFAULT_SESSION = 3600

# Which fields of a role each reply has: the asymmetry is the service's own.
_CREATED = (
    "RoleId",
    "RoleName",
    "Arn",
    "Description",
    "AssumeRolePolicyDocument",
    "MaxSessionDuration",
    "CreateDate",
    "AllowConsoleLogin",
)
_UPDATED = (*_CREATED, "UpdateDate")
_READ = (*_UPDATED, "IsServiceLinkedRole", "RolePrincipalName")
_LISTED = (*(f for f in _UPDATED if f != "AssumeRolePolicyDocument"), "Tags")


def role_arn(account_id: str, name: str) -> str:
    """The ARN of a role, with the folded name as the service writes it."""
    return f"acs:ram::{account_id}:role/{fold(name)}"


def role_principal_name(account: Account, role: Role) -> str:
    """The name of a role beside those of users, with the folded name as the service writes it."""
    domain = f"{account.alias or account.account_id}.onaliyunservice.com"
    return f"{fold(role.name)}@role.{domain}"


def role_fields(call: Call, role: Role, fields: tuple[str, ...]) -> dict[str, Any]:
    """The named fields of a role as the wire has them."""
    account = call.account
    document = shown_document(call, role.document, "role_document_reformatted")
    everything: dict[str, Any] = {
        "RoleId": role.role_id,
        "RoleName": role.name,
        "Arn": role_arn(account.account_id, role.name),
        **optional_text(call, "Description", role.description),
        "AssumeRolePolicyDocument": document,
        "MaxSessionDuration": role.max_session,
        "CreateDate": iso(role.created),
        "UpdateDate": iso(role.updated),
        "IsServiceLinkedRole": role.service_linked,
        "RolePrincipalName": role_principal_name(account, role),
        "Tags": tag_rows(role.tags),
    }
    if account.is_on("role_console_login_exists"):
        everything["AllowConsoleLogin"] = role.console_login
    return {name: everything[name] for name in fields if name in everything}


def _create(call: Call) -> Body:
    document = call.text("AssumeRolePolicyDocument")
    limit = _trust_limit(call)
    refuse_long_document(document, limit, "AssumeRolePolicyDocument")
    name, account = call.text("RoleName"), call.account
    if account.roles.get(fold(name)) is not None:
        raise already_exists("Role", name)
    if len(account.roles) >= account.quotas["roles"]:
        raise limit_exceeded("Role", account.quotas["roles"])
    check_trust_document(call, document)
    role = Role(
        name=name,
        role_id=random_id(),
        document=document,
        description=call.optional("Description") or "",
        max_session=call.number("MaxSessionDuration", DEFAULT_SESSION),
        created=call.now,
        updated=call.now,
        tags=merge_tags(call, (), call.values.get("Tag", ())),
        visible_from=call.now + account.seconds("principal_visibility_seconds"),
        console_login=_console_login(call, "AllowConsoleLogin", _console_default(call)),
    )
    account.roles.put(fold(name), role, call.now)
    return {"Role": role_fields(call, role, _CREATED)}


def _console_default(call: Call) -> bool:
    return call.account.is_on("role_console_login_default")


def _console_login(call: Call, parameter: str, omitted: bool) -> bool:
    if not call.account.is_on("role_console_login_exists"):
        return omitted
    return bool(call.values.get(parameter, omitted))


def _trust_limit(call: Call) -> int:
    limit = int(call.account.behaviours["trust_limit_bytes"])
    return limit if call.universe.strict else max(limit, 6144)


def _get(call: Call) -> Body:
    return {"Role": role_fields(call, find_role(call, call.as_of), _READ)}


def _update(call: Call) -> Body:
    document = call.optional("NewAssumeRolePolicyDocument")
    if document is not None:
        refuse_long_document(document, _trust_limit(call), "NewAssumeRolePolicyDocument")
    role = find_role(call, call.now)
    refuse_service_linked(call, role)
    if document is not None:
        check_trust_document(call, document)
    account = call.account
    kept = DEFAULT_SESSION if account.is_on("update_role_resets_session") else role.max_session
    resets = account.is_on("update_role_resets_console_login")
    console = _console_default(call) if resets else role.console_login
    changed = dataclasses.replace(
        role,
        console_login=_console_login(call, "NewAllowConsoleLogin", console),
        document=role.document if document is None else document,
        description=new_description(call, role.description),
        max_session=call.number("NewMaxSessionDuration", kept),
    )
    without_trust = dataclasses.replace(changed, document=role.document)
    if without_trust != role or account.is_on("update_date_moves_on_trust"):
        changed = dataclasses.replace(changed, updated=call.now)
    account.roles.put(fold(role.name), changed, call.now)
    return {"Role": role_fields(call, changed, _UPDATED)}


def _delete(call: Call) -> Body:
    role = find_role(call, call.now)
    refuse_service_linked(call, role)
    account, key = call.account, principal_key("role", role.name)
    if still_there(call, account.attached, key):
        raise delete_conflict("Role.Policy", f"The role has policies attached: {role.name}")
    account.roles.delete(fold(role.name), call.now)
    return {}


def _list(call: Call) -> Body:
    wanted = call.values.get("Tag", ())
    rows = [
        (key, role)
        for key, role in call.account.roles.items_seen(call.as_of)
        if has_tags(role.tags, wanted)
    ]
    chosen, reply = page(call, rows)
    return {**reply, "Roles": {"Role": [role_fields(call, role, _LISTED) for role in chosen]}}


_ONE = ("acs:ram:*:{account}:role/{RoleName}",)
_ALL = ("acs:ram:*:{account}:role/*",)

ACTIONS = (
    Action(
        "CreateRole",
        _create,
        "write",
        (
            NEW_ROLE_NAME,
            Param("AssumeRolePolicyDocument", required=True),
            DESCRIPTION,
            Param("MaxSessionDuration", "int", low=3600, high=43200, code="Range"),
            Param("AllowConsoleLogin", "bool"),
            TAGS,
        ),
        _ALL,
        "writesPerSecond",
    ),
    Action("GetRole", _get, "read", (ROLE_NAME,), _ONE),
    Action(
        "UpdateRole",
        _update,
        "write",
        (
            ROLE_NAME,
            Param("NewAssumeRolePolicyDocument"),
            NEW_DESCRIPTION,
            Param("NewMaxSessionDuration", "int", low=3600, high=43200, code="Range"),
            Param("NewAllowConsoleLogin", "bool"),
        ),
        _ONE,
        "writesPerSecond",
    ),
    Action("DeleteRole", _delete, "write", (ROLE_NAME,), _ONE, "writesPerSecond"),
    Action("ListRoles", _list, "read", (*PAGING, TAGS), _ALL),
)
