"""A process that leads and cannot begin ends: it would keep the lease from those that can."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import yaml

from lab.operator_process import QUICK, SOURCES
from lab.processes import Child
from lab.waiting import until
from tests.unit.stub_server import Reply, Request, stub


def test_a_leader_that_cannot_take_over_ends(tmp_path: Path) -> None:
    """The list that follows a won election holds what is no object."""
    lists = Counter[str]()

    def answer(request: Request) -> Reply:
        if "/leases" in request.path:
            if request.method == "GET":
                return Reply(404, b"{}")
            return Reply(201, request.body)
        path, _, query = request.path.partition("?")
        if "/ram.alibabacloud.com/v1alpha1/" not in path or "limit" not in query:
            # What kopf asks to find the kinds to watch: there are none.
            return _json({"groups": [], "versions": [], "resources": []})
        lists[path] += 1
        items = [{}] if lists[path] > 1 else []
        return _json({"metadata": {"resourceVersion": "1"}, "items": items})

    with stub(answer) as server:
        config = tmp_path / "kubeconfig"
        config.write_text(yaml.safe_dump(_kubeconfig(f"http://{server.host}")))
        flags = {
            **QUICK,
            "leader-election": "true",
            "connect-timeout": "2",
            "read-timeout": "2",
            "metrics-address": "",
            "health-address": "",
        }
        words = [f"--{name}={value}" for name, value in flags.items()]
        environment = [f"KUBECONFIG={config}", f"PYTHONPATH={SOURCES}"]
        command = ["env", *environment, sys.executable, "-m", "ram_operator", "run", *words]
        process = Child.start("operator", command, tmp_path / "operator.log")
        try:
            until(lambda: not process.running, lambda: f"its end; {process.log.read_text()}")
            assert "taking over failed: this process ends" in process.log.read_text()
        finally:
            process.stop()


def _json(body: object) -> Reply:
    return Reply(200, json.dumps(body).encode(), {"Content-Type": "application/json"})


def _kubeconfig(server: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "stub",
        "contexts": [{"name": "stub", "context": {"cluster": "stub", "user": "stub"}}],
        "clusters": [{"name": "stub", "cluster": {"server": server}}],
        "users": [{"name": "stub", "user": {"token": "none"}}],
    }
