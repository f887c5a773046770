"""What nobody manages: the worst first, the platform's own apart, and no status that flaps."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import alibabacloud_ram20150501.models as ram
import pytest

from lab import ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import DOCUMENT, HOSTILE, STALE, TRUST_FC, World, open_world, trust
from tests.support.hands import Hands
from tests.sweeps.counting import IDLE, inventory, reads, swept

Json = dict[str, Any]
DAY = 86_400.0
ADMIN = {"policy_type": "System", "policy_name": "AdministratorAccess"}
RIGHTS: Json = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": ["ram:AttachPolicyToUser"], "Resource": ["*"]}],
}


@pytest.fixture(scope="module")
def operator(apart: ControlPlane) -> Iterator[OperatorProcess]:
    with OperatorProcess.running(apart, {"sweep-seconds": "1", "members-seconds": "2"}) as process:
        yield process


@pytest.fixture
def world(
    operator: OperatorProcess, apart: ControlPlane, emulator: EmulatorProcess
) -> Iterator[World]:
    name = f"test-{uuid.uuid4().hex[:10]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    apart.request("POST", "/api/v1/namespaces", body)
    behaviours = {**HOSTILE, "policy_attachments_stale_seconds": STALE}
    quotas = {"writesPerSecond": 1000, "attachmentsPerSecond": 1000}
    opened = open_world(apart, emulator, name, behaviours, quotas=quotas)
    opened.ready("RamAccount", name)
    yield opened
    opened.close()


def named(world: World) -> dict[str, tuple[str, str]]:
    """Severity and reason of each identity that is named, the first one first."""
    return {
        f"{item['kind']}/{item['name']}": (item["severity"], item.get("why", ""))
        for item in inventory(world).get("unmanagedBySeverity", ())
    }


def count(world: World, kind: str) -> Json:
    rows: list[Json] = inventory(world).get("identities", [])
    return next((row for row in rows if row["kind"] == kind), {})


def user(world: World, name: str, *policies: str) -> None:
    world.admin.create_user(
        world.account_id, name, policies=[("System", each) for each in policies]
    )


def group(world: World, name: str, policy: str, *members: str) -> None:
    world.admin.create_group(world.account_id, name, members=members)
    request = ram.AttachPolicyToGroupRequest(
        policy_type="System", policy_name=policy, group_name=name
    )
    world.hand.attach_policy_to_group(request)


def test_the_worst_come_first_and_say_why(world: World, operator: OperatorProcess) -> None:
    hands = Hands(world)
    for number in range(60):
        user(world, f"a-user-{number}", "AliyunOSSReadOnlyAccess")
    hands.create_role("z-admin", TRUST_FC)
    hands.attach("z-admin", "AdministratorAccess")
    user(world, "z-member")
    group(world, "z-group", "AliyunRAMFullAccess", "z-member")
    hands.create_policy("z-Rights", RIGHTS)
    hands.create_role("y-custom", TRUST_FC)
    hands.attach("y-custom", "z-Rights", "Custom")
    bad = {
        "RamGroup/z-group": ("critical", "System/aliyunramfullaccess "),
        "RamRole/y-custom": ("critical", "Custom/z-Rights can change identities"),
        "RamRole/z-admin": ("critical", "System/administratoraccess allows every action (*)"),
        "RamUser/z-member": ("critical", "by group z-group: System/aliyunramfullaccess "),
        "RamPolicy/z-Rights": ("warning", "can change identities"),
    }

    def told() -> bool:
        found = named(world)
        return all(
            found.get(name, ("", ""))[0] == severity and found[name][1].startswith(why)
            for name, (severity, why) in bad.items()
        )

    until(told, lambda: f"all that is bad in {named(world)}")
    found = inventory(world)
    assert len(found["unmanagedBySeverity"]) == 50
    severities = [item["severity"] for item in found["unmanagedBySeverity"]]
    assert severities == sorted(severities, key=["critical", "warning", "info"].index)
    assert found["unmanaged"] == list(named(world))
    assert count(world, "RamUser")["unmanaged"] >= 61
    assert (count(world, "RamRole")["critical"], count(world, "RamPolicy")["warning"]) == (2, 1)
    series = f'account="{world.namespace}",kind="RamRole",severity="critical"'
    name = "ram_operator_unmanaged_identities"
    until(lambda: f"{name}{{{series}}} 2.0" in operator.metrics(), "its metric")
    # Each policy is read once, whoever has it, and what only reads is known by its name.
    start = world.journal_end()
    swept(world, 3)
    assert not set(reads(world, start)) - IDLE
    read = [e for e in world.admin.journal(world.account_id) if e["action"] == "GetPolicy"]
    wanted = ["administratoraccess", "aliyunramfullaccess", "z-rights"]
    assert sorted(e["parameters"]["PolicyName"] for e in read) == wanted

    # What it says now counts, as soon as a list shows that it moved.
    hands.version_policy("z-Rights", DOCUMENT)
    until(lambda: named(world).get("RamRole/y-custom") in (None, ("info", "")), "it is harmless")
    until(lambda: count(world, "RamPolicy")["warning"] == 0, "the policy as well")


STRANGER = "acs:ram::9999888877776666:root"


def test_a_role_that_trusts_a_stranger_is_told_when_it_is_new_and_when_it_moved(
    world: World, operator: OperatorProcess
) -> None:
    hands = Hands(world)
    hands.create_role("open", trust(("RAM", STRANGER)))
    hands.create_role("closed", TRUST_FC)
    why = f"{STRANGER} may assume it from outside the account"
    until(lambda: named(world).get("RamRole/open") == ("warning", why), "that it is told")
    until(lambda: named(world).get("RamRole/closed") == ("info", ""), "that it is harmless")
    assert count(world, "RamRole")["outside"] == 1
    swept(world, 3)
    start = world.journal_end()
    swept(world, 3)
    assert not set(reads(world, start)) - IDLE
    # Whether the date of a role moves with its trust alone is not known: else it takes a day.
    hands.update_role("closed", trust=trust(("RAM", STRANGER)), description="moved")
    until(lambda: named(world).get("RamRole/closed") == ("warning", why), "that it moved")
    series = f'ram_operator_unmanaged_outside_trusts{{account="{world.namespace}"}}'
    until(lambda: f"{series} 2.0" in operator.metrics(), "its metric")
    swept(world, 3)
    # Each is read twice for each time that it moved: an answer may be from before.
    seen = [e for e in world.admin.journal(world.account_id) if e["action"] == "GetRole"]
    ours = Counter(e["parameters"]["RoleName"] for e in seen if e["caller"] == world.keys.admin_arn)
    assert ours == {"open": 2, "closed": 4}


def test_what_cannot_be_read_is_said_to_be_unknown(world: World) -> None:
    fault = world.admin.add_fault("deny", account=world.account_id, action="GetPolicy", times=-1)
    user(world, "ann", "AliyunRAMFullAccess")
    unknown = ("warning", "System/aliyunramfullaccess what it allows is not known")
    until(lambda: named(world).get("RamUser/ann") == unknown, "that it is not known")
    world.admin.remove_fault(fault)
    until(lambda: named(world).get("RamUser/ann", ("",))[0] == "critical", "that it is bad")


def test_what_is_not_listed_is_said_to_be_unknown(world: World) -> None:
    action = "ListPolicyAttachments"
    fault = world.admin.add_fault("deny", account=world.account_id, action=action, times=-1)
    until(lambda: "unlisted" in inventory(world), "the denial")
    # What was known before stays: this role is new, and nobody knows what it has.
    Hands(world).create_role("new", TRUST_FC)
    Hands(world).attach("new", "AdministratorAccess")
    until(lambda: "RamRole/new" in named(world), "its name")
    world.admin.remove_fault(fault)
    until(lambda: named(world)["RamRole/new"][0] == "critical", "that it is bad")


def unmanaged_gauges(world: World, operator: OperatorProcess) -> list[str]:
    """All that the metrics say of what nobody manages in the account."""
    lines = operator.metrics().splitlines()
    names = ("ram_operator_unmanaged_", "ram_operator_identities{")
    mine = [line for line in lines if line.startswith(names) and world.namespace in line]
    return sorted(line for line in mine if "managed" in line and 'state="managed"' not in line)


def test_what_the_platform_keeps_comes_and_goes_without_a_word(
    world: World, operator: OperatorProcess
) -> None:
    for number in range(3):
        world.hand.create_user(ram.CreateUserRequest(user_name=f"mirrored-{number}"))
        kind = "SCIM" if number else "CloudSSO"
        world.admin.change_user(world.account_id, f"mirrored-{number}", provisionType=kind)
    swept(world)
    Hands(world).create_role("by-hand", TRUST_FC)
    until(lambda: "RamRole/by-hand" in named(world), "its name")
    assert count(world, "RamUser")["provisioned"] == 3
    world.settle()
    swept(world, 3)
    before, start = world.get("RamAccount", world.namespace), world.journal_end()
    gauges = unmanaged_gauges(world, operator)
    world.admin.create_service_linked_role(world.account_id, "ecs.aliyuncs.com")
    Hands(world).create_role("AliyunReservedSSO-Admin", TRUST_FC)
    Hands(world).attach("AliyunReservedSSO-Admin", "AdministratorAccess")
    Hands(world).create_policy("AliyunReservedSSO-Admin-InlinePolicy", RIGHTS)
    series = f'ram_operator_identities{{account="{world.namespace}",kind='
    world.hand.delete_user(ram.DeleteUserRequest(user_name="mirrored-0"))
    until(lambda: f'{series}"RamUser",state="provisioned"}} 2.0' in operator.metrics(), "users")
    until(lambda: f'{series}"RamRole",state="provisioned"}} 1.0' in operator.metrics(), "a role")
    until(
        lambda: f'{series}"RamPolicy",state="provisioned"}} 1.0' in operator.metrics(), "a policy"
    )
    until(lambda: f'{series}"RamRole",state="service_linked"}} 1.0' in operator.metrics(), "linked")
    Hands(world).delete_role("AliyunReservedSSO-Admin")
    until(lambda: f'{series}"RamRole",state="provisioned"}} 0.0' in operator.metrics(), "it went")
    swept(world, 3)
    assert not set(reads(world, start)) - IDLE
    assert world.get("RamAccount", world.namespace) == before
    assert unmanaged_gauges(world, operator) == gauges
    # With the next news what moved meanwhile is told as well.
    Hands(world).create_role("by-hand-too", TRUST_FC)
    until(lambda: count(world, "RamRole").get("serviceLinked") == 1, "the new count")
    assert count(world, "RamUser")["provisioned"] == 2


def test_a_rule_leaves_out_what_nobody_has_to_manage_and_silences_nothing_else(
    world: World, operator: OperatorProcess
) -> None:
    hands = Hands(world)
    world.role("tmp-ours")
    world.ready("RamRole", "tmp-ours")
    hands.create_role("TMP-job", TRUST_FC)
    hands.attach("TMP-job", "AdministratorAccess")
    hands.create_role("job", TRUST_FC)
    until(lambda: named(world).get("RamRole/TMP-job", ("",))[0] == "critical", "it is named")
    rules = [
        {"kind": "RamRole", "name": "tmp-*", "reason": "made and deleted by the job runner"},
        {"kind": "RamUser", "name": "*", "reason": "people are kept elsewhere"},
    ]
    world.patch("RamAccount", world.namespace, {"spec": {"inventory": {"ignore": rules}}})
    until(lambda: "RamRole/TMP-job" not in named(world), "it is not")
    found = count(world, "RamRole")
    assert (found["ignored"], found["managed"], found["unmanaged"]) == (1, 1, 1)
    assert (count(world, "RamUser")["unmanaged"], found["critical"]) == (0, 0)
    assert "RamRole/job" in named(world)
    assert "job runner" not in json.dumps(inventory(world))
    # The role that an object has is of the same pattern: its drift is found all the same.
    hands.attach("tmp-ours", "AdministratorAccess")
    world.told("DriftCorrected", "tmp-ours")
    until(lambda: world.cloud()["roles"]["tmp-ours"]["policies"] == [], "it is taken away")
    world.patch("RamAccount", world.namespace, {"spec": {"inventory": None}})
    until(lambda: "RamRole/TMP-job" in named(world), "it is named again")


def test_who_did_not_log_on_for_long_is_counted(world: World, operator: OperatorProcess) -> None:
    now = time.time()
    for name, days in (("lately", 89.0), ("long-ago", 91.0), ("for-years", 900.0)):
        user(world, name)
        world.admin.change_user(world.account_id, name, lastLoginDate=now - days * DAY)
    user(world, "by-keys-alone")
    user(world, "mirrored")
    world.admin.change_user(
        world.account_id, "mirrored", lastLoginDate=now - 900 * DAY, provisionType="SCIM"
    )
    series = f'ram_operator_unused_identities{{account="{world.namespace}",kind="RamUser"}}'
    until(lambda: f"{series} 2.0" in operator.metrics(), "two of them")
    until(lambda: "RamUser/by-keys-alone" in named(world), "that it is written")
    Hands(world).create_role("news", TRUST_FC)
    until(lambda: count(world, "RamUser").get("unused") == 2, "both in the status")
    assert "unused" not in count(world, "RamRole")
    # Whoever logs on is no news for anybody.
    swept(world, 3)
    before, start = world.get("RamAccount", world.namespace), world.journal_end()
    world.admin.change_user(world.account_id, "long-ago", lastLoginDate=now)
    until(lambda: f"{series} 1.0" in operator.metrics(), "one of them")
    swept(world, 3)
    assert world.get("RamAccount", world.namespace) == before
    assert not set(reads(world, start)) - IDLE


def test_providers_that_no_role_of_an_object_trusts_are_told(
    world: World, operator: OperatorProcess
) -> None:
    for name in ("ours", "stray", "ack-rrsa-c1"):
        details = {"issuerUrl": f"https://{name}.example", "clientIds": ["a"]}
        world.admin.create_provider(world.account_id, "oidc", name, **details, fingerprints=["ab"])
    until(lambda: count(world, "RamOidcProvider").get("unmanaged") == 2, "that they are counted")
    arn = f"acs:ram::{world.account_id}:oidc-provider/ours"
    bound = {"StringEquals": {"oidc:iss": ["https://ours.example"], "oidc:aud": ["a"]}}
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Federated": [arn]},
        "Condition": bound,
    }
    Hands(world).create_role("federated", {"Version": "1", "Statement": [statement]})
    spec = {"adoptionPolicy": "IfExists", "trustPolicy": {"Version": "1", "Statement": [statement]}}
    world.role("federated", **spec)
    until(lambda: count(world, "RamOidcProvider").get("managed") == 1, "that one is trusted")
    found = count(world, "RamOidcProvider")
    assert (found["unmanaged"], found["provisioned"]) == (1, 1)
    assert named(world)["RamOidcProvider/stray"] == ("info", "")
    assert "RamOidcProvider/ours" not in named(world)
    series = f'account="{world.namespace}",kind="RamOidcProvider",state="unmanaged"'
    until(lambda: f"ram_operator_identities{{{series}}} 1.0" in operator.metrics(), "its metric")
