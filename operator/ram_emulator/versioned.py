"""A map that remembers what it said before its last writes.

Gives the emulator reads that lag behind writes without copying the state. Values must be immutable.
Used by `state`; knows nothing of RAM.
"""

from __future__ import annotations

import bisect
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

V = TypeVar("V")

_DEPTH = 8
_FORGET_AFTER_SECONDS = 3600.0


class Versioned(Generic[V]):
    """`key -> value` now, and as it was at an earlier time.

    The last eight writes to each key are kept; a question about a time before those is answered
    with the oldest value that is still known. identity: what else values are found by, such as an
    id that stays when the key changes.
    """

    def __init__(self, identity: Callable[[V], str] | None = None) -> None:
        self._now: dict[str, V] = {}
        self._past: dict[str, deque[tuple[float, V | None]]] = {}
        self._last_write = float("-inf")
        self._identity = identity
        self._keys_of: dict[str, set[str]] = {}
        self._identities_of: dict[str, set[str]] = {}
        # Every key that some reader may still see, in order.
        self._ordered: list[str] = []

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
        self._enter(key, value)

    def delete(self, key: str, at: float) -> None:
        """Remove `key`; it must exist."""
        self._remember(key, at)
        del self._now[key]

    def load(self, key: str, value: V) -> None:
        """Put a value that counts as having been there always."""
        self._past.pop(key, None)
        self._enter(key, value)

    def unload(self, key: str) -> None:
        """Remove `key`, which must exist, as if it had never been there."""
        self._past.pop(key, None)
        del self._now[key]
        self._leave(key)

    def seen(self, key: str, as_of: float) -> V | None:
        """The value as a reader at the time `as_of` would have found it."""
        if as_of >= self._last_write:
            return self._now.get(key)
        for written, before in self._past.get(key, ()):
            if written > as_of:
                return before
        return self._now.get(key)

    def seen_by(self, identity: str, as_of: float) -> V | None:
        """The value with this identity as of a time, by whatever key it had."""
        if self._identity is None:
            raise TypeError("this map has keys only")
        for key in self._keys_of.get(identity, ()):
            value = self.seen(key, as_of)
            if value is not None and self._identity(value) == identity:
                return value
        return None

    def walk(self, first: str, as_of: float) -> Iterator[tuple[str, V]]:
        """The entries as of a time, in the order of their keys, from the key `first` on."""
        for position in range(bisect.bisect_left(self._ordered, first), len(self._ordered)):
            key = self._ordered[position]
            value = self.seen(key, as_of)
            if value is not None:
                yield key, value

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
            self._leave(key)

    def _enter(self, key: str, value: V) -> None:
        position = bisect.bisect_left(self._ordered, key)
        if position == len(self._ordered) or self._ordered[position] != key:
            self._ordered.insert(position, key)
        self._now[key] = value
        if self._identity is not None:
            identity = self._identity(value)
            self._keys_of.setdefault(identity, set()).add(key)
            self._identities_of.setdefault(key, set()).add(identity)

    def _leave(self, key: str) -> None:
        """Forget a key that nobody can see any more."""
        self._ordered.pop(bisect.bisect_left(self._ordered, key))
        for identity in self._identities_of.pop(key, ()):
            self._keys_of[identity].discard(key)
            if not self._keys_of[identity]:
                del self._keys_of[identity]
