"""From a change by hand to an alert: a real Prometheus scrapes a real operator, with our rules."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import Cluster, monitoring
from lab.emulator_process import EmulatorProcess
from lab.install import install
from lab.operator_process import OperatorProcess
from lab.processes import Child, free_port, log_tail
from lab.waiting import Deadline
from lab.world import World, open_world
from tests.deploy.test_rules import GROUPS
from tests.support.hands import Hands

Json = dict[str, Any]


@dataclass(frozen=True)
class Prometheus:
    """A running server."""

    child: Child
    port: int

    @classmethod
    def start(cls, directory: Path, target: int) -> Prometheus:
        """Scrapes 127.0.0.1:target each second under the rules; what they wait for is cut short."""
        groups = [
            {**group, "interval": "1s", "rules": [_hasty(rule) for rule in group["rules"]]}
            for group in GROUPS
        ]
        (directory / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}))
        job = {
            "job_name": "ram-operator",
            "scrape_interval": "1s",
            "scrape_timeout": "1s",
            "static_configs": [{"targets": [f"127.0.0.1:{target}"]}],
        }
        config = directory / "prometheus.yaml"
        config.write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "scrape_configs": [job]}))
        port = free_port()
        command: list[str | Path] = [
            monitoring.find_or_build().prometheus,
            f"--config.file={config}",
            f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
        ]
        return cls(Child.start("prometheus", command, directory / "prometheus.log"), port)

    def alerts(self) -> list[Json]:
        """Those that fire; none while it does not answer yet."""
        try:
            url = f"http://127.0.0.1:{self.port}/api/v1/alerts"
            with urllib.request.urlopen(url, timeout=2) as reply:
                found = json.load(reply)["data"]["alerts"]
        except OSError:
            return []
        return [alert for alert in found if alert["state"] == "firing"]

    def wait(self, until: Callable[[list[Json]], bool], what: str) -> list[Json]:
        deadline = Deadline()
        while not deadline.over:
            found = self.alerts()
            if until(found):
                return found
            assert self.child.running, log_tail(self.child.log)
            time.sleep(0.2)
        raise AssertionError(f"{what} did not come; firing: {self.alerts()}")


def _hasty(rule: Json) -> Json:
    return {**rule, "for": "1s", "keep_firing_for": "0s"}


def _about(alerts: list[Json], alert: str, name: str = "") -> list[Json]:
    return [
        each["labels"]
        for each in alerts
        if each["labels"]["alertname"] == alert and each["labels"].get("resource_name", "") == name
    ]


@pytest.fixture
def operator(control_plane: Cluster, tmp_path: Path) -> Iterator[OperatorProcess]:
    install(control_plane)
    process = OperatorProcess.start(control_plane, tmp_path / "operator.log")
    yield process
    process.stop()


@pytest.fixture
def world(
    operator: OperatorProcess, control_plane: Cluster, namespace: str, tmp_path: Path
) -> Iterator[World]:
    with EmulatorProcess.start(log=tmp_path / "emulator.log") as emulator:
        opened = open_world(control_plane, emulator, namespace, "friendly")
        yield opened
        opened.close()


@pytest.fixture
def prometheus(operator: OperatorProcess, tmp_path: Path) -> Iterator[Prometheus]:
    process = Prometheus.start(tmp_path, operator.metrics_port)
    yield process
    process.child.stop()


@pytest.mark.slow
def test_what_happens_reaches_the_pager(
    prometheus: Prometheus, operator: OperatorProcess, world: World
) -> None:
    world.role("export", driftPolicy="Report", maxSessionDurationSeconds=3600)
    world.role("wrong", policies=[{"type": "RamPolicy", "name": "x"}], suspend=True)
    world.ready("RamRole", "export")
    world.settle()
    drift = "RamOperatorDriftDetected"
    assert _about(prometheus.alerts(), drift, "export") == []

    Hands(world).update_role("export", session=43200)
    world.settle()
    world.look("RamRole", "export")
    found = prometheus.wait(lambda alerts: bool(_about(alerts, drift, "export")), drift)
    (labels,) = _about(found, drift, "export")
    assert labels["severity"] == "critical"
    assert (labels["kind"], labels["resource_namespace"]) == ("RamRole", world.namespace)
    assert labels["job"] == "ram-operator"
    assert "instance" not in labels
    prometheus.wait(lambda alerts: bool(_about(alerts, "RamOperatorStalled", "wrong")), "stalled")
    assert _about(prometheus.alerts(), "RamOperatorDown") == []

    Hands(world).update_role("export", session=3600)
    world.settle()
    world.look("RamRole", "export")
    prometheus.wait(lambda alerts: not _about(alerts, drift, "export"), "the end of the drift")

    operator.stop(kill=True)
    prometheus.wait(lambda alerts: bool(_about(alerts, "RamOperatorDown")), "down")
