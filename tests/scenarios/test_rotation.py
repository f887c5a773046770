"""What no list shows is read in turns, and objects themselves are looked at once a day only."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator

import alibabacloud_ram20150501.models as ram
import pytest

from lab import ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import HOSTILE, STALE, World, open_world, trust
from tests.support.hands import Hands

FLAGS = {
    "sweep-seconds": "1",
    "members-seconds": "2",
    "trust-seconds": "4",
    "dangerous-trust-seconds": "2",
    "sign-in-seconds": "4",
}
LISTS = ("ListRoles", "ListUsers", "ListGroups", "ListPolicies", "ListPolicyAttachments")
TURNS = ("GetRole", "GetLoginProfile", "ListAccessKeys", "GetUserMFAInfo")
IDLE = {*LISTS, *TURNS, "ListUsersForGroup", "GetCallerIdentity"}
READER = {"type": "System", "name": "ReadOnlyAccess"}


@pytest.fixture(scope="module")
def operator(apart: ControlPlane) -> Iterator[OperatorProcess]:
    with OperatorProcess.running(apart, FLAGS) as process:
        yield process


@pytest.fixture
def world(
    operator: OperatorProcess, apart: ControlPlane, emulator: EmulatorProcess
) -> Iterator[World]:
    """Nobody says how often objects are looked at; who trusts whom moves no date."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    apart.request("POST", "/api/v1/namespaces", body)
    behaviours = {
        **HOSTILE,
        "policy_attachments_stale_seconds": STALE,
        "update_date_moves_on_trust": False,
    }
    opened = open_world(apart, emulator, name, behaviours)
    opened.edit("RamAccount", name, driftInterval=None)
    opened.ready("RamAccount", name)
    yield opened
    opened.close()


def reads(world: World, since: int) -> Counter[str]:
    return Counter(
        entry["action"]
        for entry in world.admin.journal(world.account_id)[since:]
        if entry["caller"] == world.keys.admin_arn and entry["action"].startswith(("Get", "List"))
    )


def turned(world: World) -> int:
    """Everything was read in turns once more; where the journal stood when that began."""
    start = len(world.admin.journal(world.account_id))
    until(lambda: min(reads(world, start)[name] for name in (*LISTS, *TURNS)) > 2, "some turns")
    return start


def people(world: World) -> None:
    """One of each kind, settled and seen by some sweeps."""
    world.role("web", policies=[READER])
    world.create("RamUser", "ann", {"policies": [READER]})
    member = {"type": "RamUser", "name": "ann"}
    world.create("RamGroup", "ops", {"members": [member]})
    world.policy("reader")
    for kind, name in (("RamRole", "web"), ("RamUser", "ann"), ("RamGroup", "ops")):
        world.ready(kind, name)
    world.ready("RamPolicy", "reader")
    # A write is looked at again soon.
    for kind, name in (("RamRole", "web"), ("RamUser", "ann"), ("RamGroup", "ops")):
        world.look(kind, name)
    world.look("RamPolicy", "reader")
    world.settle()
    turned(world)


def test_what_no_list_shows_is_found_in_turns_and_nothing_else_is_read(world: World) -> None:
    people(world)
    assert not set(reads(world, turned(world))) - IDLE

    stranger = f"acs:ram::{world.account_id}:root"
    Hands(world).update_role("web", trust=trust(("Service", "fc.aliyuncs.com"), ("RAM", stranger)))
    until(lambda: stranger not in str(world.cloud()["roles"]["web"]["trust"]), "it is taken back")
    world.told("DriftCorrected", "web")

    world.hand.create_access_key(ram.CreateAccessKeyRequest(user_name="ann"))
    shown = world.wait("RamUser", "ann", lambda item: item["status"].get("drift"), "drift")
    assert "accessKey" in shown["status"]["drift"][0]["field"]


def test_trusts_that_cannot_be_read_are_said_to_be_and_no_drift(world: World) -> None:
    people(world)
    armed = world.admin.add_fault("deny", account=world.account_id, action="GetRole", times=-1)

    def unlisted() -> list[str]:
        found = world.get("RamAccount", world.namespace) or {}
        inventory = found["status"].get("inventory") or {}
        return [item["kind"] for item in inventory.get("unlisted", ())]

    until(lambda: unlisted() == ["trusts"], "that it is said")
    assert not (world.get("RamRole", "web") or {})["status"].get("drift")
    world.admin.remove_fault(armed)
    until(lambda: unlisted() == [], "that it is over")
    assert not [entry for entry in world.writes() if entry["action"] == "UpdateRole"]
