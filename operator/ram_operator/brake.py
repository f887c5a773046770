"""The brake on mass deletion: an emptied git directory must not empty the cloud. Thread-safe.

More than max(5, 10 %) of an account's objects deleted or detached within ten minutes stop all
deletions of that account, until a person resumes them by name of this very stop.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

WINDOW: Final = 600.0
FLOOR: Final = 5
SHARE: Final = 0.1


class Brake:
    """Counts per account id; whether it is engaged is kept in the account's record."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._times: dict[str, deque[float]] = {}

    def count(self, account_id: str) -> None:
        """A deletion or detachment was done because a manifest asked for it."""
        with self._lock:
            self._times.setdefault(account_id, deque()).append(self._clock())

    def exceeded(self, account_id: str, managed: int) -> bool:
        """Whether one more would be too many."""
        with self._lock:
            times = self._times.setdefault(account_id, deque())
            while times and self._clock() - times[0] > WINDOW:
                times.popleft()
            return len(times) + 1 > max(FLOOR, int(SHARE * managed))

    def reset(self, account_id: str) -> None:
        """A person resumed deletions."""
        with self._lock:
            self._times.pop(account_id, None)
