"""A custom policy that no object here owns is widened by hand: whoever has it is told."""

from __future__ import annotations

from typing import Any, Final

import pytest

from lab import ControlPlane
from lab.operator_process import FORGETFUL, OperatorProcess
from lab.world import DOCUMENT, World, condition
from tests.gate.approving import approve, held, say
from tests.gate.attacks import ADMIN, NAME, ROLE, a_role
from tests.gate.replay import EVERYTHING
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.hands import Hands

LOOSE: Final = "loose"
REF: Final = {"type": "Custom", "name": LOOSE}
Json = dict[str, Any]


def a_holder(world: World) -> int:
    """A role that has a harmless policy which nobody manages. Returns the journal's end."""
    Hands(world).create_policy(LOOSE, DOCUMENT)
    a_role(world)
    world.edit(ROLE, NAME, policies=[REF])
    world.ready(ROLE, NAME)
    world.settle()
    world.look(ROLE, NAME)
    return world.journal_end()


def widened(world: World) -> Json:
    """The role once it is told."""
    Hands(world).version_policy(LOOSE, EVERYTHING)
    world.settle()
    world.look(ROLE, NAME)
    return held(world, ROLE, NAME)


@attack(Entry.DOCUMENT_BY_HAND, Resource.ROLE_POLICY, Moment.SETTLED)
def test_whoever_has_it_is_told_and_keeps_it_until_somebody_decides(world: World) -> None:
    start = a_holder(world)
    item = widened(world)
    ready = condition(item, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "FoundInCloud")
    assert condition(item, "Drifted")["status"] == "True"
    (drift,) = item["status"]["drift"]
    assert drift["severity"] == "critical"
    (said,) = item["status"]["pending"]["gains"]
    assert said == f"policies: Custom/{LOOSE} lets do more than was agreed on"
    assert world.writes(start) == []
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    world.settle()
    world.look(ROLE, NAME)
    world.ready(ROLE, NAME)
    assert world.writes(start) == []
    record = world.record(ROLE, NAME)
    assert record is not None
    assert "*" in record["agreed"]["policies"][f"Custom/{LOOSE}"]


@attack(Entry.REJECTED, Resource.ROLE_POLICY, Moment.SETTLED)
def test_it_is_detached_once_somebody_says_no(world: World) -> None:
    start = a_holder(world)
    digest = widened(world)["status"]["pending"]["digest"]
    assert say(world, ROLE, NAME, reject=f"{digest} not ours")
    held(world, ROLE, NAME, instead_of=digest)
    assert [e["action"] for e in world.writes(start)] == ["DetachPolicyFromRole"]


@pytest.mark.legitimate
def test_it_is_read_once_and_nobody_is_told_of_what_gives_no_right(world: World) -> None:
    start = a_holder(world)
    world.look(ROLE, NAME)
    world.look(ROLE, NAME)
    seen = world.admin.journal(world.account_id, since=start)
    assert "GetPolicy" not in {entry["action"] for entry in seen}
    more = {**DOCUMENT, "Statement": [*DOCUMENT["Statement"], *DOCUMENT["Statement"]]}
    Hands(world).version_policy(LOOSE, more)
    world.settle()
    world.look(ROLE, NAME)
    world.ready(ROLE, NAME)


@attack(Entry.LAUNDERED, Resource.ROLE_POLICY, Moment.DOWN)
def test_what_waits_under_it_shields_nothing_over_a_restart(
    apart: ControlPlane, alone: World
) -> None:
    """While no operator runs, more is attached by hand and asked for in the manifest."""
    with OperatorProcess.running(apart, FORGETFUL):
        a_holder(alone)
        widened(alone)
    start = alone.journal_end()
    Hands(alone).attach(NAME, ADMIN["name"], "System")
    alone.edit(ROLE, NAME, policies=[REF, ADMIN])
    with OperatorProcess.running(apart, FORGETFUL):
        for _ in range(3):
            alone.settle()
            alone.look(ROLE, NAME)
        held(alone, ROLE, NAME)
    sent = [(e["action"], e["parameters"]["PolicyName"]) for e in alone.writes(start)]
    assert sent == [("DetachPolicyFromRole", ADMIN["name"])]
