"""One identity has one owner: second claims, adoption, protected names, letting go.

What may not be touched is compared with the emulated cloud before and after, and with its journal.
"""

from __future__ import annotations

from typing import Any

import pytest

from lab.world import DOCUMENT, TRUST_FC, World, condition, put_secret, trust
from tests.support.hands import Hands, session_of

Json = dict[str, Any]
FC = ("Service", "fc.aliyuncs.com")
ECS = ("Service", "ecs.aliyuncs.com")
OSS = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}
ECS_READ = "AliyunECSReadOnlyAccess"


def test_the_second_object_for_one_identity_is_refused(world: World) -> None:
    world.role("first", roleName="shared", description="one", policies=[OSS])
    world.policy("first", policyName="shared", description="one")
    world.ready("RamRole", "first")
    world.ready("RamPolicy", "first")
    before, start = world.cloud(), world.journal_end()

    options = {"adoptionPolicy": "IfExists", "description": "two", "deletionPolicy": "Delete"}
    for name, cloud_name in (("second", "shared"), ("third", "SHARED")):
        world.role(name, roleName=cloud_name, trustPolicy=trust(ECS), **options)
        world.policy(name, policyName=cloud_name, **options)
        for kind in ("RamRole", "RamPolicy"):
            item = world.reason(kind, name, "Conflict")
            assert condition(item, "Stalled")["status"] == "True"
            assert f"{world.namespace}/first" in condition(item, "Ready")["message"]
    # Deleting the losers leaves what the winner has.
    for name in ("second", "third"):
        for kind in ("RamRole", "RamPolicy"):
            world.delete(kind, name)
            world.gone(kind, name)
    for kind in ("RamRole", "RamPolicy"):
        world.look(kind, "first")
        world.ready(kind, "first")
    assert world.writes(start) == []
    assert world.cloud()["roles"] == before["roles"]
    assert world.cloud()["policies"] == before["policies"]


def test_two_objects_at_the_same_moment_make_one_identity(world: World) -> None:
    world.ready("RamAccount", world.namespace)
    names = ("a", "b", "c")
    for name in names:
        world.role(name, roleName="raced", description=name, tags={"by": name})
    for name in names:
        world.wait(
            "RamRole",
            name,
            lambda o: condition(o, "Ready").get("reason") in ("Synced", "Conflict"),
            "a decision",
        )
    reasons = sorted(
        condition(world.get("RamRole", name) or {}, "Ready")["reason"] for name in names
    )
    assert reasons == ["Conflict", "Conflict", "Synced"]
    live = world.cloud()["roles"]["raced"]
    assert live["tags"]["ram-operator/name"] == live["description"] == live["tags"]["by"]
    assert [w["action"] for w in world.writes()] == ["CreateRole"]


def test_what_exists_already_is_not_touched_without_leave(world: World) -> None:
    hands = Hands(world)
    hands.create_role("old", TRUST_FC, description="before")
    hands.attach("old", ECS_READ)
    hands.create_policy("old", DOCUMENT)
    world.settle()
    before = world.cloud()
    world.role("old", description="mine", policies=[OSS], deletionPolicy="Delete")
    world.policy("old", description="mine", deletionPolicy="Delete")
    for kind in ("RamRole", "RamPolicy"):
        item = world.reason(kind, "old", "NotAdopted")
        assert "adoptionPolicy" in condition(item, "Ready")["message"]
        world.delete(kind, "old")
        world.gone(kind, "old")
    assert world.writes() == []
    assert world.cloud() == before


