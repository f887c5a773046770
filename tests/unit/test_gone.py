"""Whose wait ends when an object is gone, by the API server's word and not the store's alone."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from kubernetes.client import Configuration
from kubernetes.client.api_client import ApiClient

from ram_operator.cluster.api import ClusterApi, path
from ram_operator.config import Settings
from ram_operator.loop import ownership
from ram_operator.loop.ports import Ports
from ram_operator.model.objects import Key
from tests.unit.record_world import ACCOUNT, IDENTITY, OWNER, Server
from tests.unit.stub_server import stub
from tests.unit.test_reconcile_edits import ports

Json = dict[str, Any]
HOLDER = Key("RamRole", OWNER.namespace, OWNER.name)
HELD: Json = {
    "accountId": ACCOUNT,
    "kind": "RamRole",
    "name": IDENTITY.folded,
    "cloudName": IDENTITY.cloud_name,
    "owner": {"cluster": OWNER.cluster, "namespace": "apps", "name": "web", "uid": "u"},
    "sequence": 7,
    "uid": "r",
    "pending": {"digest": "sha256:d", "since": "2026-01-01T00:00:00Z"},
}


def body(**changes: Any) -> Json:
    record = {**copy.deepcopy(HELD), **changes}
    meta = {"name": IDENTITY.key.name, "uid": "r", "resourceVersion": "1"}
    return {"kind": "RamRecord", "metadata": meta, "record": record}


@contextmanager
def world(**changes: Any) -> Iterator[tuple[Server, Ports]]:
    """The record in the API server and in the store."""
    server = Server()
    server.objects[path(IDENTITY.key)] = body(**changes)
    with stub(server.answer) as running:
        configuration = Configuration()
        configuration.host = f"http://{running.host}"
        client = ApiClient(configuration)
        around = ports(ClusterApi(client, lambda what, kind: None))
        around = replace(around, settings=Settings(cluster_name=OWNER.cluster))
        around.cache.put(body(**changes))
        yield server, around
        client.rest_client.pool_manager.clear()


def left(server: Server) -> Json:
    record: Json = server.objects[path(IDENTITY.key)]["record"]
    return record


NOW = "2026-01-01T00:00:00Z"
UNMADE: Json = {"neverMade": NOW}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"cloudId": "c", "deletedAt": "2026-01-01T00:00:00Z"},
        {**UNMADE, "pending": None},
        {**UNMADE, "pending": None, "rejections": [{"change": "sha256:c"}]},
    ],
    ids=["offered", "deleted before", "not offered any more", "rejected"],
)
def test_the_claim_on_what_never_came_to_be_ends_with_its_object(changes: Json) -> None:
    with world(**changes) as (server, around):
        assert around.cache.left_waiting() == [HOLDER]
        ownership.gone(around, HOLDER, ACCOUNT)
        assert not left(server).keys() & {"owner", "pending"}
        assert around.cache.left_waiting() == []


def test_of_what_exists_only_the_wait_ends() -> None:
    with world(cloudId="c", baseline={"trust": "{}"}) as (server, around):
        ownership.gone(around, HOLDER)
        wanted = {**HELD, "cloudId": "c", "baseline": {"trust": "{}"}, "sequence": 8}
        del wanted["pending"]
        assert left(server) == wanted


@pytest.mark.parametrize(
    "changes",
    [
        {"inFlight": {"operation": "RoleCreation"}},
        {"owner": {**HELD["owner"], "cluster": "green"}},
        {"pending": None},
        {**UNMADE, "pending": None, "inFlight": {"operation": "RoleCreation"}},
        {**UNMADE, "pending": None, "cloudId": "c"},
        {**UNMADE, "pending": None, "history": [{"operation": "Claimed", "at": NOW}]},
    ],
    ids=["a write that was begun", "another cluster's", "nothing", "begun", "made", "announced"],
)
def test_not_ended_is(changes: Json) -> None:
    with world(**changes) as (server, around):
        ownership.gone(around, HOLDER)
        assert server.writes == []


def test_what_waits_in_another_account_is_left_to_that() -> None:
    with world() as (server, around):
        ownership.gone(around, HOLDER, "9999999999999999")
        assert server.writes == []


def test_an_object_that_only_the_store_lacks_goes_on_waiting() -> None:
    with world() as (server, around):
        server.objects[path(HOLDER)] = {"metadata": {"name": "web", "uid": "u"}}
        ownership.gone(around, HOLDER)
        assert server.writes == []


def test_the_record_of_the_api_server_counts() -> None:
    with world() as (server, around):
        server.objects[path(IDENTITY.key)] = body(owner={**HELD["owner"], "name": "other"})
        ownership.gone(around, HOLDER)
        assert server.writes == []


def test_an_object_that_is_known_is_not_among_those_that_left() -> None:
    with world() as (_, around):
        meta = {"namespace": "apps", "name": "web", "uid": "u", "resourceVersion": "1"}
        around.cache.put({"kind": "RamRole", "metadata": meta, "spec": {}})
        assert around.cache.left_waiting() == []
        assert around.cache.waiting(HOLDER) == [IDENTITY.key]
        around.cache.remove(HOLDER, "u")
        assert around.cache.left_waiting() == [HOLDER]
        around.cache.remove(IDENTITY.key, "r")
        assert around.cache.left_waiting() == []
