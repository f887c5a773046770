"""What an account really looks like, never stale: the admin port's `state`.

Shapes are described in docs/reference/emulator.md. Contains no secret.
"""

from __future__ import annotations

import base64
from typing import Any

from .entities import Group, Policy, Provider, ProviderKind, Role, User, fold
from .json_text import parse
from .mfa import serial_number
from .settings import password_policy, security_preference
from .state import Account

_ALWAYS = float("inf")

Json = dict[str, Any]


def true_state(account: Account) -> Json:
    """The entities and settings as they really are, entities by name."""
    return {
        "roles": {
            role.name: _role_state(account, key, role) for key, role in account.roles.items()
        },
        "policies": {
            policy.name: _policy_state(account, key, policy)
            for key, policy in account.policies.items()
        },
        "users": {
            user.name: _user_state(account, key, user) for key, user in account.users.items()
        },
        "groups": {
            group.name: _group_state(account, key, group) for key, group in account.groups.items()
        },
        "mfaDevices": {
            device.name: {
                "serialNumber": serial_number(account.account_id, device),
                "user": _user_name(account, device.user) if device.user else None,
            }
            for _, device in account.devices.items()
        },
        "oidcProviders": {p.name: _oidc_state(p) for p in _providers(account, "oidc")},
        "samlProviders": {p.name: _saml_state(p) for p in _providers(account, "saml")},
        "resourceGroups": dict(account.resource_groups),
        "alias": account.alias,
        "passwordPolicy": password_policy(account),
        "securityPreference": security_preference(account),
    }


def _document(text: str) -> Any:
    """A document's value; one that somebody saved and that nobody can read, as its text."""
    try:
        return parse(text)
    except ValueError:
        return text


def _providers(account: Account, kind: ProviderKind) -> list[Provider]:
    return [provider for _, provider in account.providers.items() if provider.kind == kind]


def _oidc_state(provider: Provider) -> Json:
    return {
        "issuerUrl": provider.issuer,
        "clientIds": list(provider.client_ids),
        "fingerprints": list(provider.fingerprints),
        "issuanceLimitTime": provider.issuance_limit,
        "description": provider.description,
    }


def _saml_state(provider: Provider) -> Json:
    return {
        "metadata": base64.b64decode(provider.metadata).decode("utf-8", "replace"),
        "authnSignAlgo": provider.sign_algo,
        "description": provider.description,
    }


def _user_name(account: Account, key: str) -> str:
    user = account.users.get(key)
    return key if user is None else user.name


def _held(account: Account, kind: str, key: str) -> list[list[str]]:
    rows = account.attachments(f"{kind}/{key}", _ALWAYS)
    policies = [account.policy_by_key(row.policy_key, _ALWAYS) for row in rows]
    return sorted([p.type, p.name] for p in policies if p is not None)


def _scoped(account: Account, kind: str, key: str) -> Json:
    """What a principal holds in resource groups, if it holds anything there."""
    rows = [
        [policy.type, policy.name, row.scope]
        for row in account.attached.get(f"{kind}/{key}") or ()
        if row.scope and (policy := account.policy_by_key(row.policy_key, _ALWAYS)) is not None
    ]
    return {"resourceGroupPolicies": sorted(rows)} if rows else {}


def _user_state(account: Account, key: str, user: User) -> Json:
    groups = [account.groups.get(m.key) for m in account.memberships.get(key) or ()]
    state: Json = {
        "userId": user.user_id,
        "displayName": user.display_name,
        "email": user.email,
        "mobilePhone": user.mobile_phone,
        "comments": user.comments,
        "policies": _held(account, "user", key),
        **_scoped(account, "user", key),
        "groups": sorted(group.name for group in groups if group is not None),
        "accessKeys": [
            {"id": k.key_id, "status": "Active" if k.active else "Inactive"}
            for k in account.keys.get(fold(user.name)) or ()
        ],
        "tags": dict(user.tags),
    }
    profile, device = account.profiles.get(key), account.device_of(key, _ALWAYS)
    if profile is not None:
        state["loginProfile"] = {
            "passwordResetRequired": profile.reset_required,
            "mfaBindRequired": profile.mfa_required,
            "status": "Active" if profile.active else "Inactive",
        }
    if device is not None:
        state["mfa"] = {"serialNumber": serial_number(account.account_id, device)}
    return state


def _group_state(account: Account, key: str, group: Group) -> Json:
    return {
        "groupId": group.group_id,
        "comments": group.comments,
        "members": sorted(_user_name(account, m.key) for m in account.members.get(key) or ()),
        "policies": _held(account, "group", key),
        **_scoped(account, "group", key),
    }


def _role_state(account: Account, key: str, role: Role) -> Json:
    return {
        "roleId": role.role_id,
        "trust": _document(role.document),
        "description": role.description,
        "maxSessionDuration": role.max_session,
        "allowConsoleLogin": role.console_login,
        "serviceLinked": role.service_linked,
        "policies": _held(account, "role", key),
        **_scoped(account, "role", key),
        "tags": dict(role.tags),
    }


def _policy_state(account: Account, key: str, policy: Policy) -> Json:
    holders = account.policy_holders(f"Custom/{key}", _ALWAYS)
    return {
        "document": _document(policy.default_version.document),
        "description": policy.description,
        "defaultVersion": f"v{policy.default}",
        "versions": {v.version_id: _document(v.document) for v in policy.versions},
        "attachments": sorted(holder.principal_key for holder in holders),
        "tags": dict(policy.tags),
    }
