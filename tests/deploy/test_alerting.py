"""From what happens to what people see: a real Prometheus scrapes a real operator, with our rules
and for our dashboard. One operator for all tests here, in this order: the last ones stop it.
"""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import Cluster
from lab.building import ROOT
from lab.install import install
from lab.prometheus_process import Labels, about
from tests.deploy.test_dashboard import TARGETS, concrete
from tests.deploy.test_rules import GROUPS
from tests.support.hands import Hands
from tests.support.observed import Observed, make_facts, observed

Json = dict[str, Any]
DRIFT = "RamOperatorDriftDetected"
WIDENED = "RamOperatorAccessWidened"
DOWN = "RamOperatorDown"
FACTS = {
    "widened": {(WIDENED, "critical")},
    "narrowed": {(DRIFT, "critical")},
    "described": {(DRIFT, "warning")},
    "corrected": {("RamOperatorDriftCorrected", "critical")},
    "found": {("RamOperatorFoundInCloud", "critical")},
    "pending": {("RamOperatorApprovalPending", "warning")},
    "taken": {("RamOperatorStalled", "warning")},
    "suspended": {("RamOperatorSuspended", "warning")},
    "waiting": {("RamOperatorNotProgressing", "warning")},
    "flapping": {("RamOperatorDriftFlapping", "critical")},
    "acknowledged": set[tuple[str, str]](),
    "ending": {("RamOperatorAcknowledgementEnding", "warning")},
    "in-order": set[tuple[str, str]](),
}
"""Role → the alerts that it is told of by: for each fact one, and of no object two."""
NOTHING_OF_IT = {
    "Deletions that are stopped",
    "Lists that fail",
    "Who makes others wait",
    "Probes of the guard per hour",
}
"""Panels that rightly show nothing of this world."""


@pytest.fixture(scope="module")
def stage(control_plane: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    install(control_plane)
    name = f"test-{uuid.uuid4().hex[:10]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    control_plane.request("POST", "/api/v1/namespaces", body)
    with observed(control_plane, name, tmp_path_factory.mktemp("observed"), GROUPS) as opened:
        opened.prometheus.ready()
        make_facts(opened.world)
        yield opened


def _told(alerts: list[Labels], stage: Observed) -> dict[str, set[tuple[str, str]]]:
    ours = [each for each in alerts if each.get("resource_namespace") == stage.world.namespace]
    return {
        name: {
            (each["alertname"], each["severity"]) for each in ours if each["resource_name"] == name
        }
        for name in FACTS
    }


@pytest.mark.slow
def test_each_fact_is_told_by_one_alert(stage: Observed) -> None:
    found = stage.prometheus.wait(lambda alerts: _told(alerts, stage) == FACTS, "each alert")
    for each in found:
        assert each.get("job", "ram-operator") == "ram-operator"
        assert not {"instance", "pod"} & each.keys()
        if "resource_name" in each:
            assert each["account"] == stage.world.namespace
    assert not about(found, DOWN)


@pytest.mark.slow
@pytest.mark.parametrize(("panel", "target"), TARGETS)
def test_a_panel_shows_what_there_is(stage: Observed, panel: Json, target: Json) -> None:
    expression = concrete(target["expr"])
    if panel["title"] in NOTHING_OF_IT:
        stage.prometheus.values(expression)
    else:
        assert stage.prometheus.wait_for(expression)


@pytest.mark.slow
def test_drift_is_pending_then_fires_and_is_over_once_it_is_put_right(stage: Observed) -> None:
    name, world, prometheus = "in-order", stage.world, stage.prometheus
    Hands(world).update_role(name, session=43200)
    world.settle()
    world.look("RamRole", name)
    (labels,) = about(
        prometheus.wait(lambda alerts: bool(about(alerts, WIDENED, name)), WIDENED), WIDENED, name
    )
    assert labels["severity"] == "critical"
    assert (labels["kind"], labels["resource_namespace"]) == ("RamRole", world.namespace)
    # It waited first, which a look at the right moment would have shown.
    waited = f'ALERTS{{alertname="{WIDENED}",alertstate="pending",resource_name="{name}"}}'
    assert prometheus.wait_for(f"count_over_time({waited}[10m])")

    Hands(world).update_role(name, session=3600)
    world.settle()
    world.look("RamRole", name)
    prometheus.wait(lambda alerts: not about(alerts, WIDENED, name), "the end of the drift")


@pytest.mark.slow
def test_an_operator_that_is_killed_is_missed_and_its_successor_knows_the_same(
    stage: Observed,
) -> None:
    stage.kill()
    stage.prometheus.wait(lambda alerts: bool(about(alerts, DOWN)), "down")
    assert not about(stage.prometheus.alerts(), WIDENED, "widened"), "nobody knows meanwhile"
    stage.restart()
    stage.prometheus.wait(
        lambda alerts: not about(alerts, DOWN) and _told(alerts, stage) == FACTS, "all as before"
    )


@pytest.mark.slow
def test_another_replica_that_leads_tells_the_same_and_only_once(stage: Observed) -> None:
    stage.two()
    for _ in ("one leads", "the other leads"):
        found = stage.prometheus.wait(
            lambda alerts: not about(alerts, DOWN) and _told(alerts, stage) == FACTS, "each alert"
        )
        assert len(about(found, WIDENED, "widened")) == 1
        series = stage.prometheus.values('ram_operator_access_widened{resource_name="widened"}')
        assert len(series) == 1, "of the replica that leads"
        if len(stage.operators) > 1:
            stage.kill()
            stage.prometheus.wait(lambda alerts: bool(about(alerts, DOWN)), "nobody leads")


@pytest.mark.slow
def test_the_panels_can_be_drawn(stage: Observed, tmp_path: Path) -> None:
    """These rows have panels of all sorts; two of them are in the docs."""
    script = ROOT / "scripts" / "dashboard_pictures.py"
    url = f"http://127.0.0.1:{stage.prometheus.port}"
    rows = ("What nobody manages", "What waits for people", "Drift")
    subprocess.run([sys.executable, script, url, tmp_path, "2", *rows], check=True)
    drawn = list(tmp_path.glob("*.png"))
    assert {path.stem for path in drawn} == {
        "what-nobody-manages",
        "what-waits-for-people",
        "drift",
    }
    assert all(path.stat().st_size > 5000 for path in drawn)
