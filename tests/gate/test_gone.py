"""What was held for an object that is gone waits no more, and its approval opens nothing."""

from __future__ import annotations

from typing import Any

import pytest

from lab import ControlPlane
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import World, trust
from tests.gate.approving import offer, opened
from tests.gate.triples import Entry, Moment, Resource, attack

FC = ("Service", "fc.aliyuncs.com")
ECS = ("Service", "ecs.aliyuncs.com")
OUTSIDER = ("RAM", "acs:ram::6543210987654321:root")


def hold_creation(world: World, name: str) -> str:
    world.role(name, trustPolicy=trust(OUTSIDER))
    return offer(world, "RamRole", name)


def record(world: World, name: str) -> dict[str, Any]:
    found = world.record("RamRole", name)
    assert found is not None
    return found


def waits_no_more(world: World, name: str) -> None:
    until(lambda: "pending" not in record(world, name), f"that {name} waits no more")


@attack(Entry.ANEW, Resource.NEW_ROLE, Moment.OFFERED)
def test_a_creation_that_was_held_is_forgotten_with_its_object(world: World) -> None:
    digest = hold_creation(world, "never")
    assert record(world, "never")["pending"]["digest"] == digest
    world.delete("RamRole", "never")
    waits_no_more(world, "never")
    assert "owner" not in record(world, "never")
    assert opened(world, 0) == []

    # Whoever comes next is held like the first one.
    again = hold_creation(world, "never")
    assert record(world, "never")["owner"]["name"] == "never"
    assert record(world, "never")["pending"]["digest"] == again
    assert opened(world, 0) == []


@attack(Entry.DELETED, Resource.TRUST, Moment.OFFERED)
def test_a_change_of_what_exists_waits_no_more_and_what_it_has_stays(world: World) -> None:
    world.role("kept")
    world.ready("RamRole", "kept")
    start = world.journal_end()
    world.edit("RamRole", "kept", trustPolicy=trust(FC, ECS))
    offer(world, "RamRole", "kept")
    before = record(world, "kept")
    world.delete("RamRole", "kept")
    waits_no_more(world, "kept")
    after = record(world, "kept")
    assert {name: after[name] for name in ("owner", "cloudId", "baseline")} == {
        name: before[name] for name in ("owner", "cloudId", "baseline")
    }
    assert opened(world, start) == []


@pytest.mark.legitimate
def test_who_is_there_goes_on_waiting(world: World) -> None:
    digest = hold_creation(world, "there")
    hold_creation(world, "leaving")
    world.delete("RamRole", "leaving")
    waits_no_more(world, "leaving")
    world.look("RamAccount", world.namespace)
    assert record(world, "there")["pending"]["digest"] == digest
    assert record(world, "there")["owner"]["name"] == "there"


@attack(Entry.DELETED, Resource.NEW_ROLE, Moment.DOWN)
def test_what_went_while_nobody_looked_is_found_at_the_next_look(
    apart: ControlPlane, alone: World
) -> None:
    with OperatorProcess.running(apart):
        hold_creation(alone, "missed")
        staying = hold_creation(alone, "staying")
    alone.delete("RamRole", "missed")
    with OperatorProcess.running(apart):
        waits_no_more(alone, "missed")
        assert "owner" not in record(alone, "missed")
        alone.look("RamRole", "staying")
        assert record(alone, "staying")["pending"]["digest"] == staying
    assert opened(alone, 0) == []
