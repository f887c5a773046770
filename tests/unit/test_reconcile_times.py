"""The next look is never later than the next end, whatever came of the last one."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from kubernetes.client import Configuration
from kubernetes.client.api_client import ApiClient

from ram_operator.cluster.api import ClusterApi
from ram_operator.loop.ports import Clock
from ram_operator.loop.reconcile import Reconciler
from ram_operator.model.objects import Key
from ram_operator.runtime.queue import WorkQueue
from tests.unit.fake_clock import FakeClock
from tests.unit.stub_server import Reply, Request, stub
from tests.unit.test_reconcile_edits import KEY, ports, role

Json = dict[str, Any]
START = 1_767_225_600.0


def until(seconds: float) -> Json:
    end = datetime.fromtimestamp(START + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"type": "System", "name": "X", "expiresAt": end}


SPECS: dict[str, Json] = {
    "its account is unknown, so it is tried again later and later": {},
    "it is suspended, so it is looked at seldom": {"suspend": True},
    "its manifest asks for what cannot be": {"roleName": "no such name"},
}


ROUNDS, BETWEEN = 12, 400.0
"""So many looks, so many seconds apart: after these the queue waits for minutes."""
END = ROUNDS * BETWEEN + 50.0


def answer(request: Request) -> Reply:
    sent = json.loads(request.body) if request.body else {}
    status = 201 if request.method == "POST" else 200
    return Reply(status, json.dumps({**role(1), **sent}).encode())


def next_key(queue: WorkQueue) -> Key | None:
    """What is due now; None if nothing is."""
    timer = threading.Timer(3.0, queue.close)
    timer.start()
    try:
        return queue.get()
    finally:
        timer.cancel()


@pytest.mark.parametrize("more", SPECS.values(), ids=SPECS)
def test_what_ends_is_looked_at_then(more: Json) -> None:
    policies = [until(END), until(-5.0), until(END + 1000.0)]
    clock = FakeClock(0.0)
    with stub(answer) as server:
        configuration = Configuration()
        configuration.host = f"http://{server.host}"
        client = ApiClient(configuration)
        around = ports(ClusterApi(client, lambda what, kind: None))
        wall = Clock(clock, lambda: START + clock(), lambda: "2026-01-01T00:00:00Z")
        queue = WorkQueue(lambda key: "", clock=clock, jitter=lambda: 1.0)
        around = replace(around, clock=wall, queue=queue)
        around.cache.put({**role(1), "spec": {"policies": policies, **more}})
        reconciler = Reconciler(around, jitter=lambda: 1.0)
        queue.add(KEY)
        for _ in range(ROUNDS):
            clock.advance(BETWEEN)
            assert next_key(queue) == KEY
            reconciler.run(KEY)
            queue.done(KEY)
        clock.advance(51.0)
        assert next_key(queue) == KEY
        client.rest_client.pool_manager.clear()
