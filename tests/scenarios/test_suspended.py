"""A suspended object: nothing of it is written, and everything is seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from lab.world import TRUST_FC, World, condition, trust
from tests.gate.approving import held
from tests.gate.attacks import FC, OUTSIDER
from tests.support.hands import Hands

Json = dict[str, Any]
OSS: Final = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}
REVIEW: Final = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEW_BODY: Final = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
KINDS: Final = ("RamRole", "RamUser", "RamGroup", "RamPolicy")


def drift(item: Json) -> dict[str, tuple[str, str]]:
    entries = item["status"].get("drift") or ()
    return {entry["field"]: (entry["severity"], entry["action"]) for entry in entries}


def looked(world: World, kind: str, name: str) -> Json:
    """What two looks show: the first may not be believed."""
    world.look(kind, name)
    return world.look(kind, name)


def test_nothing_is_written_and_drift_is_shown(world: World) -> None:
    world.role("mine", driftPolicy="Revert")
    world.ready("RamRole", "mine")
    world.edit("RamRole", "mine", suspend=True, description="edited")
    item = world.reason("RamRole", "mine", "Suspended")
    assert item["status"]["wouldDo"] == ["update description"]
    start = world.journal_end()
    Hands(world).attach("mine", "AdministratorAccess")
    Hands(world).update_role("mine", trust=trust(FC, OUTSIDER))
    world.settle()
    world.look("RamRole", "mine")
    item = world.wait("RamRole", "mine", lambda o: len(drift(o)) > 1, "drift")
    assert condition(item, "Ready")["reason"] == "Suspended"
    assert condition(item, "Drifted")["status"] == "True"
    assert {name: how[0] for name, how in drift(item).items()} == {
        "policies[System/administratoraccess]": "critical",
        "trustPolicy": "critical",
    }
    assert world.writes(start) == []
    world.edit("RamRole", "mine", suspend=False)
    world.ready("RamRole", "mine")
    live = world.cloud()["roles"]["mine"]
    assert (live["description"], live["policies"], live["trust"]) == ("edited", [], TRUST_FC)


def test_who_did_it_is_told(world: World) -> None:
    world.role("mine")
    world.ready("RamRole", "mine")
    who = world.cluster.request("POST", REVIEW, REVIEW_BODY)["status"]["userInfo"]["username"]
    world.edit("RamRole", "mine", suspend=True)
    item = world.reason("RamRole", "mine", "Suspended")
    assert item["metadata"]["annotations"]["ram.alibabacloud.com/suspended-by"] == who
    said = f"suspended by {who}, so nothing is written"
    assert condition(item, "Ready")["message"].startswith(said)
    world.edit("RamRole", "mine", suspend=False)
    item = world.ready("RamRole", "mine")
    assert "ram.alibabacloud.com/suspended-by" not in item["metadata"]["annotations"]


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_difference_it_is_suspended_all_the_same(world: World, kind: str) -> None:
    spec = {"RamRole": world.role, "RamPolicy": world.policy}
    spec.get(kind, lambda name: world.create(kind, name, {}))("mine")
    world.ready(kind, "mine")
    start = world.journal_end()
    world.edit(kind, "mine", suspend=True)
    item = world.reason(kind, "mine", "Suspended")
    item = looked(world, kind, "mine")
    assert condition(item, "Ready")["reason"] == "Suspended"
    assert condition(item, "Synced")["status"] == "False"
    assert "drift" not in item["status"]
    assert world.writes(start) == []


def test_what_was_never_made_is_not_made(world: World) -> None:
    world.role("new", suspend=True, policies=[OSS], deletionPolicy="Delete")
    item = world.reason("RamRole", "new", "Suspended")
    assert item["status"]["wouldDo"][0] == "create role new"
    assert not item["metadata"].get("finalizers")
    world.settle()
    assert world.writes() == []


def test_what_would_be_held_is_shown_and_not_offered(world: World) -> None:
    world.role("mine")
    world.ready("RamRole", "mine")
    world.edit("RamRole", "mine", suspend=True, trustPolicy=trust(FC, OUTSIDER))
    item = world.reason("RamRole", "mine", "Suspended")
    assert item["status"]["pending"]["gains"]
    assert "digest" not in item["status"]["pending"]
    world.edit("RamRole", "mine", suspend=False)
    held(world, "RamRole", "mine")


def stamp(**shift: float) -> str:
    return (datetime.now(UTC) + timedelta(**shift)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_an_agreed_end_is_carried_out_all_the_same(world: World) -> None:
    world.create("RamUser", "ann", {})
    world.ready("RamUser", "ann")
    ann = {"type": "RamUser", "name": "ann"}
    world.create("RamGroup", "mine", {"members": [{**ann, "expiresAt": stamp(hours=1)}]})
    world.ready("RamGroup", "mine")
    world.edit("RamGroup", "mine", suspend=True)
    world.reason("RamGroup", "mine", "Suspended")
    start = world.journal_end()
    over = [{**ann, "expiresAt": stamp(minutes=-1)}]
    world.edit("RamGroup", "mine", members=over, comments="edited")
    item = looked(world, "RamGroup", "mine")
    assert condition(item, "Ready")["reason"] == "Suspended"
    assert [entry["action"] for entry in world.writes(start)] == ["RemoveUserFromGroup"]


def test_one_that_was_deleted_by_hand_is_told(world: World) -> None:
    world.role("mine")
    world.ready("RamRole", "mine")
    world.edit("RamRole", "mine", suspend=True)
    world.reason("RamRole", "mine", "Suspended")
    Hands(world).delete_role("mine")
    world.settle()
    world.look("RamRole", "mine")
    item = world.reason("RamRole", "mine", "NotFound")
    assert condition(item, "Drifted")["status"] == "True"


def test_one_that_is_deleted_says_what_its_namespace_waits_for(world: World) -> None:
    """It is not deleted, and whoever looks at what is left is told both ways out."""
    world.role("mine", deletionPolicy="Delete", suspend=False)
    world.ready("RamRole", "mine")
    cloud_id = world.cloud()["roles"]["mine"]["roleId"]
    world.edit("RamRole", "mine", suspend=True)
    world.reason("RamRole", "mine", "Suspended")
    start = world.journal_end()
    world.delete("RamRole", "mine")

    def told(item: Json) -> bool:
        return "wait for that" in condition(item, "Stalled").get("message", "")

    message = condition(world.wait("RamRole", "mine", told, "the ways out"), "Ready")["message"]
    assert "set spec.suspend to false" in message
    assert f"annotate -n {world.namespace} ramroles mine" in message
    assert f"abandon={cloud_id}" in message
    assert world.writes(start) == []
    world.edit("RamRole", "mine", suspend=False)
    world.gone("RamRole", "mine")
    assert "mine" not in world.cloud()["roles"]
