"""Writes that the cloud refused for good, so that they are not sent again at each look.

Kept by the process, per object, for as long as the object asks for the same: after an edit, another
approval or a person's request the write is another one, and sent at once. Thread-safe.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from ..errors import RamOperatorError
from ..model.objects import Key


class Part(StrEnum):
    """Of what an object asks for, each looked after for itself."""

    STEPS = "steps"
    """Of a plan."""
    KEYS = "keys"
    """Of a user: the one thing that is to be done next about the access keys."""


class Asked(NamedTuple):
    """One write."""

    part: Part
    digest: str


@dataclass(frozen=True, slots=True)
class _Refusal:
    error: RamOperatorError
    count: int
    """How often in a row."""
    until: float
    """Monotonic seconds."""


class Refusals:
    """`first` is the wait after the first refusal in seconds, doubled with each in a row."""

    def __init__(self, clock: Callable[[], float], first: float) -> None:
        self.first = first
        self._clock = clock
        self._lock = threading.Lock()
        self._refused: dict[Key, dict[Asked, _Refusal]] = {}

    def standing(self, key: Key, what: Asked) -> RamOperatorError | None:
        """What was said when this was refused, while it is not to be sent again."""
        with self._lock:
            known = self._refused.get(key, {}).get(what)
            return known.error if known is not None and self._clock() < known.until else None

    def wait(self, key: Key, what: Asked, longest: float) -> float:
        """For how many seconds it is left alone if it is refused now."""
        with self._lock:
            known = self._refused.get(key, {}).get(what)
            before = known.count if known is not None else 0
            return min(max(self.first, longest), self.first * 2.0 ** min(before, 30))

    def refused(self, key: Key, what: Asked, error: RamOperatorError, seconds: float) -> None:
        """It was; `error` is told until it is sent again."""
        with self._lock:
            known = self._refused.setdefault(key, {})
            count = known[what].count + 1 if what in known else 1
            known[what] = _Refusal(error, count, self._clock() + seconds)

    def keep(self, key: Key, part: Part, asked: Collection[Asked]) -> None:
        """All else that the object asked for in that part is forgotten: it asks for these only."""
        with self._lock:
            known = self._refused.get(key, {})
            for what in [what for what in known if what.part is part and what not in asked]:
                del known[what]
            if not known:
                self._refused.pop(key, None)

    def forget(self, key: Key) -> None:
        """The object is gone."""
        with self._lock:
            self._refused.pop(key, None)
