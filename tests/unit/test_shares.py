"""What accounts share: however many of them are slow, the others go on. By counts, on a clock that
stands still.
"""

from __future__ import annotations

import threading
import time

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


class Counting(FakeClock):
    """Counts who asks, and moves by itself after some have."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.jump = 0, (0, 0.0)

    def __call__(self) -> float:
        self.asked += 1
        left, seconds = self.jump
        self.jump = (max(0, left - 1), seconds)
        if left == 1:
            found = super().__call__()
            self.advance(seconds)
            return found
        return super().__call__()


def waiting(places: Places, accounts: list[str], then: list[str]) -> list[threading.Thread]:
    """Each in the line behind those before, for a minute; who has a place leaves it."""
    found = []
    for number, name in enumerate(accounts):

        def wait(name: str = name) -> None:
            ticket = places.take(name, 60.0)
            if ticket is not None:
                then.append(name)
                places.leave(ticket)

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        found.append(thread)
        while len(places._line) <= number:
            time.sleep(0.001)
    return found


def test_who_waits_is_not_woken_for_the_place_of_another() -> None:
    clock, then, accounts = Counting(), list[str](), names(100)
    places = Places(1, clock)
    first = places.take("one", 0.0)
    assert first is not None
    threads = waiting(places, accounts, then)
    before = clock.asked
    places.leave(first)
    for thread in threads:
        thread.join(60.0)
    assert then == accounts
    assert clock.asked - before < 10 * len(accounts)


def test_who_grew_slow_while_called_calls_the_next_one() -> None:
    clock, then = Counting(), list[str]()
    places = Places(8, clock)
    for name in ("a", "b", "c", "d"):
        assert places.take(name, 0.0) is not None
    clock.advance(4.0)
    found = [places.take(name, 0.0) for name in ("e", "e", "f", "f")]
    tickets = [ticket for ticket in found if ticket is not None]
    assert len(tickets) == 3, "the last is for who holds nothing"
    tickets.append(places.take("g", 0.0) or 0)
    threads = waiting(places, ["a", "f"], then)
    for ticket in (tickets[3], tickets[0]):
        places.leave(ticket)
    assert then == []
    # It is the turn of a, which is slow by the time that it notices.
    clock.jump = (2, 2.0)
    places.leave(tickets[1])
    threads[1].join(60.0)
    assert then == ["f"]


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
