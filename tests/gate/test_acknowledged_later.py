"""Acknowledged drift across restarts, and by clocks that are wrong or set back."""

from __future__ import annotations

from typing import Final

from lab import ControlPlane
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import World, condition, trust
from tests.gate.acknowledging import (
    HOUR,
    acknowledge,
    acknowledgeable,
    ended,
    looked,
    taken_back,
    text,
    trusts,
    write,
)
from tests.gate.attacks import ECS, FC, NAME, ROLE
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.hands import Hands
from tests.support.times import moment

STRANGER: Final = "ecs.aliyuncs.com"
TWO_DAYS: Final = 48 * HOUR


def kept(world: World, end: str) -> str:
    """A stranger who is in by an acknowledgement; its text."""
    world.role(NAME)
    world.ready(ROLE, NAME)
    Hands(world).update_role(NAME, trust=trust(FC, ECS))
    world.settle()
    world.look(ROLE, NAME)
    digest = str(acknowledgeable(world, ROLE, NAME)["digest"])
    taken_back(world, NAME, STRANGER)
    said = text(digest, end)
    acknowledge(world, ROLE, NAME, digest, end)
    Hands(world).update_role(NAME, trust=trust(FC, ECS))
    looked(world, ROLE, NAME)
    assert trusts(world, NAME, STRANGER)
    return said


@attack(Entry.KILLED, Resource.TRUST, Moment.ACKNOWLEDGED)
def test_another_process_lets_it_be_and_ends_it(apart: ControlPlane, alone: World) -> None:
    with OperatorProcess.running(apart):
        said = kept(alone, moment(2 * HOUR))
    start = alone.journal_end()
    with OperatorProcess.running(apart):
        role = looked(alone, ROLE, NAME)
        assert alone.writes(start) == []
        assert condition(role, "Drifted")["reason"] == "DriftAcknowledged"
    # While nobody runs it is taken back and written again: it has ended all the same.
    assert write(alone, ROLE, NAME, None)
    with OperatorProcess.running(apart):
        taken_back(alone, NAME, STRANGER)
        ended(alone, ROLE, NAME)
        assert write(alone, ROLE, NAME, said)
        Hands(alone).update_role(NAME, trust=trust(FC, ECS))
        looked(alone, ROLE, NAME)
        taken_back(alone, NAME, STRANGER)


@attack(Entry.CLOCK, Resource.TRUST, Moment.EXPIRING)
def test_a_day_is_over_whatever_it_says_and_a_clock_set_back_brings_nothing_back(
    apart: ControlPlane, alone: World
) -> None:
    with OperatorProcess.running(apart):
        kept(alone, moment(7 * 24 * HOUR))
    with OperatorProcess.running(apart, shift=TWO_DAYS):
        taken_back(alone, NAME, STRANGER)
        ended(alone, ROLE, NAME)
    with OperatorProcess.running(apart):
        Hands(alone).update_role(NAME, trust=trust(FC, ECS))
        looked(alone, ROLE, NAME)
        until(lambda: not trusts(alone, NAME, STRANGER), "that the stranger is out")
