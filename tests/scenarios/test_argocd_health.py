"""What Argo CD's health script says of objects in each state that the operator leaves them in."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from lab import Cluster
from lab.emulator_process import EmulatorProcess
from lab.kstatus import kstatus
from lab.operator_process import OperatorProcess
from lab.world import World, open_world, trust
from tests.support.hands import Hands
from tests.support.lua import run

Json = dict[str, Any]
SCRIPT = (
    Path(__file__).resolve().parents[2] / "deploy" / "argocd" / "lua" / "health.lua"
).read_text()
FC = ("Service", "fc.aliyuncs.com")
ECS = ("Service", "ecs.aliyuncs.com")


@pytest.fixture
def behaviours() -> object:
    """How the cloud answers open questions is not what this is about."""
    return "friendly"


def health(item: Json | None) -> str:
    assert item is not None
    result = run(SCRIPT, item)
    assert set(result) == {"status", "message"}
    return str(result["status"])


def test_ready_and_not_seen_yet(world: World) -> None:
    """The two that must not be mixed up: a wave goes on with what is Healthy."""
    assert health(world.role("plain")) == "Progressing", "no status but the default"
    item = world.ready("RamRole", "plain")
    assert health(item) == "Healthy"
    edited = copy.deepcopy(item)
    edited["metadata"]["generation"] += 1
    assert health(edited) == "Progressing", "the edit is not seen yet"
    assert kstatus(edited) == "InProgress"
    account = world.get("RamAccount", world.namespace)
    assert health(account) == "Healthy"
    for kind, name, spec in (("RamUser", "ann", {}), ("RamGroup", "people", {})):
        world.create(kind, name, spec)
        assert health(world.ready(kind, name)) == "Healthy"


def test_held_is_suspended(world: World) -> None:
    world.role("changed", trustPolicy=trust(FC))
    world.ready("RamRole", "changed")
    world.edit("RamRole", "changed", trustPolicy=trust(FC, ECS))
    item = world.reason("RamRole", "changed", "ApprovalRequired")
    assert kstatus(item) == "Failed"
    assert health(item) == "Suspended"
    assert "ecs.aliyuncs.com" in run(SCRIPT, item)["message"]
    for reason in ("ApprovalRejected", "AdmissionPolicyMissing"):
        other = copy.deepcopy(item)
        for each in other["status"]["conditions"]:
            if each["type"] == "ApprovalRequired":
                each["reason"] = reason
        assert health(other) == "Degraded", "an approval alone does not help"


def test_what_waits_for_others_is_progressing(world: World) -> None:
    world.role("waits", policies=[{"type": "RamPolicy", "name": "missing"}])
    assert health(world.reason("RamRole", "waits", "DependencyNotReady")) == "Progressing"


def test_drifted_and_stalled_are_degraded(world: World) -> None:
    world.role("moved", description="as asked", driftPolicy="Report")
    world.ready("RamRole", "moved")
    Hands(world).update_role("moved", description="by hand")
    world.look("RamRole", "moved")
    drifted = world.reason("RamRole", "moved", "Drifted")
    assert health(drifted) == "Degraded"
    world.role("second", roleName="moved")
    assert health(world.reason("RamRole", "second", "Conflict")) == "Degraded"


def test_deleting_is_progressing(world: World) -> None:
    world.policy("kept", deletionPolicy="Delete")
    world.role("user", policies=[{"type": "RamPolicy", "name": "kept"}])
    world.ready("RamRole", "user")
    world.delete("RamPolicy", "kept")
    item = world.wait("RamPolicy", "kept", _deleting, "deletion")
    assert health(item) == "Progressing"
    assert kstatus(item) == "Terminating"


def _deleting(item: Json) -> bool:
    return bool(item["metadata"].get("deletionTimestamp"))


def test_suspended_objects_and_accounts_are_suspended(world: World) -> None:
    world.role("paused", suspend=True)
    assert health(world.reason("RamRole", "paused", "Suspended")) == "Suspended"
    world.role("plain")
    world.ready("RamRole", "plain")
    world.edit("RamRole", "plain", suspend=True)
    assert health(world.reason("RamRole", "plain", "Suspended")) == "Suspended"
    Hands(world).attach("plain", "AdministratorAccess")
    world.look("RamRole", "plain")
    assert health(world.look("RamRole", "plain")) == "Degraded", "nobody decided on that"
    world.edit("RamRole", "plain", suspend=False)
    world.ready("RamRole", "plain")
    world.edit("RamAccount", world.namespace, suspend=True)
    account = world.reason("RamAccount", world.namespace, "Suspended")
    assert health(account) == "Suspended"
    world.look("RamRole", "plain")
    assert health(world.reason("RamRole", "plain", "Suspended")) == "Suspended"


def test_observed_is_suspended(
    operator: OperatorProcess, installed: Cluster, emulator: EmulatorProcess, namespace: str
) -> None:
    world = open_world(installed, emulator, namespace, "friendly", mode="Observe")
    try:
        world.role("wanted")
        assert health(world.reason("RamRole", "wanted", "ObserveOnly")) == "Suspended"
    finally:
        world.close()
