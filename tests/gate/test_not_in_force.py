"""What only waits, or others did to a policy, takes nobody out of a group and nothing off a user.

Who joined while the group had no right was nobody's business, so no record names him: that the
policy of the group comes to give rights later makes no stranger of him.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab import ControlPlane
from lab.operator_process import OperatorProcess
from lab.world import DOCUMENT, World
from tests.gate.approving import approve, held
from tests.gate.attacks import ADMIN
from tests.gate.escalation_attacks import allowing
from tests.support.hands import Hands

Json = dict[str, Any]
POLICY: Final = "RamPolicy"
GROUP: Final = "RamGroup"
USER: Final = "RamUser"
ROLE: Final = "RamRole"
NAME: Final = "tools"
LOOSE: Final = "loose"
TEAM: Final = "team"
REF: Final = {"type": POLICY, "name": NAME}
RIGHTS: Final = allowing(Action=["ram:PassRole"])


def members(*names: str) -> list[Json]:
    return [{"type": USER, "name": name} for name in names]


def a_team(world: World) -> None:
    """Ann and ben are in a group without any right; eve is in none."""
    world.policy(NAME)
    Hands(world).create_policy(LOOSE, DOCUMENT)
    for name in ("ann", "ben", "eve"):
        world.create(USER, name, {})
    for name in ("ann", "ben", "eve"):
        world.ready(USER, name)
    policies = [REF, {"type": "Custom", "name": LOOSE}]
    world.create(GROUP, TEAM, {"policies": policies, "members": members("ann", "ben")})
    world.ready(GROUP, TEAM)
    world.settle()


def waiting(world: World) -> None:
    """The policy asks for rights, and nobody has approved them."""
    world.edit(POLICY, NAME, document=RIGHTS)
    held(world, POLICY, NAME)


def reported(world: World) -> None:
    """Somebody widened the policy by hand, and its object only reports it."""
    world.edit(POLICY, NAME, driftPolicy="Report")
    world.ready(POLICY, NAME)
    Hands(world).version_policy(NAME, RIGHTS)
    world.settle()
    world.look(POLICY, NAME)


def nobodys(world: World) -> None:
    """Somebody widened a policy that no object owns."""
    Hands(world).version_policy(LOOSE, RIGHTS)
    world.settle()


def attached(world: World) -> None:
    """Somebody attached a policy by hand and asked for it."""
    request = ram.AttachPolicyToGroupRequest(
        policy_type="System", policy_name=ADMIN["name"], group_name=TEAM
    )
    world.hand.attach_policy_to_group(request)
    world.settle()
    policies = [REF, {"type": "Custom", "name": LOOSE}, ADMIN]
    world.edit(GROUP, TEAM, policies=policies)
    held(world, GROUP, TEAM)
    world.settle()


WAYS: Final = [waiting, reported, nobodys, attached]


def expelled(world: World, since: int) -> list[str]:
    writes = world.writes(since)
    return [e["parameters"]["UserName"] for e in writes if e["action"] == "RemoveUserFromGroup"]


def looked_at_twice(world: World, kind: str, name: str) -> None:
    for _ in range(2):
        world.settle()
        world.look(kind, name)


@pytest.mark.legitimate
@pytest.mark.parametrize("widen", WAYS)
def test_who_was_in_the_group_stays_while_another_one_waits(
    world: World, widen: Callable[[World], None]
) -> None:
    a_team(world)
    start = world.journal_end()
    widen(world)
    world.edit(GROUP, TEAM, members=members("ann", "ben", "eve"))
    world.wait(GROUP, TEAM, lambda item: "eve" in str(item["status"].get("pending")), "offer")
    looked_at_twice(world, GROUP, TEAM)
    assert expelled(world, start) == []
    assert set(world.cloud()["groups"][TEAM]["members"]) == {"ann", "ben"}


@pytest.mark.legitimate
def test_he_stays_over_a_restart(apart: ControlPlane, alone: World) -> None:
    """What the object of a policy asks for may have been written right before: that is no proof."""
    with OperatorProcess.running(apart):
        alone.ready("RamAccount", alone.namespace)
        a_team(alone)
        waiting(alone)
    start = alone.journal_end()
    alone.edit(GROUP, TEAM, members=members("ann", "ben", "eve"))
    with OperatorProcess.running(apart):
        held(alone, GROUP, TEAM)
        looked_at_twice(alone, GROUP, TEAM)
    assert expelled(alone, start) == []


@pytest.mark.legitimate
def test_what_gives_no_right_yet_stays_attached(world: World) -> None:
    """By hand and in the manifest, while the document that would give one waits; who approves that
    is shown who has it.
    """
    a_team(world)
    waiting(world)
    start = world.journal_end()
    world.edit(USER, "eve", policies=[REF])
    held(world, USER, "eve")
    request = ram.AttachPolicyToUserRequest(policy_type="Custom", policy_name=NAME, user_name="eve")
    world.hand.attach_policy_to_user(request)
    looked_at_twice(world, USER, "eve")
    assert world.writes(start) == []
    assert "eve" in str(held(world, POLICY, NAME)["status"]["pending"]["gains"])
    approve(world, POLICY, NAME)
    world.ready(POLICY, NAME)
    world.ready(USER, "eve")


@pytest.mark.legitimate
def test_a_session_is_not_shortened_for_what_waits(world: World) -> None:
    world.policy(NAME)
    world.role("app", policies=[REF])
    world.ready(ROLE, "app")
    waiting(world)
    start = world.journal_end()
    Hands(world).update_role("app", session=7200)
    world.edit(ROLE, "app", maxSessionDurationSeconds=7200)
    looked_at_twice(world, ROLE, "app")
    assert world.writes(start) == []
