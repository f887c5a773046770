"""Locks by the name of a cloud identity: writes that touch the same one go one after the other.

Taken by `writing` inside a job, which has its tokens and its place in the pool by then: whoever
holds a lock waits for nothing but answers of the cloud, so each hold ends. All locks of a write are
taken at once or not at all, hence nobody waits for somebody who waits for him. Thread-safe.
"""

from __future__ import annotations

import threading
from bisect import insort
from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import Final


class Mode(Enum):
    """Who else may have the name at the same time."""

    SHARED = "shared"
    """Others that share it: what rests on a thing, and leaves it as it is."""
    EXCLUSIVE = "exclusive"
    """Nobody: what changes the thing."""


class Turn(IntEnum):
    """Who goes first among those that wait."""

    NARROWING = 0
    OTHER = 1


_EXCLUSIVE: Final = -1


def _fits(mode: Mode, holders: int) -> bool:
    """`holders` is how many share the name, or _EXCLUSIVE."""
    return holders == 0 or (mode is Mode.SHARED and holders > 0)


class Claim:
    """One wish for some names, good for one hold. Whoever made it releases it in any case."""

    def __init__(
        self, table: LockTable, names: Mapping[str, Mode], turn: Turn, number: int
    ) -> None:
        self.names: Final = dict(sorted(names.items()))
        self.place: Final = (turn, number)
        self.over = False
        self._table = table
        self._granted = threading.Event()

    @property
    def granted(self) -> bool:
        return self._granted.is_set()

    def grant(self) -> None:
        """Called by the table alone."""
        self._granted.set()

    def take(self, timeout: float) -> bool:
        """Wait for all names together, at most `timeout` seconds. False: none is held.

        A claim that was released meanwhile, or before, gets nothing.
        """
        self._table.enter(self)
        if not self._granted.wait(timeout):
            self.release()
        return self.granted and not self.over

    def release(self) -> None:
        """Give back what is held, or stop waiting. May be called more than once, by any thread."""
        self._table.leave(self)


class LockTable:
    """The names of one account that are held or waited for; others take no room."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = 0
        self._held: dict[str, int] = {}
        self._holders: list[Claim] = []
        self._waiting: list[Claim] = []
        """In the order in which they are served."""

    def claim(self, names: Mapping[str, Mode], turn: Turn = Turn.OTHER) -> Claim:
        """A wish that does not wait yet: it enters with `take`."""
        with self._lock:
            self._number += 1
            return Claim(self, names, turn, self._number)

    @property
    def idle(self) -> bool:
        """Whether nobody holds or waits for anything."""
        with self._lock:
            return not (self._held or self._holders or self._waiting)

    def enter(self, claim: Claim) -> None:
        """Called by the claim."""
        with self._lock:
            if claim.over or claim in self._holders or claim in self._waiting:
                return
            insort(self._waiting, claim, key=lambda waiting: waiting.place)
            self._serve()

    def leave(self, claim: Claim) -> None:
        """Called by the claim."""
        with self._lock:
            if claim.over:
                return
            claim.over = True
            if claim in self._holders:
                self._holders.remove(claim)
                for name, mode in claim.names.items():
                    self._give_up(name, mode)
            elif claim in self._waiting:
                self._waiting.remove(claim)
            self._serve()

    def _give_up(self, name: str, mode: Mode) -> None:
        left = 0 if mode is Mode.EXCLUSIVE else self._held[name] - 1
        if left:
            self._held[name] = left
        else:
            del self._held[name]

    def _serve(self) -> None:
        """Grant whatever stands in nobody's way. A name that somebody in front waits for is not
        taken from him: a stream of sharers would keep who wants it for himself waiting for ever.
        """
        wanted: dict[str, Mode] = {}
        still = []
        for claim in self._waiting:
            if all(self._free(name, mode, wanted) for name, mode in claim.names.items()):
                for name, mode in claim.names.items():
                    shared = self._held.get(name, 0) + 1
                    self._held[name] = _EXCLUSIVE if mode is Mode.EXCLUSIVE else shared
                self._holders.append(claim)
                claim.grant()
                continue
            still.append(claim)
            for name, mode in claim.names.items():
                if wanted.get(name) is not Mode.EXCLUSIVE:
                    wanted[name] = mode
        self._waiting = still

    def _free(self, name: str, mode: Mode, wanted: Mapping[str, Mode]) -> bool:
        in_front = wanted.get(name)
        waits = in_front is not None and Mode.EXCLUSIVE in (mode, in_front)
        return not waits and _fits(mode, self._held.get(name, 0))
