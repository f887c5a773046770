"""What is done beside acknowledged drift, or behind what was acknowledged, is no part of it."""

from __future__ import annotations

import time
from typing import Any, Final

import alibabacloud_ram20150501.models as ram

from lab.waiting import until
from lab.world import World
from ram_operator.cloud.cached_reads import FRESH_SECONDS
from tests.gate.acknowledging import (
    acknowledge,
    acknowledgeable,
    looked,
    trusts,
)
from tests.gate.approving import held
from tests.gate.attacks import NAME, ROLE
from tests.gate.test_acknowledged import STRANGER, kept
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.hands import Hands

Json = dict[str, Any]


@attack(Entry.ATTACHED_BY_HAND, Resource.ROLE_POLICY, Moment.ACKNOWLEDGED)
def test_further_drift_is_judged_without_it(world: World) -> None:
    kept(world)
    Hands(world).attach(NAME, "AdministratorAccess")
    looked(world, ROLE, NAME)
    until(lambda: not world.cloud()["roles"][NAME]["policies"], "that the right is gone")
    assert trusts(world, NAME, STRANGER)
    offered = acknowledgeable(world, ROLE, NAME)
    assert len(offered["drift"]) == 2


def excess_right(world: World, document: Json) -> str:
    """A policy of nobody's that was attached by hand and acknowledged, as an emergency right."""
    world.role(NAME)
    world.ready(ROLE, NAME)
    hands = Hands(world)
    hands.create_policy("emergency", document)
    hands.attach(NAME, "emergency", "Custom")
    world.settle()
    world.look(ROLE, NAME)
    digest = str(acknowledgeable(world, ROLE, NAME)["digest"])
    until(lambda: not world.cloud()["roles"][NAME]["policies"], "that the right is gone")
    acknowledge(world, ROLE, NAME, digest)
    hands.attach(NAME, "emergency", "Custom")
    looked(world, ROLE, NAME)
    assert "emergency" in str(world.cloud()["roles"][NAME]["policies"])
    return digest


READS: Final = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": "log:Get*", "Resource": "*"}],
}
ALL: Final = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@attack(Entry.DOCUMENT_BY_HAND, Resource.ROLE_POLICY, Moment.ACKNOWLEDGED)
def test_a_right_that_comes_to_be_another_is_not_what_was_acknowledged(world: World) -> None:
    excess_right(world, READS)
    Hands(world).version_policy("emergency", ALL)
    # What a policy says is read once for all that is judged soon after.
    time.sleep(FRESH_SECONDS)
    looked(world, ROLE, NAME)
    until(lambda: not world.cloud()["roles"][NAME]["policies"], "that the right is gone")


@attack(Entry.DOCUMENT_BY_HAND, Resource.DOCUMENT, Moment.ACKNOWLEDGED)
def test_what_a_policy_lets_do_by_it_is_agreed_on_for_nobody(world: World) -> None:
    """Its document is `*` by hand and acknowledged; whoever asks for it elsewhere waits."""
    world.policy("shared", document=READS, driftPolicy="Report")
    world.ready("RamPolicy", "shared")
    until(lambda: world.record("RamPolicy", "shared") is not None, "its record")
    baseline = world.record("RamPolicy", "shared")
    Hands(world).version_policy("shared", ALL)
    world.settle()
    world.look("RamPolicy", "shared")
    acknowledge(world, "RamPolicy", "shared")
    looked(world, "RamPolicy", "shared")
    start = world.journal_end()
    world.role("elsewhere", policies=[{"type": "RamPolicy", "name": "shared"}])
    held(world, ROLE, "elsewhere")
    assert "AttachPolicyToRole" not in str(world.writes(start))
    known = world.record("RamPolicy", "shared")
    assert known is not None
    assert baseline is not None
    assert known["baseline"] == baseline["baseline"]
    # The manifest may ask for it, too: that is an edit of what was agreed on.
    world.edit("RamPolicy", "shared", document=ALL)
    looked(world, "RamPolicy", "shared")
    known = world.record("RamPolicy", "shared")
    assert known is not None
    assert known["baseline"] == baseline["baseline"]


@attack(Entry.JOINED_BY_HAND, Resource.MEMBER, Moment.ACKNOWLEDGED)
def test_one_member_was_acknowledged_and_another_is_taken_out(world: World) -> None:
    for name in ("ann", "bob"):
        world.hand.create_user(ram.CreateUserRequest(user_name=name))
    world.create("RamGroup", "team", {})
    world.ready("RamGroup", "team")
    join(world, "ann")
    world.settle()
    world.look("RamGroup", "team")
    digest = str(acknowledgeable(world, "RamGroup", "team")["digest"])
    until(lambda: "ann" not in members(world), "that ann is out")
    acknowledge(world, "RamGroup", "team", digest)
    join(world, "ann")
    join(world, "bob")
    looked(world, "RamGroup", "team")
    until(lambda: "bob" not in members(world), "that bob is out")
    assert "ann" in members(world)


def join(world: World, user: str) -> None:
    world.hand.add_user_to_group(ram.AddUserToGroupRequest(group_name="team", user_name=user))


def members(world: World) -> str:
    return str(world.cloud()["groups"]["team"]["members"])
