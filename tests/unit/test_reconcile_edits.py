"""An edit that comes while a pass is under way is not lost, although the store meets it first in
the answer to the pass's own write; over real HTTP.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, cast

import pytest
from kubernetes.client import Configuration
from kubernetes.client.api_client import ApiClient
from prometheus_client import CollectorRegistry

from ram_operator.cluster.api import ClusterApi
from ram_operator.cluster.guard import AdmissionGuard
from ram_operator.cluster.record_writer import Records
from ram_operator.config import Settings
from ram_operator.constants import API_VERSION, FINALIZER
from ram_operator.loop.ports import Clock, Ports
from ram_operator.loop.reconcile import Reconciler
from ram_operator.model.objects import Key
from ram_operator.observability.metrics import Metrics
from ram_operator.runtime import crowds
from ram_operator.runtime.cache import Cache
from ram_operator.runtime.consistency import Consistency
from ram_operator.runtime.deletion_brake import DeletionBrake
from ram_operator.runtime.queue import WorkQueue
from ram_operator.runtime.refused_writes import Refusals
from ram_operator.runtime.sessions import AccountOpener, Accounts
from tests.unit.stub_server import Reply, Request, stub
from tests.unit.tenants import with_tenants

Json = dict[str, Any]
KEY = Key("RamRole", "apps", "web")
CLOCK = Clock(time.monotonic, time.time, lambda: "2026-01-01T00:00:00Z")


def role(version: int, **metadata: Any) -> Json:
    """Its manifest cannot be read, so that a pass ends with a report and asks no cloud."""
    meta = {"namespace": "apps", "name": "web", "uid": "u", "generation": 1, **metadata}
    meta["resourceVersion"] = str(version)
    spec = {"driftPolicy": "Nonsense"}
    return {"apiVersion": API_VERSION, "kind": "RamRole", "metadata": meta, "spec": spec}


def ports(api: ClusterApi) -> Ports:
    settings = Settings()
    accounts = Accounts()

    def nobody(*_: Any) -> Any:
        raise AssertionError("no cloud is asked")

    return Ports(
        settings=settings,
        clock=CLOCK,
        cache=with_tenants(Cache()),
        queue=WorkQueue(lambda key: ""),
        api=api,
        records=Records(api),
        guard=AdmissionGuard(api, settings.unguarded_approvals, CLOCK.monotonic),
        accounts=accounts,
        opener=cast(AccountOpener, nobody),
        observer=nobody,
        consistency=Consistency(settings, CLOCK.monotonic),
        deletion_brake=DeletionBrake(CLOCK.monotonic),
        refusals=Refusals(CLOCK.monotonic, 300.0),
        metrics=Metrics(CollectorRegistry()),
        instance="test",
    )


@pytest.mark.parametrize(
    ("meanwhile", "again"),
    [
        ({}, 0),
        ({"labels": {"team": "a"}}, 0),
        ({"generation": 2}, 1),
        ({"annotations": {"ram.alibabacloud.com/reconcile-requested-at": "now"}}, 1),
        ({"deletionTimestamp": "2026-01-01T00:00:00Z"}, 1),
    ],
)
def test_an_edit_during_a_pass_is_looked_at(meanwhile: Json, again: int) -> None:
    def answer(request: Request) -> Reply:
        sent = json.loads(request.body)
        if request.method == "POST":
            return Reply(201, json.dumps(sent).encode())
        return Reply(200, json.dumps({**role(9, **meanwhile), **sent}).encode())

    assert passed(role(1), KEY, answer).queue.depth() == again


def test_what_is_crowded_is_not_kept_beyond_its_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowds, "OF_ALL", 0)

    def answer(request: Request) -> Reply:
        sent = json.loads(request.body or "{}")
        if request.method == "POST":
            return Reply(201, json.dumps(sent).encode())
        return Reply(200, json.dumps({**role(9), **sent}).encode())

    cache = passed(role(1), KEY, answer).cache
    assert cache.crowded(KEY)
    assert (facts := cache.facts(KEY)) is not None
    assert facts.version == 9, "it was looked at"


def passed(body: Json, key: Key, answer: Callable[[Request], Reply]) -> Ports:
    """What there is after one pass over the object."""
    with stub(answer) as server:
        configuration = Configuration()
        configuration.host = f"http://{server.host}"
        client = ApiClient(configuration)
        around = ports(ClusterApi(client, lambda what, kind: None))
        around.cache.put(body)
        Reconciler(around).run(key)
        client.rest_client.pool_manager.clear()
    return around


def account(version: int, generation: int, finalizers: list[str]) -> Json:
    meta: Json = {"name": "default", "uid": "a", "generation": generation}
    meta |= {"resourceVersion": str(version), "finalizers": finalizers}
    return {"apiVersion": API_VERSION, "kind": "RamAccount", "metadata": meta, "spec": {}}


@pytest.mark.parametrize(("generation", "again"), [(1, 0), (2, 1)])
def test_an_edit_while_an_account_is_released_is_looked_at(generation: int, again: int) -> None:
    """No object names it any more: the answer to that write may tell of an edit first."""

    def answer(request: Request) -> Reply:
        sent = json.loads(request.body or "null")
        if request.method == "POST":
            return Reply(201, json.dumps(sent).encode())
        held = [FINALIZER] if request.method == "GET" else []
        return Reply(200, json.dumps(account(9, generation, held)).encode())

    around = passed(account(1, 1, [FINALIZER]), Key("RamAccount", "", "default"), answer)
    assert around.queue.depth() == again
