"""An account that was there before: taken over in Manage, it gives nobody an alarm."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import alibabacloud_ram20150501.models as ram
import pytest
from prometheus_client.parser import text_string_to_metric_families
from Tea.exceptions import TeaException

from lab.operator_process import OperatorProcess
from lab.waiting import PATIENCE, Deadline
from lab.world import DOCUMENT, TRUST_FC, World, condition
from tests.gate.approving import approve
from tests.support.hands import Hands

PASSWORD: Final = "Tr1cky-Pass-Word!"
USERS: Final = 40
LOOKS: Final = 3
"""The alarm came at the third one."""


R = TypeVar("R")


def patient(call: Callable[[], R]) -> R:
    """Many calls in a row are more than the cloud takes at once."""
    deadline = Deadline(PATIENCE)
    while True:
        try:
            return call()
        except TeaException as error:
            if deadline.over or not str(error.code).startswith("Throttling"):
                raise
            time.sleep(0.1)


def login(world: World, name: str) -> None:
    request = ram.CreateLoginProfileRequest(user_name=name, password=PASSWORD)
    patient(lambda: world.hand.create_login_profile(request))


def key(world: World, name: str, *, inactive: bool = False) -> None:
    hand, request = world.hand, ram.CreateAccessKeyRequest(user_name=name)
    found = str(patient(lambda: hand.create_access_key(request)).body.access_key.access_key_id)
    if inactive:
        off = ram.UpdateAccessKeyRequest(
            user_name=name, user_access_key_id=found, status="Inactive"
        )
        patient(lambda: hand.update_access_key(off))


def a_user(world: World, name: str, number: int) -> dict[str, Any]:
    """Of every sort one: nothing, a login, a key, one that is off, two keys, all of it."""
    sort = number % 6
    policy = "AdministratorAccess" if number == 5 else "AliyunOSSReadOnlyAccess"
    listed = [policy] if number % 2 else []
    request = ram.CreateUserRequest(user_name=name, display_name=name.title())
    patient(lambda: world.hand.create_user(request))
    for each in listed:
        attach = ram.AttachPolicyToUserRequest(
            policy_type="System", policy_name=each, user_name=name
        )
        patient(lambda attach=attach: world.hand.attach_policy_to_user(attach))
    if sort in (1, 5):
        login(world, name)
    if sort in (2, 4, 5):
        key(world, name)
    if sort in (3, 4):
        key(world, name, inactive=True)
    policies = [{"type": "System", "name": each} for each in listed]
    return {"displayName": name.title(), "policies": policies}


def account(world: World) -> dict[tuple[str, str], dict[str, Any]]:
    """Identities made by hand, and the manifests that say what is there."""
    hands, found = Hands(world), {}
    for number in range(USERS):
        name = f"user-{number}"
        found["RamUser", name] = a_user(world, name, number)
    for number in range(4):
        name, members = f"group-{number}", [f"user-{n}" for n in range(number, USERS, 4)]
        world.admin.create_group(world.account_id, name, members=members)
        listed = [{"type": "RamUser", "name": member} for member in members]
        found["RamGroup", name] = {"members": listed}
        patient(lambda n=number: hands.create_role(f"role-{n}", TRUST_FC))
        found["RamRole", f"role-{number}"] = {"trustPolicy": TRUST_FC}
        patient(lambda n=number: hands.create_policy(f"policy-{n}", DOCUMENT))
        found["RamPolicy", f"policy-{number}"] = {"document": DOCUMENT}
    world.settle()
    return found


def alarming(operator: OperatorProcess, world: World) -> set[tuple[str, str]]:
    """What the series say that alerts on drift, on what is found and on what is stalled look at."""
    names = ("ram_operator_drift_detected", "ram_operator_found_in_cloud")
    return {
        (sample.labels["resource_name"], family.name)
        for family in text_string_to_metric_families(operator.metrics())
        for sample in family.samples
        if sample.labels.get("resource_namespace") == world.namespace
        and (
            family.name in names
            or (sample.labels.get("type"), sample.labels.get("status")) == ("Stalled", "True")
        )
    }


@pytest.mark.timeout(300)
def test_an_account_that_was_there_alarms_nobody(world: World, operator: OperatorProcess) -> None:
    manifests = account(world)
    before = world.cloud()
    # Groups first: they wait for their members.
    for (kind, name), spec in sorted(manifests.items()):
        world.create(kind, name, {"adoptionPolicy": "IfExists", **spec})
    for kind, name in manifests:
        world.ready(kind, name)
    for _ in range(LOOKS):
        for item in world.look_all(manifests).values():
            assert condition(item, "Drifted")["status"] == "False", item["status"]
            assert condition(item, "Ready")["status"] == "True", item["status"]
    assert alarming(operator, world) == set()
    warnings = [e for e in world.events() if e["type"] == "Warning"]
    assert not warnings, [(e["involvedObject"]["name"], e["message"]) for e in warnings]
    after = world.cloud()["users"]
    ways = ("accessKeys", "loginProfile")
    for name, user in before["users"].items():
        assert [after[name].get(way) for way in ways] == [user.get(way) for way in ways]
    shown = world.get("RamUser", "user-5")
    assert shown is not None
    assert len(shown["status"]["access"]) == 2
    # A login and a key at once, no second factor, a policy of its own: said, and alarms nobody.
    found = [finding["id"] for finding in shown["status"]["findings"]]
    assert found == ["RAM027", "RAM028", "RAM030"]


def test_what_comes_after_the_adoption_is_told_and_stays(world: World) -> None:
    world.hand.create_user(ram.CreateUserRequest(user_name="ann"))
    login(world, "ann")
    world.settle()
    world.create("RamUser", "ann", {"adoptionPolicy": "IfExists"})
    world.ready("RamUser", "ann")
    record = world.record("RamUser", "ann")
    assert record is not None
    assert record["agreed"]["access"]["mode"] == "Unmanaged"
    key(world, "ann")
    world.settle()
    start = world.journal_end()
    world.annotate("RamUser", "ann", reconcile_requested_at="now")
    (entry,) = world.reason("RamUser", "ann", "Drifted")["status"]["drift"]
    # She may do nothing that matters.
    assert (entry["severity"], entry["action"]) == ("warning", "reported")
    assert entry["field"].startswith("access[accessKey/")
    assert world.writes(start) == []


def test_a_user_of_ours_is_left_unmanaged_by_an_approval_alone(world: World) -> None:
    world.create("RamUser", "ann", {})
    world.ready("RamUser", "ann")
    world.settle()
    key(world, "ann")
    world.settle()
    world.annotate("RamUser", "ann", reconcile_requested_at="now")
    world.reason("RamUser", "ann", "Drifted")
    start = world.journal_end()
    world.edit("RamUser", "ann", accessMode="Unmanaged")
    offered = world.reason("RamUser", "ann", "FoundInCloud")
    (gain,) = offered["status"]["pending"]["gains"]
    assert "is there, and nobody agreed on it" in gain
    approve(world, "RamUser", "ann")
    world.ready("RamUser", "ann")
    record = world.record("RamUser", "ann")
    assert record is not None
    assert len(record["agreed"]["access"]) == 2
    # What the manifest does not say any more, the record does.
    world.edit("RamUser", "ann", accessMode=None)
    assert condition(world.ready("RamUser", "ann"), "Drifted")["status"] == "False"
    world.edit("RamUser", "ann", accessMode="None")
    world.reason("RamUser", "ann", "Drifted")
    assert world.writes(start) == []


def test_a_user_without_a_way_in_is_watched_less_and_that_is_told(world: World) -> None:
    world.create("RamUser", "ann", {})
    world.ready("RamUser", "ann")
    world.edit("RamUser", "ann", accessMode="Unmanaged")
    (told,) = world.told("AccessUnmanaged", "ann")
    assert "one that comes later is reported" in told
    shown = world.ready("RamUser", "ann")
    assert condition(shown, "Drifted")["status"] == "False"
    assert [finding["id"] for finding in shown["status"]["findings"]] == ["RAM026"]
