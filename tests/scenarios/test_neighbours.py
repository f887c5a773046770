"""What one namespace does costs the others of its account little, by what the cloud saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from lab import Cluster, RequestFailed, waiting
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.world import TRUST_FC, World, condition, open_world
from ram_operator.handlers import NO_FINALIZER
from tests.support import secrets

Json = dict[str, Any]
MANY = 30
LOOKS = 12
UNUSED = "ram.alibabacloud.com/kopf-unused"
"""Of which earlier versions took a finalizer away from whoever wrote it, once for each write."""


@pytest.fixture
def calm(world: World) -> Iterator[World]:
    """Another namespace of the same account. Whatever is sorted by name has it last."""
    name = f"{world.namespace}-calm"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    world.cluster.request("POST", "/api/v1/namespaces", body)
    account = world.get("RamAccount", world.namespace)
    assert account is not None
    tenants = account["spec"]["tenants"]
    both = [*tenants, {**tenants[0], "namespace": name}]
    world.edit("RamAccount", world.namespace, tenants=both)
    world.ready("RamAccount", world.namespace)
    found = World(world.cluster, world.emulator, world.keys, name, world.hand, world.by_hand)
    yield found
    found.close()


def test_new_roles_of_one_namespace_do_not_keep_anothers_edit_waiting(
    world: World, calm: World
) -> None:
    where = {"accountRef": {"name": world.namespace}}
    calm.role("edited", **where)
    calm.ready("RamRole", "edited")
    # All of it is there when the operator begins, so that nothing depends on who was quicker.
    rates = {"readsPerSecond": 100, "writesPerSecond": 5, "attachmentsPerSecond": 5}
    world.edit("RamAccount", world.namespace, suspend=True, rateLimit=rates)
    world.reason("RamAccount", world.namespace, "Suspended")
    for number in range(MANY):
        world.role(f"many-{number}")
    calm.edit("RamRole", "edited", description="by somebody who waits for it")
    before = world.journal_end()
    world.edit("RamAccount", world.namespace, suspend=False)
    for number in range(MANY):
        world.ready("RamRole", f"many-{number}")
    calm.ready("RamRole", "edited")
    writes = [entry["action"] for entry in world.writes(since=before)]
    assert writes.count("CreateRole") == MANY
    # Six workers may be at it, and a second's worth of tokens be gone.
    assert writes.index("UpdateRole") <= MANY // 2


def test_who_deletes_six_of_his_own_stops_nobody_else(world: World, calm: World) -> None:
    """And objects in a namespace that is no tenant let him delete no more."""
    where = {"accountRef": {"name": world.namespace}, "deletionPolicy": "Delete"}
    stranger = replace(calm, namespace=f"{world.namespace}-no-tenant")
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": stranger.namespace}}
    world.cluster.request("POST", "/api/v1/namespaces", body)
    for number in range(60):
        stranger.role(f"none-{number}", **where)
    names = [f"mine-{number}" for number in range(6)]
    for name in names:
        world.role(name, **where)
    calm.role("anothers", **where)
    for name in names:
        world.ready("RamRole", name)
    calm.ready("RamRole", "anothers")
    start = world.journal_end()
    for name in names:
        world.delete("RamRole", name)
    account = world.wait(
        "RamAccount", world.namespace, lambda o: "deletionBrake" in o["status"], "the brake"
    )
    stops = account["status"]["deletionBrake"]
    assert [stop["name"] for stop in stops["namespaces"]] == [world.namespace]
    calm.delete("RamRole", "anothers")
    calm.gone("RamRole", "anothers")
    assert "anothers" not in world.cloud()["roles"]
    deleted = [entry["action"] for entry in world.writes(start)].count("DeleteRole")
    assert deleted <= 5 + 1
    assert len(set(names) & set(world.cloud()["roles"])) >= 1
    named = stops["reason"].partition("resume-deletions=")[2]
    world.annotate("RamAccount", world.namespace, resume_deletions=named)
    for name in names:
        world.gone("RamRole", name)
    stranger.close()


@pytest.fixture
def full(
    operator: OperatorProcess,
    installed: Cluster,
    emulator: EmulatorProcess,
    namespace: str,
    behaviours: object,
) -> Iterator[World]:
    """A world whose account takes no role any more."""
    opened = open_world(installed, emulator, namespace, behaviours, quotas={"roles": 0})
    opened.ready("RamAccount", namespace)
    yield opened
    opened.close()


def calls(world: World, action: str) -> int:
    journal = world.admin.journal(world.account_id)
    return sum(1 for entry in journal if entry["action"] == action)


def test_a_write_that_is_refused_is_not_sent_at_each_look(full: World) -> None:
    full.create("RamRole", "one-too-many", {"trustPolicy": TRUST_FC})
    told = full.reason("RamRole", "one-too-many", "QuotaExceeded")
    assert "; sent again within 60m" in condition(told, "Ready")["message"]
    waiting.until(lambda: calls(full, "GetRole") >= LOOKS, "that it was looked at so often")
    assert 1 <= calls(full, "CreateRole") <= LOOKS // 2
    sent = calls(full, "CreateRole")
    full.edit("RamRole", "one-too-many", description="an edit is another request")
    waiting.until(lambda: calls(full, "CreateRole") > sent, "that it is sent at once")


@pytest.fixture
def keyless(
    operator: OperatorProcess,
    installed: Cluster,
    emulator: EmulatorProcess,
    namespace: str,
    behaviours: object,
) -> Iterator[World]:
    """A world where no user may have a key, which is told to whoever asks for one."""
    opened = open_world(installed, emulator, namespace, behaviours, quotas={"accessKeysPerUser": 0})
    opened.ready("RamAccount", namespace)
    yield opened
    opened.close()


def test_a_key_that_is_refused_is_not_asked_for_at_each_look(keyless: World) -> None:
    secrets.may_keep(keyless)
    keyless.create("RamUser", "ann", {"accessMode": "AccessKey", "accessKey": {"secretName": "a"}})
    told = keyless.reason("RamUser", "ann", "QuotaExceeded")
    assert "; sent again within 60m" in condition(told, "Ready")["message"]
    looked = calls(keyless, "ListAccessKeys")
    waiting.until(lambda: calls(keyless, "ListAccessKeys") >= looked + LOOKS, "so many looks")
    assert 1 <= calls(keyless, "CreateAccessKey") <= LOOKS // 2
    sent = calls(keyless, "CreateAccessKey")
    keyless.edit("RamUser", "ann", comments="an edit is another request")
    waiting.until(lambda: calls(keyless, "CreateAccessKey") > sent, "that it is sent at once")


def test_whatever_stands_beside_a_manifest_its_edits_are_seen(world: World) -> None:
    """By whoever may annotate: what a framework keeps there is taken for what it is, a text."""
    kept = "kopf.zalando.org/last-handled-configuration"
    body = world.manifest("RamRole", "noted", {"trustPolicy": TRUST_FC})
    body["metadata"] |= {"annotations": {kept: "[" * 100_000}, "finalizers": [UNUSED]}
    world.cluster.request("POST", world.path("RamRole"), body)
    world.ready("RamRole", "noted")
    world.edit("RamRole", "noted", description="an edit")
    edited = world.ready("RamRole", "noted")
    assert world.cloud()["roles"]["noted"]["description"] == "an edit"
    assert edited["metadata"]["finalizers"] == [UNUSED]
    world.patch("RamRole", "noted", {"metadata": {"finalizers": None}})
    with pytest.raises(RequestFailed, match="finalizers"):
        world.patch("RamRole", "noted", {"metadata": {"finalizers": [NO_FINALIZER]}})
