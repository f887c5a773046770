"""What the credential report of an account said last, and what moved in it. Thread-safe."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from ..cloud.report_calls import SignsIn


class ReportRows:
    """Those of one account. Identities are `user/name`, folded; times are monotonic seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: Mapping[str, SignsIn] = {}
        self._made = ""
        self._at: float | None = None
        """When the one that is known was made, or was found to be a new one."""

    def took(self, made: str, rows: Mapping[str, SignsIn], at: float) -> frozenset[str]:
        """A whole report, made `at` that time as far as that is known. Who moved since the one
        before; of the first one nobody knows.
        """
        with self._lock:
            if made and made == self._made:
                return frozenset()
            before, first = self._rows, self._at is None
            self._rows, self._made, self._at = dict(rows), made, at
            if first:
                return frozenset()
            # Whom one of them leaves out is read in turns by that, and costs no look: a part of a
            # report would have all others look, and the next one as well.
            both = before.keys() & rows.keys()
            return frozenset(name for name in both if before[name] != rows[name])

    def age(self, now: float) -> float | None:
        """Seconds since the last one was made; None where there was none yet."""
        with self._lock:
            return None if self._at is None else now - self._at

    def without(self) -> frozenset[str]:
        """Users who have neither a password nor a key, by the last one."""
        with self._lock:
            return frozenset(name for name, row in self._rows.items() if row.nothing)
