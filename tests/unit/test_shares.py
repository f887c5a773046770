"""What accounts share: however many of them are slow, the others go on. By counts, on a clock that
stands still.
"""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator.cloud.places import Places
from ram_operator.cloud.shares import SLOW, Shares
from tests.unit.fake_clock import FakeClock

NUMBERS = [1, 2, 4, 5, 8, 16, 32, 100]


def fill(places: Places, accounts: list[str]) -> list[int]:
    """As many as they get, in turns."""
    found: list[int] = []
    while new := [t for name in accounts if (t := places.take(name, 0.0)) is not None]:
        found += new
    return found


def names(count: int, word: str = "slow") -> list[str]:
    return [f"{word}-{number}" for number in range(count)]


@pytest.mark.parametrize("slow", NUMBERS)
def test_those_that_are_slow_have_half_of_the_threads_whatever_their_number(slow: int) -> None:
    clock = FakeClock()
    places = Places(32, clock)
    tickets = fill(places, names(slow))
    clock.advance(SLOW + 1.0)
    for _ in range(100):
        # One answer comes late after the other, and whoever waits asks for its place.
        places.leave(tickets.pop(0))
        tickets += fill(places, names(slow))
        clock.advance(SLOW + 1.0)
    assert 1 <= len(tickets) <= 16
    assert len(fill(places, ["calm"])) == 8
    assert len(fill(places, names(8, "other"))) == 8, "each of them one at least"


@pytest.mark.parametrize("slow", [1, 2, 3, 4, 5, 8])
def test_who_holds_nothing_has_a_place_before_anybody_knows_who_is_slow(slow: int) -> None:
    places = Places(32, FakeClock())
    fill(places, names(slow))
    for name in names(32 - max(24, slow) if slow > 2 else 8, "calm"):
        assert places.take(name, 0.0) is not None


@pytest.mark.parametrize(("threads", "most"), [(32, 8), (4, 1), (1, 1)])
def test_an_account_has_a_quarter_of_the_threads(threads: int, most: int) -> None:
    assert len(fill(Places(threads, FakeClock()), ["one"])) == most


def test_who_answers_in_time_is_slow_no_more() -> None:
    clock = FakeClock()
    places = Places(8, clock)
    tickets = fill(places, names(3))
    clock.advance(SLOW + 1.0)
    assert [places.take(name, 0.0) for name in names(3)] == [None] * 3
    for ticket in tickets:
        places.leave(ticket)
    again = places.take("slow-0", 0.0)
    assert again is not None
    places.leave(again)
    assert places.held("slow-0") == 0
    fill(places, names(3))
    assert [places.held(name) for name in names(3)] == [2, 2, 2]


def test_who_waits_has_the_place_that_comes_free_in_turn() -> None:
    places = Places(4, FakeClock())
    first = places.take("one", 0.0)
    assert first is not None
    got: list[int | None] = []
    waiter = threading.Thread(target=lambda: got.append(places.take("one", 60.0)), daemon=True)
    waiter.start()
    assert places.take("other", 60.0) is not None, "who may not have one keeps nobody waiting"
    places.leave(first)
    waiter.join(60.0)
    assert len(got) == 1
    assert got[0] is not None


@given(
    st.integers(1, 40),
    st.lists(st.tuples(st.integers(0, 12), st.booleans(), st.integers(0, 8)), max_size=200),
)
def test_no_order_of_work_gives_away_more_than_there_is(
    total: int, moves: list[tuple[int, bool, int]]
) -> None:
    shares, now, held = Shares(total), 0.0, dict[int, list[int]]()
    for account, begins, seconds in moves:
        now += seconds
        may, slow = shares.rule(now), shares.slow(now)
        theirs = sum(len(held.get(int(name), [])) for name in slow)
        if begins and may(str(account)):
            assert str(account) not in slow or theirs < max(1, total // 2)
            held.setdefault(account, []).append(shares.begin(str(account), now))
        elif not begins and held.get(account):
            shares.end(held[account].pop(0), now)
        assert sum(map(len, held.values())) <= total
        assert all(shares.holds(str(name)) == len(each) for name, each in held.items())
    for tickets in held.values():
        for ticket in tickets:
            shares.end(ticket, now)
    # Nothing is held: whoever comes has one, slow or not.
    assert all(shares.rule(now)(str(account)) for account in range(13))
