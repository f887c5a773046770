"""A pass that takes the processor for more than a second is told by the name of its object."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from kubernetes.client import Configuration
from kubernetes.client.api_client import ApiClient
from prometheus_client import CollectorRegistry

from ram_operator.cluster.api import ClusterApi
from ram_operator.loop.reconcile import Reconciler
from ram_operator.model.objects import Key
from ram_operator.observability.metrics import Metrics
from ram_operator.observability.slow_passes import MOST, SlowPasses
from tests.unit.stub_server import Reply, Request, stub
from tests.unit.test_reconcile_edits import KEY, ports, role

NAME = "ram_operator_slow_pass_processor_seconds_total"


def seconds(metrics: Metrics, key: Key) -> float | None:
    labels = {"kind": key.kind, "resource_namespace": key.namespace, "resource_name": key.name}
    return metrics.registry.get_sample_value(NAME, labels)


@pytest.mark.parametrize(("taken", "told"), [(0.5, None), (1.5, 1.5)])
def test_a_pass_is_measured_by_the_time_of_its_thread(taken: float, told: float | None) -> None:
    def answer(request: Request) -> Reply:
        sent = json.loads(request.body)
        if request.method == "POST":
            return Reply(201, json.dumps(sent).encode())
        return Reply(200, json.dumps({**role(9), **sent}).encode())

    times = iter((10.0, 10.0 + taken))
    with stub(answer) as server:
        configuration = Configuration()
        configuration.host = f"http://{server.host}"
        client = ApiClient(configuration)
        around = ports(ClusterApi(client, lambda what, kind: None))
        around = replace(around, clock=replace(around.clock, processor=lambda: next(times)))
        around.cache.put(role(1))
        Reconciler(around).run(KEY)
        client.rest_client.pool_manager.clear()
    assert seconds(around.metrics, KEY) == told


def test_few_are_named_and_all_are_counted() -> None:
    metrics = Metrics(CollectorRegistry())
    keys = [Key("RamRole", "apps", f"r{number}") for number in range(MOST + 5)]
    for key in keys:
        metrics.slow.passed(key, 2.0)
    metrics.slow.passed(keys[0], 1.0)
    assert seconds(metrics, keys[0]) == 3.0
    assert seconds(metrics, keys[MOST]) is None
    assert seconds(metrics, Key("RamRole", "", "")) == 10.0
    metrics.slow.forget(keys[0])
    metrics.slow.forget(keys[0])
    metrics.slow.passed(keys[MOST], 2.0)
    assert seconds(metrics, keys[0]) is None
    assert seconds(metrics, keys[MOST]) == 2.0


def test_nothing_slow_is_no_series() -> None:
    (family,) = SlowPasses().collect()
    assert family.samples == []
