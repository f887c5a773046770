"""The operator is killed at each step of an approved change: it is carried out once, or waits."""

from __future__ import annotations

import pytest

from lab import ControlPlane, waiting
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import World, condition, trust
from tests.gate.approving import offer, say
from tests.gate.attacks import OUTSIDER
from tests.gate.replay import EVERYTHING, given_away
from tests.gate.swaps import ZZ, called, harmless
from tests.gate.triples import Entry, Moment, Resource, attack, names
from tests.support.holding import on_hold
from tests.support.trusts import assert_trusts_recorded, trust_writes

FC = ("Service", "fc.aliyuncs.com")
ECS = ("Service", "ecs.aliyuncs.com")
CALLS = ("GetRole", "ListPoliciesForRole", "ListTagResources", "UpdateRole")
WHEN = {
    ("kill_before", "UpdateRole"): Moment.SENT,
    ("kill_after", "UpdateRole"): Moment.WRITTEN,
}
CELLS = [
    pytest.param(
        kind,
        action,
        id=f"{kind}-{action}",
        marks=attack(Entry.KILLED, Resource.TRUST, WHEN.get((kind, action), Moment.JUDGING)),
    )
    for action in CALLS
    for kind in ("kill_before", "kill_after")
]


def killed_at(plane: ControlPlane, world: World, fault: tuple[str, str], digest: str) -> None:
    """A new process carries on with what is approved, and is killed at such a call."""
    kind, action = fault
    process = OperatorProcess.start(plane, plane.directory / "operator.log")
    try:
        world.look("RamRole", "target")
        world.settle()
        world.admin.add_fault(kind, account=world.account_id, action=action, pid=process.child.pid)
        assert say(world, "RamRole", "target", approve=digest)
        until(lambda: not process.child.running, f"that the operator called {action}")
    finally:
        process.stop(kill=True)


def carried_on(plane: ControlPlane, world: World) -> None:
    with OperatorProcess.running(plane):
        world.ready("RamRole", "target")
        world.look("RamRole", "target")


@pytest.mark.parametrize(("kind", "action"), CELLS)
def test_killed_while_an_approved_change_is_carried_out(
    apart: ControlPlane, alone: World, kind: str, action: str
) -> None:
    with OperatorProcess.running(apart):
        alone.role("target")
        alone.ready("RamRole", "target")
        start = alone.journal_end()
        alone.edit("RamRole", "target", trustPolicy=trust(FC, ECS))
        digest = offer(alone, "RamRole", "target")
    killed_at(apart, alone, (kind, action), digest)
    carried_on(apart, alone)
    assert [w["action"] for w in trust_writes(alone, start)] == ["UpdateRole"]
    assert_trusts_recorded(alone)
    (record,) = alone.recorded("RamRole")
    assert "inFlight" not in record
    assert record["baseline"]["digest"] == trust_writes(alone, start)[0]["sent"].digest


@pytest.mark.parametrize(
    "kind",
    names(
        {
            "kill_before": (Entry.KILLED, Resource.NEW_ROLE, Moment.SENT),
            "kill_after": (Entry.KILLED, Resource.NEW_ROLE, Moment.WRITTEN),
        }
    ),
)
def test_killed_while_an_approved_creation_is_carried_out(
    apart: ControlPlane, alone: World, kind: str
) -> None:
    """What the cloud made before its answer was read is ours, by its mark and its trust."""
    start = alone.journal_end()
    with OperatorProcess.running(apart):
        alone.role("target", trustPolicy=trust(OUTSIDER))
        digest = offer(alone, "RamRole", "target")
    killed_at(apart, alone, (kind, "CreateRole"), digest)
    carried_on(apart, alone)
    assert [w["action"] for w in trust_writes(alone, start)] == ["CreateRole"]
    assert_trusts_recorded(alone)
    (record,) = alone.recorded("RamRole")
    assert "inFlight" not in record
    assert record["cloudId"]


@attack(Entry.KILLED, Resource.USER_POLICY, Moment.SENT)
def test_what_a_killed_process_has_sent_finds_no_other_policy(
    apart: ControlPlane, alone: World
) -> None:
    """Its attachment of a harmless policy arrives late. No other policy has that name by then,
    whoever made and deleted it, and whatever the objects ask for in the meantime.
    """
    start = alone.journal_end()
    process = OperatorProcess.start(apart, apart.directory / "operator.log")
    try:
        harmless(alone, ZZ, deletionPolicy="Delete")
        with on_hold(alone, "AttachPolicyToUser") as hold:
            alone.create("RamUser", "target", {"policies": [{"type": "Custom", "name": ZZ}]})
            hold.met()
            process.stop(kill=True)
            lasts = {"document-settle-seconds": str(20.0 * waiting.slowness())}
            process = OperatorProcess.start(apart, apart.directory / "operator.log", lasts)
            alone.edit("RamUser", "target", policies=[])
            alone.delete("RamPolicy", ZZ)
            alone.gone("RamPolicy", ZZ)
            now = alone.journal_end()
            alone.create("RamPolicy", "zz2", {"policyName": ZZ, "document": EVERYTHING})
            alone.wait("RamPolicy", "zz2", _waits, "it waits for what may still arrive")
            assert "CreatePolicy" not in [entry["action"] for entry in alone.writes(now)]
        called(alone, "CreatePolicy", now)
        alone.ready("RamPolicy", "zz2")
        alone.look("RamUser", "target")
        assert given_away(alone, start) == []
    finally:
        process.stop(kill=True)


def _waits(item: dict[str, object]) -> bool:
    return "before this one began" in str(condition(item, "Ready").get("message"))


@pytest.mark.legitimate
def test_a_first_process_makes_policies_at_once(apart: ControlPlane, alone: World) -> None:
    """Nothing can arrive of an account that nobody worked on before."""
    with OperatorProcess.running(apart, {"document-settle-seconds": "100000"}):
        harmless(alone, ZZ)
