"""An approval is of no use anywhere else, nor for an object that is deleted meanwhile."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from lab import Cluster, ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.world import HOSTILE, TRUST_FC, World, account_spec, open_world, put_secret, trust
from tests.gate.approving import applied, held, offer, opened, say
from tests.gate.attacks import ECS, FC, NAME, OUTSIDER, ROLE, a_role, widen
from tests.gate.triples import Entry, Moment, Resource, attack, names
from tests.support.holding import on_hold

Json = dict[str, Any]


@attack(Entry.SECOND_ACCOUNT, Resource.TRUST, Moment.OFFERED)
def test_an_approval_is_of_no_use_in_another_account(world: World) -> None:
    """The same object, the same name, the same change; only the account is another."""
    keys = world.admin.create_account(behaviours=dict(HOSTILE))
    name = f"{world.namespace}-b"
    secret = {
        "accessKeyId": keys.admin_access_key_id,
        "accessKeySecret": keys.admin_access_key_secret,
    }
    put_secret(world.cluster, name, secret)
    other = replace(world, keys=keys)
    credentials = {"type": "Secret", "secretName": name}
    world.create("RamAccount", name, {**account_spec(other), "credentials": credentials})
    try:
        start = a_role(world)
        widen(world)
        digest = offer(world, ROLE, NAME)
        world.delete(ROLE, NAME)
        world.gone(ROLE, NAME)
        world.create(ROLE, NAME, {"accountRef": {"name": name}, "trustPolicy": TRUST_FC})
        world.reason(ROLE, NAME, "AccountChanged")
        (left,) = world.recorded(ROLE)
        assert say(world, ROLE, NAME, abandon=left["cloudId"])
        world.ready(ROLE, NAME)
        there = other.journal_end()
        widen(world)
        held(world, ROLE, NAME, instead_of=digest)
        assert say(world, ROLE, NAME, approve=digest)
        world.look(ROLE, NAME)
        world.settle()
        assert opened(other, there) == []
        assert opened(world, start) == []
    finally:
        world.delete(ROLE, NAME)
        world.delete("RamAccount", name)


@attack(Entry.DELETED, Resource.TRUST, Moment.JUDGING)
@pytest.mark.parametrize("deletion", ["Retain", "Delete"])
def test_what_is_deleted_while_its_change_is_carried_out_is_not_changed(
    world: World, deletion: str
) -> None:
    start = a_role(world, deletionPolicy=deletion)
    widen(world)
    digest = offer(world, ROLE, NAME)
    with on_hold(world, "GetRole") as hold:
        say(world, ROLE, NAME, approve=digest)
        hold.met()
        world.delete(ROLE, NAME)
        world.settle()
    world.gone(ROLE, NAME)
    world.settle()
    assert opened(world, start) == []


STRICT: Final = {"namePrefixes": [NAME], "policies": [], "adoption": False}
LAXER: Final[dict[str, tuple[Json, Json]]] = {
    # What the first account is changed to, and what the second one has instead.
    "trusted accounts": ({}, {"gate": {"trustedAccounts": [OUTSIDER[1].split(":")[3]]}}),
    "tenants": ({"tenants": STRICT}, {}),
    "mode": ({"mode": "Observe"}, {}),
    "suspension": ({"suspend": True}, {}),
}
LAX_AT: Final = {
    "trusted accounts": Moment.OFFERED,
    "tenants": Moment.FORBIDDEN,
    "mode": Moment.OBSERVED,
    "suspension": Moment.SUSPENDED,
}


@pytest.mark.parametrize(
    "lax",
    names({lax: (Entry.SECOND_ACCOUNT, Resource.TRUST, LAX_AT[lax]) for lax in LAXER}),
)
def test_a_second_and_laxer_ramaccount_opens_nothing(world: World, lax: str) -> None:
    start = a_role(world)
    widen(world)
    digest = offer(world, ROLE, NAME)
    name = f"{world.namespace}-lax"
    strict, more = LAXER[lax]
    spec = account_spec(world)
    if "tenants" in strict:
        strict = {"tenants": [{**spec["tenants"][0], **strict["tenants"]}]}
    world.edit("RamAccount", world.namespace, **strict)
    world.create("RamAccount", name, {**spec, **more})
    try:
        world.reason("RamAccount", name, "Conflict")
        other = {"accountRef": {"name": name}, "roleName": NAME, "adoptionPolicy": "IfExists"}
        applied(world, ROLE, "second", digest, trustPolicy=trust(FC, ECS), **other)
        world.create(ROLE, "evil", {"accountRef": {"name": name}, "trustPolicy": trust(OUTSIDER)})
        for role in ("second", "evil"):
            world.reason(ROLE, role, "DependencyNotReady")
        # The first does not go while an object lives in it.
        world.delete("RamAccount", world.namespace)
        world.settle()
        world.settle()
        assert opened(world, start) == []
    finally:
        for role in ("second", "evil"):
            world.delete(ROLE, role)
        world.delete("RamAccount", name)


@attack(Entry.MOVED, Resource.TRUST, Moment.GONE)
def test_an_approval_is_of_no_use_in_another_namespace(world: World) -> None:
    """The role moves to an object in another namespace, which brings the approval along."""
    other = replace(world, namespace=a_namespace(world.cluster))
    tenant = account_spec(world)["tenants"][0]
    tenants = [tenant, {**tenant, "namespace": other.namespace}]
    world.edit("RamAccount", world.namespace, tenants=tenants)
    start = a_role(world)
    widen(world)
    digest = offer(world, ROLE, NAME)
    world.delete(ROLE, NAME)
    world.gone(ROLE, NAME)
    spec = {"accountRef": {"name": world.namespace}, "adoptionPolicy": "IfExists"}
    try:
        other.create(ROLE, NAME, {**spec, "trustPolicy": trust(FC, ECS)})
        assert say(other, ROLE, NAME, approve=digest)
        other.look(ROLE, NAME)
        world.settle()
        assert opened(world, start) == []
    finally:
        other.delete(ROLE, NAME)


@attack(Entry.CLUSTER, Resource.TRUST, Moment.OFFERED)
def test_an_approval_is_of_no_use_in_another_cluster(
    apart: ControlPlane, emulator: EmulatorProcess, tmp_path: Path
) -> None:
    """The cluster's objects, records and approvals come to an operator of another cluster name."""
    log, name = tmp_path / "operator.log", a_namespace(apart)
    process = OperatorProcess.start(apart, log)
    world = open_world(apart, emulator, name, dict(HOSTILE))
    try:
        world.ready("RamAccount", name)
        start = a_role(world)
        widen(world)
        digest = offer(world, ROLE, NAME)
        process.stop()
        process = OperatorProcess.start(apart, log, {"cluster-name": "another"})
        assert say(world, ROLE, NAME, approve=digest)
        world.reason(ROLE, NAME, "Conflict")
        world.settle()
        assert opened(world, start) == []
    finally:
        process.stop()
        world.close()


def a_namespace(cluster: Cluster) -> str:
    name = f"test-{uuid.uuid4().hex[:10]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    cluster.request("POST", "/api/v1/namespaces", body)
    return name
