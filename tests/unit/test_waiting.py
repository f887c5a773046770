"""The clock of the tests' own waits: it may be slower than the one on the wall, and never stops."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from lab import waiting
from lab.waiting import SLOWEST, Deadline, found, until

BUSY = "import time; end = time.monotonic() + 2.5\nwhile time.monotonic() < end: pass"


def _measured(seconds: float) -> float:
    """What passed by the clock of the waits in so many seconds, as a part of them."""
    before, start = waiting.seconds(), time.monotonic()
    time.sleep(seconds)
    return (waiting.seconds() - before) / (time.monotonic() - start)


def test_it_is_never_faster_and_never_stands_still() -> None:
    assert SLOWEST / 5 <= _measured(2.0) <= 1.3


def test_it_is_slower_while_more_want_to_run_than_there_are_processors() -> None:
    wanting = 4 * (os.cpu_count() or 1)
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(wanting)]
    try:
        time.sleep(0.5)
        assert _measured(1.5) < 0.6
        assert waiting.slowness() > 1.0
    finally:
        for process in busy:
            process.wait()


def test_a_deadline_ends() -> None:
    deadline = Deadline(0.3)
    assert not deadline.over
    while not deadline.over:
        assert deadline.left < 0.31
        time.sleep(0.05)


def test_what_comes_is_waited_for() -> None:
    answers = iter([None, None, "it"])
    assert found(lambda: next(answers), pause=0.0) == "it"
    answers = iter([False, True])
    until(lambda: next(answers), pause=0.0)


def test_what_does_not_come_is_named_as_it_was_last() -> None:
    with pytest.raises(AssertionError, match=r"^the sun is not so after 0\.1 s$"):
        until(lambda: False, "the sun", after=0.1)
    seen = []
    with pytest.raises(AssertionError, match=r"^3 looks"):
        until(lambda: bool(seen.append(1)), lambda: f"{min(len(seen), 3)} looks", after=0.5)
