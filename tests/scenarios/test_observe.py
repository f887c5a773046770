"""Mode Observe: the safe first day. Everything is shown and nothing is written to the cloud."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lab import Cluster
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.world import DOCUMENT, TRUST_FC, World, condition, open_world, trust
from tests.support.hands import Hands

Json = dict[str, Any]
FC = ("Service", "fc.aliyuncs.com")
ECS = ("Service", "ecs.aliyuncs.com")
OSS = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}


@pytest.fixture
def observed(
    operator: OperatorProcess,
    installed: Cluster,
    emulator: EmulatorProcess,
    namespace: str,
    behaviours: object,
) -> Iterator[World]:
    """A world whose account is in mode Observe; whatever the test did, nothing was written."""
    world = open_world(installed, emulator, namespace, behaviours, mode="Observe")
    yield world
    try:
        assert world.writes() == []
    finally:
        world.close()


def test_what_would_be_created(observed: World) -> None:
    observed.policy("reader")
    observed.role(
        "new",
        deletionPolicy="Delete",
        policies=[OSS, {"type": "RamPolicy", "name": "reader"}],
    )
    item = observed.reason("RamRole", "new", "ObserveOnly")
    assert item["status"]["wouldDo"] == [
        "create role new",
        "attach Custom/reader",
        f"attach System/{OSS['name']}",
    ]
    assert "create role new" in condition(item, "Ready")["message"]
    policy = observed.reason("RamPolicy", "reader", "ObserveOnly")
    assert policy["status"]["wouldDo"] == ["create policy reader"]
    # No finalizer for what was not made, and no claim on what is not managed.
    assert not item["metadata"].get("finalizers")
    assert [r["kind"] for r in observed.records()] == ["RamAccount"]
    observed.delete("RamRole", "new")
    observed.gone("RamRole", "new")


def test_what_would_be_held(observed: World) -> None:
    outsider = trust(("RAM", "acs:ram::1999999999999999:root"))
    observed.role("dangerous", trustPolicy=outsider)
    item = observed.reason("RamRole", "dangerous", "ObserveOnly")
    assert "hold" in condition(item, "Ready")["message"]
    assert condition(item, "ApprovalRequired")["status"] == "True"
    assert item["status"]["pending"]["findings"][0]["id"] == "RAM002"


def test_what_would_be_changed_on_what_exists(observed: World) -> None:
    hands = Hands(observed)
    hands.create_role("old", TRUST_FC, description="before", tags={"by": "hand"})
    hands.attach("old", "AliyunECSReadOnlyAccess")
    hands.create_policy("old", DOCUMENT, "before")
    observed.settle()
    before = observed.cloud()
    options = {"adoptionPolicy": "IfExists", "description": "after"}
    observed.role("old", policies=[OSS], **options)
    observed.policy("old", **options)
    item = observed.reason("RamRole", "old", "ObserveOnly")
    would = " / ".join(item["status"]["wouldDo"])
    assert "update description" in would
    assert f"attach System/{OSS['name']}" in would
    assert "detach" not in would
    assert "policies[System/aliyunecsreadonlyaccess]" in [
        entry["field"] for entry in item["status"]["drift"]
    ]
    policy = observed.reason("RamPolicy", "old", "ObserveOnly")
    assert "update description" in " / ".join(policy["status"]["wouldDo"])
    assert observed.cloud() == before


def test_drift_is_shown_and_left(world: World) -> None:
    """A managed account is switched to Observe: what is in sync is Ready, what moves is shown."""
    world.role("kept", policies=[OSS], deletionPolicy="Delete")
    world.role("moved", policies=[OSS])
    for name in ("kept", "moved"):
        world.ready("RamRole", name)
    world.patch("RamAccount", world.namespace, {"spec": {"mode": "Observe"}})
    item = world.ready("RamAccount", world.namespace)
    assert "mode Observe" in condition(item, "Ready")["message"]
    start = world.journal_end()
    for name in ("kept", "moved"):
        world.ready("RamRole", name)

    hands = Hands(world)
    hands.attach("moved", "AliyunECSReadOnlyAccess")
    hands.update_role("moved", trust=trust(FC, ECS))
    world.settle()
    item = world.look("RamRole", "moved")
    assert condition(item, "Ready")["reason"] == "ObserveOnly"
    assert condition(item, "Drifted")["status"] == "True"
    assert {e["field"] for e in item["status"]["drift"]} == {
        "trustPolicy",
        "policies[System/aliyunecsreadonlyaccess]",
    }
    would = " / ".join(item["status"]["wouldDo"])
    assert "take back" in would
    assert "detach System/AliyunECSReadOnlyAccess" in would
    assert condition(world.look("RamRole", "kept"), "Ready")["status"] == "True"

    # A deletion waits, and says for what.
    world.delete("RamRole", "kept")
    item = world.wait(
        "RamRole",
        "kept",
        lambda o: condition(o, "Ready").get("reason") == "ObserveOnly",
        "deletion held back",
    )
    assert "nothing is deleted" in condition(item, "Ready")["message"]
    assert world.writes(start) == []
    assert set(world.cloud()["roles"]) == {"kept", "moved"}
    world.patch("RamAccount", world.namespace, {"spec": {"mode": "Manage"}})
    world.gone("RamRole", "kept")
    assert set(world.cloud()["roles"]) == {"moved"}
