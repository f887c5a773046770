"""Saving and loading a whole universe as plain JSON, secrets included.

`dump` and `restore` are inverse up to the history that stale reads look at, which is not kept.
`write_file` makes the file readable by its owner only.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .behaviours import apply_settings
from .entities import (
    AccessKey,
    Attachment,
    Group,
    LoginProfile,
    MfaDevice,
    Policy,
    PolicyVersion,
    Provider,
    Report,
    Role,
    ServiceCredential,
    Session,
    User,
    fold,
)
from .jwt import PublicKey
from .quotas import apply_quotas
from .state import Account, KeyOwner, Universe

FORMAT = 3


def dump(universe: Universe) -> dict[str, Any]:
    """Everything, as JSON values."""
    return {
        "format": FORMAT,
        "strict": universe.strict,
        "clockOffset": universe.clock.offset,
        "accounts": [_dump_account(account) for account in universe.accounts.values()],
        "used": dict(universe.used),
        "sessions": [dataclasses.asdict(session) for session in universe.sessions.values()],
    }


def _dump_account(account: Account) -> dict[str, Any]:
    return {
        "accountId": account.account_id,
        "site": account.site,
        "behaviours": dict(account.behaviours),
        "quotas": dict(account.quotas),
        "roles": [dataclasses.asdict(role) for _, role in account.roles.items()],
        "policies": [dataclasses.asdict(policy) for _, policy in account.policies.items()],
        "users": [dataclasses.asdict(user) for _, user in account.users.items()],
        "keys": {
            user: [dataclasses.asdict(key) for key in keys]
            for user, keys in account.keys.items()
            if keys
        },
        "profiles": {
            user: dataclasses.asdict(profile) for user, profile in account.profiles.items()
        },
        "devices": [dataclasses.asdict(device) for _, device in account.devices.items()],
        "settings": {name: dict(values) for name, values in account.settings.items()},
        "deletedUsers": dict(account.deleted_users),
        "resourceGroups": dict(account.resource_groups),
        "serviceCredentials": [
            dataclasses.asdict(each) for _, each in account.service_credentials.items()
        ],
        "report": dataclasses.asdict(account.report) if account.report else None,
        "reportAsked": account.report_asked,
        "members": {
            group: {row.key: row.joined for row in rows}
            for group, rows in account.members.items()
            if rows
        },
        "groups": [dataclasses.asdict(group) for _, group in account.groups.items()],
        "providers": [dataclasses.asdict(each) for _, each in account.providers.items()],
        "attached": {
            principal: [dataclasses.asdict(a) for a in held]
            for principal, held in account.attached.items()
            if held
        },
    }


def restore(data: Mapping[str, Any]) -> Universe:
    """A universe from `dump`'s output; ValueError if it is not that."""
    if data.get("format") != FORMAT:
        raise ValueError(f"this is not a saved state of format {FORMAT}")
    try:
        universe = Universe(strict=bool(data["strict"]))
        universe.clock.offset = float(data["clockOffset"])
        for row in data["accounts"]:
            _restore_account(universe, row)
        universe.used = {key_id: float(used) for key_id, used in data["used"].items()}
        universe.sessions = {row["key_id"]: Session(**row) for row in data["sessions"]}
    except (KeyError, TypeError) as error:
        raise ValueError(f"the saved state is damaged: {error!r}") from None
    return universe


def _restore_account(universe: Universe, row: Mapping[str, Any]) -> None:
    account = universe.add_account(row["accountId"])
    account.site = row["site"]
    account.behaviours = apply_settings(account.behaviours, row["behaviours"])
    account.quotas = apply_quotas(account.quotas, row["quotas"])
    for fields in row["roles"]:
        account.roles.load(fold(fields["name"]), Role(**{**fields, **_tags(fields)}))
    for fields in row["policies"]:
        versions = tuple(PolicyVersion(**version) for version in fields["versions"])
        policy = Policy(**{**fields, **_tags(fields), "versions": versions})
        account.policies.load(fold(policy.name), policy)
    for fields in row["users"]:
        account.users.load(fold(fields["name"]), User(**{**fields, **_tags(fields)}))
    for fields in row["groups"]:
        account.groups.load(fold(fields["name"]), Group(**fields))
    for fields in row["providers"]:
        lists = {name: tuple(fields[name]) for name in ("client_ids", "fingerprints")}
        keys = tuple(PublicKey(**key) for key in fields.get("keys", ()))
        provider = Provider(**{**fields, **lists, "keys": keys})
        account.providers.load(provider.key, provider)
    for principal, held in row["attached"].items():
        _restore_attached(account, principal, [Attachment(**a) for a in held])
    _restore_identities(universe, account, row)


def _restore_identities(universe: Universe, account: Account, row: Mapping[str, Any]) -> None:
    for user, keys in row["keys"].items():
        for key in keys:
            universe.own_key(AccessKey(**key), KeyOwner(account.account_id, user))
    for user, fields in row["profiles"].items():
        profile = LoginProfile(**{**fields, "passwords": tuple(fields["passwords"])})
        account.profiles.load(user, profile)
    for fields in row["devices"]:
        account.devices.load(fold(fields["name"]), MfaDevice(**fields))
    for name, values in row["settings"].items():
        account.settings.load(name, values)
    account.deleted_users = dict(row["deletedUsers"])
    account.resource_groups = dict(row.get("resourceGroups", {}))
    for fields in row.get("serviceCredentials", ()):
        credential = ServiceCredential(**fields)
        account.service_credentials.load(credential.credential_id, credential)
    report = row.get("report")
    if report is not None:
        account.report = Report(**{**report, "lines": tuple(report["lines"])})
    account.report_asked = float(row.get("reportAsked", 0.0))
    for group, members in row["members"].items():
        for user, joined in members.items():
            account.join(group, user, joined)


def _restore_attached(account: Account, principal: str, held: list[Attachment]) -> None:
    for attachment in held:
        policy = account.policy_by_key(attachment.policy_key, float("inf"))
        if policy is not None:
            account.attach(principal, policy, attachment.attached, attachment.scope)


def _tags(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"tags": tuple((key, value) for key, value in fields["tags"])}


def write_file(universe: Universe, path: Path) -> None:
    """Replace the file at once, with mode 0600."""
    partial = path.with_name(f"{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(dump(universe), stream)
    partial.replace(path)


def read_file(path: Path) -> Universe:
    """A universe from a file that `write_file` made."""
    return restore(json.loads(path.read_text(encoding="utf-8")))
