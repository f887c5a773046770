"""The operator is killed at each step of an approved change: it is carried out once, or waits."""

from __future__ import annotations

import time

import pytest

from tests.cluster import ControlPlane
from tests.gate.approving import offer, say
from tests.support.operator import OperatorProcess
from tests.support.trusts import assert_trusts_recorded, trust_writes
from tests.support.world import World, trust

FC = ("Service", "fc.aliyuncs.com")
ECS = ("Service", "ecs.aliyuncs.com")
CALLS = ("GetRole", "ListPoliciesForRole", "ListTagResources", "UpdateRole")
CELLS = [(kind, action) for action in CALLS for kind in ("kill_before", "kill_after")]


@pytest.mark.parametrize(("kind", "action"), CELLS)
def test_killed_while_an_approved_change_is_carried_out(
    apart: ControlPlane, alone: World, kind: str, action: str
) -> None:
    log = apart.directory / "operator.log"
    process = OperatorProcess.start(apart, log)
    try:
        alone.role("target")
        alone.ready("RamRole", "target")
        start = alone.journal_end()
        alone.edit("RamRole", "target", trustPolicy=trust(FC, ECS))
        digest = offer(alone, "RamRole", "target")
        alone.settle()
        alone.admin.add_fault(kind, account=alone.account_id, action=action, pid=process.child.pid)
        assert say(alone, "RamRole", "target", approve=digest)
        deadline = time.monotonic() + 20
        while process.child.running:
            assert time.monotonic() < deadline, f"the operator never called {action}"
            time.sleep(0.05)
    finally:
        process.stop(kill=True)
    process = OperatorProcess.start(apart, log)
    try:
        alone.ready("RamRole", "target")
        alone.look("RamRole", "target")
    finally:
        process.stop()
    assert [w["action"] for w in trust_writes(alone, start)] == ["UpdateRole"]
    assert_trusts_recorded(alone)
    (record,) = alone.recorded("RamRole")
    assert "inFlight" not in record
    assert record["baseline"]["digest"] == trust_writes(alone, start)[0]["sent"].digest
