"""An approved right whose answer is lost, or whose process ends: nobody is taken out for that, and
who comes in meanwhile does not count as approved.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab import ControlPlane
from lab.operator_process import FORGETFUL, OperatorProcess
from lab.waiting import until
from lab.world import World
from tests.gate.approving import held, offer, say
from tests.gate.replay import EVERYTHING
from tests.gate.test_holders import GROUP, NAME, POLICY, REF, RIGHTS, TEAM, join_by_hand, members
from tests.gate.test_holders import user as member
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.hands import Hands

POWER: Final = "power"
LOST: Final = ("error_after", "drop_after", "kill_after")


def teams(world: World) -> None:
    """A group with ann and ben and a harmless policy, and a policy that nobody has yet."""
    for name in ("ann", "ben", "eve"):
        world.create("RamUser", name, {})
    world.policy(NAME)
    world.create(POLICY, POWER, {"document": RIGHTS})
    for name in ("ann", "ben", "eve"):
        world.ready("RamUser", name)
    world.ready(POLICY, POWER)
    world.create(GROUP, TEAM, {"policies": [REF], "members": [member("ann"), member("ben")]})
    world.ready(GROUP, TEAM)
    world.settle()


def attaches(world: World) -> tuple[str, str, str]:
    world.edit(GROUP, TEAM, policies=[REF, {"type": POLICY, "name": POWER}])
    return GROUP, TEAM, "AttachPolicyToGroup"


def widens(world: World) -> tuple[str, str, str]:
    world.edit(POLICY, NAME, document=RIGHTS)
    return POLICY, NAME, "CreatePolicyVersion"


Ask = Callable[[World], tuple[str, str, str]]
FRESH: Final = "fresh"
LOOSE: Final = {"type": "Custom", "name": "loose"}


def makes(action: str) -> Ask:
    """A new group with members and rights, of which the answer to one call of `action` is lost."""

    def ask(world: World) -> tuple[str, str, str]:
        Hands(world).create_policy(LOOSE["name"], RIGHTS)
        spec = {"policies": [{"type": POLICY, "name": POWER}, LOOSE], "memberMode": "Additive"}
        world.create(GROUP, FRESH, {**spec, "members": [member("ann"), member("ben")]})
        return GROUP, FRESH, action

    return ask


def carried_out(plane: ControlPlane, world: World, ask: Ask, fault: str) -> int:
    """What is asked for is approved and carried out, and no answer comes; the journal's end before
    that. Nobody works on the account afterwards.
    """
    process = OperatorProcess.start(plane, plane.directory / "operator.log", FORGETFUL)
    try:
        teams(world)
        kind, name, action = ask(world)
        digest = offer(world, kind, name)
        start = world.journal_end()
        lost: dict[str, Any] = {"account": world.account_id, "action": action}
        if fault == "kill_after":
            lost["pid"] = process.child.pid
        world.admin.add_fault(fault, **lost)
        assert say(world, kind, name, approve=digest)
        until(
            lambda: any(e["action"] == action for e in world.writes(start)), f"a call of {action}"
        )
        if fault == "kill_after":
            until(lambda: not process.child.running, "that the operator is killed")
        else:
            world.ready(kind, name)
    finally:
        process.stop(kill=True)
    return start


def expelled(world: World, since: int) -> list[str]:
    writes = (e for e in world.writes(since) if e["action"] == "RemoveUserFromGroup")
    return [str(entry["parameters"]["UserName"]) for entry in writes]


@pytest.mark.legitimate
@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("ask", [attaches, widens])
def test_nobody_is_taken_out_for_it(
    apart: ControlPlane, alone: World, ask: Ask, fault: str
) -> None:
    start = carried_out(apart, alone, ask, fault)
    with OperatorProcess.running(apart, FORGETFUL):
        for _ in range(2):
            alone.settle()
            alone.look(POLICY, NAME)
            alone.look(GROUP, TEAM)
        item = alone.ready(GROUP, TEAM)
        alone.ready(POLICY, NAME)
    assert expelled(alone, start) == []
    assert members(alone) == {"ann", "ben"}
    assert "drift" not in item["status"]


@attack(Entry.LAUNDERED, Resource.MEMBER, Moment.BEGUN)
@pytest.mark.parametrize("ask", [attaches, widens])
def test_who_comes_in_meanwhile_is_out_again(apart: ControlPlane, alone: World, ask: Ask) -> None:
    start = carried_out(apart, alone, ask, "kill_after")
    join_by_hand(alone, "eve")
    alone.edit(GROUP, TEAM, members=[member("ann"), member("ben"), member("eve")])
    alone.settle()
    with OperatorProcess.running(apart, FORGETFUL):
        until(lambda: members(alone) == {"ann", "ben"}, "that eve is out again")
        held(alone, GROUP, TEAM)
    assert expelled(alone, start) == ["eve"]


CALLS: Final = ("AttachPolicyToGroup", "AddUserToGroup")


def calls(world: World, since: int) -> list[str]:
    return [entry["action"] for entry in world.writes(since) if entry["action"] in CALLS]


@pytest.mark.legitimate
@pytest.mark.parametrize("action", CALLS)
def test_nobody_is_asked_again_for_the_rest(apart: ControlPlane, alone: World, action: str) -> None:
    """It goes on by the approval that it began with: each part is written, and none is offered."""
    start = carried_out(apart, alone, makes(action), "error_after")
    group = alone.cloud()["groups"][FRESH]
    assert set(group["members"]) == {"ann", "ben"}
    assert sorted(calls(alone, start)) == sorted(2 * CALLS)
    record = alone.record(GROUP, FRESH)
    assert record is not None
    approvals = {entry.get("approval") for entry in record["history"]} - {None}
    assert len(approvals) == 1
    assert not {"inFlight", "pending"} & record.keys()


def somebody_joins(world: World) -> None:
    request = ram.AddUserToGroupRequest(user_name="eve", group_name=FRESH)
    world.hand.add_user_to_group(request)


def a_policy_is_widened(world: World) -> None:
    Hands(world).version_policy(LOOSE["name"], EVERYTHING)


def one_more_is_asked_for(world: World) -> None:
    world.edit(GROUP, FRESH, members=[member("ann"), member("ben"), member("eve")])


@pytest.mark.parametrize(
    ("meanwhile", "keeps"),
    [
        pytest.param(
            somebody_joins, 1, marks=attack(Entry.JOINED_BY_HAND, Resource.MEMBER, Moment.BEGUN)
        ),
        pytest.param(
            a_policy_is_widened,
            0,
            marks=attack(Entry.DOCUMENT_BY_HAND, Resource.GROUP_POLICY, Moment.BEGUN),
        ),
        pytest.param(
            one_more_is_asked_for, 1, marks=attack(Entry.MANIFEST, Resource.MEMBER, Moment.BEGUN)
        ),
    ],
)
def test_the_rest_waits_where_anything_else_has_moved(
    apart: ControlPlane, alone: World, meanwhile: Callable[[World], None], keeps: int
) -> None:
    """And what lets do something else than was approved is excess, though its write was begun."""
    carried_out(apart, alone, makes("AttachPolicyToGroup"), "kill_after")
    meanwhile(alone)
    start = alone.journal_end()
    alone.settle()
    with OperatorProcess.running(apart, FORGETFUL):
        for _ in range(2):
            held(alone, GROUP, FRESH)
            alone.settle()
            alone.look(GROUP, FRESH)
        held(alone, GROUP, FRESH)
    assert calls(alone, start) == []
    assert len(alone.cloud()["groups"][FRESH]["policies"]) == keeps