def test_adoption_shows_the_excess_and_removes_nothing(world: World) -> None:
    hands = Hands(world)
    hands.create_role("old", TRUST_FC, description="before", session=7200, tags={"by": "hand"})
    hands.attach("old", ECS_READ)
    world.settle()
    world.role(
        "old",
        adoptionPolicy="IfExists",
        description="after",
        maxSessionDurationSeconds=3600,
        policies=[OSS],
    )
    item = world.wait("RamRole", "old", lambda o: "excess" in o["status"], "adoption")
    live = world.cloud()["roles"]["old"]
    assert ["System", ECS_READ] in live["policies"]
    assert ["System", OSS["name"]] in live["policies"]
    assert live["description"] == "after"
    # A shorter session takes something away from those who use the role.
    assert live["maxSessionDuration"] == 7200
    assert live["tags"]["by"] == "hand"
    assert live["tags"]["ram-operator/name"] == "old"
    assert item["status"]["excess"]["policies"] == [f"System/{ECS_READ.lower()}"]
    shown = {entry["field"]: entry["action"] for entry in item["status"]["drift"]}
    assert shown[f"policies[System/{ECS_READ.lower()}]"] == "reported"
    assert shown["maxSessionDurationSeconds"] == "reported"
    assert "DetachPolicyFromRole" not in [w["action"] for w in world.writes()]
    assert len(world.told("Adopted", "old")) == 1

    # What comes later was not there when the role was taken over.
    hands.attach("old", "AliyunECSFullAccess")
    world.settle()
    start = world.journal_end()
    world.look("RamRole", "old")
    (write,) = world.writes(start)
    assert write["action"] == "DetachPolicyFromRole"
    assert write["parameters"]["PolicyName"] == "AliyunECSFullAccess"
    assert ["System", ECS_READ] in world.cloud()["roles"]["old"]["policies"]


def test_adopting_a_role_with_another_trust_is_held(world: World) -> None:
    hands = Hands(world)
    hands.create_role("old", trust(ECS))
    world.settle()
    world.role("old", adoptionPolicy="IfExists", policies=[OSS])
    item = world.reason("RamRole", "old", "ApprovalRequired")
    message = condition(item, "ApprovalRequired")["message"]
    assert "fc.aliyuncs.com" in message
    assert "ecs.aliyuncs.com" in message
    live = world.cloud()["roles"]["old"]
    assert live["trust"] == trust(ECS)
    # Those who are trusted now shall not gain anything before they lose the role.
    assert live["policies"] == []


def test_a_namespace_without_adoption_adopts_nothing(world: World) -> None:
    Hands(world).create_role("old", TRUST_FC)
    world.settle()
    tenant = {**tenants(world)[0], "adoption": False}
    world.patch("RamAccount", world.namespace, {"spec": {"tenants": [tenant]}})
    world.ready("RamAccount", world.namespace)
    world.role("old", adoptionPolicy="IfExists")
    item = world.reason("RamRole", "old", "NotAdopted")
    assert "spec.tenants[].adoption" in condition(item, "Ready")["message"]
    assert world.writes() == []


def tenants(world: World) -> list[Json]:
    account = world.get("RamAccount", world.namespace)
    assert account is not None
    found: list[Json] = account["spec"]["tenants"]
    return found


def test_protected_identities_are_refused(world: World) -> None:
    world.admin.create_service_linked_role(world.account_id, "fc.aliyuncs.com")
    world.admin.create_service_linked_role(world.account_id, "ecs.aliyuncs.com", "linked")
    protected = {"names": ["break-Glass"], "prefixes": ["Root-"]}
    world.patch("RamAccount", world.namespace, {"spec": {"protected": protected}})
    world.wait("RamAccount", world.namespace, handled, "protection")
    before = world.cloud()
    cases = {
        "Break-glass": "protected names",
        "ROOT-x": "protected prefix",
        "AliyunServiceRoleForFc": "service-linked",
        "aliyunserviceroleforanything": "service-linked",
        "linked": "service-linked",
    }
    for cloud_name, words in cases.items():
        name = cloud_name.lower()
        world.role(name, roleName=cloud_name, adoptionPolicy="IfExists", deletionPolicy="Delete")
        item = world.reason("RamRole", name, "Protected")
        assert words in condition(item, "Ready")["message"]
    for cloud_name in ("Break-glass", "ROOT-x"):
        name = cloud_name.lower()
        world.policy(name, policyName=cloud_name, adoptionPolicy="IfExists")
        world.reason("RamPolicy", name, "Protected")
    for cloud_name in cases:
        world.delete("RamRole", cloud_name.lower())
        world.gone("RamRole", cloud_name.lower())
    assert world.writes() == []
    assert world.cloud() == before


def handled(item: Json) -> bool:
    return bool(item["status"].get("observedGeneration") == item["metadata"]["generation"])


