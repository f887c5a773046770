"""What is asked for while a namespace has more objects than are kept of one: it is read from the
API server at each look, and looked at, held, approved and written like any other.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab import ControlPlane, waiting
from lab.emulator_process import EmulatorProcess
from lab.operator_process import IDENTITY, OperatorProcess
from lab.world import API, World, account_spec, open_world, trust
from ram_operator.kinds.record import Identity, first
from ram_operator.model.objects import Owner
from ram_operator.model.record_changes import RecordChange
from tests.gate.approving import approve, offer
from tests.support import etcd

Json = dict[str, Any]
CROWD: Final = int(os.environ.get("CROWD", "170"))
"""Groups as large as admission takes: more than there is room for. They have identities, so that
they stay whatever else there is.
"""
IDLE: Final = "1111222233334444"
"""The account that they are in. It is suspended, so that nothing else is done for them."""
RESTS: Final = {"stalled-seconds": "600"}
MEMBERS: Final = [{"type": "RamUser", "name": f"{n}-{'x' * 40}"} for n in range(500)]
FC: Final = ("Service", "fc.aliyuncs.com")
ECS: Final = ("Service", "ecs.aliyuncs.com")
OUTSIDER: Final = ("RAM", "acs:ram::1098765432109876:root")
ADMIN: Final = "AdministratorAccess"


def group(number: int) -> Json:
    """As etcd has it."""
    where = {"name": f"crowd-{number}", "namespace": "crowded"}
    spec = {"accountRef": {"name": "idle"}, "members": MEMBERS}
    return _stored("RamGroup", where, {"spec": spec})


def recorded(item: Json) -> Json:
    """The record of its identity."""
    name, uid = item["metadata"]["name"], item["metadata"]["uid"]
    says = RecordChange(owner=Owner("default", "crowded", name), owner_uid=uid, cloud_id="G-1")
    record = first(Identity(IDLE, "RamGroup", name), says)
    return _stored("RamRecord", record.pop("metadata"), record)


def _stored(kind: str, meta: Json, rest: Json) -> Json:
    made = {"uid": str(uuid.uuid4()), "generation": 1, "creationTimestamp": "2026-11-01T00:00:00Z"}
    return {"apiVersion": API, "kind": kind, "metadata": {**meta, **made}, **rest}


def fill(world: World) -> None:
    idle = {**account_spec(world), "accountId": IDLE, "suspend": True}
    world.create("RamAccount", "idle", idle)

    def one(number: int) -> None:
        item = group(number)
        etcd.put(world.cluster, recorded(item))
        etcd.put(world.cluster, item)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(one, range(CROWD)))


def read(world: World, name: str) -> int:
    """How often the operator has read that role from the API server."""
    where = world.path("RamRole", name)
    asked = world.cluster.audit_events(IDENTITY)
    return sum(event["verb"] == "get" and event["requestURI"] == where for event in asked)


def is_full(world: World, name: str) -> None:
    """Of what comes now nothing is kept: it is read whenever it is looked at."""
    world.role(name, suspend=True)
    for _ in range(3):
        world.look("RamRole", name)
    waiting.until(lambda: read(world, name) >= 3, "that it is read at each look")


@pytest.fixture(scope="module")
def crowded(apart: ControlPlane, emulator: EmulatorProcess) -> Iterator[World]:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "crowded"}}
    apart.request("POST", "/api/v1/namespaces", body)
    world = open_world(apart, emulator, "crowded", "friendly")
    fill(world)
    with OperatorProcess.running(apart, RESTS) as process:
        world.ready("RamAccount", "crowded")
        waiting.until(process.idle, "that all of the crowd was looked at")
        yield world
        assert "Traceback" not in process.log


def test_what_comes_while_the_store_is_full_is_made_and_looked_after(
    crowded: World,
) -> None:
    world = crowded
    is_full(world, "probe")
    world.role("app", policies=[{"type": "RamPolicy", "name": "mine"}], deletionPolicy="Delete")
    world.reason("RamRole", "app", "DependencyNotReady")
    # An edit of what is not kept is seen, and so is what it names.
    world.edit("RamRole", "app", description="an edit")
    world.policy("mine")
    world.ready("RamPolicy", "mine")
    world.ready("RamRole", "app")
    assert world.cloud()["roles"]["app"]["description"] == "an edit"
    by_hand = ram.AttachPolicyToRoleRequest(
        role_name="app", policy_type="System", policy_name=ADMIN
    )
    world.hand.attach_policy_to_role(by_hand)
    world.settle()
    world.look("RamRole", "app")
    waiting.until(lambda: ADMIN not in str(world.cloud()["roles"]["app"]), "that it is taken away")
    world.edit("RamRole", "app", trustPolicy=trust(ECS))
    approve(world, "RamRole", "app")
    world.ready("RamRole", "app")
    world.delete("RamRole", "app")
    world.gone("RamRole", "app")
    assert "app" not in world.cloud()["roles"]


def test_a_creation_that_is_held_while_the_store_is_full_waits_for_its_approval(
    crowded: World,
) -> None:
    world = crowded
    is_full(world, "another-probe")
    world.role("stranger", trustPolicy=trust(FC, OUTSIDER))
    offer(world, "RamRole", "stranger")
    assert "stranger" not in world.cloud()["roles"]
    # What is not kept moves like any other, and only what it is now is approved.
    world.edit("RamRole", "stranger", trustPolicy=trust(OUTSIDER))
    approve(world, "RamRole", "stranger")
    world.ready("RamRole", "stranger")
    assert "fc.aliyuncs.com" not in str(world.cloud()["roles"]["stranger"])
