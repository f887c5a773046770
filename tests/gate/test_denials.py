"""What a policy denies is as good as a right: nobody gets it back unseen, nor by a machine."""

from __future__ import annotations

from typing import Any, Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab.world import World
from tests.gate.approving import approve, held
from tests.gate.attacks import ADMIN, NAME, ROLE, a_role
from tests.gate.escalation_attacks import EVE, a_user
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.hands import Hands
from tests.support.times import moment

Json = dict[str, Any]
GUARD: Final = {"type": "RamPolicy", "name": "guard"}
RAM: Final = ("ram:*", "sts:*")
ASSUMES: Final = {"type": "System", "name": "AliyunSTSAssumeRoleAccess"}


def denying(*actions: str) -> Json:
    return {
        "Version": "1",
        "Statement": [{"Effect": "Deny", "Action": list(actions), "Resource": ["*"]}],
    }


def actions(world: World, since: int) -> list[str]:
    return [entry["action"] for entry in world.writes(since)]


def a_guard(world: World) -> None:
    world.policy("guard", document=denying(*RAM))
    world.ready("RamPolicy", "guard")


def an_administrator(world: World, *others: Json) -> int:
    """A role that may do everything, as far as `others` leave it."""
    a_role(world)
    world.edit(ROLE, NAME, policies=[ADMIN, *others])
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    world.settle()
    return world.journal_end()


@attack(Entry.MANIFEST, Resource.DENYING_POLICY, Moment.SETTLED)
@pytest.mark.parametrize("reference", [GUARD, {"type": "Custom", "name": "Guard"}])
def test_a_policy_that_denies_rights_is_detached_as_approved(world: World, reference: Json) -> None:
    a_guard(world)
    start = an_administrator(world, reference)
    world.edit(ROLE, NAME, policies=[ADMIN])
    pending = held(world, ROLE, NAME)["status"]["pending"]
    assert "taken away, which denies" in pending["gains"][0]
    assert actions(world, start) == []
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    assert actions(world, start) == ["DetachPolicyFromRole"]


@attack(Entry.MANIFEST, Resource.DENYING_GROUP, Moment.SETTLED)
def test_a_member_leaves_a_group_that_denies_rights_as_approved(world: World) -> None:
    a_guard(world)
    a_user(world)
    world.create("RamGroup", "kept", {"policies": [GUARD], "members": [EVE]})
    world.ready("RamGroup", "kept")
    world.settle()
    start = world.journal_end()
    world.edit("RamGroup", "kept", members=[])
    held(world, "RamGroup", "kept")
    assert actions(world, start) == []
    approve(world, "RamGroup", "kept")
    world.ready("RamGroup", "kept")
    assert actions(world, start) == ["RemoveUserFromGroup"]


@attack(Entry.MANIFEST, Resource.DENYING_GROUP, Moment.EXPIRING)
@pytest.mark.parametrize("seconds", [-60.0, 4.0], ids=["past", "soon"])
def test_an_end_that_nobody_agreed_on_ends_no_denial(world: World, seconds: float) -> None:
    """Who is in such a group until a day does not leave it sooner by an edit."""
    a_guard(world)
    a_user(world)
    last = moment(3600.0)
    spec = {"policies": [GUARD, ASSUMES], "members": [{**EVE, "expiresAt": last}]}
    world.create("RamGroup", "kept", spec)
    approve(world, "RamGroup", "kept")
    world.ready("RamGroup", "kept")
    world.settle()
    start = world.journal_end()
    world.edit("RamGroup", "kept", members=[{**EVE, "expiresAt": moment(seconds)}])
    pending = held(world, "RamGroup", "kept")["status"]["pending"]
    assert "taken away" in pending["gains"][0]
    assert actions(world, start) == []
    record = world.record("RamGroup", "kept")
    assert record is not None
    assert record["ends"] == {"members[eve]": last}
    approve(world, "RamGroup", "kept")
    world.ready("RamGroup", "kept")
    assert actions(world, start) == ["RemoveUserFromGroup"]


@attack(Entry.MANIFEST, Resource.DENYING_DOCUMENT, Moment.SETTLED)
def test_a_document_that_denies_less_of_rights_waits(world: World) -> None:
    a_guard(world)
    world.settle()
    start = world.journal_end()
    world.edit("RamPolicy", "guard", document=denying("ram:*", "oss:*"))
    held(world, "RamPolicy", "guard")
    assert actions(world, start) == []
    # More of it takes something away, and is written.
    world.edit("RamPolicy", "guard", document=denying(*RAM, "ims:*"))
    world.ready("RamPolicy", "guard")
    assert actions(world, start) == ["CreatePolicyVersion"]


@attack(Entry.DOCUMENT_BY_HAND, Resource.DENYING_DOCUMENT, Moment.SETTLED)
def test_a_document_that_denies_less_by_hand_is_put_back(world: World) -> None:
    a_guard(world)
    world.settle()
    Hands(world).version_policy("guard", denying("oss:*"))
    world.settle()
    world.look("RamPolicy", "guard")
    world.ready("RamPolicy", "guard")
    assert world.cloud()["policies"]["guard"]["document"] == denying(*RAM)


@pytest.mark.legitimate
def test_a_denial_by_hand_in_an_incident_stays(world: World) -> None:
    """Of a role, and of a group for its members."""
    a_user(world)
    world.create("RamGroup", "staff", {"members": [EVE]})
    world.ready("RamGroup", "staff")
    an_administrator(world)
    Hands(world).create_policy("stop", denying("*"))
    Hands(world).attach(NAME, "stop", "Custom")
    request = ram.AttachPolicyToGroupRequest(
        policy_type="Custom", policy_name="stop", group_name="staff"
    )
    world.hand.attach_policy_to_group(request)
    world.settle()
    start = world.journal_end()
    for kind, name in ((ROLE, NAME), ("RamGroup", "staff")):
        world.look(kind, name)
        world.settle()
        (entry,) = world.look(kind, name)["status"]["drift"]
        assert entry["action"] == "reported"
    assert actions(world, start) == []


@attack(Entry.ATTACHED_BY_HAND, Resource.ROLE_POLICY, Moment.SETTLED)
def test_a_denial_hides_no_right_that_was_given_by_hand(world: World) -> None:
    start = a_role(world)
    document = denying("oss:*")
    document["Statement"].append({"Effect": "Allow", "Action": ["ram:*"], "Resource": ["*"]})
    Hands(world).create_policy("both", document)
    Hands(world).attach(NAME, "both", "Custom")
    world.settle()
    world.look(ROLE, NAME)
    world.ready(ROLE, NAME)
    assert actions(world, start) == ["DetachPolicyFromRole"]
