"""The operator is killed at each step of an approved change: it is carried out once, or waits."""

from __future__ import annotations

import pytest

from lab import ControlPlane
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import World, trust
from tests.gate.approving import offer, say
from tests.gate.attacks import OUTSIDER
from tests.support.trusts import assert_trusts_recorded, trust_writes

FC = ("Service", "fc.aliyuncs.com")
ECS = ("Service", "ecs.aliyuncs.com")
CALLS = ("GetRole", "ListPoliciesForRole", "ListTagResources", "UpdateRole")
CELLS = [(kind, action) for action in CALLS for kind in ("kill_before", "kill_after")]


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


@pytest.mark.parametrize("kind", ["kill_before", "kill_after"])
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
