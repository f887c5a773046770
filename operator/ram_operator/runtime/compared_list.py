"""What each identity of an account has, as a list of all says and as a close look said last.

Where both agree nobody has to look. Where they do not, or the list moved, somebody does, and what
comes of that look is compared again: a list that lags, or a look that was answered with what was
before, is found by the next sweep. Nothing is judged or written by the list. Thread-safe.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Set
from typing import Final, NamedTuple

from ..cloud.held import NOTHING, Held
from .sweep_rules import PROBES, Moved, most_missing

TRIES: Final = 2
"""So often one value of the list, which close looks do not bear out, is a reason for another."""


class _Look(NamedTuple):
    """What an identity had when it was looked at, and after what we wrote since."""

    held: Held
    at: float


class ComparedList:
    """One list of one account. Identities are `role/name`, folded; times are monotonic seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listed: dict[str, Held] = {}
        self._begun = False
        self._looks: dict[str, _Look] = {}
        self._tried: dict[str, tuple[Held, int]] = {}

    def noted(self, identity: str, entries: Set[str] | None, at: float) -> None:
        """A look that was begun then found these; None where it did not learn which."""
        with self._lock:
            if entries is None:
                self._looks.pop(identity, None)
            else:
                self._looks[identity] = _Look(Held.of(entries), at)

    def wrote(self, identity: str, added: Set[str], taken: Set[str], at: float) -> None:
        """A write of ours ended then. What was not known before it is not known now."""
        with self._lock:
            look = self._looks.get(identity)
            if look is not None:
                self._looks[identity] = _Look(look.held.changed(added, taken), at)

    def took(self, listed: Mapping[str, Held], asked: float, settle: float) -> Moved:
        """A whole list, the first page of which was asked for then.

        What was looked at or written within `settle` seconds before that, or later, is left to the
        next list: this one may be older.
        """
        with self._lock:
            known = {*listed, *self._listed, *self._looks}
            judged = sorted(name for name in known if not self._later(name, asked - settle))
            lost = [name for name in judged if self._lost(name, listed) > 0]
            missing = sum(self._lost(name, listed) for name in lost)
            doubted: Set[str] = frozenset()
            if missing > most_missing(sum(self._expected(name).number for name in judged)):
                # Those that were tried less come first.
                lost.sort(key=lambda name: self._tried.get(name, (NOTHING, 0))[1])
                doubted = frozenset(lost[PROBES:])
            names = [
                name
                for name in judged
                if name not in doubted and self._take(name, listed.get(name, NOTHING))
            ]
            self._begun = True
            return Moved(frozenset(names), len(doubted))

    def keep(self, owned: Callable[[str], bool]) -> None:
        """Forget what was seen of identities that nobody looks at any more."""
        with self._lock:
            looked = list(self._looks)
        gone = [name for name in looked if not owned(name)]
        with self._lock:
            for name in gone:
                self._looks.pop(name, None)
                self._tried.pop(name, None)

    def _later(self, name: str, than: float) -> bool:
        look = self._looks.get(name)
        return look is not None and look.at > than

    def _expected(self, name: str) -> Held:
        look = self._looks.get(name)
        return look.held if look is not None else self._listed.get(name, NOTHING)

    def _lost(self, name: str, listed: Mapping[str, Held]) -> int:
        return self._expected(name).number - listed.get(name, NOTHING).number

    def _take(self, name: str, value: Held) -> bool:
        """Remember what the list says. True where somebody has to look."""
        before, look = self._listed.get(name, NOTHING), self._looks.get(name)
        if value == NOTHING:
            self._listed.pop(name, None)
        else:
            self._listed[name] = value
        if look is not None and look.held.entries != value.entries:
            return self._try(name, value)
        self._tried.pop(name, None)
        if not self._begun:
            # Who starts looks at each of its own in any case.
            return False
        return value != before and (look is None or value.entries == before.entries)

    def _try(self, name: str, value: Held) -> bool:
        tried, times = self._tried.get(name, (value, 0))
        times = times + 1 if tried == value else 1
        self._tried[name] = (value, times)
        return times <= TRIES

    def disputed(self, identity: str) -> bool:
        """Whether the list says something else of it than its looks, as of the last list."""
        with self._lock:
            return identity in self._tried

    def sizes(self) -> tuple[int, int, int]:
        """Identities that the list has, that were looked at, and that both disagree on."""
        with self._lock:
            return len(self._listed), len(self._looks), len(self._tried)
