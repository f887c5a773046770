"""What moves outside an object replaces its offer at most once in ten minutes; over real HTTP."""

from __future__ import annotations

from dataclasses import replace

from ram_operator.loop import offers
from ram_operator.loop.ports import Ports
from ram_operator.loop.subject import Subject
from ram_operator.model.outcome import Plan
from tests.unit.record_world import IDENTITY
from tests.unit.test_gone import left
from tests.unit.test_offers import CHANGE, MOVED, OFFER, PLAN, SAYS, having, look, settle

THIRD = replace(PLAN, held=replace(CHANGE, context={"policies": {}}))
MINUTES = [f"2026-01-02T00:{minute:02}:00Z" for minute in range(12)]


def moved(around: Ports, subject: Subject, plan: Plan, now: str) -> str:
    """The digest that is shown once two looks have said the same, at that time."""
    stamp = replace(around.clock, stamp=lambda: now)
    later, said = replace(around, clock=stamp), replace(SAYS, now=now)
    look(later, subject, plan, said)
    settle(later)
    return look(later, subject, plan, said)[0]


def test_what_moves_elsewhere_replaces_an_offer_once_in_ten_minutes() -> None:
    with having() as (server, around, subject):
        second = moved(around, subject, MOVED, MINUTES[1])
        assert second not in ("", OFFER.digest)
        for minute in (2, 9, 10):
            assert moved(around, subject, THIRD, MINUTES[minute]) == ""
            held, _ = offers.offer(around, subject, IDENTITY, PLAN, SAYS)
            assert held.digest == ""
            # As it was offered it can be approved, and as nothing else.
            assert moved(around, subject, MOVED, MINUTES[minute]) == second
        assert left(server)["pending"]["digest"] == second
        last = moved(around, subject, THIRD, MINUTES[11])
        assert last not in ("", second)
        assert left(server)["pending"]["replaced"] == MINUTES[11]
        # A clock that was set back makes nobody wait.
        assert moved(around, subject, MOVED, MINUTES[3]) not in ("", last)


def test_what_the_object_asks_for_itself_is_offered_at_once() -> None:
    with having() as (server, around, subject):
        moved(around, subject, MOVED, "2026-01-02T00:01:00Z")
        edited = replace(SAYS, now="2026-01-02T00:02:00Z", asked={"trustPolicy": "y"})
        digest, wait = look(around, subject, PLAN, edited)
        assert (left(server)["pending"]["digest"], wait) == (digest, 0.0)
        assert not left(server)["pending"].get("replaced")
        # And what it moves by then for the first time does not wait.
        later = replace(edited, now="2026-01-02T00:03:00Z")
        look(around, subject, MOVED, later)
        settle(around)
        assert look(around, subject, MOVED, later)[0] not in ("", digest)


def test_what_waits_to_be_offered_anew_says_until_when() -> None:
    with having() as (_, around, subject):
        moved(around, subject, MOVED, "2026-01-02T00:01:00Z")
        moved(around, subject, THIRD, "2026-01-02T00:02:00Z")
        clock = replace(around.clock, stamp=lambda: "2026-01-02T00:03:00Z")
        held, _ = offers.offer(replace(around, clock=clock), subject, IDENTITY, THIRD, SAYS)
        (why,) = held.missing
        assert "until 2026-01-02T00:11:00Z" in why
