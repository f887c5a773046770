"""Leading or standing by: renews the Lease in a thread, and says whether this process may write.

Started by `startup`; asked by the cloud client and the API client right before each write. A
process that has lost the Lease ends: what it knows may be out of date, and a new one starts clean.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from ..cluster.api import Conflicted, Gone
from ..cluster.leases import Election, Lease, Move
from ..constants import Reason
from ..errors import RamOperatorError, Retry

log = logging.getLogger(__name__)

SHORTEST: Final = 0.5
"""Seconds that a request gets at least, however near the deadline is."""


class Lock(Protocol):
    """Where the Lease is kept: `cluster.leases.LeaseLock`, or a table in tests."""

    def read(self, timeout: float) -> Lease | None: ...

    def write(self, lease: Lease, timeout: float) -> Lease: ...


@dataclass(frozen=True, slots=True)
class Hooks:
    """What leading means. `began` is called once; `lost` does not come back."""

    began: Callable[[], None]
    lost: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Time:
    """`seconds` never stands still while the process is stopped or the machine sleeps."""

    seconds: Callable[[], float]
    stamp: Callable[[], str]


def elapsed() -> float:
    """Seconds since some moment. Counts the time in which the machine was suspended, if it can."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


class Leadership:
    """One candidate. `run` belongs to a thread of its own, `check` may be called by any."""

    def __init__(self, lock: Lock, election: Election, clock: Time) -> None:
        self._lock = lock
        self._election = election
        self._clock = clock
        self._stopping = threading.Event()
        self._trouble = ""

    @property
    def leads(self) -> bool:
        """Whether this process may write now."""
        return self._clock.seconds() < self._election.deadline

    def check(self) -> None:
        """Asked right before each write. Raises Retry once the Lease may be somebody else's."""
        if not self.leads:
            raise Retry(Reason.PROGRESSING, "this process does not lead: nothing is written")

    def run(self, hooks: Hooks) -> None:
        """Try for the Lease, then renew it, until `stop`, or until it is lost."""
        election, began = self._election, False
        while not self._stopping.is_set():
            if self.step() is Move.LOST:
                log.error("the lease is lost: this process ends")
                hooks.lost()
                return
            if election.leading and not began:
                began = True
                log.info("leading", extra={"identity": election.identity})
                hooks.began()
            self._stopping.wait(election.terms.retry)

    def step(self) -> Move:
        """One try. LOST is final; anything else is tried again."""
        try:
            move = self._renew() if self._election.leading else self._look()
        except RamOperatorError as error:
            self._say(error)
            move = Move.WAIT
        else:
            self._trouble = ""
        late = self._election.leading and not self.leads
        return Move.LOST if late else move

    def release(self) -> None:
        """Let the next one lead at once. Only after the last write of this process is over."""
        given_up = self._election.resign(self._clock.stamp(), self._clock.seconds())
        if given_up is None:
            return
        try:
            self._lock.write(given_up, self._election.terms.retry)
            log.info("the lease is released")
        except RamOperatorError as error:
            log.warning("the lease was not released, and ends by itself: %s", error.message)

    def stop(self) -> None:
        """No further try is begun."""
        self._stopping.set()

    def _renew(self) -> Move:
        """On the version that we wrote last; read only if somebody else has written since."""
        if not self.leads:
            return Move.LOST
        try:
            return self._write()
        except (Conflicted, Gone):
            return self._look()

    def _look(self) -> Move:
        lease = self._lock.read(self._patience())
        move = self._election.look(lease, self._clock.seconds())
        if move is Move.CREATE:
            self._election.forget()
        return self._write() if move in (Move.CREATE, Move.TAKE) else move

    def _write(self) -> Move:
        asked = self._clock.seconds()
        wanted = self._election.wanted(self._clock.stamp())
        self._election.written(self._lock.write(wanted, self._patience()), asked)
        return Move.TAKE

    def _patience(self) -> float:
        """A request that hangs must not use up the time in which others could succeed."""
        terms = self._election.terms
        usual = max(terms.deadline / 2, SHORTEST)
        if not self._election.leading:
            return usual
        return max(min(usual, self._election.deadline - self._clock.seconds()), SHORTEST)

    def _say(self, error: RamOperatorError) -> None:
        """Each trouble once, not at every try."""
        if isinstance(error, Conflicted):
            return
        if error.message != self._trouble:
            log.warning("the lease could not be tried: %s", error.message)
        self._trouble = error.message
