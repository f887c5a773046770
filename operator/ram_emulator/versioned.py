"""A map that remembers what it said before its last writes.

Gives the emulator reads that lag behind writes without copying the state. Values must be immutable.
Used by `state`; knows nothing of RAM.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

V = TypeVar("V")

_DEPTH = 8
_FORGET_AFTER_SECONDS = 3600.0


class Versioned(Generic[V]):
    """`key -> value` now, and as it was at an earlier time.

    The last eight writes to each key are kept; a question about a time before those is answered
    with the oldest value that is still known.
    """

    def __init__(self) -> None:
        self._now: dict[str, V] = {}
        self._past: dict[str, deque[tuple[float, V | None]]] = {}
        self._last_write = float("-inf")

    def __len__(self) -> int:
        return len(self._now)

    def get(self, key: str) -> V | None:
        """The true value."""
        return self._now.get(key)

    def items(self) -> Iterator[tuple[str, V]]:
        """All true entries, in the order of their creation."""
        return iter(list(self._now.items()))

    def put(self, key: str, value: V, at: float) -> None:
        """Write `value`, effective at the time `at`."""
        self._remember(key, at)
        self._now[key] = value

    def delete(self, key: str, at: float) -> None:
        """Remove `key`; it must exist."""
        self._remember(key, at)
        del self._now[key]

    def load(self, key: str, value: V) -> None:
        """Put a value that counts as having been there always."""
        self._past.pop(key, None)
        self._now[key] = value

    def unload(self, key: str) -> None:
        """Remove `key`, which must exist, as if it had never been there."""
        self._past.pop(key, None)
        del self._now[key]

    def seen(self, key: str, as_of: float) -> V | None:
        """The value as a reader at the time `as_of` would have found it."""
        if as_of >= self._last_write:
            return self._now.get(key)
        for written, before in self._past.get(key, ()):
            if written > as_of:
                return before
        return self._now.get(key)

    def items_seen(self, as_of: float) -> list[tuple[str, V]]:
        """All entries as of a time; keys that are gone since then come last."""
        if as_of >= self._last_write:
            return list(self._now.items())
        gone = [key for key in self._past if key not in self._now]
        found = ((key, self.seen(key, as_of)) for key in (*self._now, *gone))
        return [(key, value) for key, value in found if value is not None]

    def _remember(self, key: str, at: float) -> None:
        self._last_write = max(self._last_write, at)
        self._past.setdefault(key, deque(maxlen=_DEPTH)).append((at, self._now.get(key)))
        if len(self._past) > 2 * len(self._now) + 1024:
            self._forget(at)

    def _forget(self, at: float) -> None:
        dead = [
            key
            for key, writes in self._past.items()
            if key not in self._now and writes[-1][0] < at - _FORGET_AFTER_SECONDS
        ]
        for key in dead:
            del self._past[key]
