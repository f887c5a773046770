"""`ram-operator void-approvals`: after a restore, nothing that was approved before opens anything.

Run by a person inside the operator's pod, with the operator's own account: nobody else may write
records. Needs no leadership, since each write is a compare-and-swap that only raises a sequence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..kinds.record import stored
from ..kinds.table import RECORD
from ..model.objects import Key
from .api import ClusterApi, Conflicted, Gone
from .record_writer import Records

TRIES = 20


def void_all(api: ClusterApi, clock: Callable[[], float]) -> int:
    """Raise the sequence of every record; how many there were. Raises errors.*.

    `clock` is in seconds since the epoch.
    """
    found = [body for _, page in api.pages(RECORD) for body in page]
    for body in found:
        _void(api, body, clock)
    return len(found)


def _void(api: ClusterApi, body: dict[str, Any], clock: Callable[[], float]) -> None:
    records = Records(api)
    current: dict[str, Any] | None = body
    for left in reversed(range(TRIES)):
        if current is None:
            return
        sequence = max(int(clock() * 1000), stored(current).sequence + 1)
        try:
            records.void(current, sequence)
        except Gone:
            return
        except Conflicted:
            if not left:
                raise
            current = api.get(Key(RECORD, "", str(body["metadata"]["name"])))
        else:
            return
