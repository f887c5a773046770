"""One thing does not hide another: what was taken back is told beside what is only reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import alibabacloud_ram20150501.models as ram
import pytest
from prometheus_client.parser import text_string_to_metric_families

from lab.operator_process import OperatorProcess
from lab.world import TRUST_FC, World, condition, trust
from tests.support.hands import Hands
from tests.support.refusing import record_refused

Json = dict[str, Any]
FC = ("Service", "fc.aliyuncs.com")
ECS = ("Service", "ecs.aliyuncs.com")
LOG = ("Service", "log.aliyuncs.com")
OSS_FULL = "AliyunOSSFullAccess"
OSS = {"type": "System", "name": OSS_FULL}
DETACHED = f"policies[System/{OSS_FULL.lower()}]"


def counted(operator: OperatorProcess, **labels: str) -> float:
    """The counter of drift, over all kinds and fields that fit."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(operator.metrics())
        for sample in family.samples
        if sample.name == "ram_operator_drift_changes_total"
        and labels.items() <= sample.labels.items()
    )


def test_a_stranger_taken_out_of_a_trust_is_told_beside_what_is_reported(
    world: World, operator: OperatorProcess
) -> None:
    world.role("shop", policies=[OSS])
    world.ready("RamRole", "shop")
    world.settle()
    labels = {"kind": "RamRole", "field": "trustPolicy", "severity": "critical"}
    before = counted(operator, **labels, action="corrected")
    hands = Hands(world)
    hands.update_role("shop", trust=trust(FC, ECS))
    hands.detach("shop", OSS_FULL)
    world.settle()
    start = world.journal_end()
    world.look("RamRole", "shop")
    item = world.reason("RamRole", "shop", "Drifted")

    assert [entry["action"] for entry in world.writes(start)] == ["UpdateRole"]
    assert world.cloud()["roles"]["shop"]["trust"] == TRUST_FC
    (left,) = item["status"]["drift"]
    assert (left["field"], left["action"]) == (DETACHED, "reported")
    (back,) = item["status"]["corrected"]
    assert (back["field"], back["severity"]) == ("trustPolicy", "critical")
    assert "ecs.aliyuncs.com" in back["is"]
    (corrected,) = world.told("DriftCorrected", "shop")
    assert corrected.startswith("trustPolicy (critical, corrected): ")
    assert "→" in corrected
    assert "ecs.aliyuncs.com" in corrected
    (reported,) = world.told("DriftDetected", "shop")
    assert reported.startswith(f"{DETACHED} (critical, reported): System/{OSS_FULL} → (none)")
    assert counted(operator, **labels, action="corrected") == before + 1
    drifted = condition(item, "Drifted")
    assert (drifted["status"], drifted["reason"]) == ("True", "DriftDetected")

    # What stays is told once, and what comes again each time.
    world.settle()
    for _ in range(2):
        assert world.look("RamRole", "shop")["status"]["corrected"] == [back]
    hands.update_role("shop", trust=trust(FC, ECS))
    world.settle()
    world.look("RamRole", "shop")
    assert len(world.told("DriftCorrected", "shop", 2)) == 2
    assert len(world.told("DriftDetected", "shop")) == 1
    assert world.cloud()["roles"]["shop"]["trust"] == TRUST_FC
    (again,) = world.look("RamRole", "shop")["status"]["corrected"]
    assert {**again, "at": ""} == {**back, "at": ""}


def test_of_a_trust_that_gained_and_lost_both_halves_are_told(world: World) -> None:
    world.role("half", trustPolicy=trust(FC, LOG))
    world.ready("RamRole", "half")
    world.settle()
    Hands(world).update_role("half", trust=trust(FC, ECS))
    world.settle()
    world.look("RamRole", "half")
    item = world.reason("RamRole", "half", "Drifted")
    left_in_it = str(world.cloud()["roles"]["half"]["trust"])
    assert "fc.aliyuncs.com" in left_in_it
    assert "ecs.aliyuncs.com" not in left_in_it
    assert "log.aliyuncs.com" not in left_in_it
    (back,), (left,) = item["status"]["corrected"], item["status"]["drift"]
    assert "ecs.aliyuncs.com" in back["is"]
    assert "log.aliyuncs.com" not in back["is"]
    assert "log.aliyuncs.com" in left["is"]
    assert "ecs.aliyuncs.com" not in left["is"]
    world.told("DriftCorrected", "half")
    world.told("DriftDetected", "half")


def test_a_user_with_a_key_that_is_reported_for_good_shows_what_was_taken_back(
    world: World,
) -> None:
    world.create("RamUser", "ann", {})
    world.ready("RamUser", "ann")
    world.hand.create_access_key(ram.CreateAccessKeyRequest(user_name="ann"))
    world.settle()
    world.look("RamUser", "ann")
    world.reason("RamUser", "ann", "Drifted")
    for turn, policy in enumerate((OSS_FULL, "AliyunECSFullAccess"), 1):
        world.hand.attach_policy_to_user(
            ram.AttachPolicyToUserRequest(policy_type="System", policy_name=policy, user_name="ann")
        )
        world.settle()
        world.look("RamUser", "ann")
        messages = world.told("DriftCorrected", "ann", turn)
        assert any(policy in message for message in messages), messages
    assert world.cloud()["users"]["ann"]["policies"] == []
    shown = world.look("RamUser", "ann")["status"]["corrected"]
    assert len(shown) == 2
    assert {entry["severity"] for entry in shown} == {"critical"}


