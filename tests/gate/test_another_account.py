"""A RamAccount that comes to be another account: nothing is made or deleted in that one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from lab import ControlPlane, RequestFailed
from lab.operator_process import NAMESPACE, SERVICE_ACCOUNT, OperatorProcess
from lab.waiting import until
from lab.world import DOCUMENT, HOSTILE, TRUST_FC, World, account_spec, condition, put_secret
from tests.gate.approving import say
from tests.gate.triples import Entry, Moment, Resource, attack, names

Json = dict[str, Any]
SPECS: Final[dict[str, Json]] = {
    "RamRole": {"trustPolicy": TRUST_FC},
    "RamUser": {"policies": [{"type": "System", "name": "ReadOnlyAccess"}]},
    "RamGroup": {"comments": "x"},
    "RamPolicy": {"document": DOCUMENT},
}
NAME: Final = "app"
CHANGED: Final = "AccountChanged"


def another(world: World) -> World:
    """The same objects, looked at from another account."""
    return replace(world, keys=world.admin.create_account(behaviours=dict(HOSTILE)))


def have(world: World, account: World, **more: Any) -> None:
    """The RamAccount of the world is that account from now on; made anew under its name."""
    world.annotate("RamAccount", world.namespace, abandon=str(_spec(world)["accountId"]))
    world.delete("RamAccount", world.namespace)
    world.gone("RamAccount", world.namespace)
    keys = account.keys
    put_secret(
        world.cluster,
        world.namespace,
        {
            "accessKeyId": keys.admin_access_key_id,
            "accessKeySecret": keys.admin_access_key_secret,
        },
    )
    world.create("RamAccount", world.namespace, {**account_spec(account), **more})


def _spec(world: World) -> Json:
    found = world.get("RamAccount", world.namespace)
    assert found is not None
    return dict(found["spec"])


def made(world: World, **more: Any) -> None:
    """One object of each kind, Ready."""
    for kind, spec in SPECS.items():
        world.create(kind, NAME, {**spec, **more})
    for kind in SPECS:
        world.ready(kind, NAME)
        world.recorded(kind)


def stalled(world: World) -> Json:
    """All of them, once they say so; the role's message."""
    items = {kind: world.reason(kind, NAME, CHANGED) for kind in SPECS}
    return condition(items["RamRole"], "Ready")


def written(account: World) -> list[str]:
    return [entry["action"] for entry in account.writes()]


def observed(world: World, other: World) -> None:
    """Nothing is written in Observe, and nothing once the account is managed."""
    have(world, other, mode="Observe")
    stalled(world)
    world.edit("RamAccount", world.namespace, mode="Manage")


def re_applied(world: World, other: World) -> None:
    """The objects are gone with their identities kept, and come back as new ones."""
    for kind in SPECS:
        world.delete(kind, NAME)
        world.gone(kind, NAME)
    have(world, other)
    for kind, spec in SPECS.items():
        world.create(kind, NAME, spec)


def edited(world: World, other: World) -> None:
    """An edit is as little of a reason as the change itself."""
    have(world, other)
    stalled(world)
    world.edit("RamUser", NAME, comments="y")
    world.edit("RamGroup", NAME, comments="y")
    world.edit("RamRole", NAME, adoptionPolicy="IfExists", description="y")
    world.edit("RamPolicy", NAME, adoptionPolicy="IfExists")


def without_records(world: World, other: World) -> None:
    """Somebody who may give rights takes the records away first, by the operator's own account."""
    role = f"{world.namespace}-records"
    rule = {"apiGroups": ["ram.alibabacloud.com"], "resources": ["ramrecords"], "verbs": ["delete"]}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    subject = {"kind": "ServiceAccount", "namespace": NAMESPACE, "name": SERVICE_ACCOUNT}
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    parts: list[tuple[str, Json]] = [
        ("clusterroles", {"rules": [rule]}),
        ("clusterrolebindings", {"roleRef": reference, "subjects": [subject]}),
    ]
    for kind, body in parts:
        world.cluster.request("POST", f"{rbac}/{kind}", {"metadata": {"name": role}, **body})
    try:
        until(lambda: _records_removed(world), "that the records are gone", 20.0)
    finally:
        for kind, _ in parts:
            world.cluster.request("DELETE", f"{rbac}/{kind}/{role}")
    have(world, other)


def _records_removed(world: World) -> bool:
    token = world.cluster.service_account_token(NAMESPACE, SERVICE_ACCOUNT)
    for item in world.cluster.request("GET", world.path("RamRecord"))["items"]:
        record = item["record"]
        if record["accountId"] == world.account_id and record["kind"] in SPECS:
            where = world.path("RamRecord", item["metadata"]["name"])
            try:
                world.cluster.request("DELETE", where, token=token)
            except RequestFailed as error:
                # A right that was just given is not known everywhere yet.
                if error.status != 403:
                    raise
                return False
    return True


WAYS: Final[dict[str, Callable[[World, World], None]]] = {
    "made anew": have,
    "observed first": observed,
    "re-applied": re_applied,
    "edited": edited,
}
ATTACKS: Final = {
    "made anew": (Entry.EXCHANGED, Resource.IDENTITY, Moment.SETTLED),
    "observed first": (Entry.EXCHANGED, Resource.IDENTITY, Moment.OBSERVED),
    "re-applied": (Entry.EXCHANGED, Resource.IDENTITY, Moment.GONE),
    "edited": (Entry.MANIFEST, Resource.IDENTITY, Moment.EXCHANGED),
}


