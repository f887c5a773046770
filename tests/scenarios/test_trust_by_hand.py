"""A trust that was changed by hand: what was added is taken back, what was removed stays away.

The emulated STS is asked who may assume the role afterwards; it decides by the trust alone.
"""

from __future__ import annotations

from collections.abc import Callable

from lab.waiting import until
from lab.world import TRUST_FC, World, condition, trust
from ram_operator import documents
from tests.support.hands import Hands, may_assume
from tests.support.trusts import trust_writes

FC = ("Service", "fc.aliyuncs.com")
ECS = ("Service", "ecs.aliyuncs.com")
OSS_READ = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}
ASSUMER = [("System", "AliyunSTSAssumeRoleAccess")]


def user(world: World, name: str) -> tuple[str, str]:
    """The user as a principal of this world's account."""
    return "RAM", f"acs:ram::{world.account_id}:user/{name}"


def test_a_trust_widened_by_hand_is_taken_back(world: World) -> None:
    alice = world.admin.create_user(world.account_id, "alice", policies=ASSUMER)
    mallory = world.admin.create_user(world.account_id, "mallory", policies=ASSUMER)
    asked = trust(user(world, "alice"))
    world.role("wide", trustPolicy=asked, description="Kept", maxSessionDurationSeconds=7200)
    world.ready("RamRole", "wide")
    Hands(world).update_role("wide", trust=trust(user(world, "alice"), user(world, "mallory")))
    eventually(lambda: may_assume(world, mallory, "wide"))
    start = world.journal_end()

    role = world.look("RamRole", "wide")

    (write,) = trust_writes(world, start)
    assert write["action"] == "UpdateRole"
    assert write["sent"].digest == documents.parse_trust(asked).digest
    assert write["parameters"]["NewDescription"] == "Kept"
    assert write["parameters"]["NewMaxSessionDuration"] == "7200"
    live = world.cloud()["roles"]["wide"]
    assert (live["description"], live["maxSessionDuration"]) == ("Kept", 7200)
    assert condition(role, "Drifted")["reason"] == "DriftCorrected"
    assert "mallory" in condition(role, "Drifted")["message"]
    eventually(lambda: not may_assume(world, mallory, "wide"))
    assert may_assume(world, alice, "wide")
    world.ready("RamRole", "wide")
    world.settle()
    world.look("RamRole", "wide")
    assert len(world.writes(start)) == 1


def test_a_trust_narrowed_by_hand_is_not_given_back(world: World) -> None:
    alice = world.admin.create_user(world.account_id, "alice", policies=ASSUMER)
    bob = world.admin.create_user(world.account_id, "bob", policies=ASSUMER)
    world.role("narrow", trustPolicy=trust(user(world, "alice"), user(world, "bob")))
    world.ready("RamRole", "narrow")
    Hands(world).update_role("narrow", trust=trust(user(world, "alice")))
    world.settle()
    start = world.journal_end()

    role = world.look("RamRole", "narrow")

    assert condition(role, "Drifted")["status"] == "True"
    assert "bob" in condition(role, "Drifted")["message"]
    (entry,) = role["status"]["drift"]
    assert (entry["field"], entry["severity"], entry["action"]) == (
        "trustPolicy",
        "critical",
        "reported",
    )
    assert condition(role, "Ready")["reason"] == "Drifted"
    # What the operator does afterwards carries no trust either.
    world.edit("RamRole", "narrow", description="edited", policies=[OSS_READ])
    world.wait(
        "RamRole",
        "narrow",
        lambda o: world.cloud()["roles"]["narrow"]["description"] == "edited",
        "description",
    )
    assert trust_writes(world, start) == []
    eventually(lambda: not may_assume(world, bob, "narrow"))
    assert may_assume(world, alice, "narrow")


