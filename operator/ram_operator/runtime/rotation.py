"""What no list shows, read from one identity at a time, the oldest readings first. Thread-safe.

Of each identity there is a digest of what the last close look found, and the age of the last
reading. A reading that says something else is a reason for another look, and decides nothing. Who
is there and was neither looked at nor read counts as overdue.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from .unread import Unread

TRIES: Final = 2
"""So often one value that close looks do not bear out is a reason for another."""
CATCHING_UP: Final = 1800.0
"""Seconds within which those are read of which nobody knows when they were, all of them at most."""
_NEVER: Final = -math.inf


class Pace(StrEnum):
    """How much it matters when what no list shows of an identity is read."""

    DANGEROUS = "dangerous"
    """It may change rights, or be assumed from outside the account."""
    USUAL = "usual"
    HARMLESS = "harmless"
    """What it has only reads, or gives no right to change rights."""


Cadences = Mapping[Pace, float]
"""Seconds between two readings."""


class _Known(NamedTuple):
    digest: bytes | None
    """None where no close look has learnt it."""
    at: float
    """When it was read last, by whomever; monotonic seconds."""
    pace: Pace
    strange: bytes = b""
    """What the last reading said, where that was something else."""
    tries: int = 0


class Rotation:
    """That of one class of an account. Identities are `role/name`, folded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}
        self._shown: frozenset[str] = frozenset()
        self._restful = b""
        self.unread = Unread()
        """Whose object looks by itself meanwhile: they are neither late nor in anybody's way."""

    def noted(self, identity: str, digest: bytes | None, at: float, pace: Pace) -> None:
        """A close look that was begun then found that; None where it did not learn it."""
        if digest is not None:
            self.unread.read(identity)
        with self._lock:
            known = self._known.get(identity)
            if digest is None:
                dangerous = known is not None and known.pace is Pace.DANGEROUS
                self._known[identity] = _Known(None, at, Pace.DANGEROUS if dangerous else pace)
            elif known is not None and known.strange and known.strange != digest:
                # The value is strange still, and was tried.
                self._known[identity] = known._replace(digest=digest, at=at, pace=pace)
            else:
                self._known[identity] = _Known(digest, at, pace)

    def paced(self, identity: str, pace: Pace) -> None:
        """It is one of these, as far as the last look knows."""
        with self._lock:
            if (known := self._known.get(identity)) is not None:
                self._known[identity] = known._replace(pace=pace)

    def expect(self, identities: Iterable[str]) -> None:
        """These are there, and somebody manages them: those that are not known are overdue."""
        with self._lock:
            for identity in identities:
                self._known.setdefault(identity, _Known(None, _NEVER, Pace.USUAL))

    def rest(self, identities: frozenset[str], digest: bytes) -> None:
        """Something else shows that these are still as that digest: where a close look found the
        same, they need not be read.
        """
        with self._lock:
            self._shown, self._restful = identities, digest

    def _rests(self, identity: str, known: _Known) -> bool:
        return identity in self._shown and known.digest == self._restful and not known.strange

    def due(self, now: float, turn: float, cadences: Cadences) -> list[str]:
        """Those whose reading will be older than these seconds before the next turn, which comes
        after `turn` seconds; and, the oldest first, each turn's even share of those that are older
        than half of it, so that they do not all come at once. Before them those that were never
        read, so many in a turn that all of them are within half an hour: who starts looks at each
        by itself meanwhile. Behind all of them those whose last reading failed.
        """
        with self._lock:
            aged = [
                (known.at, name, known.pace)
                for name, known in self._known.items()
                if name not in self.unread and not self._rests(name, known)
            ]
            unread = [name for name in self._known if name in self.unread]
        # By a hash that each process has for itself: where many end before they are through, none
        # of those at the end of the alphabet waits for ever.
        never = sorted((name for at, name, _ in aged if at == _NEVER), key=hash)
        aged = sorted(entry for entry in aged if entry[0] != _NEVER)
        soon = min(CATCHING_UP, cadences[Pace.USUAL])
        most = math.ceil((len(never) + len(aged)) * turn / soon) if soon > 0 else None
        found = never[:most]
        for which, cadence in cadences.items():
            mine = [(at, name) for at, name, pace in aged if pace is which]
            share = math.ceil(len(mine) * turn / cadence) if cadence > 0 else len(mine)
            found += [
                name
                for place, (at, name) in enumerate(mine)
                if now + turn - at >= cadence or (place < share and now - at >= cadence / 2.0)
            ]
        return found + self.unread.last(unread)

    def read(self, identity: str, digest: bytes, at: float) -> bool:
        """A reading that was asked for then. True where somebody has to look."""
        self.unread.read(identity)
        with self._lock:
            known = self._known.get(identity)
            if known is None or known.at > at:
                # Gone, or looked at since: that look is as good.
                return False
            if digest == known.digest:
                self._known[identity] = _Known(digest, at, known.pace)
                return False
            tries = known.tries + 1 if known.strange == digest else 1
            self._known[identity] = known._replace(at=at, strange=digest, tries=tries)
            return tries <= TRIES

    def disputed(self, identity: str) -> bool:
        """Whether its last reading failed, or said something else than the looks since."""
        if identity in self.unread:
            return True
        with self._lock:
            known = self._known.get(identity)
        return known is not None and known.tries > 0

    def keep(self, owned: Callable[[str], bool]) -> None:
        """Forget those that nobody manages any more."""
        with self._lock:
            names = list(self._known)
        gone = [name for name in names if not owned(name)]
        self.unread.only(set(names).difference(gone))
        with self._lock:
            for name in gone:
                self._known.pop(name, None)

    def late(self, now: float, cadences: Cadences) -> int:
        """How many readings are older than these seconds, or were never made."""
        with self._lock:
            ages = [
                (now - known.at, known.pace)
                for name, known in self._known.items()
                if name not in self.unread and not self._rests(name, known)
            ]
        return sum(age > cadences[pace] for age, pace in ages)
