"""Who is asked for: differences whose author is not known yet, and the answers. Thread-safe.

In memory alone: what a status shows without an author is asked for anew after a start, as long as
it is young enough.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..model.objects import Key
from ..model.traces import Author, Question, Seen

MOST: Final = 500
"""Differences of an account that are asked for at once; of more the author stays unknown."""
SHARE: Final = 100
"""The same of one namespace of it."""
SLOWEST: Final = 300.0
"""Seconds between two tries, at most."""


@dataclass(slots=True)
class Asked:
    """One difference. `since` and `due` are seconds since the epoch."""

    key: Key
    seen: Seen
    account: str
    question: Question
    since: float
    due: float
    wait: float


class Authors:
    """Written to by passes and by those that ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: dict[tuple[Key, Seen], Asked] = {}
        self._known: dict[Key, dict[Seen, Author]] = {}
        self._looked: dict[Key, float] = {}

    def looked(self, key: Key, at: float) -> None:
        """All of the object was read at that time."""
        with self._lock:
            self._looked[key] = at

    def last(self, key: Key) -> float | None:
        with self._lock:
            return self._looked.get(key)

    def ask(self, asked: Asked) -> None:
        """Unless it is asked for, or known, already."""
        with self._lock:
            place = (asked.key, asked.seen)
            known = asked.seen in self._known.get(asked.key, {})
            if place not in self._asked and not known and self._room(asked):
                self._asked[place] = asked

    def _room(self, asked: Asked) -> bool:
        """Whoever makes differences all the time keeps nobody else's from being asked for."""
        same = [each for each in self._asked.values() if each.account == asked.account]
        own = sum(each.key.namespace == asked.key.namespace for each in same)
        return len(same) < MOST and own < SHARE

    def due(self, now: float) -> dict[str, list[Asked]]:
        """What is to be tried now, by account."""
        found = dict[str, list[Asked]]()
        with self._lock:
            for asked in self._asked.values():
                if asked.due <= now:
                    found.setdefault(asked.account, []).append(asked)
        return found

    def later(self, asked: Asked, now: float) -> None:
        asked.due = now + asked.wait
        asked.wait = min(SLOWEST, 2 * asked.wait)

    def answer(self, asked: Asked, author: Author) -> None:
        with self._lock:
            if self._asked.pop((asked.key, asked.seen), None) is not None:
                self._known.setdefault(asked.key, {})[asked.seen] = author

    def known(self, key: Key) -> Mapping[Seen, Author]:
        with self._lock:
            return dict(self._known.get(key, {}))

    def shown(self, key: Key, waiting: frozenset[Seen]) -> None:
        """Forget the answers that the status has by now, or needs no more."""
        with self._lock:
            left = {seen: who for seen, who in self._known.get(key, {}).items() if seen in waiting}
            if left:
                self._known[key] = left
            else:
                self._known.pop(key, None)
            for place in [each for each in self._asked if each[0] == key]:
                if place[1] not in waiting:
                    del self._asked[place]

    def forget(self, key: Key) -> None:
        self.shown(key, frozenset())
        with self._lock:
            self._looked.pop(key, None)
