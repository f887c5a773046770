"""A custom policy that no object here owns is widened by hand: whoever has it is told."""

from __future__ import annotations

from typing import Any, Final

import pytest

from lab.world import DOCUMENT, World, condition
from tests.gate.approving import approve, held, say
from tests.gate.attacks import NAME, ROLE, a_role
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