def test_what_is_asked_for_is_told_beside_drift(world: World) -> None:
    world.role("busy", policies=[OSS], description="one")
    world.ready("RamRole", "busy")
    Hands(world).detach("busy", OSS_FULL)
    world.settle()
    world.look("RamRole", "busy")
    world.reason("RamRole", "busy", "Drifted")
    world.edit("RamRole", "busy", description="two")
    world.reason("RamRole", "busy", "Drifted")
    assert any("description" in text for text in world.told("Updated", "busy"))


TROUBLES: dict[str, Callable[[World], str]] = {
    "a read that time mends": lambda world: world.admin.add_fault(
        "error_before", account=world.account_id, action="ListTagResources", times=-1
    ),
    "a read that a person has to mend": lambda world: world.admin.add_fault(
        "deny", account=world.account_id, action="ListTagResources", times=-1
    ),
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_trouble_with_one_part_does_not_hide_drift_of_another(
    world: World, trouble: Callable[[World], str]
) -> None:
    world.role("calm", policies=[OSS])
    world.ready("RamRole", "calm")
    Hands(world).detach("calm", OSS_FULL)
    Hands(world).update_role("calm", trust=trust(FC, ECS))
    world.settle()
    start = world.journal_end()
    trouble(world)
    world.annotate("RamRole", "calm", reconcile_requested_at="now")
    item = world.wait(
        "RamRole", "calm", lambda o: condition(o, "Drifted")["status"] == "True", "drift"
    )
    assert [entry["field"] for entry in item["status"]["drift"]] == [DETACHED]
    assert [entry["field"] for entry in item["status"]["corrected"]] == ["trustPolicy"]
    assert len(world.told("DriftDetected", "calm")) == 1
    assert len(world.told("DriftCorrected", "calm")) == 1
    message = condition(item, "Ready")["message"]
    assert "tags" in message.lower() or "ListTagResources" in message
    assert f"left as it is in the cloud: {DETACHED}" in message
    assert "UpdateRole" in [entry["action"] for entry in world.writes(start)]


def test_a_held_change_hides_neither_drift_nor_what_is_not_ready(world: World) -> None:
    world.role("full", policies=[OSS])
    world.ready("RamRole", "full")
    Hands(world).detach("full", OSS_FULL)
    world.settle()
    world.edit(
        "RamRole",
        "full",
        trustPolicy=trust(FC, ECS),
        policies=[OSS, {"type": "RamPolicy", "name": "missing"}],
    )

    def all_said(item: Json) -> bool:
        message = condition(item, "Ready")["message"]
        parts = ("ecs.aliyuncs.com", f"left as it is in the cloud: {DETACHED}", "RamPolicy")
        return all(part in message for part in parts) and "pending" in item["status"]

    item = world.wait("RamRole", "full", all_said, "all of it")
    assert condition(item, "Ready")["reason"] == "ApprovalRequired"
    assert condition(item, "Drifted")["status"] == "True"
    assert condition(item, "ApprovalRequired")["status"] == "True"
    assert len(world.told("ChangeHeld", "full")) == 1
    assert len(world.told("DriftDetected", "full")) == 1


def test_what_was_done_and_found_is_told_although_the_record_cannot_be_written(
    world: World,
) -> None:
    world.role("stuck", policies=[OSS])
    world.ready("RamRole", "stuck")
    world.settle()
    with record_refused(world, "RamRole", "stuck"):
        hands = Hands(world)
        hands.attach("stuck", "AliyunECSFullAccess")
        hands.detach("stuck", OSS_FULL)
        world.settle()
        start = world.journal_end()
        # The offer of this change has to be in the record before anybody is shown its digest.
        world.edit("RamRole", "stuck", trustPolicy=trust(FC, ECS))
        item = world.wait(
            "RamRole",
            "stuck",
            lambda o: (
                bool(o["status"].get("corrected")) and condition(o, "Drifted")["status"] == "True"
            ),
            "both",
        )
        assert [entry["field"] for entry in item["status"]["drift"]] == [DETACHED]
        assert [e["field"] for e in item["status"]["corrected"]] == [
            "policies[System/aliyunecsfullaccess]"
        ]
        assert "not now" in condition(item, "Ready")["message"]
        assert condition(item, "ApprovalRequired")["status"] == "True"
        assert "digest" not in item["status"]["pending"]
        world.told("DriftCorrected", "stuck")
        world.told("DriftDetected", "stuck")
        assert [entry["action"] for entry in world.writes(start)] == ["DetachPolicyFromRole"]
        assert world.cloud()["roles"]["stuck"]["trust"] == TRUST_FC
    world.wait(
        "RamRole", "stuck", lambda o: bool(o["status"].get("pending", {}).get("digest")), "offer"
    )
