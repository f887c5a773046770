"""New names for users and groups: everything that hangs on the name moves along.

Called by UpdateUser and UpdateGroup. Ids do not change. A new spelling of the same name moves
nothing.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from .entities import Membership
from .state import Account, KeyOwner, Universe
from .versioned import Versioned


def rename_user(universe: Universe, account: Account, old: str, new: str, at: float) -> None:
    """Move what a user has from one folded name to another; the user itself is not moved."""
    if old == new:
        return
    _move_attachments(account, f"user/{old}", f"user/{new}", at)
    _move_memberships(account.memberships, account.members, old, new, at)
    _move(account.profiles, old, new, at)
    for key in account.keys.get(old) or ():
        universe.owners[key.key_id] = KeyOwner(account.account_id, new)
    _move(account.keys, old, new, at)
    for name, device in account.devices.items():
        if device.user == old:
            account.devices.put(name, dataclasses.replace(device, user=new), at)


def rename_group(account: Account, old: str, new: str, at: float) -> None:
    """Move what a group has from one folded name to another; the group itself is not moved."""
    if old == new:
        return
    _move_attachments(account, f"group/{old}", f"group/{new}", at)
    _move_memberships(account.members, account.memberships, old, new, at)


def _move(rows: Versioned[Any], old: str, new: str, at: float) -> None:
    value = rows.get(old)
    if value is not None:
        rows.delete(old, at)
        rows.put(new, value, at)


def _move_attachments(account: Account, old: str, new: str, at: float) -> None:
    for attachment in account.attached.get(old) or ():
        holders = account.holders.get(attachment.policy_key) or ()
        renamed = [
            dataclasses.replace(row, principal_key=new) if row.principal_key == old else row
            for row in holders
        ]
        account.holders.put(attachment.policy_key, tuple(renamed), at)
    _move(account.attached, old, new, at)


def _move_memberships(
    mine: Versioned[tuple[Membership, ...]],
    theirs: Versioned[tuple[Membership, ...]],
    old: str,
    new: str,
    at: float,
) -> None:
    for membership in mine.get(old) or ():
        rows = theirs.get(membership.key) or ()
        renamed = [Membership(new, row.joined) if row.key == old else row for row in rows]
        theirs.put(membership.key, tuple(renamed), at)
    _move(mine, old, new, at)
