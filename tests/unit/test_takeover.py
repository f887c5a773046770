"""A process that leads and cannot begin ends: it would keep the lease from those that can. One that
cannot even list ends when it is told to."""

from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path

from lab.processes import free_port
from lab.waiting import until
from tests.unit.started import started
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
        items: list[object] = [{}] if lists[path] > 1 else []
        return _json({"metadata": {"resourceVersion": "1"}, "items": items})

    flags = {"leader-election": "true", "connect-timeout": "2", "read-timeout": "2"}
    with stub(answer) as server, started(tmp_path, f"http://{server.host}", flags) as process:
        until(lambda: not process.running, lambda: f"its end; {process.log.read_text()}")
        assert "taking over failed: this process ends" in process.log.read_text()


def test_one_that_waits_for_its_api_server_ends_when_it_is_told_to(tmp_path: Path) -> None:
    with started(tmp_path, f"http://127.0.0.1:{free_port()}", {}) as process:
        until(lambda: "cannot list RamAccount" in process.log.read_text(), "its first attempt")
        process.signal(signal.SIGTERM)
        until(lambda: not process.running, lambda: f"its end; {process.log.read_text()}")
        assert "it has not ended" not in process.log.read_text()


def _json(body: object) -> Reply:
    return Reply(200, json.dumps(body).encode(), {"Content-Type": "application/json"})