@pytest.mark.parametrize("way", names(ATTACKS))
def test_nothing_is_made_in_another_account(world: World, way: str) -> None:
    made(world)
    other = another(world)
    WAYS[way](world, other)
    said = stalled(world)
    assert world.account_id in said["message"]
    assert other.account_id in said["message"]
    for kind in SPECS:
        world.look(kind, NAME)
    world.settle()
    assert written(other) == []
    assert NAME in world.cloud()["roles"]


@attack(Entry.EXCHANGED, Resource.IDENTITY, Moment.LOST)
def test_nothing_is_made_where_the_records_are_gone(apart: ControlPlane, alone: World) -> None:
    """What the status shows of earlier writes opens nothing, and still stops this."""
    with OperatorProcess.running(apart):
        made(alone)
        other = another(alone)
        without_records(alone, other)
        stalled(alone)
        alone.settle()
        assert written(other) == []


@attack(Entry.DELETED, Resource.IDENTITY, Moment.EXCHANGED)
def test_nothing_is_deleted_in_another_account(world: World) -> None:
    """What has the same names there belongs to somebody else, and what is left stays."""
    made(world, deletionPolicy="Delete")
    other = another(world)
    for name in ("roles", "users", "groups", "policies"):
        assert NAME not in other.cloud().get(name, {})
    have(world, other)
    stalled(world)
    before = len(world.writes())
    for kind in SPECS:
        world.delete(kind, NAME)
    for kind in SPECS:
        item = world.look(kind, NAME)
        assert condition(item, "Ready")["reason"] == CHANGED
    world.settle()
    assert all(world.get(kind, NAME) for kind in SPECS)
    assert written(other) == []
    assert len(world.writes()) == before
    # The way out: they are given up, and their identities stay.
    for kind in SPECS:
        found = world.get(kind, NAME)
        assert found is not None
        world.annotate(kind, NAME, abandon=str(found["status"]["cloudId"]))
        world.gone(kind, NAME)
    assert written(other) == []
    assert len(world.writes()) == before
    assert not any(record.get("owner") for record in world.records() if record["kind"] in SPECS)


@pytest.mark.legitimate
def test_the_way_back_and_the_way_on(world: World) -> None:
    made(world)
    other = another(world)
    have(world, other)
    stalled(world)
    have(world, world)
    for kind in SPECS:
        world.ready(kind, NAME)
    have(world, other)
    item = world.reason("RamRole", NAME, CHANGED)
    # By another name than that of what is left behind it is not given up.
    assert say(world, "RamRole", NAME, abandon=NAME)
    world.look("RamRole", NAME)
    world.reason("RamRole", NAME, CHANGED)
    assert written(other) == []
    assert say(world, "RamRole", NAME, abandon=str(item["status"]["cloudId"]))
    world.ready("RamRole", NAME)
    assert written(other) == ["CreateRole"]
    assert NAME in world.cloud()["roles"]
    (left,) = (r for r in world.records() if r["kind"] == "RamRole")
    assert "owner" not in left
    assert left["history"][-1]["operation"] == "Abandoned"


@attack(Entry.EXCHANGED, Resource.IDENTITY, Moment.SETTLED)
def test_two_ramaccounts_that_exchange_their_accounts(world: World) -> None:
    made(world)
    other = another(world)
    second = f"{world.namespace}-b"
    keys = other.keys
    secret = {
        "accessKeyId": keys.admin_access_key_id,
        "accessKeySecret": keys.admin_access_key_secret,
    }
    put_secret(world.cluster, second, secret)
    credentials = {"type": "Secret", "secretName": second}
    world.create("RamAccount", second, {**account_spec(other), "credentials": credentials})
    try:
        world.ready("RamAccount", second)
        world.create("RamRole", "theirs", {"accountRef": {"name": second}, "trustPolicy": TRUST_FC})
        world.ready("RamRole", "theirs")
        start = other.journal_end()
        before = len(world.writes())
        world.annotate("RamAccount", second, abandon=other.account_id)
        world.delete("RamAccount", second)
        world.gone("RamAccount", second)
        have(world, other)
        first = {
            "accessKeyId": world.keys.admin_access_key_id,
            "accessKeySecret": world.keys.admin_access_key_secret,
        }
        put_secret(world.cluster, second, first)
        world.create("RamAccount", second, {**account_spec(world), "credentials": credentials})
        world.ready("RamAccount", world.namespace)
        world.ready("RamAccount", second)
        stalled(world)
        world.reason("RamRole", "theirs", CHANGED)
        world.settle()
        assert [entry["action"] for entry in other.writes(start)] == []
        assert len(world.writes()) == before
    finally:
        world.delete("RamRole", "theirs")
        world.delete("RamAccount", second)


@attack(Entry.EXCHANGED, Resource.IDENTITY, Moment.DOWN)
def test_an_account_that_changes_while_nobody_looks(apart: ControlPlane, alone: World) -> None:
    with OperatorProcess.running(apart):
        made(alone)
    other = another(alone)
    alone.patch("RamAccount", alone.namespace, {"metadata": {"finalizers": None}})
    alone.delete("RamAccount", alone.namespace)
    until(lambda: alone.get("RamAccount", alone.namespace) is None, "that it is gone", 10.0)
    keys = other.keys
    secret = {
        "accessKeyId": keys.admin_access_key_id,
        "accessKeySecret": keys.admin_access_key_secret,
    }
    put_secret(alone.cluster, alone.namespace, secret)
    alone.create("RamAccount", alone.namespace, account_spec(other))
    with OperatorProcess.running(apart):
        stalled(alone)
        alone.settle()
        assert written(other) == []
