"""What is listed against what was looked at: who has to look, and when a list is doubted."""

from __future__ import annotations

from collections.abc import Mapping, Set

from hypothesis import given
from hypothesis import strategies as st

from ram_operator.cloud.held import Held
from ram_operator.runtime.compared_list import TRIES, ComparedList

SETTLE = 10.0
A, B, C = (frozenset(names.split()) for names in ("a", "b", "a c"))
NONE: frozenset[str] = frozenset()


def took(index: ComparedList, at: float, **listed: Set[str]) -> set[str]:
    return set(index.took(rows(listed), at, SETTLE).names)


def rows(listed: Mapping[str, Set[str]]) -> dict[str, Held]:
    return {name: Held.of(held) for name, held in listed.items() if held}


def test_where_list_and_look_agree_nobody_looks() -> None:
    index = ComparedList()
    index.noted("one", A, 0.0)
    assert took(index, 100.0, one=A) == set()
    assert took(index, 200.0, one=A) == set()


def test_what_came_between_a_first_look_and_the_first_list_is_looked_at() -> None:
    index = ComparedList()
    index.noted("one", A, 0.0)
    index.noted("two", NONE, 0.0)
    assert took(index, 100.0, one=A, two=B) == {"two"}


def test_what_moved_is_looked_at_whoever_manages_it() -> None:
    index = ComparedList()
    assert took(index, 100.0, one=A) == set(), "who starts looks at all of its own"
    assert took(index, 200.0, one=A, two=B) == {"two"}
    assert took(index, 300.0, one=C, two=B) == {"one"}
    assert took(index, 400.0, one=C) == {"two"}
    assert took(index, 500.0, one=C) == set()


def test_a_look_that_says_the_same_ends_it_and_an_old_one_does_not() -> None:
    index = ComparedList()
    index.noted("one", A, 0.0)
    took(index, 100.0, one=A)
    assert took(index, 200.0, one=C) == {"one"}
    # The answer was one of before: nothing would be found any more, were it believed.
    index.noted("one", A, 201.0)
    assert took(index, 300.0, one=C) == {"one"}
    index.noted("one", C, 301.0)
    assert took(index, 400.0, one=C) == set()


def test_a_list_that_close_looks_never_bear_out_costs_no_look_for_ever() -> None:
    index = ComparedList()
    index.noted("one", A, 0.0)
    wakes = [took(index, 100.0 * n, one=B) for n in range(1, 8)]
    assert wakes == [{"one"}] * TRIES + [set()] * (7 - TRIES)
    assert took(index, 900.0, one=C) == {"one"}, "another value is another reason"
    assert index.sizes() == (1, 1, 1)
    index.noted("one", C, 901.0)
    took(index, 1000.0, one=C)
    assert index.sizes() == (1, 1, 0)


def test_our_own_writes_wake_nobody() -> None:
    index = ComparedList()
    index.noted("one", A, 0.0)
    took(index, 100.0, one=A)
    index.wrote("one", B, NONE, 150.0)
    index.wrote("one", NONE, A, 151.0)
    assert took(index, 200.0, one=B) == set()


def test_beside_our_own_write_that_of_another_is_seen() -> None:
    index = ComparedList()
    index.noted("one", A, 0.0)
    took(index, 100.0, one=A)
    index.wrote("one", frozenset("c"), NONE, 150.0)
    assert took(index, 200.0, one=C | B) == {"one"}


def test_a_list_that_may_be_older_than_a_look_or_a_write_says_nothing() -> None:
    index = ComparedList()
    index.noted("one", A, 0.0)
    took(index, 100.0, one=A)
    index.wrote("one", frozenset("c"), NONE, 195.0)
    assert took(index, 200.0, one=A) == set()
    index.noted("two", B, 395.0)
    assert took(index, 300.0, one=C) == set()
    assert took(index, 400.0, one=C) == set()
    assert took(index, 500.0, one=C) == {"two"}


def test_after_a_write_of_unknown_outcome_the_list_alone_counts() -> None:
    index = ComparedList()
    index.noted("one", A, 0.0)
    took(index, 100.0, one=A)
    index.noted("one", None, 150.0)
    index.wrote("one", B, NONE, 151.0)
    assert took(index, 200.0, one=C) == {"one"}


def test_an_attachment_made_anew_is_looked_at() -> None:
    index = ComparedList()
    index.noted("one", A, 0.0)
    index.took({"one": Held.of(A, ["monday"])}, 100.0, SETTLE)
    assert index.took({"one": Held.of(A, ["friday"])}, 200.0, SETTLE).names == {"one"}


def test_a_list_that_misses_much_is_doubted_and_what_it_misses_tried_in_turns() -> None:
    index, names = ComparedList(), [f"r{number:02}" for number in range(50)]
    for name in names:
        index.noted(name, A, 0.0)
    full = dict.fromkeys(names, A)
    assert took(index, 100.0, **full) == set()
    left = dict.fromkeys(names[:5], A)
    tried: list[str] = []
    for turn in range(6):
        moved = index.took(rows(left), 200.0 + 100 * turn, SETTLE)
        assert moved.doubted == 25
        assert len(moved.names) <= 20
        tried += moved.names
    # Each was looked at, and what looks said has not changed.
    assert set(tried) == set(names[5:])
    assert took(index, 900.0, **full) == set()


def test_the_first_list_is_doubted_by_what_is_known() -> None:
    """Or one without rows would have all of an account looked at at once."""
    index = ComparedList()
    for number in range(100):
        index.noted(f"r{number:02}", A, 0.0)
    moved = index.took({}, 100.0, SETTLE)
    assert (len(moved.names), moved.doubted) == (20, 80)


def test_what_looks_say_is_gone_is_believed_to_be() -> None:
    index, names = ComparedList(), [f"r{number:02}" for number in range(50)]
    for name in names:
        index.noted(name, A, 0.0)
    took(index, 100.0, **dict.fromkeys(names, A))
    for name in names:
        index.noted(name, NONE, 150.0)
    moved = index.took({}, 200.0, SETTLE)
    assert (moved.names, moved.doubted) == (frozenset(), 0)


def test_what_nobody_looks_at_any_more_is_forgotten() -> None:
    index = ComparedList()
    for name in ("one", "two"):
        index.noted(name, A, 0.0)
    took(index, 100.0, one=B, two=B)
    index.keep(lambda name: name == "one")
    assert index.sizes() == (2, 1, 1)
    took(index, 200.0, one=A)
    assert index.sizes() == (1, 1, 0)


SETS = st.frozensets(st.sampled_from("abc"))
EVENTS = st.lists(st.tuples(st.sampled_from(["hand", "ours", "look", "sweep"]), SETS), max_size=12)


@given(EVENTS)
def test_what_somebody_attached_is_looked_at_by_the_next_sweep_in_whatever_order(
    events: list[tuple[str, frozenset[str]]],
) -> None:
    """Against a model of the cloud, and of an object that looks when it is told to."""
    index, now = ComparedList(), 0.0
    live, known = NONE, NONE
    index.noted("one", live, now)
    for what, value in [*events, ("sweep", NONE)]:
        now += 100.0
        if what == "hand":
            live = value
        elif what == "ours":
            attached, detached = value - known, known - value
            live = (live | attached) - detached
            known = value
            index.wrote("one", attached, detached, now)
        elif what == "look" or took(index, now, one=live):
            known = live
            index.noted("one", known, now)
    assert known == live
