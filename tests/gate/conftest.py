"""The operator with the shipped guard on a real API server, an account for each attack."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest

from lab import Cluster, ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.forking import Nursery
from lab.install import installed_plane
from lab.operator_process import SOURCES, OperatorProcess
from lab.world import HOSTILE, World, open_world
from tests.gate import sampling
from tests.support.trusts import assert_trusts_recorded


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """GATE chooses among the rows of the long tables."""
    chosen = os.environ.get("GATE", "all")
    if chosen == "all":
        return
    here = [item for item in items if item.path.parent.name == "gate"]
    some, others = sampling.split(here)
    left = others if chosen == "some" else some
    if left:
        config.hook.pytest_deselected(items=left)
        gone = set(left)
        items[:] = [item for item in items if item not in gone]


@pytest.fixture(scope="package", autouse=True)
def nursery() -> Iterator[None]:
    """Many tests here start operators of their own."""
    with Nursery.opened(SOURCES):
        yield


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


@pytest.fixture(scope="package")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """One control plane for all tests here that start operators of their own, one after the other,
    and leave its installation alone.
    """
    with installed_plane(tmp_path_factory.mktemp("apart")) as plane:
        yield plane


@pytest.fixture
def namespace_apart(apart: ControlPlane) -> str:
    """A namespace on the control plane of those that start operators of their own."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    apart.request("POST", "/api/v1/namespaces", body)
    return name


@pytest.fixture
def alone(apart: ControlPlane, namespace_apart: str, emulator: EmulatorProcess) -> Iterator[World]:
    """A world whose operator is the test's own."""
    made = open_world(apart, emulator, namespace_apart, dict(HOSTILE))
    yield made
    made.close()
