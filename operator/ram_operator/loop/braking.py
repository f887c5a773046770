"""The brake on mass deletion, asked before an identity goes or a key ends with its object.

Called by the pass over an object that is being deleted, and for objects that are gone already. What
engages is kept in the account's record, see `runtime.deletion_brake`.
"""

from __future__ import annotations

from typing import Final

from ..constants import Reason
from ..errors import Stalled
from ..kinds.record import Identity, stored
from ..kinds.table import ACCOUNT
from ..model.objects import Account, Key
from ..runtime.deletion_brake import ALL
from .ports import Ports

MOST_STOPS: Final = 200
"""Namespaces that a record names as stopped. One more, and all of the account stops."""


def check(ports: Ports, account: Account, key: Key, uid: str) -> None:
    """Raises Stalled where too many go at once; each object counts once. Raises errors.*"""
    namespace = key.namespace
    record = ports.cache.get(Identity(account.account_id, ACCOUNT, account.account_id).key)
    brakes = stored(record).brakes if record is not None else {}
    stops = next((where for where in (ALL, namespace) if where in brakes), None)
    if stops is None:
        scope = ports.brake_scope(account.account_id, namespace)
        stops = ports.deletion_brake.release(scope, (key, uid))
        if stops is None:
            return
        if record is not None:
            full = len(brakes) >= MOST_STOPS
            stamp, where = ports.clock.stamp(), ALL if full else stops
            ports.cache.put(ports.records.stop_deletions(record, where, stamp))
            ports.queue.add(Key(ACCOUNT, "", account.name))
    what = f"namespace {stops} and " if stops else ""
    raise Stalled(
        Reason.DELETION_BRAKE,
        f"too many deletions in {what}account {account.account_id} within ten minutes; see"
        f" status.deletionBrake of RamAccount {account.name} for how to resume",
    )
