"""What the process remembers of its writes: when a surprise may be believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator.config import Settings
from ram_operator.model.objects import Key
from ram_operator.runtime.consistency import Consistency, Touched
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


@pytest.mark.parametrize(
    "event",
    [
        lambda consistency: consistency.doubts(KEY, ()),
        lambda consistency: consistency.wrote(KEY),
        lambda consistency: consistency.forget(KEY),
    ],
    ids=["a look that agrees", "a write", "gone"],
)
def test_a_look_that_agrees_or_a_write_in_between_starts_anew(
    consistency: Consistency, clock: FakeClock, event: Callable[[Consistency], object]
) -> None:
    assert not consistency.believes(KEY)
    clock.advance(SETTLE)
    event(consistency)
    assert not consistency.believes(KEY)


TRUST, TEXT, OTHERS = "trustPolicy", "description", "policies[System/a]"


def test_what_is_written_of_one_part_says_nothing_against_another(
    consistency: Consistency, clock: FakeClock
) -> None:
    clock.advance(WINDOW)
    for _ in range(20):
        consistency.wrote(KEY, UID, 1, Touched(frozenset({TEXT})))
        clock.advance(1.0)
        assert consistency.doubts(KEY, {TRUST, TEXT}) == {TEXT}


def test_a_surprise_ripens_in_spite_of_writes_to_other_parts(
    consistency: Consistency, clock: FakeClock
) -> None:
    """All of it was just created, so that anything may be an old answer."""
    consistency.wrote(KEY, UID, 1)
    for _ in range(int(SETTLE)):
        assert consistency.doubts(KEY, {TRUST, OTHERS}) == {TRUST, OTHERS}
        consistency.wrote(KEY, UID, 1, Touched(frozenset({OTHERS}), frozenset({TRUST})))
        clock.advance(1.0)
    assert consistency.doubts(KEY, {TRUST, OTHERS}) == {OTHERS}
    consistency.wrote(KEY, UID, 1, Touched(frozenset({TRUST})))
    assert consistency.doubts(KEY, {TRUST}) == {TRUST}


def test_what_was_carried_along_may_be_an_old_answer(
    consistency: Consistency, clock: FakeClock
) -> None:
    clock.advance(WINDOW)
    consistency.wrote(KEY, UID, 1, Touched(frozenset({TEXT}), frozenset({TRUST})))
    assert consistency.doubts(KEY, {TRUST, OTHERS}) == {TRUST}


def test_a_look_that_could_not_read_a_part_settles_nothing_of_it(
    consistency: Consistency, clock: FakeClock
) -> None:
    consistency.wrote(KEY, UID, 1)
    assert consistency.doubts(KEY, {TRUST, OTHERS}) == {TRUST, OTHERS}
    clock.advance(SETTLE)
    assert consistency.doubts(KEY, (), {"policies"}) == frozenset()
    assert consistency.doubts(KEY, {TRUST, OTHERS}) == {TRUST}


PLACES = (TRUST, TEXT, OTHERS)
HISTORIES = st.lists(
    st.one_of(
        st.tuples(st.just("look"), st.sets(st.sampled_from(PLACES))),
        st.tuples(st.just("wrote"), st.sets(st.sampled_from(("", *PLACES)))),
        st.tuples(st.just("carried"), st.sets(st.sampled_from(PLACES))),
        st.tuples(st.just("wait"), st.sampled_from((0.5, 4.0, SETTLE, WINDOW))),
    ),
    max_size=25,
)


@given(HISTORIES)
def test_doubts_are_what_the_whole_history_says(history: list[tuple[str, Any]]) -> None:
    """Told anew from all that ever happened, for each place by itself."""
    clock = FakeClock()
    settings = Settings(settle_seconds=SETTLE, consistency_seconds=WINDOW)
    consistency = Consistency(settings, clock)
    clock.advance(WINDOW)
    past: list[tuple[float, str, set[str]]] = []
    for what, about in history:
        if what == "wait":
            clock.advance(about)
            continue
        past.append((clock(), what, about))
        if what == "look":
            told = {place for place in about if doubtful(past, place)}
            assert consistency.doubts(KEY, about) == told
        elif what == "wrote":
            consistency.wrote(KEY, UID, 1, Touched(frozenset(about)))
        else:
            consistency.wrote(KEY, UID, 1, Touched(carries=frozenset(about)))


def doubtful(past: list[tuple[float, str, set[str]]], place: str) -> bool:
    """Of a place that looks surprising in the last look of the past."""
    now, _, _ = past[-1]
    writes = [at for at, what, about in past if what != "look" and about & {place, ""}]
    first = now
    for at, what, about in reversed(past):
        if (what == "wrote" and about & {place, ""}) or (what == "look" and place not in about):
            break
        first = at if what == "look" else first
    return now - first < SETTLE and any(now - at < WINDOW for at in writes)


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
    assert set(consistency._touched) == {OTHER}


def test_nothing_piles_up_of_what_is_written_and_seen(
    consistency: Consistency, clock: FakeClock
) -> None:
    """Whoever edits an object may attach another policy each second, for ever."""
    for number in range(1000):
        place = f"policies[System/{number}]"
        consistency.wrote(KEY, UID, number, Touched(frozenset({place}), frozenset({TEXT})))
        consistency.doubts(KEY, {place})
        clock.advance(1.0)
        assert len(consistency._touched[KEY]) <= WINDOW + 1
        assert len(consistency._surprises[KEY]) == 1
    clock.advance(WINDOW)
    consistency.doubts(KEY, ())
    assert (consistency._touched, consistency._surprises) == ({}, {})


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
