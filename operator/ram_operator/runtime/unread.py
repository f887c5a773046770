"""Who could not be read: each stands back behind the others, and is nobody's reason to stop.

Used by what is read one after the other in a sweep. Thread-safe.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Final

from ..constants import Reason
from ..errors import RamOperatorError

FEW: Final = 3
"""Readings of one sweep that may fail: each may have waited for the whole of a time-out."""
_ALL_ALIKE: Final = (Reason.THROTTLED, Reason.CREDENTIALS_INVALID)
"""What the next one would be told as well."""


class Unread:
    """The names of those whose last reading failed, who was tried longest ago before the others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: dict[str, None] = {}

    def failed(self, name: str) -> bool:
        """It could not be read. Whether it could the time before."""
        with self._lock:
            known = name in self._names
            self._names.pop(name, None)
            self._names[name] = None
            return not known

    def read(self, name: str) -> None:
        """It was read, by whomever."""
        with self._lock:
            self._names.pop(name, None)

    def only(self, names: Iterable[str]) -> None:
        """Forget all but these: the others are read no more."""
        kept = frozenset(names)
        with self._lock:
            self._names = {name: None for name in self._names if name in kept}

    def last(self, names: Iterable[str]) -> list[str]:
        """The same names, those that could not be read behind all others."""
        with self._lock:
            places = {name: place for place, name in enumerate(self._names, 1)}
        return sorted(names, key=lambda name: places.get(name, 0))

    def __contains__(self, name: str) -> bool:
        with self._lock:
            return name in self._names


class Tries:
    """The failures of one turn over many."""

    def __init__(self, unread: Unread) -> None:
        self._unread = unread
        self._count = 0
        self.problem: RamOperatorError | None = None
        """The last one."""
        self.cut = False
        """Whether somebody was not read who can be, as far as is known."""

    def go_on(self, name: str, error: RamOperatorError) -> bool:
        """Whether the others are read although this one could not be."""
        self.problem = error
        self._count += 1
        shared = error.reason in _ALL_ALIKE
        new = not shared and self._unread.failed(name)
        if shared or self._count >= FEW:
            self.cut = shared or new
            return False
        return True
