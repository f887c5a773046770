"""The operator on a real API server against the emulated cloud, one world for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import Cluster
from lab.connection import AGENT
from lab.emulator_process import EmulatorProcess
from lab.forking import Nursery
from lab.operator_process import IDENTITY, SOURCES, OperatorProcess
from lab.world import HOSTILE, World, open_world
from tests.support.trusts import assert_trusts_recorded


@pytest.fixture(scope="session")
def logs(control_plane: Cluster) -> Path:
    """Beside the control plane's own logs, which are kept when a test fails."""
    return control_plane.directory


def refused_requests(cluster: Cluster) -> list[str]:
    """The operator's requests for which it lacks a right; tests use its name with other agents.

    An admission policy that refuses what the account has the right to is none of them: so answers
    the guard when it is probed. Nor is one for a Secret: people give that right namespace by
    namespace, and objects that are drawn at random ask for keys where nobody did.
    """
    return [
        f"{event['verb']} {event['requestURI']}"
        for event in cluster.audit_events(IDENTITY)
        if event.get("responseStatus", {}).get("code") in (401, 403)
        and event.get("annotations", {}).get("authorization.k8s.io/decision") != "allow"
        and not event.get("userAgent", "").startswith((AGENT, "kubectl"))
        and "/secrets/" not in event["requestURI"]
    ]


@pytest.fixture(scope="package", autouse=True)
def nursery() -> Iterator[None]:
    """Operators are started again and again."""
    with Nursery.opened(SOURCES):
        yield


@pytest.fixture(scope="package")
def operator(installed: Cluster, logs: Path) -> Iterator[OperatorProcess]:
    """One operator for all tests that do not stop it."""
    before = len(refused_requests(installed))
    process = OperatorProcess.start(installed, logs / "operator.log")
    yield process
    process.stop()
    # The rights that are shipped were enough for everything that was tried.
    assert refused_requests(installed)[before:] == []


@pytest.fixture(params=[os.environ.get("SCENARIOS", "hostile")])
def behaviours(request: pytest.FixtureRequest) -> object:
    """The answers to the open questions about the cloud.

    SCENARIOS chooses: `make test` plays them on the hostile ones, `make lanes` on the friendly.
    """
    return dict(HOSTILE) if request.param == "hostile" else "friendly"


@pytest.fixture
def world(
    operator: OperatorProcess,
    installed: Cluster,
    emulator: EmulatorProcess,
    namespace: str,
    behaviours: object,
) -> Iterator[World]:
    opened = open_world(installed, emulator, namespace, behaviours)
    opened.ready("RamAccount", namespace)
    yield opened
    try:
        assert_trusts_recorded(opened)
    finally:
        opened.close()
