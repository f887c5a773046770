"""What is judged is what is written, of policies that change between the two: by the journal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab import Cluster, ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.world import HOSTILE, TRUST_FC, World, condition, open_world, trust
from tests.gate.approving import approve, held
from tests.gate.attacks import ADMIN, FC, NAME, OUTSIDER, ROLE, a_role
from tests.gate.replay import given_away
from tests.gate.swap_table import REMEMBERED, SENT, WAITING
from tests.gate.swaps import Swap, approved_everything, asks_for_zz, shows_the_past
from tests.gate.triples import Entry, Moment, Resource, attack, rows
from tests.support.hands import Hands
from tests.support.holding import on_hold

ALL: Final = (*WAITING, *SENT, *REMEMBERED)


@pytest.fixture
def shipped(
    operator: OperatorProcess, installed: Cluster, emulator: EmulatorProcess, namespace: str
) -> Iterator[World]:
    """An account with the rate limit that is shipped."""
    opened = open_world(installed, emulator, namespace, dict(HOSTILE), rateLimit={})
    opened.ready("RamAccount", namespace)
    yield opened
    opened.close()


@pytest.mark.parametrize("swap", rows({s.name: s for s in ALL}, lambda swap: swap.triple))
def test_nobody_gets_what_was_not_judged(shipped: World, swap: Swap) -> None:
    start, kind, name = swap.story(shipped)
    try:
        shipped.wait(
            kind, name, lambda o: condition(o, "Ready").get("reason") in swap.outcomes, "outcome"
        )
    finally:
        # Time enough for a pass that would do it late. Whatever the object shows, this is asked.
        shipped.settle()
        shipped.settle()
        assert given_away(shipped, start) == []


@attack(Entry.OLD_ANSWERS, Resource.ROLE_POLICY, Moment.RESTARTED)
def test_another_process_knows_what_its_predecessor_may_have_written(
    apart: ControlPlane, alone: World
) -> None:
    """It leads right after the write, and RAM still shows what was there before."""
    with OperatorProcess.running(apart):
        alone.ready("RamAccount", alone.namespace)
        approved_everything(alone)
    shows_the_past(alone)
    start = alone.journal_end()
    with OperatorProcess.running(apart):
        held(alone, *asks_for_zz(alone, ROLE))
        alone.settle()
    assert given_away(alone, start) == []


def grants(world: World, since: int) -> list[str]:
    """The operator's attachments of an administrator's rights."""
    return [
        entry["action"]
        for entry in world.writes(since)
        if entry["parameters"].get("PolicyName") == ADMIN["name"]
    ]


@attack(Entry.JOINED_BY_HAND, Resource.GROUP_POLICY, Moment.JUDGED)
def test_an_approved_right_is_for_those_who_were_in_the_group(shipped: World) -> None:
    """Somebody comes in by hand between the judgement and the approved attachment."""
    world = shipped
    for name in ("ann", "eve"):
        world.create("RamUser", name, {})
        world.ready("RamUser", name)
    members = [{"type": "RamUser", "name": "ann"}]
    world.create("RamGroup", "target", {"members": members, "driftPolicy": "Report"})
    world.ready("RamGroup", "target")
    world.edit("RamGroup", "target", policies=[ADMIN])
    offered = held(world, "RamGroup", "target")["status"]["pending"]["digest"]
    world.look("RamGroup", "target")
    start = world.journal_end()
    # Who is in it is read twice: to judge, and right before the write.
    with on_hold(world, "ListUsersForGroup", 2) as hold:
        approve(world, "RamGroup", "target")
        hold.met()
        joining = ram.AddUserToGroupRequest(group_name="target", user_name="eve")
        world.hand.add_user_to_group(joining)
        world.settle()
    again = held(world, "RamGroup", "target", instead_of=offered)
    assert again["status"]["pending"]["digest"] != offered
    assert grants(world, start) == []


@attack(Entry.TRUST_BY_HAND, Resource.ROLE_POLICY, Moment.JUDGED)
def test_an_approved_right_is_for_those_whom_the_role_trusted(shipped: World) -> None:
    """A stranger is let in by hand between the judgement and the approved attachment. He is taken
    out, and what was approved is offered once more.
    """
    world = shipped
    a_role(world)
    world.edit(ROLE, NAME, policies=[ADMIN])
    offered = held(world, ROLE, NAME)["status"]["pending"]["digest"]
    world.look(ROLE, NAME)
    start = world.journal_end()
    # It is read twice: to judge, and right before the write.
    with on_hold(world, "GetRole", 2) as hold:
        approve(world, ROLE, NAME)
        hold.met()
        Hands(world).update_role(NAME, trust=trust(FC, OUTSIDER))
        world.settle()
    held(world, ROLE, NAME, instead_of=offered)
    assert world.cloud()["roles"][NAME]["trust"] == TRUST_FC
    assert grants(world, start) == []
