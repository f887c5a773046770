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

from ram_emulator.behaviours import apply_quotas, apply_settings
from ram_emulator.entities import (
    AccessKey,
    Attachment,
    Group,
    Policy,
    PolicyVersion,
    Role,
    Session,
    User,
    fold,
)
from ram_emulator.state import Account, Universe

FORMAT = 1


def dump(universe: Universe) -> dict[str, Any]:
    """Everything, as JSON values."""
    return {
        "format": FORMAT,
        "strict": universe.strict,
        "clockOffset": universe.clock.offset,
        "accounts": [_dump_account(account) for account in universe.accounts.values()],
        "keys": [dataclasses.asdict(key) for key in universe.keys.values()],
        "sessions": [dataclasses.asdict(session) for session in universe.sessions.values()],
    }


def _dump_account(account: Account) -> dict[str, Any]:
    return {
        "accountId": account.account_id,
        "alias": account.alias,
        "behaviours": dict(account.behaviours),
        "quotas": dict(account.quotas),
        "roles": [dataclasses.asdict(role) for _, role in account.roles.items()],
        "policies": [dataclasses.asdict(policy) for _, policy in account.policies.items()],
        "users": [dataclasses.asdict(user) for _, user in account.users.items()],
        "groups": [dataclasses.asdict(group) for _, group in account.groups.items()],
        "providers": [name for _, name in account.providers.items()],
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
        universe.keys = {row["key_id"]: AccessKey(**row) for row in data["keys"]}
        universe.sessions = {row["key_id"]: Session(**row) for row in data["sessions"]}
    except (KeyError, TypeError) as error:
        raise ValueError(f"the saved state is damaged: {error!r}") from None
    return universe


def _restore_account(universe: Universe, row: Mapping[str, Any]) -> None:
    account = universe.add_account(row["accountId"])
    account.alias = row["alias"]
    account.behaviours = apply_settings(account.behaviours, row["behaviours"])
    account.quotas = apply_quotas(account.quotas, row["quotas"])
    for fields in row["roles"]:
        account.roles.load(fold(fields["name"]), Role(**{**fields, **_tags(fields)}))
    for fields in row["policies"]:
        versions = tuple(PolicyVersion(**version) for version in fields["versions"])
        policy = Policy(**{**fields, **_tags(fields), "versions": versions})
        account.policies.load(fold(policy.name), policy)
    for fields in row["users"]:
        account.users.load(fold(fields["name"]), User(**fields))
    for fields in row["groups"]:
        group = Group(**{**fields, "members": tuple(fields["members"])})
        account.groups.load(fold(group.name), group)
    for name in row["providers"]:
        account.providers.load(fold(name), name)
    for principal, held in row["attached"].items():
        _restore_attached(account, principal, [Attachment(**a) for a in held])


def _restore_attached(account: Account, principal: str, held: list[Attachment]) -> None:
    for attachment in held:
        policy = account.policy_by_key(attachment.policy_key, float("inf"))
        if policy is not None:
            account.attach(principal, policy, attachment.attached)


def _tags(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"tags": tuple((key, value) for key, value in fields["tags"])}


def write_file(universe: Universe, path: Path) -> None:
    """Replace the file at once, with mode 0600."""
    partial = path.with_name(f"{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(dump(universe), stream, ensure_ascii=False)
    partial.replace(path)


def read_file(path: Path) -> Universe:
    """A universe from a file that `write_file` made."""
    return restore(json.loads(path.read_text(encoding="utf-8")))
