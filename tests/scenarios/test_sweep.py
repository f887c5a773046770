"""What moves in the account is found by its lists, and what nobody manages is counted."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from lab import ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import HOSTILE, TRUST_FC, World, open_world
from tests.support.hands import Hands

Json = dict[str, Any]
ROLE, POLICY = "RamRole", "RamPolicy"
OTHER = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": ["oss:GetObject"], "Resource": ["*"]}],
}
LISTS = ("ListRoles", "ListUsers", "ListGroups", "ListPolicies")


@pytest.fixture(scope="module")
def operator(apart: ControlPlane) -> Iterator[OperatorProcess]:
    with OperatorProcess.running(apart, {"sweep-seconds": "1"}) as process:
        yield process


@pytest.fixture
def world(
    operator: OperatorProcess, apart: ControlPlane, emulator: EmulatorProcess
) -> Iterator[World]:
    """Objects are looked at by themselves once in an hour."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    apart.request("POST", "/api/v1/namespaces", body)
    opened = open_world(apart, emulator, name, dict(HOSTILE))
    opened.ready("RamAccount", name)
    yield opened
    opened.close()


def reads(world: World, since: int = 0) -> Counter[str]:
    """What the operator read since then, by action."""
    return Counter(
        entry["action"]
        for entry in world.admin.journal(world.account_id)[since:]
        if entry["caller"] == world.keys.admin_arn and entry["action"].startswith(("Get", "List"))
    )


def swept(world: World, times: int = 2) -> None:
    """So many whole sweeps have begun and ended since now."""
    start = len(world.admin.journal(world.account_id))
    until(lambda: min(reads(world, start)[name] for name in LISTS) > times, "some sweeps")


def inventory(world: World) -> Json:
    found = world.get("RamAccount", world.namespace)
    assert found is not None
    return dict(found["status"].get("inventory") or {})


def counted(world: World, kind: str, state: str) -> int | None:
    return next(
        (
            int(item[state])
            for item in inventory(world).get("identities", ())
            if item["kind"] == kind
        ),
        None,
    )


def test_what_moved_is_looked_at_and_nothing_else_is(world: World) -> None:
    for name in ("moves", "stays"):
        world.role(name, description="as agreed")
        world.ready(ROLE, name)
    world.policy("reader")
    world.ready(POLICY, "reader")
    world.settle()
    swept(world)
    start = len(world.admin.journal(world.account_id))
    swept(world)
    assert not set(reads(world, start)) - {*LISTS, "GetCallerIdentity"}

    Hands(world).update_role("moves", description="by hand")
    Hands(world).version_policy("reader", OTHER)
    until(lambda: world.cloud()["roles"]["moves"]["description"] == "as agreed", "it is put back")
    world.told("DriftCorrected", "moves")
    world.told("DriftCorrected", "reader")
    assert "stays" not in {
        entry["parameters"].get("RoleName")
        for entry in world.admin.journal(world.account_id)[start:]
        if entry["caller"] == world.keys.admin_arn
    }


def test_a_role_that_is_gone_is_told_of(world: World) -> None:
    world.role("goes")
    world.ready(ROLE, "goes")
    world.settle()
    swept(world)
    Hands(world).delete_role("goes")
    world.wait(ROLE, "goes", lambda item: item["status"].get("drift"), "drift")
    assert [e["action"] for e in world.writes()] == ["CreateRole"]


def test_what_nobody_manages_is_counted_and_named(world: World, operator: OperatorProcess) -> None:
    world.role("ours")
    world.ready(ROLE, "ours")
    until(lambda: counted(world, ROLE, "managed") == 1, "one is managed")
    assert counted(world, ROLE, "unmanaged") == 0
    Hands(world).create_role("By-Hand", TRUST_FC)
    until(lambda: counted(world, ROLE, "unmanaged") == 1, "one is not")
    assert "RamRole/By-Hand" in inventory(world)["unmanaged"]
    series = f'account="{world.namespace}",kind="RamRole",state="unmanaged"'
    until(lambda: f"ram_operator_identities{{{series}}} 1.0" in operator.metrics(), "its metric")
    # Nobody writes a status again that says nothing new.
    before = world.get("RamAccount", world.namespace)
    swept(world)
    assert world.get("RamAccount", world.namespace) == before
    assert "By-Hand" not in str(world.writes())


def test_a_list_that_is_denied_is_said_to_be(world: World) -> None:
    world.role("ours")
    world.ready(ROLE, "ours")
    until(lambda: counted(world, ROLE, "managed") == 1, "it is counted")
    fault = world.admin.add_fault("deny", account=world.account_id, action="ListRoles", times=-1)
    until(
        lambda: inventory(world).get("unlisted") == [{"kind": ROLE, "reason": "AccessDenied"}],
        "that it is said",
    )
    # What was known of it stays, and no role is told to be gone.
    assert counted(world, ROLE, "managed") == 1
    assert not (world.ready(ROLE, "ours")["status"].get("drift"))
    world.admin.remove_fault(fault)
    until(lambda: "unlisted" not in inventory(world), "that it is over")
