"""What the process remembers of its writes: when a surprise may be believed."""

from __future__ import annotations

import pytest

from ram_operator.config import Settings
from ram_operator.model.objects import Key
from ram_operator.runtime.consistency import Recent
from tests.unit.fake_clock import FakeClock

KEY, OTHER = Key("RamRole", "a", "one"), Key("RamRole", "a", "two")
SETTLE, WINDOW = 10.0, 60.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def recent(clock: FakeClock) -> Recent:
    settings = Settings(settle_seconds=SETTLE, consistency_seconds=WINDOW)
    return Recent(settings, clock)


def test_after_a_start_reads_settle_once_a_predecessors_writes_are_visible(
    recent: Recent, clock: FakeClock
) -> None:
    assert recent.settle == SETTLE
    assert (recent.starting(), recent.unsettled(KEY)) == (SETTLE, SETTLE)
    clock.advance(4.0)
    assert (recent.starting(), recent.unsettled(KEY)) == (6.0, 6.0)
    clock.advance(100.0)
    assert (recent.starting(), recent.unsettled(KEY)) == (0.0, 0.0)


def test_a_write_unsettles_its_own_object_only(recent: Recent, clock: FakeClock) -> None:
    clock.advance(100.0)
    recent.wrote(KEY)
    clock.advance(1.0)
    assert recent.unsettled(KEY) == 9.0
    assert (recent.unsettled(OTHER), recent.starting()) == (0.0, 0.0)


def test_the_last_write_counts(recent: Recent, clock: FakeClock) -> None:
    clock.advance(100.0)
    recent.wrote(KEY)
    clock.advance(8.0)
    recent.wrote(KEY)
    assert recent.unsettled(KEY) == SETTLE


def test_long_after_any_write_a_surprise_is_believed_at_once(
    recent: Recent, clock: FakeClock
) -> None:
    clock.advance(WINDOW)
    assert recent.believes(KEY)


@pytest.mark.parametrize("written", [True, False], ids=["after a write", "after the start"])
def test_shortly_after_it_is_believed_when_seen_twice_and_apart(
    recent: Recent, clock: FakeClock, written: bool
) -> None:
    if written:
        clock.advance(WINDOW)
        recent.wrote(KEY)
    assert not recent.believes(KEY)
    clock.advance(SETTLE - 0.1)
    assert not recent.believes(KEY)
    clock.advance(0.1)
    assert recent.believes(KEY)


def test_what_must_be_seen_twice_always_is(recent: Recent, clock: FakeClock) -> None:
    clock.advance(10 * WINDOW)
    assert not recent.believes(KEY, always_twice=True)
    assert not recent.believes(OTHER, always_twice=True)
    clock.advance(SETTLE)
    assert recent.believes(KEY, always_twice=True)


@pytest.mark.parametrize("event", ["unsurprised", "wrote", "forget"])
def test_a_look_that_agrees_or_a_write_in_between_starts_anew(
    recent: Recent, clock: FakeClock, event: str
) -> None:
    assert not recent.believes(KEY)
    clock.advance(SETTLE)
    getattr(recent, event)(KEY)
    assert not recent.believes(KEY)


def test_forgetting_a_write_ends_its_doubts(recent: Recent, clock: FakeClock) -> None:
    clock.advance(WINDOW)
    recent.wrote(KEY)
    recent.forget(KEY)
    assert recent.unsettled(KEY) == 0.0
    assert recent.believes(KEY)


def test_a_refused_document_is_tried_for_a_while_per_generation(
    recent: Recent, clock: FakeClock
) -> None:
    assert recent.patient(KEY, 1)
    clock.advance(WINDOW - 1.0)
    assert recent.patient(KEY, 1)
    clock.advance(1.0)
    assert not recent.patient(KEY, 1)
    assert recent.patient(KEY, 2), "another document deserves a time of its own"
    assert recent.patient(OTHER, 1)
    clock.advance(WINDOW)
    assert not recent.patient(KEY, 2)
    recent.forget(KEY)
    assert recent.patient(KEY, 2)
