"""Since when access keys of the operator's making are nobody's, as far as this process has seen.

Kept in memory alone: after a start the time begins anew, and a cluster that is restored from a
backup, its records first, has as long for its objects to come. Thread-safe.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping

from ..model.objects import Key


class LeftKeys:
    """Times are monotonic, in seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: dict[str, dict[Key, float]] = {}
        """By the id of the account, and by the record."""

    def forget(self, account_id: str) -> None:
        """What is found left in the account is news from now on."""
        with self._lock:
            self._since.pop(account_id, None)

    def seen(
        self, account_id: str, records: Collection[Key], now: float, *, runs: bool
    ) -> Mapping[Key, tuple[float, bool]]:
        """Since when each of these is left, and whether that is news; these are all that there are
        in the account now. While the time does not run it begins anew with each look.
        """
        with self._lock:
            known = self._since.get(account_id, {})
            since = {key: known.get(key, now) if runs else now for key in records}
            self._since[account_id] = since
            return {key: (at, key not in known) for key, at in since.items()}
