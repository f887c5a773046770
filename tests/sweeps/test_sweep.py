"""What moves in the account is found by its lists, and what nobody manages is counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import alibabacloud_ram20150501.models as ram
import pytest

from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import DOCUMENT, STALE, TRUST_FC, World
from ram_emulator.behaviours import BEHAVIOURS
from tests.support.hands import Hands
from tests.support.runbooks import commands, run
from tests.sweeps.conftest import Open
from tests.sweeps.counting import IDLE, inventory, looked_at, reads, swept

Json = dict[str, Any]
ROLE, POLICY = "RamRole", "RamPolicy"
OTHER = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": ["oss:GetObject"], "Resource": ["*"]}],
}
ADMIN = {"policy_type": "System", "policy_name": "AdministratorAccess"}
READER = {"type": "System", "name": "ReadOnlyAccess"}
KINDS = {"RamRole": "roles", "RamUser": "users", "RamGroup": "groups"}


@pytest.fixture
def world(opened: Open) -> Iterator[World]:
    """Objects are looked at by themselves once in an hour."""
    with opened({"policy_attachments_stale_seconds": STALE}) as world:
        yield world


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
    assert not set(reads(world, start)) - IDLE

    Hands(world).update_role("moves", description="by hand")
    Hands(world).version_policy("reader", OTHER)
    until(lambda: world.cloud()["roles"]["moves"]["description"] == "as agreed", "it is put back")
    world.told("DriftCorrected", "moves")
    world.told("DriftCorrected", "reader")
    assert looked_at(world, start) == {"moves"}


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


def test_a_list_that_is_denied_is_said_to_be(
    world: World, operator: OperatorProcess, tmp_path: Path
) -> None:
    world.role("ours")
    world.ready(ROLE, "ours")
    until(lambda: counted(world, ROLE, "managed") == 1, "it is counted")
    fault = world.admin.add_fault("deny", account=world.account_id, action="ListRoles", times=-1)
    until(
        lambda: inventory(world).get("unlisted") == [{"kind": ROLE, "reason": "AccessDenied"}],
        "that it is said",
    )
    (command,) = commands("RamOperatorSweepFailing", "tests/sweeps/test_sweep.py")
    assert "AccessDenied" in run(world, command, world.namespace, tmp_path)
    series = f'account="{world.namespace}",class="ramroles",reason="AccessDenied"'
    until(lambda: f"ram_operator_list_failing{{{series}}} 1.0" in operator.metrics(), "its metric")
    # What was known of it stays, and no role is told to be gone.
    assert counted(world, ROLE, "managed") == 1
    assert not (world.ready(ROLE, "ours")["status"].get("drift"))
    world.admin.remove_fault(fault)
    until(lambda: "unlisted" not in inventory(world), "that it is over")


def holders(world: World) -> None:
    """A role, a user and a group, each called Holder in the cloud and each with one policy."""
    for kind in KINDS:
        spec: Json = {f"{kind[3:].lower()}Name": "Holder", "policies": [READER]}
        if kind == ROLE:
            spec["trustPolicy"] = TRUST_FC
        world.create(kind, "holder", spec)
    for kind in KINDS:
        world.ready(kind, "holder")


def give(world: World) -> None:
    """AdministratorAccess by hand to each of them."""
    hand = world.hand
    hand.attach_policy_to_role(ram.AttachPolicyToRoleRequest(**ADMIN, role_name="Holder"))
    hand.attach_policy_to_user(ram.AttachPolicyToUserRequest(**ADMIN, user_name="Holder"))
    hand.attach_policy_to_group(ram.AttachPolicyToGroupRequest(**ADMIN, group_name="Holder"))


def policies(world: World) -> list[list[list[str]]]:
    live = world.cloud()
    return [live[plural]["Holder"]["policies"] for plural in KINDS.values()]


def crowd(world: World) -> None:
    """Attachments that nobody manages, on more than two pages."""
    for number in range(210):
        world.admin.create_user(
            world.account_id, f"crowd-{number}", policies=[("System", "ReadOnlyAccess")]
        )


def unlisted(world: World, name: str = "attachments") -> str | None:
    """Why that class of what is looked at is not known, as the status of the account says."""
    found = inventory(world).get("unlisted", ())
    return next((str(item["reason"]) for item in found if item["kind"] == name), None)


def test_what_is_attached_by_hand_is_found_by_the_sweep(world: World) -> None:
    holders(world)
    world.role("other", policies=[READER])
    world.ready(ROLE, "other")
    world.settle()
    swept(world, 3)
    start = len(world.admin.journal(world.account_id))
    swept(world, 3)
    # What the operator attached itself was news to nobody.
    assert not set(reads(world, start)) - IDLE

    give(world)
    agreed = [["System", "ReadOnlyAccess"]]
    until(lambda: policies(world) == [agreed] * 3, "they are taken away")
    for kind in KINDS:
        world.wait(kind, "holder", lambda item: not item["status"].get("drift"), "no drift")
    assert len(world.told("DriftCorrected", least=3)) == 3
    assert looked_at(world, start) == {"Holder"}


@pytest.mark.parametrize(("fault", "reason"), [("deny", "AccessDenied"), ("throttle", "Throttled")])
def test_attachments_that_cannot_be_listed_are_said_to_be(
    world: World, operator: OperatorProcess, fault: str, reason: str
) -> None:
    holders(world)
    until(lambda: counted(world, ROLE, "managed") == 1, "a sweep")
    assert unlisted(world) is None
    action = "ListPolicyAttachments"
    armed = world.admin.add_fault(fault, account=world.account_id, action=action, times=-1)
    until(lambda: unlisted(world) == reason, f"that it says {reason}")
    series = f'account="{world.namespace}",class="attachments"'
    first = aged(operator, series)
    until(lambda: aged(operator, series) > first + 1.0, "that its age grows")
    assert not quarrels(world)
    world.admin.remove_fault(armed)
    until(lambda: unlisted(world) is None, "that it is over")


def aged(operator: OperatorProcess, series: str) -> float:
    """Seconds since the class of the account was looked at, as the metric says."""
    line = next(
        line
        for line in operator.metrics().splitlines()
        if line.startswith(f"ram_operator_observation_age_seconds{{{series}}}")
    )
    return float(line.rpartition(" ")[2])


def quarrels(world: World) -> list[Any]:
    """Drift that objects show, and writes to what each of them has."""
    shown = [(world.get(kind, "holder") or {})["status"].get("drift") for kind in KINDS]
    took = [entry for entry in world.writes() if entry["action"].startswith("Detach")]
    return [*filter(None, shown), *took]


@pytest.mark.parametrize(
    ("behaviour", "value", "reason"),
    [
        ("policy_attachments_total_moves", True, "CloudUnavailable"),
        ("policy_attachments_rows_repeat", True, "CloudUnavailable"),
        ("policy_attachments_rows_missing", "counted", "CloudUnavailable"),
        ("policy_attachments_rows_missing", "uncounted", "ListDoubted"),
        ("policy_attachments_names", "upper", None),
        ("policy_attachments_names", "given", None),
        ("policy_attachments_stale_seconds", 4.0, None),
    ],
)
def test_however_the_list_is_wrong_there_is_no_false_drift_and_none_is_missed(
    world: World, behaviour: str, value: Any, reason: str | None
) -> None:
    crowd(world)
    holders(world)
    swept(world)
    world.admin.set_behaviours(world.account_id, {behaviour: value})
    until(lambda: unlisted(world) == reason, f"that it says {reason}")
    give(world)
    swept(world, 3)
    if reason is not None:
        # Rows may be missing: the next good list tells.
        world.admin.set_behaviours(world.account_id, {behaviour: BEHAVIOURS[behaviour].friendly})
    agreed = [["System", "ReadOnlyAccess"]]
    until(lambda: policies(world) == [agreed] * 3, "they are taken away")
    until(lambda: unlisted(world) is None, "that it is over")
    took = [entry for entry in world.writes() if entry["action"].startswith("Detach")]
    assert [entry["parameters"]["PolicyName"] for entry in took] == ["AdministratorAccess"] * 3


def members(world: World, group: str) -> list[str]:
    return list(world.cloud()["groups"][group]["members"])


def test_who_is_put_into_a_group_by_hand_is_found_by_the_sweep(world: World) -> None:
    for name in ("ann", "bob", "eve"):
        world.create("RamUser", name, {})
    ann, bob = ({"type": "RamUser", "name": name} for name in ("ann", "bob"))
    world.create("RamGroup", "ops", {"members": [ann, bob]})
    for name in ("ann", "bob", "eve"):
        world.ready("RamUser", name)
    world.ready("RamGroup", "ops")
    Hands(world).world.hand.create_group(ram.CreateGroupRequest(group_name="by-hand"))
    for name in ("ann", "bob"):
        world.wait("RamUser", name, lambda item: item["status"].get("groups") == ["ops"], "ops")
    world.settle()
    swept(world, 6)
    start = len(world.admin.journal(world.account_id))
    swept(world, 6)
    assert not set(reads(world, start)) - IDLE

    hand = world.hand
    hand.add_user_to_group(ram.AddUserToGroupRequest(user_name="eve", group_name="ops"))
    hand.remove_user_from_group(ram.RemoveUserFromGroupRequest(user_name="bob", group_name="ops"))
    until(lambda: members(world, "ops") == ["ann"], "she is taken out again")
    # Nobody manages this group, and who is in it is shown all the same.
    hand.add_user_to_group(ram.AddUserToGroupRequest(user_name="ann", group_name="by-hand"))
    world.wait(
        "RamUser", "ann", lambda item: set(item["status"]["groups"]) == {"by-hand", "ops"}, "both"
    )
    world.wait("RamUser", "bob", lambda item: not item["status"].get("groups"), "none")
    world.wait("RamUser", "eve", lambda item: not item["status"].get("groups"), "none")


def test_members_that_cannot_be_listed_are_said_to_be(world: World) -> None:
    world.create("RamGroup", "ops", {})
    world.ready("RamGroup", "ops")
    action = "ListUsersForGroup"
    armed = world.admin.add_fault("deny", account=world.account_id, action=action, times=-1)
    until(lambda: unlisted(world, "memberships") == "AccessDenied", "that it is said")
    assert not (world.get("RamGroup", "ops") or {})["status"].get("drift")
    world.admin.remove_fault(armed)
    until(lambda: unlisted(world, "memberships") is None, "that it is over")


def test_who_has_a_policy_looks_when_it_is_widened_whatever_manifests_say(world: World) -> None:
    Hands(world).create_policy("theirs", OTHER)
    world.role("holder", driftPolicy="Report")
    world.ready(ROLE, "holder")
    world.settle()
    Hands(world).attach("holder", "theirs", "Custom")
    world.wait(ROLE, "holder", lambda item: item["status"].get("drift"), "drift")
    swept(world, 3)
    start = len(world.admin.journal(world.account_id))
    Hands(world).version_policy("theirs", DOCUMENT)
    until(lambda: reads(world, start)["ListPoliciesForRole"] > 0, "a look at the role")
