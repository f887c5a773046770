"""The members of groups that give no right to change rights, as they were read last. Thread-safe.

Who is in which group is a call for each group. What such groups say may be older than the rest:
they are read every other time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import NamedTuple

from .rotation import Pace


class _Reading(NamedTuple):
    names: bytes
    """A line for each, folded: sets of texts would take three times as much."""
    at: float


class GroupReadings:
    """Those of one account. Groups by folded name; times are monotonic seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: dict[str, _Reading] = {}
        self._harmless: set[str] = set()

    def paced(self, group: str, pace: Pace) -> None:
        """How much its members matter, as far as the last look knows."""
        with self._lock:
            if pace is Pace.HARMLESS:
                self._harmless.add(group)
            else:
                self._forget(group)

    def forget(self, *groups: str) -> None:
        """Their members move, or may have."""
        with self._lock:
            for group in groups:
                self._read.pop(group, None)

    def _forget(self, group: str) -> None:
        self._harmless.discard(group)
        self._read.pop(group, None)

    def doubt(self) -> None:
        """Something does not agree with them: all are read the next time."""
        with self._lock:
            self._read.clear()

    def took(self, group: str, names: Iterable[str], at: float) -> None:
        """What a reading that was asked for then said of a group."""
        with self._lock:
            if group in self._harmless:
                self._read[group] = _Reading("\n".join(sorted(names)).encode(), at)

    def recent(self, since: float) -> dict[str, frozenset[str]]:
        """The members of those that were read since then, and need not be read again."""
        with self._lock:
            found = {group: each.names for group, each in self._read.items() if each.at >= since}
        return {group: _names(text) for group, text in found.items()}

    def keep(self, groups: Iterable[str]) -> None:
        """Forget those that are gone."""
        there = set(groups)
        with self._lock:
            for group in (self._harmless | self._read.keys()) - there:
                self._forget(group)


def _names(text: bytes) -> frozenset[str]:
    return frozenset(text.decode().split("\n")) - {""}
