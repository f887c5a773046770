"""Decides when a wait is given up: by what the machine had to give, not by the clock on the wall.

Everything that waits in the tests asks here, pytest's own time-out too (tests/conftest.py). The
clock `seconds` runs like any other while everybody who wants a processor has one. When more want to
run than there are processors it slows down: with three for each, to a third, since what takes two
seconds elsewhere takes six then. While the machine stands still it stands still. So a wait is given
up after the same work of the machine, however busy or slow it is.

It never runs slower than a tenth: whatever hangs for good is given up after ten times as long.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")
PATIENCE: Final = 60.0
"""Seconds that suffice for anything that is waited for here, twenty times over."""
PAUSE: Final = 0.05
LONGEST: Final = 0.15
"""Seconds between two looks at what is waited for, at first and in the end."""
SLOWEST: Final = 0.1
_TICK: Final = 0.2
_RECENT: Final = 0.03
"""How much of what is said of the last seconds comes from the last tick."""
_STAT: Final = Path("/proc/stat")


class _Clock:
    """Adds up the share of the time that a process that wants to run gets on this machine."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._passed = 0.0
        self._at = 0.0
        self._pace = 1.0

    def now(self) -> float:
        with self._lock:
            # Not before it is asked for, and anew in a process that was forked from this one.
            if self._thread is None or not self._thread.is_alive():
                self._at = time.monotonic()
                self._thread = threading.Thread(target=self._run, name="waiting", daemon=True)
                self._thread.start()
            return self._passed

    def pace(self) -> float:
        with self._lock:
            return max(self._pace, SLOWEST)

    def _run(self) -> None:
        stolen = _Stolen()
        while True:
            time.sleep(_TICK)
            share = _share() * (1.0 - stolen.part())
            with self._lock:
                at = time.monotonic()
                passed = at - self._at
                # Who sleeps much longer than he asked was stopped, or was not let run.
                counted = max(min(passed, 2 * _TICK) * share, passed * SLOWEST)
                self._passed += counted
                self._pace += (counted / passed - self._pace) * _RECENT
                self._at = at


class _Stolen:
    """What other machines took of the processors, where this one is a virtual machine."""

    def __init__(self) -> None:
        self._before = self._read()

    def part(self) -> float:
        """Since it was last asked, between 0 and 1."""
        now, before = self._read(), self._before
        self._before = now
        total = now[1] - before[1]
        return (now[0] - before[0]) / total if total > 0 else 0.0

    @staticmethod
    def _read() -> tuple[int, int]:
        try:
            first = _STAT.read_text().splitlines()[0].split()
        except OSError:
            return 0, 0
        numbers = [int(word) for word in first[1:]]
        return (numbers[7] if len(numbers) > 7 else 0), sum(numbers[:8])


def _share() -> float:
    """Of a processor, for one who wants to run now; at most 1."""
    try:
        words = dict(
            line.split(maxsplit=1) for line in _STAT.read_text().splitlines() if " " in line
        )
        # This thread is one of them. Who waits for a disk is kept from going on as well.
        wanting = float(words["procs_running"]) + float(words["procs_blocked"])
    except (OSError, KeyError):
        wanting = os.getloadavg()[0]
    return min(1.0, _processors() / max(wanting, 1.0))


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_CLOCK: Final = _Clock()


def seconds() -> float:
    """Seconds since some moment, of a machine that has nothing else to do: see the module."""
    return _CLOCK.now()


def slowness() -> float:
    """How many times longer than on a machine with nothing else to do things took in the last
    seconds, from 1 on. For what has to be over before some moment by the clock on the wall.
    """
    seconds()
    return 1.0 / _CLOCK.pace()


class Deadline:
    """So many `seconds` from now on."""

    def __init__(self, after: float = PATIENCE) -> None:
        self.after = after
        self._end = seconds() + after

    @property
    def left(self) -> float:
        """Negative once it is over."""
        return self._end - seconds()

    @property
    def over(self) -> bool:
        return self.left < 0


class Pauses:
    """Between looks: what comes at once is seen at once. Each look costs those something that are
    waited for, so it is looked less often at what takes long.
    """

    def __init__(self, first: float = PAUSE) -> None:
        self._next = first

    def rest(self) -> None:
        time.sleep(self._next)
        self._next = max(self._next, min(self._next * 1.2, LONGEST))


def until(
    true: Callable[[], bool],
    what: str | Callable[[], str] = "it",
    after: float = PATIENCE,
    pause: float = PAUSE,
) -> None:
    """Asks again and again. Raises AssertionError when it does not come to be so.

    what: is not so; a function is asked when it was in vain.
    """
    found(lambda: true() or None, what, after, pause)


def found(
    look: Callable[[], T | None],
    what: str | Callable[[], str] = "it",
    after: float = PATIENCE,
    pause: float = PAUSE,
) -> T:
    """Asks again and again, until there is something else than None. As `until` otherwise."""
    deadline, pauses = Deadline(after), Pauses(pause)
    while (result := look()) is None:
        if deadline.over:
            text = what if isinstance(what, str) else what()
            raise AssertionError(f"{text} is not so after {after:g} s")
        pauses.rest()
    return result