def test_a_trust_replaced_by_hand_lets_nobody_in(world: World) -> None:
    alice = world.admin.create_user(world.account_id, "alice", policies=ASSUMER)
    mallory = world.admin.create_user(world.account_id, "mallory", policies=ASSUMER)
    world.role("swapped", trustPolicy=trust(user(world, "alice")))
    world.ready("RamRole", "swapped")
    Hands(world).update_role("swapped", trust=trust(user(world, "mallory")))
    eventually(lambda: may_assume(world, mallory, "swapped"))
    start = world.journal_end()

    world.look("RamRole", "swapped")

    eventually(lambda: not may_assume(world, mallory, "swapped"))
    assert not may_assume(world, alice, "swapped")
    world.settle()
    role = world.look("RamRole", "swapped")
    assert condition(role, "Ready")["status"] == "False"
    assert "alice" in condition(role, "ApprovalRequired")["message"]
    # Nobody is let in by trying often: one write closed the role, and then it stays closed.
    assert [w["action"] for w in world.writes(start)] == ["UpdateRole"]


def test_part_added_and_part_removed_by_hand_leaves_what_both_have(world: World) -> None:
    users = {
        name: world.admin.create_user(world.account_id, name, policies=ASSUMER)
        for name in ("alice", "bob", "mallory")
    }
    world.role("mixed", trustPolicy=trust(user(world, "alice"), user(world, "bob")))
    world.ready("RamRole", "mixed")
    Hands(world).update_role("mixed", trust=trust(user(world, "alice"), user(world, "mallory")))
    eventually(lambda: may_assume(world, users["mallory"], "mixed"))
    start = world.journal_end()
    world.look("RamRole", "mixed")
    eventually(lambda: not may_assume(world, users["mallory"], "mixed"))
    assert may_assume(world, users["alice"], "mixed")
    assert not may_assume(world, users["bob"], "mixed")
    (write,) = trust_writes(world, start)
    assert write["sent"].digest == documents.parse_trust(trust(user(world, "alice"))).digest


def test_taking_a_trust_back_gives_no_longer_session_back(world: World) -> None:
    world.role("both", maxSessionDurationSeconds=43200, description="Kept")
    world.ready("RamRole", "both")
    Hands(world).update_role("both", trust=trust(FC, ECS), session=3600)
    world.settle()
    start = world.journal_end()
    world.look("RamRole", "both")
    (write,) = trust_writes(world, start)
    assert write["sent"].digest == documents.parse_trust(TRUST_FC).digest
    assert world.cloud()["roles"]["both"]["maxSessionDuration"] == 3600
    assert world.cloud()["roles"]["both"]["description"] == "Kept"


def test_a_held_edit_does_not_shield_what_was_added_by_hand(world: World) -> None:
    mallory = world.admin.create_user(world.account_id, "mallory", policies=ASSUMER)
    world.role("held")
    world.ready("RamRole", "held")
    world.edit("RamRole", "held", trustPolicy=trust(FC, ECS))
    world.reason("RamRole", "held", "ApprovalRequired")
    Hands(world).update_role("held", trust=trust(FC, user(world, "mallory")))
    eventually(lambda: may_assume(world, mallory, "held"))

    role = world.look("RamRole", "held")

    eventually(lambda: not may_assume(world, mallory, "held"))
    assert world.cloud()["roles"]["held"]["trust"] == TRUST_FC
    assert "ecs.aliyuncs.com" in condition(role, "ApprovalRequired")["message"]


def eventually(holds: Callable[[], bool]) -> None:
    """A change of trust takes a moment to reach STS."""
    until(holds, "what STS says")


def test_a_trust_that_nobody_can_look_into_is_no_trust_as_asked(world: World) -> None:
    """RAM would not take it today; what somebody saved once may still be there."""
    world.role("deep")
    world.role("plain")
    world.ready("RamRole", "deep")
    brackets = '{"Version":"1","Statement":' + "[" * 990 + "]" * 990 + "}"
    state = world.admin.save()
    (account,) = (a for a in state["accounts"] if a["accountId"] == world.account_id)
    (role,) = (role for role in account["roles"] if role["name"] == "deep")
    role["document"] = brackets
    world.admin.load(state)
    world.settle()
    start = world.journal_end()

    role = world.look("RamRole", "deep")

    assert condition(role, "Ready")["status"] == "False"
    assert condition(role, "Synced")["status"] != "True"
    assert condition(role, "Ready")["reason"] != "InternalError"
    assert trust_writes(world, start) == []
    world.ready("RamRole", "plain")
