"""Entities that tests put into an account without a signed call: the admin port's side.

Each function takes the request's JSON object and returns the reply's; ValueError and KeyError mean
a bad request. What is made here counts as having been there for long: it is never stale.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import string
from collections.abc import Mapping
from typing import Any

from . import actiontrail
from .behaviours import apply_settings
from .entities import (
    AccessKey,
    Group,
    Provider,
    ProviderKind,
    Role,
    User,
    fold,
    principal_key,
    provider_key,
)
from .jwt import PublicKey
from .providers import provider_arn
from .quotas import apply_quotas
from .roles import DEFAULT_SESSION, role_arn
from .state import ROOT, Account, KeyOwner, Universe, random_id, random_text

ADMIN_USER = "operator"

_ALWAYS = float("inf")

_FINGERPRINT = "902ef2deeb3c5b13ea4c3d5193629309e231ae55"
_DETAILS = {
    "oidc": (
        "description",
        "issuerUrl",
        "clientIds",
        "fingerprints",
        "keys",
        "siteFingerprint",
    ),
    "saml": ("description", "metadata"),
}

Json = dict[str, Any]


def create_account(universe: Universe, row: Mapping[str, Any]) -> Json:
    """An account with a root key and an administrator."""
    settings = apply_settings(Account("").behaviours, row.get("behaviours", {}))
    quotas = apply_quotas(Account("").quotas, row.get("quotas", {}))
    site = row.get("site", "china")
    if site not in ("china", "international"):
        raise ValueError("site must be china or international")
    account = universe.add_account(row.get("accountId"))
    account.behaviours, account.quotas, account.site = settings, quotas, site
    root = _new_key(universe, account, ROOT)
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
    user = User(
        name=name,
        user_id=random_id(),
        created=now,
        updated=now,
        display_name=str(row.get("displayName", "")),
        inline=inline,
    )
    account.users.load(fold(name), user)
    for _, _, policy in policies:
        if policy is not None:
            account.attach(principal_key("user", name), policy, now)
    key = _new_key(universe, account, fold(name))
    if row.get("status", "Active") != "Active":
        set_key_status(universe, key.key_id, row)
    return {
        "userId": user.user_id,
        "arn": f"acs:ram::{account.account_id}:user/{name}",
        "accessKeyId": key.key_id,
        "accessKeySecret": key.secret,
    }


def _new_key(universe: Universe, account: Account, user: str) -> AccessKey:
    key = universe.new_key()
    universe.own_key(key, KeyOwner(account.account_id, user))
    universe.touch()
    return key


def change_user(universe: Universe, account: Account, name: str, row: Mapping[str, Any]) -> Json:
    """What no API writes: `lastLoginDate` (seconds since the epoch), `status`, `provisionType`."""
    user = account.users.get(fold(name))
    if user is None:
        raise KeyError(name)
    status = row.get("status", user.status)
    if status not in ("active", "freeze"):
        raise ValueError("status must be active or freeze")
    last_login = float(row.get("lastLoginDate", user.last_login))
    provision = row.get("provisionType", user.provision)
    if provision not in ("Manual", "SCIM", "CloudSSO"):
        raise ValueError("provisionType must be Manual, SCIM or CloudSSO")
    changed = dataclasses.replace(user, status=status, last_login=last_login, provision=provision)
    account.users.load(fold(name), changed)
    universe.touch()
    return {"lastLoginDate": last_login, "status": status, "provisionType": provision}


def create_group(universe: Universe, account: Account, row: Mapping[str, Any]) -> Json:
    """A group with members by name."""
    name = str(row["groupName"])
    if account.groups.get(fold(name)) is not None:
        raise ValueError(f"group {name} exists already")
    members = [fold(str(member)) for member in row.get("members", [])]
    missing = [member for member in members if account.users.get(member) is None]
    if missing:
        raise ValueError(f"there is no user {missing[0]}")
    now = universe.clock.now()
    group = Group(name, f"g-{random_text(16)}", str(row.get("comments", "")), now, now)
    account.groups.load(fold(name), group)
    for member in members:
        account.join(fold(name), member, now)
    return {"groupId": group.group_id}


def create_resource_group(universe: Universe, account: Account, row: Mapping[str, Any]) -> Json:
    """A resource group, which attachments can be for."""
    identifier = f"rg-{random_text(15, string.ascii_lowercase + string.digits)}"
    account.resource_groups[identifier] = _text(row, "name", "")
    universe.touch()
    return {"resourceGroupId": identifier}


def create_provider(universe: Universe, account: Account, row: Mapping[str, Any]) -> Json:
    """An identity provider of the `type` oidc or saml, or new details of one that exists.

    Details that are not named stay as they are; a new provider gets defaults for them.
    """
    kind, name, now = _provider_kind(row.get("type")), str(row["name"]), universe.clock.now()
    unknown = sorted(set(row) - {"type", "name", *_DETAILS[kind]})
    if unknown:
        raise ValueError(f"a provider of type {kind} has no {unknown[0]}")
    before = account.providers.get(provider_key(kind, name)) or _new_provider(kind, name, now)
    metadata = base64.b64encode(_text(row, "metadata", "").encode()).decode()
    provider = dataclasses.replace(
        before,
        description=_text(row, "description", before.description),
        issuer=_text(row, "issuerUrl", before.issuer),
        client_ids=_texts(row, "clientIds", before.client_ids),
        fingerprints=_texts(row, "fingerprints", before.fingerprints),
        metadata=metadata or before.metadata,
        keys=_keys(row, before.keys),
        site_fingerprint=_text(row, "siteFingerprint", before.site_fingerprint),
        updated=now,
    )
    for key, other in account.providers.items():
        if kind == other.kind == "oidc" and key != provider.key and other.issuer == provider.issuer:
            raise ValueError(f"{other.name} has the issuer {provider.issuer} already")
    account.providers.load(provider.key, provider)
    universe.touch()
    return {"arn": provider_arn(account.account_id, provider)}


def delete_provider(universe: Universe, account: Account, kind: str, name: str) -> Json:
    """Remove an identity provider, as if it had never been there."""
    key = provider_key(_provider_kind(kind), name)
    if account.providers.get(key) is None:
        raise KeyError(name)
    account.providers.unload(key)
    universe.touch()
    return {}


def _provider_kind(kind: object) -> ProviderKind:
    if kind == "oidc":
        return "oidc"
    if kind == "saml":
        return "saml"
    raise ValueError("type must be oidc or saml")


def _new_provider(kind: ProviderKind, name: str, now: float) -> Provider:
    url = f"https://{name}.example"
    if kind == "saml":
        document = f'<EntityDescriptor entityID="{url}"/>'
        return Provider(kind, name, now, now, metadata=base64.b64encode(document.encode()).decode())
    return Provider(
        kind,
        name,
        now,
        now,
        issuer=url,
        client_ids=("sts.aliyuncs.com",),
        fingerprints=(_FINGERPRINT,),
    )


def _keys(row: Mapping[str, Any], default: tuple[PublicKey, ...]) -> tuple[PublicKey, ...]:
    if "keys" not in row:
        return default
    return tuple(PublicKey(str(key["kid"]), str(key["n"]), str(key["e"])) for key in row["keys"])


def _text(row: Mapping[str, Any], name: str, default: str) -> str:
    value = row.get(name, default)
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a text")
    return value


def _texts(row: Mapping[str, Any], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = row.get(name, default)
    if not isinstance(value, (list, tuple)) or not all(isinstance(each, str) for each in value):
        raise ValueError(f"{name} must be a list of texts")
    return tuple(value)


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
    """Activate or deactivate a key; with `byPlatform` as Alibaba Cloud does of itself, of which
    ActionTrail tells.
    """
    status = row["status"]
    if status not in ("Active", "Inactive"):
        raise ValueError("status must be Active or Inactive")
    key = universe.find_key(key_id)
    if key is None:
        raise KeyError(key_id)
    now = universe.clock.now()
    changed = dataclasses.replace(key, active=status == "Active", changed=now)
    universe.replace_key(key_id, changed, now)
    if row.get("byPlatform"):
        universe.trail.add(actiontrail.of_platform(changed, universe.owners[key_id], now))
    universe.touch()
    return {"accessKeyId": key_id, "status": status}
