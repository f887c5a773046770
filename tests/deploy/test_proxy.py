"""The operator behind a proxy: the cloud is reached by it, the API server never."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import Cluster
from lab.emulator_process import EmulatorProcess
from lab.install import install
from lab.operator_process import OperatorProcess
from lab.world import World, condition, open_world
from tests.support.proxy import Proxy, proxy

PASSWORD = "pr0xy-pass"


@pytest.fixture
def between() -> Iterator[Proxy]:
    with proxy() as running:
        yield running


@pytest.fixture
def operator(control_plane: Cluster, between: Proxy, tmp_path: Path) -> Iterator[OperatorProcess]:
    """Of its own, since what it goes by is fixed as it starts."""
    install(control_plane)
    with pytest.MonkeyPatch.context() as environment:
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            environment.setenv(name, f"http://somebody:{PASSWORD}@{between.place}")
        environment.setenv("NO_PROXY", "metadata.example")
        process = OperatorProcess.start(control_plane, tmp_path / "operator.log", wait=False)
    process.wait_ready()
    yield process
    process.stop()


def test_the_cloud_is_reached_by_the_proxy_and_the_api_server_is_not(
    operator: OperatorProcess,
    between: Proxy,
    control_plane: Cluster,
    namespace: str,
    tmp_path: Path,
) -> None:
    with EmulatorProcess.start(log=tmp_path / "emulator.log") as emulator:
        world: World = open_world(control_plane, emulator, namespace, "friendly")
        world.create("RamUser", "ann", {})
        world.ready("RamUser", "ann")
        assert "ann" in world.cloud()["users"]
        assert between.hosts == {emulator.endpoint}

        between.refuses = 502
        world.annotate("RamUser", "ann", reconcile_requested_at="now")
        told = condition(world.reason("RamUser", "ann", "CloudUnavailable"), "Ready")["message"]
        assert f"by the proxy {between.place} that HTTP_PROXY names" in told
        between.refuses = 0
        world.ready("RamUser", "ann")
        world.close()
    assert PASSWORD not in operator.log
    assert PASSWORD not in told
