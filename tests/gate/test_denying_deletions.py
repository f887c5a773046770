"""A deletion that ends a denial of rights to change rights waits, or takes it away last."""

from __future__ import annotations

import pytest

from lab.world import World
from tests.gate.approving import held, say
from tests.gate.attacks import NAME, ROLE
from tests.gate.escalation_attacks import EVE, a_user
from tests.gate.test_denials import GUARD, a_guard, actions
from tests.gate.test_held_deletions import LOOKS, OSS, agreed, looked_at, reason
from tests.gate.triples import Entry, Moment, Resource, attack


def a_group(world: World) -> None:
    a_guard(world)
    a_user(world)
    spec = {"policies": [GUARD], "members": [EVE], "deletionPolicy": "Delete"}
    world.create("RamGroup", "kept", spec)
    world.ready("RamGroup", "kept")


@attack(Entry.DELETED, Resource.DENYING_GROUP, Moment.SETTLED)
def test_a_group_that_denies_rights_is_deleted_as_approved(world: World) -> None:
    a_group(world)
    world.settle()
    start = world.journal_end()
    world.delete("RamGroup", "kept")
    item = held(world, "RamGroup", "kept")
    pending = item["status"]["pending"]
    assert (pending["kind"], pending["verdict"]) == ("Deletion", "mixed")
    assert "eve: not kept any more" in pending["gains"][0]
    looked_at(world, "RamGroup", "kept")
    assert actions(world, start) == []
    # Nobody is known to have asked for it, so nobody may approve it.
    assert not say(world, "RamGroup", "kept", approve=pending["digest"])
    world.annotate("RamGroup", "kept", delete_requested="yes")
    agreed(world, "RamGroup", "kept")
    world.gone("RamGroup", "kept")
    assert actions(world, start) == ["RemoveUserFromGroup", "DetachPolicyFromGroup", "DeleteGroup"]


@pytest.mark.legitimate
def test_a_group_that_denies_nothing_of_rights_is_deleted_at_once(world: World) -> None:
    a_user(world)
    spec = {"policies": [OSS], "members": [EVE], "deletionPolicy": "Delete"}
    world.create("RamGroup", "staff", spec)
    world.ready("RamGroup", "staff")
    world.delete("RamGroup", "staff")
    world.gone("RamGroup", "staff")
    assert "staff" not in world.cloud()["groups"]


@attack(Entry.DELETED, Resource.DENYING_POLICY, Moment.SETTLED)
def test_a_policy_that_denies_rights_is_not_deleted_while_anybody_has_it(world: World) -> None:
    a_guard(world)
    world.edit("RamPolicy", "guard", deletionPolicy="Delete")
    world.ready("RamPolicy", "guard")
    world.role(NAME, policies=[GUARD])
    world.ready(ROLE, NAME)
    world.settle()
    start = world.journal_end()
    world.delete("RamPolicy", "guard")
    conflict = "DeleteConflict"
    world.wait("RamPolicy", "guard", lambda o: reason(o) == conflict, "conflict")
    for number in range(LOOKS):
        world.annotate(ROLE, NAME, reconcile_requested_at=str(number))
        world.settle()
    assert actions(world, start) == []


@pytest.mark.legitimate
def test_what_denies_something_is_taken_away_last(world: World) -> None:
    """Whatever ends the process in between: nobody has more than before for a moment."""
    a_guard(world)
    world.role(NAME, deletionPolicy="Delete", policies=[OSS, GUARD])
    world.ready(ROLE, NAME)
    world.settle()
    start = world.journal_end()
    world.delete(ROLE, NAME)
    world.gone(ROLE, NAME)
    detached = [w["parameters"].get("PolicyName") for w in world.writes(start)]
    assert detached == [OSS["name"], "guard", None]
