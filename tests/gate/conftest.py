"""The operator with the shipped guard on a real API server, an account for each attack."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.cluster import Cluster, ControlPlane
from tests.support.emulator import EmulatorProcess
from tests.support.install import install
from tests.support.operator import OperatorProcess
from tests.support.trusts import assert_trusts_recorded
from tests.support.world import HOSTILE, World, open_world


@pytest.fixture(scope="session")
def installed(control_plane: Cluster) -> Cluster:
    """The shipped installation: CRDs, RBAC, admission."""
    install(control_plane)
    return control_plane


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane for attacks on what all share: the guard, the kinds, the operator itself."""
    with ControlPlane.start(tmp_path_factory.mktemp("apart")) as plane:
        install(plane)
        yield plane


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    log = tmp_path_factory.mktemp("emulator") / "emulator.log"
    with EmulatorProcess.start(log=log) as process:
        yield process


@pytest.fixture(scope="package")
def operator(installed: Cluster) -> Iterator[OperatorProcess]:
    process = OperatorProcess.start(installed, installed.directory / "operator-gate.log")
    yield process
    process.stop()


@pytest.fixture
def world(
    operator: OperatorProcess, installed: Cluster, emulator: EmulatorProcess, namespace: str
) -> Iterator[World]:
    opened = open_world(installed, emulator, namespace, dict(HOSTILE))
    opened.ready("RamAccount", namespace)
    yield opened
    try:
        assert_trusts_recorded(opened)
    finally:
        opened.close()


@pytest.fixture
def alone(apart: ControlPlane, emulator: EmulatorProcess) -> Iterator[World]:
    """A world whose operator is the test's own."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    apart.request("POST", "/api/v1/namespaces", body)
    made = open_world(apart, emulator, name, dict(HOSTILE))
    yield made
    made.close()