def test_a_name_that_becomes_protected_is_left_alone(world: World) -> None:
    world.role("role", deletionPolicy="Delete")
    world.ready("RamRole", "role")
    world.patch("RamAccount", world.namespace, {"spec": {"protected": {"names": ["role"]}}})
    world.reason("RamRole", "role", "Protected")
    start = world.journal_end()
    world.delete("RamRole", "role")
    world.wait(
        "RamRole", "role", lambda o: condition(o, "Ready").get("reason") == "Protected", "refusal"
    )
    world.annotate("RamRole", "role", abandon="role")
    world.gone("RamRole", "role")
    assert "role" in world.cloud()["roles"]
    assert world.writes(start) == []


@pytest.mark.parametrize("target", ["cloudId", "cloudName"])
def test_an_identity_can_be_let_go(world: World, target: str) -> None:
    world.role("kept", deletionPolicy="Delete", policies=[OSS])
    item = world.ready("RamRole", "kept")
    start = world.journal_end()
    world.annotate("RamRole", "kept", abandon="some-other-role")
    world.annotate("RamRole", "kept", abandon=item["status"][target])
    world.delete("RamRole", "kept")
    world.gone("RamRole", "kept")
    assert world.cloud()["roles"]["kept"]["policies"] == [["System", OSS["name"]]]
    assert world.writes(start) == []
    (record,) = [r for r in world.records() if r["kind"] == "RamRole"]
    assert "owner" not in record
    assert world.told("Abandoned", "kept")


def test_an_identity_does_not_pass_to_another_object_by_itself(world: World) -> None:
    world.role("first", roleName="shared")
    world.ready("RamRole", "first")
    world.delete("RamRole", "first")
    world.gone("RamRole", "first")
    world.settle()
    start = world.journal_end()
    world.role("second", roleName="shared", adoptionPolicy="IfExists", policies=[OSS])
    item = world.reason("RamRole", "second", "Conflict")
    assert f"{world.namespace}/first" in condition(item, "Ready")["message"]
    assert world.writes(start) == []
    # The object that had it gets it back.
    world.role("first", roleName="shared")
    world.ready("RamRole", "first")
    assert world.writes(start) == []


def test_an_identity_is_handed_over_by_who_has_it(world: World) -> None:
    world.role("first", roleName="shared", policies=[OSS])
    world.ready("RamRole", "first")
    world.edit("RamRole", "first", deletionPolicy="Delete")
    world.annotate("RamRole", "first", abandon="shared")
    world.wait("RamRole", "first", lambda o: bool(o["metadata"].get("finalizers")), "a finalizer")
    world.delete("RamRole", "first")
    world.gone("RamRole", "first")
    world.settle()
    start = world.journal_end()
    # Who only names it does not get it, and who may adopt it gets no other trust with it.
    world.role("second", roleName="shared", policies=[OSS])
    world.reason("RamRole", "second", "NotAdopted")
    wider = trust(("Service", "fc.aliyuncs.com"), ("Service", "ecs.aliyuncs.com"))
    world.edit("RamRole", "second", adoptionPolicy="IfExists", trustPolicy=wider)
    world.reason("RamRole", "second", "ApprovalRequired")
    world.edit("RamRole", "second", trustPolicy=TRUST_FC)
    world.ready("RamRole", "second")
    assert [call["action"] for call in world.writes(start)] == ["TagResources"]
    (record,) = [r for r in world.records() if r["kind"] == "RamRole"]
    assert record["owner"]["name"] == "second"


def test_the_operator_does_not_manage_what_it_runs_as(world: World) -> None:
    Hands(world).create_role("runner", trust(("RAM", f"acs:ram::{world.account_id}:user/by-hand")))
    Hands(world).attach("runner", "AdministratorAccess")
    keys = session_of(world, "runner")
    put_secret(world.cluster, world.namespace, keys)
    account = world.look("RamAccount", world.namespace)
    assert "/runner" in account["status"]["principalArn"]
    start = world.journal_end()
    world.role("runner", roleName="Runner", adoptionPolicy="IfExists", deletionPolicy="Delete")
    item = world.reason("RamRole", "runner", "Protected")
    assert "the operator itself runs as it" in condition(item, "Ready")["message"]
    world.delete("RamRole", "runner")
    world.gone("RamRole", "runner")
    calls = world.admin.journal(world.account_id, since=start)
    assert [c["action"] for c in calls if c["effect"] == "write"] == []
