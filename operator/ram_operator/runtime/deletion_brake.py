"""The brake on mass deletion: an emptied git directory must not empty the cloud. Thread-safe.

More than max(5, 10 %) of an account's objects deleted or detached within ten minutes stop all
deletions of that account, until a person resumes them by name of this very stop.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

WINDOW: Final = 600.0
FLOOR: Final = 5
SHARE: Final = 0.1


class DeletionBrake:
    """Counts per account id; whether it is engaged is kept in the account's record."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._done: dict[str, dict[object, float]] = {}

    def count(self, account_id: str, what: object) -> None:
        """A detachment was done because a manifest asked for it; `what` tells one from another."""
        with self._lock:
            self._recent(account_id)[what] = self._clock()

    def release(self, account_id: str, what: object, managed: int) -> bool:
        """Whether one more deletion may go; it is counted at once, and on every try only once.

        Asking and counting are one step: workers that ask together must not all be let through.
        """
        with self._lock:
            recent = self._recent(account_id)
            if what not in recent and len(recent) + 1 > max(FLOOR, int(SHARE * managed)):
                return False
            recent[what] = self._clock()
            return True

    def _recent(self, account_id: str) -> dict[object, float]:
        """What was deleted or detached within the window."""
        recent = self._done.setdefault(account_id, {})
        for what in [what for what, at in recent.items() if self._clock() - at > WINDOW]:
            del recent[what]
        return recent

    def reset(self, account_id: str) -> None:
        """A person resumed deletions."""
        with self._lock:
            self._done.pop(account_id, None)
