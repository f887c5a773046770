"""Entities that tests put into an account without a signed call: the admin port's side.

Each function takes the request's JSON object and returns the reply's; ValueError and KeyError mean
a bad request. What is made here counts as having been there for long: it is never stale.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from ram_emulator.behaviours import apply_quotas, apply_settings
from ram_emulator.entities import Group, Policy, Role, User, fold, principal_key
from ram_emulator.roles import DEFAULT_SESSION, role_arn
from ram_emulator.state import Account, Universe, random_id, random_text

ADMIN_USER = "operator"

_ALWAYS = float("inf")

Json = dict[str, Any]


def create_account(universe: Universe, row: Mapping[str, Any]) -> Json:
    """An account with a root key and an administrator."""
    settings = apply_settings(Account("", "").behaviours, row.get("behaviours", {}))
    quotas = apply_quotas(Account("", "").quotas, row.get("quotas", {}))
    account = universe.add_account(row.get("accountId"))
    account.behaviours, account.quotas = settings, quotas
    root = universe.add_key(account.account_id, "")
    admin = create_user(
        universe,
        account,
        {"userName": ADMIN_USER, "policies": [["System", "AdministratorAccess"]]},
    )
    return {
        "accountId": account.account_id,
        "alias": account.alias,
        "rootAccessKeyId": root.key_id,
        "rootAccessKeySecret": root.secret,
        "adminAccessKeyId": admin["accessKeyId"],
        "adminAccessKeySecret": admin["accessKeySecret"],
        "adminArn": admin["arn"],
    }


def create_user(universe: Universe, account: Account, row: Mapping[str, Any]) -> Json:
    """A user with policies, an optional inline document, and one key."""
    name = str(row["userName"])
    if account.users.get(fold(name)) is not None:
        raise ValueError(f"user {name} exists already")
    policies = [
        (str(kind), str(policy), account.policy(str(kind), str(policy), _ALWAYS))
        for kind, policy in row.get("policies", [])
    ]
    for kind, policy_name, policy in policies:
        if policy is None:
            raise ValueError(f"there is no {kind} policy {policy_name}")
    now = universe.clock.now()
    inline = json.dumps(row["document"]) if row.get("document") else ""
    user = User(name, random_id(), str(row.get("displayName", "")), now, inline)
    account.users.load(fold(name), user)
    for _, _, policy in policies:
        if policy is not None:
            account.attach(principal_key("user", name), policy, now)
    key = universe.add_key(account.account_id, name)
    set_key_status(universe, key.key_id, {"status": row.get("status", "Active")})
    return {
        "userId": user.user_id,
        "arn": f"acs:ram::{account.account_id}:user/{name}",
        "accessKeyId": key.key_id,
        "accessKeySecret": key.secret,
    }


def create_group(universe: Universe, account: Account, row: Mapping[str, Any]) -> Json:
    """A group with members by name."""
    name = str(row["groupName"])
    if account.groups.get(fold(name)) is not None:
        raise ValueError(f"group {name} exists already")
    members = tuple(fold(str(member)) for member in row.get("members", []))
    missing = [member for member in members if account.users.get(member) is None]
    if missing:
        raise ValueError(f"there is no user {missing[0]}")
    group = Group(
        name,
        f"g-{random_text(16)}",
        str(row.get("comments", "")),
        universe.clock.now(),
        members,
    )
    account.groups.load(fold(name), group)
    return {"groupId": group.group_id}


def create_provider(account: Account, row: Mapping[str, Any]) -> Json:
    """An identity provider that trusts can name; `type` is oidc or saml."""
    kind = row.get("type")
    if kind not in ("oidc", "saml"):
        raise ValueError("type must be oidc or saml")
    relative = f"{kind}-provider/{row['name']}"
    account.providers.load(fold(relative), relative)
    return {"arn": f"acs:ram::{account.account_id}:{relative}"}


def create_service_linked_role(
    universe: Universe, account: Account, row: Mapping[str, Any]
) -> Json:
    """A role that belongs to a service."""
    service = str(row["serviceName"])
    name = str(row.get("roleName") or f"AliyunServiceRoleFor{service.partition('.')[0].title()}")
    if account.roles.get(fold(name)) is not None:
        raise ValueError(f"role {name} exists already")
    statement = {
        "Action": "sts:AssumeRole",
        "Effect": "Allow",
        "Principal": {"Service": [service]},
    }
    now = universe.clock.now()
    role = Role(
        name=name,
        role_id=random_id(),
        document=json.dumps({"Statement": [statement], "Version": "1"}),
        description=str(row.get("description", "")),
        max_session=DEFAULT_SESSION,
        created=now,
        updated=now,
        service_linked=True,
    )
    account.roles.load(fold(name), role)
    return {"roleId": role.role_id, "arn": role_arn(account.account_id, name)}


def set_key_status(universe: Universe, key_id: str, row: Mapping[str, Any]) -> Json:
    """Activate or deactivate a key."""
    status = row["status"]
    if status not in ("Active", "Inactive"):
        raise ValueError("status must be Active or Inactive")
    key = universe.keys[key_id]
    universe.keys[key_id] = dataclasses.replace(key, active=status == "Active")
    universe.touch()
    return {"accessKeyId": key_id, "status": status}


def true_state(account: Account) -> Json:
    """The entities as they really are, never stale, by name."""
    return {
        "roles": {
            role.name: _role_state(account, key, role) for key, role in account.roles.items()
        },
        "policies": {
            policy.name: _policy_state(account, key, policy)
            for key, policy in account.policies.items()
        },
        "users": {
            user.name: {"userId": user.user_id, "policies": _held(account, "user", key)}
            for key, user in account.users.items()
        },
        "groups": {
            group.name: {
                "groupId": group.group_id,
                "members": list(group.members),
                "policies": _held(account, "group", key),
            }
            for key, group in account.groups.items()
        },
    }


def _held(account: Account, kind: str, key: str) -> list[list[str]]:
    rows = account.attachments(f"{kind}/{key}", _ALWAYS)
    policies = [account.policy_by_key(row.policy_key, _ALWAYS) for row in rows]
    return sorted([p.type, p.name] for p in policies if p is not None)


def _role_state(account: Account, key: str, role: Role) -> Json:
    return {
        "roleId": role.role_id,
        "trust": json.loads(role.document),
        "description": role.description,
        "maxSessionDuration": role.max_session,
        "serviceLinked": role.service_linked,
        "policies": _held(account, "role", key),
        "tags": dict(role.tags),
    }


def _policy_state(account: Account, key: str, policy: Policy) -> Json:
    holders = account.policy_holders(f"Custom/{key}", _ALWAYS)
    return {
        "document": json.loads(policy.default_version.document),
        "description": policy.description,
        "defaultVersion": f"v{policy.default}",
        "versions": {v.version_id: json.loads(v.document) for v in policy.versions},
        "attachments": sorted(holder.principal_key for holder in holders),
        "tags": dict(policy.tags),
    }
