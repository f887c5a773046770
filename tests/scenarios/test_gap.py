"""An object goes while no watch sees it: whoever finds it missing forgets it at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.install import install, wait_served
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import HOSTILE, World, open_world, trust
from tests.support import etcd
from tests.support.hands import Hands

ROLE = "RamRole"
FC, ECS = ("Service", "fc.aliyuncs.com"), ("Service", "ecs.aliyuncs.com")


@pytest.fixture
def alone(tmp_path: Path, emulator: EmulatorProcess) -> Iterator[World]:
    """A world on a control plane of its own, which this test stops."""
    with ControlPlane.start(tmp_path) as plane:
        install(plane)
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gap"}}
        plane.request("POST", "/api/v1/namespaces", body)
        yield open_world(plane, emulator, "gap", dict(HOSTILE))


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_what_went_in_a_gap_of_the_watch_is_not_looked_for(alone: World, policy: str) -> None:
    plane = alone.cluster
    assert isinstance(plane, ControlPlane)
    # No list of all objects comes to its help while the test runs.
    with OperatorProcess.running(plane, {"resync-seconds": "3600"}) as process:
        alone.role("stays")
        alone.role("gone", trustPolicy=trust(FC), deletionPolicy=policy)
        for name in ("stays", "gone"):
            alone.ready(ROLE, name)
        # Metrics follow the status.
        until(lambda: 'resource_name="gone"' in process.metrics(), "its series")
        alone.settle()
        plane.stop_apiserver()
        etcd.delete(plane, ROLE, "gap", "gone")
        # It calls for a write, and before each the object itself is read.
        Hands(alone).update_role("gone", trust=trust(FC, ECS))
        plane.start_apiserver()
        wait_served(plane)
        alone.look(ROLE, "stays")
        # All objects of the account are looked at when its settings change.
        alone.edit("RamAccount", "gap", driftInterval="2h")
        until(lambda: 'resource_name="gone"' not in process.metrics(), "that its series went")
        seen = reads(alone)
        for _ in range(3):
            alone.look(ROLE, "stays")
            time.sleep(1.0)
        assert reads(alone) == seen
        writes = [e for e in alone.writes() if e["parameters"].get("RoleName") == "gone"]
        assert [entry["action"] for entry in writes] == ["CreateRole"]


def reads(world: World) -> int:
    """How often the operator has looked at the role that is gone."""
    return sum(
        entry["action"] == "GetRole" and entry["parameters"].get("RoleName") == "gone"
        for entry in world.admin.journal(world.account_id)
        if entry["caller"] == world.keys.admin_arn
    )
