"""Coming back: nothing is written when all is in sync, and what was missed is caught up with."""

from __future__ import annotations

import signal
import time
import uuid
from collections.abc import Iterator

import pytest

from lab import ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.install import wait_served
from lab.operator_process import FORGETFUL, IDENTITY, OperatorProcess
from lab.waiting import until
from lab.world import HOSTILE, TRUST_FC, World, condition, open_world, trust
from tests.support.hands import Hands
from tests.support.trusts import assert_trusts_recorded

pytestmark = pytest.mark.slow

OSS = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}
FC = ("Service", "fc.aliyuncs.com")
ECS = ("Service", "ecs.aliyuncs.com")


class Home:
    """The operator of this module, one process at a time."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self.process: OperatorProcess | None = None

    def start(self) -> OperatorProcess:
        log = self.plane.directory / f"operator-{uuid.uuid4().hex[:6]}.log"
        self.process = OperatorProcess.start(self.plane, log, FORGETFUL)
        return self.process

    def stop(self, *, kill: bool = False) -> None:
        if self.process is not None:
            self.process.stop(kill=kill)
            self.process = None

    def writes(self, since: int) -> list[str]:
        """What the operator wrote to the cluster; the lease that it leads by is no such write."""
        return [
            f"{event['verb']} {event['requestURI']}"
            for event in list(self.plane.audit_events(IDENTITY))[since:]
            if event["verb"] not in ("get", "list", "watch")
            and "/leases" not in event["requestURI"]
        ]

    def end(self) -> int:
        return len(list(self.plane.audit_events(IDENTITY)))


@pytest.fixture
def home(apart: ControlPlane) -> Iterator[Home]:
    made = Home(apart)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def world(home: Home, emulator: EmulatorProcess) -> Iterator[World]:
    name = f"test-{uuid.uuid4().hex[:10]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    home.plane.request("POST", "/api/v1/namespaces", body)
    opened = open_world(home.plane, emulator, name, dict(HOSTILE))
    opened.ready("RamAccount", name)
    yield opened
    try:
        assert_trusts_recorded(opened)
    finally:
        opened.close()


def fill(world: World) -> None:
    world.policy("reader", deletionPolicy="Delete", description="d", tags={"team": "a"})
    world.role(
        "exporter",
        deletionPolicy="Delete",
        policies=[OSS, {"type": "RamPolicy", "name": "reader"}],
        description="d",
    )
    world.role("kept")
    world.role("held")
    for name in ("exporter", "kept", "held"):
        world.ready("RamRole", name)
    world.ready("RamPolicy", "reader")
    world.edit("RamRole", "held", trustPolicy=trust(FC, ECS))
    world.reason("RamRole", "held", "ApprovalRequired")
    world.settle()


@pytest.mark.parametrize("kill", [False, True])
def test_a_restart_in_sync_writes_nothing(home: Home, world: World, kill: bool) -> None:
    fill(world)
    home.stop(kill=kill)
    start, audited = world.journal_end(), home.end()
    home.start()
    # The pass after the start, and what follows from it.
    until(lambda: {"GetRole", "GetPolicy"} <= calls(world, start))
    assert home.process is not None
    until(home.process.idle, "that nothing is left to do")
    assert world.writes(start) == []
    assert home.writes(audited) == []
    # A look that is asked for is answered in the status, which is a write; the cloud sees none.
    world.look("RamRole", "exporter")
    world.look("RamPolicy", "reader")
    assert world.writes(start) == []


def calls(world: World, since: int) -> set[str]:
    return {entry["action"] for entry in world.admin.journal(world.account_id, since=since)}


def test_what_happened_meanwhile_is_caught_up_with(home: Home, world: World) -> None:
    fill(world)
    home.stop()
    start = world.journal_end()
    world.delete("RamRole", "exporter")
    world.delete("RamRole", "kept")
    world.gone("RamRole", "kept")
    world.edit("RamPolicy", "reader", description="two")
    world.role("new", policies=[{"type": "RamPolicy", "name": "reader"}])
    Hands(world).attach("held", "AliyunECSFullAccess")
    Hands(world).update_role("held", trust=trust(FC, ("Service", "oss.aliyuncs.com")))
    world.settle()
    home.start()
    world.gone("RamRole", "exporter")
    world.ready("RamRole", "new")
    world.ready("RamPolicy", "reader")
    item = world.look("RamRole", "held")
    assert condition(item, "ApprovalRequired")["status"] == "True"
    live = world.cloud()
    assert set(live["roles"]) == {"kept", "new", "held"}
    assert live["policies"]["reader"]["description"] == "two"
    assert live["roles"]["held"]["policies"] == []
    assert live["roles"]["held"]["trust"] == TRUST_FC
    # Kept means untouched.
    assert not [w for w in world.writes(start) if w["parameters"].get("RoleName") == "kept"]


def test_what_was_edited_while_nobody_watched(home: Home, world: World) -> None:
    """The process is frozen, so that its watches tell it nothing in time."""
    fill(world)
    assert home.process is not None
    home.process.child.signal(signal.SIGSTOP)
    world.edit("RamRole", "exporter", description="two")
    world.delete("RamRole", "kept")
    world.policy("late")
    time.sleep(1.0)
    home.process.child.signal(signal.SIGCONT)
    world.ready("RamPolicy", "late")
    world.ready("RamRole", "exporter")
    assert world.cloud()["roles"]["exporter"]["description"] == "two"
    world.gone("RamRole", "kept")


def test_the_api_server_comes_back_without_its_watches(home: Home, world: World) -> None:
    fill(world)
    start = world.journal_end()
    home.plane.restart_apiserver(kill=True)
    wait_served(home.plane)
    world.edit("RamRole", "exporter", description="two")
    world.delete("RamRole", "kept")
    world.ready("RamRole", "exporter")
    assert world.cloud()["roles"]["exporter"]["description"] == "two"
    assert [w["action"] for w in world.writes(start)] == ["UpdateRole"]
    assert "kept" in world.cloud()["roles"]
