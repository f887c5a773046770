"""What the process remembers of its writes: when a surprise may be believed."""

from __future__ import annotations

import pytest

from ram_operator.config import Settings
from ram_operator.model.objects import Key
from ram_operator.runtime.consistency import Consistency
from tests.unit.fake_clock import FakeClock

KEY, OTHER = Key("RamRole", "a", "one"), Key("RamRole", "a", "two")
UID = "u1"
SETTLE, WINDOW = 10.0, 60.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def consistency(clock: FakeClock) -> Consistency:
    settings = Settings(settle_seconds=SETTLE, consistency_seconds=WINDOW)
    return Consistency(settings, clock)


def test_after_a_start_reads_settle_once_a_predecessors_writes_are_visible(
    consistency: Consistency, clock: FakeClock
) -> None:
    assert consistency.settle == SETTLE
    assert (consistency.starting(), consistency.unsettled(KEY)) == (SETTLE, SETTLE)
    clock.advance(4.0)
    assert (consistency.starting(), consistency.unsettled(KEY)) == (6.0, 6.0)
    clock.advance(100.0)
    assert (consistency.starting(), consistency.unsettled(KEY)) == (0.0, 0.0)


def test_a_write_unsettles_its_own_object_only(consistency: Consistency, clock: FakeClock) -> None:
    clock.advance(100.0)
    consistency.wrote(KEY)
    clock.advance(1.0)
    assert consistency.unsettled(KEY) == 9.0
    assert (consistency.unsettled(OTHER), consistency.starting()) == (0.0, 0.0)


def test_the_last_write_counts(consistency: Consistency, clock: FakeClock) -> None:
    clock.advance(100.0)
    consistency.wrote(KEY)
    clock.advance(8.0)
    consistency.wrote(KEY)
    assert consistency.unsettled(KEY) == SETTLE


def test_long_after_any_write_a_surprise_is_believed_at_once(
    consistency: Consistency, clock: FakeClock
) -> None:
    clock.advance(WINDOW)
    assert consistency.believes(KEY)


@pytest.mark.parametrize("written", [True, False], ids=["after a write", "after the start"])
def test_shortly_after_it_is_believed_when_seen_twice_and_apart(
    consistency: Consistency, clock: FakeClock, written: bool
) -> None:
    if written:
        clock.advance(WINDOW)
        consistency.wrote(KEY)
    assert not consistency.believes(KEY)
    clock.advance(SETTLE - 0.1)
    assert not consistency.believes(KEY)
    clock.advance(0.1)
    assert consistency.believes(KEY)


def test_what_must_be_seen_twice_always_is(consistency: Consistency, clock: FakeClock) -> None:
    clock.advance(10 * WINDOW)
    assert not consistency.believes(KEY, always_twice=True)
    assert not consistency.believes(OTHER, always_twice=True)
    clock.advance(SETTLE)
    assert consistency.believes(KEY, always_twice=True)


@pytest.mark.parametrize("event", ["unsurprised", "wrote", "forget"])
def test_a_look_that_agrees_or_a_write_in_between_starts_anew(
    consistency: Consistency, clock: FakeClock, event: str
) -> None:
    assert not consistency.believes(KEY)
    clock.advance(SETTLE)
    getattr(consistency, event)(KEY)
    assert not consistency.believes(KEY)


def test_what_was_written_is_as_fresh_for_the_next_object_of_that_name(
    consistency: Consistency, clock: FakeClock
) -> None:
    """An object that is deleted and made anew starts with the same generation."""
    clock.advance(WINDOW)
    consistency.wrote(KEY, UID, 1)
    assert consistency.unread(KEY, UID, 1) == 0.0
    consistency.forget(KEY)
    assert (consistency.unsettled(KEY), consistency.unread(KEY, UID, 1)) == (SETTLE, SETTLE)
    assert not consistency.believes(KEY)
    clock.advance(SETTLE)
    assert (consistency.unsettled(KEY), consistency.unread(KEY, UID, 1)) == (0.0, 0.0)
    assert consistency.believes(KEY)


def test_one_made_anew_is_another_although_nobody_saw_the_first_go(
    consistency: Consistency, clock: FakeClock
) -> None:
    """Deletion and creation may come between two passes."""
    clock.advance(WINDOW)
    consistency.wrote(KEY, UID, 1)
    assert consistency.unread(KEY, UID, 1) == 0.0
    assert consistency.unread(KEY, "another", 1) == SETTLE


def test_nothing_piles_up_of_objects_that_are_gone(
    consistency: Consistency, clock: FakeClock
) -> None:
    consistency.wrote(KEY, UID, 1)
    consistency.wrote(OTHER, UID, 1)
    consistency.forget(KEY)
    clock.advance(WINDOW)
    consistency.forget(Key("RamRole", "a", "three"))
    assert set(consistency._writes) == {OTHER}
    assert set(consistency._written) == {OTHER}


def test_a_refused_document_is_tried_for_a_while_per_generation(
    consistency: Consistency, clock: FakeClock
) -> None:
    assert consistency.patient(KEY, 1)
    clock.advance(WINDOW - 1.0)
    assert consistency.patient(KEY, 1)
    clock.advance(1.0)
    assert not consistency.patient(KEY, 1)
    assert consistency.patient(KEY, 2), "another document deserves a time of its own"
    assert consistency.patient(OTHER, 1)
    clock.advance(WINDOW)
    assert not consistency.patient(KEY, 2)
    consistency.forget(KEY)
    assert consistency.patient(KEY, 2)


def test_an_object_is_watched_while_its_looks_come_in_time(
    consistency: Consistency, clock: FakeClock
) -> None:
    assert consistency.watched(KEY, "uid", 100.0) is None, "another process may know"
    consistency.looked(KEY, "uid")
    clock.advance(99.0)
    assert consistency.watched(KEY, "uid", 100.0) is True
    assert consistency.watched(KEY, "another", 100.0) is None
    clock.advance(1.0)
    assert consistency.watched(KEY, "uid", 100.0) is False
    consistency.looked(KEY, "uid")
    consistency.unwatched(KEY, "uid")
    assert consistency.watched(KEY, "uid", 100.0) is False
    consistency.forget(KEY)
    assert consistency.watched(KEY, "uid", 100.0) is None
