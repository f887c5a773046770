"""An approved deletion of which the cloud has done one half: the rest of it is approved, too, and
nothing else is.
"""

from __future__ import annotations

from typing import Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab.waiting import until
from lab.world import TRUST_FC, World
from tests.gate.approving import held, offer, say
from tests.gate.attacks import NAME, ROLE
from tests.gate.test_held_deletions import (
    OSS,
    USER,
    a_role,
    agreed,
    asked_for,
    by_account,
    holds,
    looked_at,
)
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.hands import Hands

LONE: Final = "lone"
TRIES: Final = 4
"""More than a write whose end nobody knows is sent."""
STALE: Final = 3.0


@pytest.fixture
def holding(world: World) -> World:
    holds(world)
    return world


def refused(world: World, kind: str, name: str, action: str, fault: str = "deny") -> str:
    """The approval of a deletion of which all is done but its last call, which is refused often."""
    digest = offer(world, kind, name)
    armed = world.admin.add_fault(fault, account=world.account_id, action=action, times=-1)
    # What was taken away seems to be there once more, and is taken away again.
    lists = action.replace("Delete", "ListPoliciesFor")
    world.admin.add_fault("stale", account=world.account_id, action=lists, times=-1, seconds=STALE)
    assert say(world, kind, name, approve=digest)
    looks = iter(range(TRIES * 10))

    def often() -> bool:
        world.look(kind, name)
        hit = next(each["hits"] for each in world.admin.faults() if each["id"] == armed)
        return bool(hit >= TRIES) or next(looks) is None

    until(often, f"that {action} was refused {TRIES} times")
    return digest


def taken(world: World, since: int) -> list[tuple[str, str]]:
    """What was taken away, and from whom; each once, however often it was tried."""
    found = [
        (entry["action"], str(entry["parameters"].get("PolicyName", "")))
        for entry in world.writes(since)
    ]
    return list(dict.fromkeys(found))


@pytest.mark.legitimate
@pytest.mark.parametrize("fault", ["deny", "error_before"])
def test_what_is_left_of_a_deletion_is_asked_for_once(holding: World, fault: str) -> None:
    holding.create(USER, LONE, {"policies": [OSS], "deletionPolicy": "Delete"})
    holding.ready(USER, LONE)
    start = asked_for(holding, USER, LONE)
    digest = refused(holding, USER, LONE, "DeleteUser", fault)
    assert LONE in holding.cloud()["users"]
    holding.admin.clear_faults()
    # Nobody approves anything but what was offered first.
    holding.gone(USER, LONE)
    assert taken(holding, start) == [("DetachPolicyFromUser", OSS["name"]), ("DeleteUser", "")]
    (told,) = holding.told("Deleted", LONE)
    assert f"approved by approver as {digest}" in told


@attack(Entry.ATTACHED_BY_HAND, Resource.EXISTENCE, Moment.BEGUN)
def test_what_comes_to_it_meanwhile_is_asked_for_anew(holding: World) -> None:
    holding.create(USER, LONE, {"policies": [OSS], "deletionPolicy": "Delete"})
    holding.ready(USER, LONE)
    start = asked_for(holding, USER, LONE)
    digest = refused(holding, USER, LONE, "DeleteUser")
    more = "AliyunECSReadOnlyAccess"
    holding.hand.attach_policy_to_user(
        ram.AttachPolicyToUserRequest(policy_type="System", policy_name=more, user_name=LONE)
    )
    holding.admin.clear_faults()
    holding.settle()
    pending = held(holding, USER, LONE, instead_of=digest)["status"]["pending"]
    assert more in " ".join(pending["losses"])
    (told,) = holding.told("ApprovalVoided", LONE)
    assert f"the approval {digest} opens nothing any more" in told
    # It was taken away already, so it stays with that.
    looked_at(holding, USER, LONE)
    assert taken(holding, start) == [("DetachPolicyFromUser", OSS["name"])]
    agreed(holding, USER, LONE)
    holding.gone(USER, LONE)
    assert taken(holding, start)[1:] == [("DetachPolicyFromUser", more), ("DeleteUser", "")]


@attack(Entry.REPLAYED, Resource.IDENTITY, Moment.BEGUN)
def test_what_is_made_in_its_place_by_hand_is_another_one(holding: World) -> None:
    """It has our mark, so it would be ours to delete."""
    a_role(holding)
    tags = holding.cloud()["roles"][NAME]["tags"]
    start = asked_for(holding, ROLE, NAME)
    digest = refused(holding, ROLE, NAME, "DeleteRole")
    by_account(holding, True)
    holding.admin.clear_faults()
    Hands(holding).delete_role(NAME)
    Hands(holding).create_role(NAME, TRUST_FC, tags=tags)
    holding.settle()
    by_account(holding, False)
    assert offer(holding, ROLE, NAME, instead_of=digest) != digest
    looked_at(holding, ROLE, NAME)
    assert taken(holding, start) == [("DetachPolicyFromRole", OSS["name"])]
    assert NAME in holding.cloud()["roles"]
