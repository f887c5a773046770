"""Starting before the cluster is ready for it: the operator says what is missing, and waits."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import Cluster, ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.forking import Nursery
from lab.install import BASE, install
from lab.operator_process import OperatorProcess
from lab.waiting import Deadline, until
from lab.world import open_world

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def as_users_start_it() -> Iterator[None]:
    with Nursery.passed_by():
        yield


@pytest.fixture
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A cluster with nothing of ours but the operator's namespace and ServiceAccount."""
    with ControlPlane.start(tmp_path_factory.mktemp("empty")) as plane:
        for name in ("namespace.yaml", "serviceaccount.yaml"):
            plane.kubectl("apply", "-f", str(BASE / name))
        yield plane


def test_it_waits_for_its_rights_and_kinds(empty: ControlPlane, emulator: EmulatorProcess) -> None:
    process = OperatorProcess.start(empty, empty.directory / "operator.log", wait=False)
    try:
        until_log(process, "check the operator's ClusterRole")
        empty.kubectl("apply", "-f", str(BASE / "rbac-operator.yaml"))
        until_log(process, "cannot list RamAccount", "404", "apply crds/")
        assert process.child.running
        install(empty)
        process.wait_ready()
        name = f"test-{uuid.uuid4().hex[:10]}"
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        empty.request("POST", "/api/v1/namespaces", body)
        world = open_world(empty, emulator, name, "friendly")
        world.role("role")
        world.ready("RamRole", "role")
        # Not only the first look: changes are watched as well.
        world.edit("RamRole", "role", description="two")
        world.ready("RamRole", "role")
        assert world.cloud()["roles"]["role"]["description"] == "two"
        world.close()
    finally:
        process.stop()


def until_log(process: OperatorProcess, *words: str) -> None:
    """Wait for one line with all of these words."""
    deadline = Deadline()
    while not any(all(word in line for word in words) for line in process.log.splitlines()):
        assert process.child.running, process.log
        assert not deadline.over, process.log
        time.sleep(0.2)


def test_it_ends_where_it_cannot_serve_its_metrics(installed: Cluster, tmp_path: Path) -> None:
    """Nobody would start it again, nor learn of it, while it waited for the port to be free."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        log = tmp_path / "operator.log"
        process = OperatorProcess.start(installed, log, {"metrics-address": address}, wait=False)
        try:
            until(lambda: not process.child.running, "that it ended")
            line = f"cannot serve metrics on {address}: Address already in use; set --metrics-"
            assert line in process.log
        finally:
            process.stop()
