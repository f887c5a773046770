"""Writes that the cloud refuses for good are not sent at each look."""

from __future__ import annotations

import itertools

import pytest

from ram_operator.constants import Reason
from ram_operator.errors import Stalled
from ram_operator.model.objects import Key
from ram_operator.runtime.refused_writes import Asked, Part, Refusals
from tests.unit.fake_clock import FakeClock

KEY = Key("RamRole", "apps", "web")
WRITE = Asked(Part.STEPS, "write")
NO = Stalled(Reason.QUOTA_EXCEEDED, "no")


def attempts(refusals: Refusals, clock: FakeClock, seconds: int, longest: float) -> list[int]:
    """Look once a minute, and send whatever is not left alone. When something was sent."""
    sent = []
    for minute in range(0, seconds, 60):
        if refusals.standing(KEY, WRITE) is None:
            sent.append(minute)
            refusals.refused(KEY, WRITE, NO, refusals.wait(KEY, WRITE, longest))
        clock.advance(60.0)
    return sent


def test_a_day_of_looks_sends_it_once_an_hour_in_the_end() -> None:
    clock = FakeClock()
    sent = attempts(Refusals(clock, 300.0), clock, 86_400, 3600.0)
    waits = [later - earlier for earlier, later in itertools.pairwise(sent)]
    assert waits[:5] == [300, 600, 1200, 2400, 3600]
    assert set(waits[5:]) == {3600}


def test_what_takes_something_away_is_sent_again_as_soon_as_the_first_time() -> None:
    clock = FakeClock()
    sent = attempts(Refusals(clock, 300.0), clock, 3600, 300.0)
    assert sent == list(range(0, 3600, 300))


def test_what_was_refused_is_told_meanwhile() -> None:
    clock = FakeClock()
    refusals = Refusals(clock, 300.0)
    refusals.refused(KEY, WRITE, NO, 300.0)
    assert refusals.standing(KEY, WRITE) is NO
    clock.advance(300.0)
    assert refusals.standing(KEY, WRITE) is None


def test_another_write_and_another_object_are_not_left_alone() -> None:
    refusals = Refusals(FakeClock(), 300.0)
    refusals.refused(KEY, WRITE, NO, 300.0)
    assert refusals.standing(KEY, Asked(Part.STEPS, "another")) is None
    assert refusals.standing(Key("RamRole", "apps", "other"), WRITE) is None


@pytest.mark.parametrize("forgotten", ["asked for no more", "gone"])
def test_nothing_is_kept_of_what_nobody_asks_for_any_more(forgotten: str) -> None:
    clock = FakeClock()
    refusals = Refusals(clock, 300.0)
    asked = [Asked(part, str(number)) for part in Part for number in range(5)]
    for what in asked:
        refusals.refused(KEY, what, NO, 3600.0)
    if forgotten == "gone":
        refusals.forget(KEY)
    else:
        for part in Part:
            third = Asked(part, "3")
            refusals.keep(KEY, part, [third])
            assert refusals.standing(KEY, third) is NO
            refusals.keep(KEY, part, [])
    for what in asked:
        assert refusals.wait(KEY, what, 3600.0) == 300.0, "it begins anew"
        assert refusals.standing(KEY, what) is None


def test_what_is_kept_of_one_part_says_nothing_of_another() -> None:
    refusals = Refusals(FakeClock(), 300.0)
    key = Asked(Part.KEYS, "create")
    for what in (WRITE, key):
        refusals.refused(KEY, what, NO, 3600.0)
    refusals.keep(KEY, Part.STEPS, [])
    assert (refusals.standing(KEY, WRITE), refusals.standing(KEY, key)) == (None, NO)
