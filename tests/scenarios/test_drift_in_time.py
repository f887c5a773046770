"""Drift over time: when it is found, how long it is shown, and what is not drift at all."""

from __future__ import annotations

from typing import Any

from lab.world import TRUST_FC, World, condition, trust
from tests.support.hands import Hands

Json = dict[str, Any]
FC = ("Service", "fc.aliyuncs.com")
ECS = ("Service", "ecs.aliyuncs.com")
ECS_READ = "AliyunECSReadOnlyAccess"
OSS = {"type": "System", "name": "AliyunOSSFullAccess"}
OSS_FULL = "AliyunOSSFullAccess"


def document(*actions: str) -> Json:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": ["acs:oss:*:*:a/*"]}
    return {"Version": "1", "Statement": [statement]}


def test_drift_is_found_by_the_periodic_look(world: World) -> None:
    world.role("own", driftInterval="10s", description="asked")
    world.patch("RamAccount", world.namespace, {"spec": {"driftInterval": "10s"}})
    world.policy("account", description="asked")
    world.ready("RamRole", "own")
    world.ready("RamPolicy", "account")
    Hands(world).update_role("own", description="by hand", trust=trust(FC, ECS))
    Hands(world).describe_policy("account", "by hand")
    for kind, name in (("RamRole", "own"), ("RamPolicy", "account")):
        world.wait(kind, name, _corrected, "correction", 45)
    assert world.cloud()["roles"]["own"]["trust"] == TRUST_FC
    assert world.cloud()["roles"]["own"]["description"] == "asked"
    assert world.cloud()["policies"]["account"]["description"] == "asked"


def _corrected(item: Json) -> bool:
    return bool(condition(item, "Drifted").get("reason") == "DriftCorrected")


def test_first_seen_stays_and_ends_with_the_drift(world: World) -> None:
    world.role("seen", policies=[OSS])
    world.ready("RamRole", "seen")
    Hands(world).detach("seen", OSS_FULL)
    world.settle()
    since = world.look("RamRole", "seen")["status"]["drift"][0]["firstSeen"]
    # Another field moves as well: the first one keeps its time.
    Hands(world).update_role("seen", session=7200)
    world.settle()
    world.edit("RamRole", "seen", description="edited")
    item = world.look("RamRole", "seen")
    assert [e["firstSeen"] for e in item["status"]["drift"]] == [since]
    # Somebody puts it right by hand: nothing is left to report.
    Hands(world).attach("seen", OSS_FULL)
    world.settle()
    item = world.look("RamRole", "seen")
    assert "drift" not in item["status"]
    assert condition(item, "Drifted")["status"] == "False"
    assert condition(item, "Ready")["status"] == "True"


def test_an_old_answer_after_our_own_write_is_no_drift(world: World) -> None:
    world.role("stale", description="one", policies=[OSS])
    world.policy("stale", description="one")
    world.ready("RamRole", "stale")
    world.ready("RamPolicy", "stale")
    world.admin.set_behaviours(world.account_id, {"stale_read_seconds": 0.6})
    for text in ("two", "three"):
        world.edit("RamRole", "stale", description=text, policies=[], tags={"n": text})
        world.edit("RamPolicy", "stale", description=text, document=document(f"oss:{text}*"))
        # Looks at once, while the cloud still answers with what was before.
        for kind in ("RamRole", "RamPolicy"):
            world.ready(kind, "stale")
            item = world.look(kind, "stale")
            assert condition(item, "Drifted")["reason"] == "NoDrift"
            assert "drift" not in item["status"]
        world.edit("RamRole", "stale", policies=[OSS])
        world.ready("RamRole", "stale")
    assert world.cloud()["roles"]["stale"]["description"] == "three"
    assert world.cloud()["roles"]["stale"]["policies"] == [["System", OSS_FULL]]
    assert not [e for e in world.events() if e["reason"].startswith("Drift")]


def test_a_look_that_is_stale_for_long_is_not_believed_at_once(world: World) -> None:
    world.role("stale", description="one", policies=[OSS])
    world.ready("RamRole", "stale")
    world.settle()
    world.edit("RamRole", "stale", description="two")
    world.ready("RamRole", "stale")
    # One single answer from before the edit, after the time that answers are usually old.
    world.settle()
    world.admin.add_fault("stale", account=world.account_id, action="GetRole", seconds=2, times=1)
    start = world.journal_end()
    item = world.look("RamRole", "stale")
    assert condition(item, "Drifted")["reason"] == "NoDrift"
    assert world.writes(start) == []


def test_intent_and_drift_at_once(world: World) -> None:
    world.role("both", description="one", policies=[OSS], tags={"team": "a"})
    world.ready("RamRole", "both")
    Hands(world).attach("both", ECS_READ)
    Hands(world).detach("both", OSS_FULL)
    Hands(world).tag("role", "both", {"team": "x"})
    world.settle()
    start = world.journal_end()
    world.edit("RamRole", "both", description="two", maxSessionDurationSeconds=7200)
    item = world.look("RamRole", "both")
    live = world.cloud()["roles"]["both"]
    # The edit is carried out, excess is taken away, what was taken away stays away.
    assert (live["description"], live["maxSessionDuration"]) == ("two", 7200)
    assert live["policies"] == []
    assert live["tags"]["team"] == "a"
    assert [e["field"] for e in item["status"]["drift"]] == [f"policies[System/{OSS_FULL.lower()}]"]
    assert "AttachPolicyToRole" not in [e["action"] for e in world.writes(start)]
    # Asking for it anew is a decision of its own: out of the manifest and in again.
    world.edit("RamRole", "both", policies=[])
    world.ready("RamRole", "both")
    world.edit("RamRole", "both", policies=[OSS])
    world.ready("RamRole", "both")
    assert world.cloud()["roles"]["both"]["policies"] == [["System", OSS_FULL]]


def test_an_edit_does_not_overwrite_drift_that_is_only_reported(world: World) -> None:
    world.role("role", description="one", maxSessionDurationSeconds=7200, driftPolicy="Report")
    world.ready("RamRole", "role")
    Hands(world).update_role("role", description="by hand")
    world.settle()
    world.look("RamRole", "role")
    world.edit("RamRole", "role", maxSessionDurationSeconds=3600)
    world.look("RamRole", "role")
    assert world.cloud()["roles"]["role"]["maxSessionDuration"] == 3600
    assert world.cloud()["roles"]["role"]["description"] == "by hand"
    item = world.look("RamRole", "role")
    assert [e["field"] for e in item["status"]["drift"]] == ["description"]
    # A new intent for the drifted field itself is carried out.
    world.edit("RamRole", "role", description="three")
    world.ready("RamRole", "role")
    assert world.cloud()["roles"]["role"]["description"] == "three"


def test_a_lost_status_shows_and_removes_nothing(world: World) -> None:
    world.role("lost", description="asked", policies=[OSS], tags={"team": "a"})
    world.policy("lost", description="asked")
    world.ready("RamRole", "lost")
    world.ready("RamPolicy", "lost")
    hands = Hands(world)
    hands.attach("lost", ECS_READ)
    hands.detach("lost", OSS_FULL)
    hands.tag("role", "lost", {"team": "b"})
    hands.describe_policy("lost", "by hand")
    world.settle()
    moved = world.cloud()
    start = world.journal_end()
    for kind in ("RamRole", "RamPolicy"):
        world.write_status(kind, "lost", None)
    role = world.look("RamRole", "lost")
    policy = world.look("RamPolicy", "lost")

    assert world.writes(start) == []
    assert world.cloud()["roles"] == moved["roles"]
    assert world.cloud()["policies"] == moved["policies"]
    fields = {entry["field"] for entry in role["status"]["drift"]}
    assert {
        f"policies[System/{OSS_FULL.lower()}]",
        f"policies[System/{ECS_READ.lower()}]",
        "tags[team]",
    } == fields
    assert [e["field"] for e in policy["status"]["drift"]] == ["description"]
    assert role["status"]["excess"]["policies"] == [f"System/{ECS_READ.lower()}"]

    # What comes after the loss is known again.
    hands.attach("lost", "AliyunECSFullAccess")
    world.settle()
    world.look("RamRole", "lost")
    assert [w["action"] for w in world.writes(start)] == ["DetachPolicyFromRole"]
    assert world.cloud()["roles"]["lost"]["policies"] == [["System", ECS_READ]]


def test_a_lost_status_of_a_trust_widened_by_hand(world: World) -> None:
    world.role("lost")
    world.ready("RamRole", "lost")
    Hands(world).update_role("lost", trust=trust(FC, ECS))
    world.settle()
    world.write_status("RamRole", "lost", None)
    # The trust is judged by the record, which a lost status does not touch.
    world.look("RamRole", "lost")
    assert world.cloud()["roles"]["lost"]["trust"] == TRUST_FC


def test_what_was_deleted_by_hand_is_reported_and_not_given_back(world: World) -> None:
    world.role("gone", policies=[OSS], driftPolicy="Revert")
    world.policy("gone", driftPolicy="Revert")
    world.ready("RamRole", "gone")
    world.ready("RamPolicy", "gone")
    Hands(world).delete_role("gone")
    Hands(world).delete_policy("gone")
    world.settle()
    start = world.journal_end()
    for kind in ("RamRole", "RamPolicy"):
        item = world.look(kind, "gone")
        assert condition(item, "Ready")["reason"] == "NotFound"
        assert condition(item, "Drifted")["status"] == "True"
        (entry,) = item["status"]["drift"]
        assert (entry["severity"], entry["action"]) == ("critical", "reported")
        world.edit(kind, "gone", description="edited")
        assert condition(world.look(kind, "gone"), "Ready")["reason"] == "NotFound"
    assert world.writes(start) == []

    for kind in ("RamRole", "RamPolicy"):
        world.delete(kind, "gone")
        world.gone(kind, "gone")
    world.role("gone", policies=[OSS])
    world.policy("gone")
    world.ready("RamRole", "gone")
    world.ready("RamPolicy", "gone")
    assert world.cloud()["roles"]["gone"]["policies"] == [["System", OSS_FULL]]
    assert "gone" in world.cloud()["policies"]


def test_a_role_created_again_by_hand_is_somebody_elses(world: World) -> None:
    world.role("again", policies=[OSS])
    world.role("taken-over", adoptionPolicy="IfExists")
    world.ready("RamRole", "again")
    world.ready("RamRole", "taken-over")
    hands = Hands(world)
    for name in ("again", "taken-over"):
        hands.delete_role(name)
        hands.create_role(name, trust(FC, ECS))
    world.settle()
    start = world.journal_end()

    item = world.look("RamRole", "again")
    assert condition(item, "Ready")["reason"] == "NotAdopted"
    assert "created again by hand" in condition(item, "Ready")["message"]
    # An object that may take it over marks it, and holds what differs in its trust.
    world.look("RamRole", "taken-over")
    world.reason("RamRole", "taken-over", "ApprovalRequired")
    assert [entry["action"] for entry in world.writes(start)] == ["TagResources"]
    assert world.cloud()["roles"]["taken-over"]["trust"] == trust(FC, ECS)
    assert world.cloud()["roles"]["again"]["trust"] == trust(FC, ECS)
