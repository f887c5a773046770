"""Two operator processes, one leads: what the cloud sees when it dies, freezes or cannot renew."""

from __future__ import annotations

import signal
import time
import uuid
from collections.abc import Iterator
from typing import Any, Final

import pytest

from lab import ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.install import wait_served
from lab.operator_process import IDENTITY, IMPATIENT, OperatorProcess
from lab.waiting import PATIENCE, until
from lab.world import HOSTILE, World, open_world
from tests.support.trusts import assert_trusts_recorded

pytestmark = pytest.mark.slow

LEASE: Final = "/apis/coordination.k8s.io/v1/namespaces/ram-system/leases/ram-operator"
DURATION: Final = 12.0
TERMS: Final = {
    **IMPATIENT,
    "leader-election": "true",
    "lease-duration-seconds": str(DURATION),
    "renew-deadline": "7",
    "retry-period": "0.4",
}
OSS_READ: Final = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}
ECS_READ: Final = {"type": "System", "name": "AliyunECSReadOnlyAccess"}


class Crew:
    """The operator processes of one test. All of them end with it."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self._processes: list[OperatorProcess] = []

    def start(self) -> OperatorProcess:
        log = self.plane.directory / f"operator-{uuid.uuid4().hex[:6]}.log"
        process = OperatorProcess.start(self.plane, log, TERMS)
        self._processes.append(process)
        return process

    def leader(self) -> OperatorProcess:
        """Start one and wait until it leads."""
        process = self.start()
        until(lambda: leads(process), "it leads")
        return process

    def close(self) -> None:
        for process in self._processes:
            if process.child.running:
                process.child.signal(signal.SIGCONT)
            process.stop()

    def holder(self) -> str:
        spec: dict[str, Any] = self.plane.request("GET", LEASE)["spec"]
        return str(spec.get("holderIdentity") or "")


def leads(process: OperatorProcess) -> bool:
    return "ram_operator_leader 1.0" in process.metrics().splitlines()


def ended(process: OperatorProcess) -> int:
    """Its exit code, once it has ended by itself."""
    until(lambda: not process.child.running, "the process ends")
    return int(process.child.supervisor.wait())


def written(process: OperatorProcess) -> list[str]:
    """What the process itself counted: writes to the cluster, and calls to the cloud."""
    names = ("ram_operator_cluster_writes_total{", "ram_operator_cloud_requests_total{")
    return [line for line in process.metrics().splitlines() if line.startswith(names)]


@pytest.fixture
def crew(apart: ControlPlane) -> Iterator[Crew]:
    opened = Crew(apart)
    yield opened
    opened.close()


@pytest.fixture
def world(apart: ControlPlane, emulator: EmulatorProcess) -> Iterator[World]:
    name = f"test-{uuid.uuid4().hex[:10]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    apart.request("POST", "/api/v1/namespaces", body)
    opened = open_world(apart, emulator, name, HOSTILE)
    yield opened
    try:
        assert_trusts_recorded(opened)
    finally:
        emulator.admin.clear_faults()
        opened.close()


def creations(world: World) -> list[str]:
    return [e["parameters"]["RoleName"] for e in world.writes() if e["action"] == "CreateRole"]


def test_one_works_and_the_other_writes_nothing(crew: Crew, world: World) -> None:
    first = crew.leader()
    second = crew.start()
    world.role("exporter", policies=[OSS_READ])
    world.ready("RamRole", "exporter")
    assert leads(first)
    assert not leads(second)
    assert written(first)
    assert written(second) == []
    assert "ram_operator_queue_depth 0.0" in second.metrics()


def test_the_standby_ends_what_a_killed_leader_began(crew: Crew, world: World) -> None:
    first = crew.leader()
    second = crew.start()
    world.ready("RamAccount", world.namespace)
    world.admin.add_fault(
        "kill_after", account=world.account_id, action="CreateRole", pid=first.child.pid
    )
    world.role("exporter", policies=[OSS_READ, ECS_READ])
    until(lambda: not first.child.running, "the leader dies")
    world.wait("RamRole", "exporter", _ready, "Ready", PATIENCE)
    assert leads(second)
    assert creations(world) == ["exporter"]
    assert len(world.cloud()["roles"]["exporter"]["policies"]) == 2


def _ready(item: dict[str, Any]) -> bool:
    found = {c["type"]: c["status"] for c in item["status"]["conditions"]}
    return found["Ready"] == "True"


def test_a_frozen_leader_writes_nothing_when_it_wakes(crew: Crew, world: World) -> None:
    """Nobody has taken its place, its work is undone, and it still must not go on."""
    frozen = crew.leader()
    world.ready("RamAccount", world.namespace)
    world.admin.add_fault(
        "delay", account=world.account_id, action="CreateRole", seconds=3.0, times=-1
    )
    names = [f"exporter-{number}" for number in range(4)]
    for name in names:
        world.role(name, policies=[OSS_READ, ECS_READ])
    # All of them: one that is checked and not yet sent when the process freezes is in flight too,
    # and would be sent when it wakes.
    until(lambda: world.admin.faults()[0]["hits"] >= len(names), "writes are in flight")
    frozen.child.signal(signal.SIGSTOP)
    world.admin.clear_faults()
    until(lambda: len(creations(world)) == len(names), "what was in flight took effect")
    end = world.journal_end()
    time.sleep(DURATION)
    frozen.child.signal(signal.SIGCONT)
    assert ended(frozen) == 1
    assert world.writes(end) == []
    assert all(not role["policies"] for role in world.cloud()["roles"].values())

    crew.start()
    for name in names:
        world.wait("RamRole", name, _ready, "Ready", PATIENCE)
    assert sorted(creations(world)) == names


def test_a_frozen_leader_and_its_successor(crew: Crew, world: World) -> None:
    frozen = crew.leader()
    second = crew.start()
    world.role("exporter", policies=[OSS_READ])
    world.ready("RamRole", "exporter")
    frozen.child.signal(signal.SIGSTOP)
    until(lambda: leads(second), "the standby takes over")
    world.edit("RamRole", "exporter", description="by the second", policies=[ECS_READ])
    world.wait("RamRole", "exporter", _current, "Ready again", PATIENCE)
    end = world.journal_end()
    world.look("RamRole", "exporter")
    frozen.child.signal(signal.SIGCONT)
    assert ended(frozen) == 1
    world.look("RamRole", "exporter")
    assert world.writes(end) == []
    assert second.child.running


def _current(item: dict[str, Any]) -> bool:
    return _ready(item) and item["status"]["observedGeneration"] == item["metadata"]["generation"]


def test_a_rolling_restart_writes_nothing_to_the_cloud(crew: Crew, world: World) -> None:
    old = crew.leader()
    world.policy("reader")
    world.role("exporter", policies=[{"type": "RamPolicy", "name": "reader"}])
    world.ready("RamRole", "exporter")
    world.settle()
    end = world.journal_end()
    for _ in range(2):
        new = crew.start()
        assert not leads(new)
        before = crew.holder()
        old.stop()
        assert "the lease is released" in old.log
        until(lambda new=new: leads(new), "the new one leads")  # type: ignore[misc]
        assert crew.holder() != before
        world.look("RamRole", "exporter")
        world.look("RamPolicy", "reader")
        old = new
    assert world.writes(end) == []


def test_no_request_of_any_of_them_was_refused(apart: ControlPlane) -> None:
    """The rights that are shipped are enough for leading, too. (An API server that was just started
    refuses everybody for a moment, so this comes before that.)
    """
    refused = [
        f"{event['verb']} {event['requestURI']}"
        for event in apart.audit_events(IDENTITY)
        if event.get("responseStatus", {}).get("code") in (401, 403)
    ]
    leases = [e for e in apart.audit_events(IDENTITY) if "/leases" in e["requestURI"]]
    assert {event["verb"] for event in leases} == {"get", "create", "update"}
    assert refused == []


def test_a_leader_that_cannot_renew_ends(crew: Crew, world: World) -> None:
    first = crew.leader()
    second = crew.start()
    world.role("exporter")
    world.ready("RamRole", "exporter")
    end = world.journal_end()
    crew.plane.stop_apiserver(kill=True)
    try:
        assert ended(first) == 1
        assert "the lease is lost" in first.log
        assert second.child.running
        assert not leads(second)
    finally:
        crew.plane.start_apiserver()
        wait_served(crew.plane)
    until(lambda: leads(second), "the standby takes over")
    world.look("RamRole", "exporter")
    assert world.writes(end) == []
