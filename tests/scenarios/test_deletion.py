"""Letting go: policies changed on the way, foreign finalizers, the brake, a blocked end."""

from __future__ import annotations

from typing import Any

from lab.waiting import until
from lab.world import TRUST_FC, World, condition
from tests.support.hands import Hands

Json = dict[str, Any]
OURS = "ram.alibabacloud.com/cleanup"
FOREIGN = "example.com/backup"
OSS = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}


def finalizers(item: Json | None) -> list[str]:
    assert item is not None
    found: list[str] = item["metadata"].get("finalizers") or []
    return found


def test_the_finalizer_follows_the_deletion_policy(world: World) -> None:
    world.role("role")
    assert finalizers(world.ready("RamRole", "role")) == []
    world.edit("RamRole", "role", deletionPolicy="Delete")
    world.wait("RamRole", "role", lambda o: finalizers(o) == [OURS], "finalizer")
    world.edit("RamRole", "role", deletionPolicy="Retain")
    world.wait("RamRole", "role", lambda o: finalizers(o) == [], "no finalizer")
    world.delete("RamRole", "role")
    world.gone("RamRole", "role")
    assert "role" in world.cloud()["roles"]


def test_a_creation_that_failed_leaves_no_finalizer_that_nobody_asks_for_any_more(
    world: World,
) -> None:
    """The one of a first try, which came before the role was refused."""
    world.admin.add_fault("deny", account=world.account_id, action="CreateRole", times=-1)
    world.role("role", deletionPolicy="Delete")
    assert finalizers(world.reason("RamRole", "role", "AccessDenied")) == [OURS]
    world.edit("RamRole", "role", deletionPolicy="Retain")
    world.reason("RamRole", "role", "AccessDenied")
    world.admin.clear_faults()
    world.annotate("RamRole", "role", reconcile_requested_at="now")
    assert finalizers(world.ready("RamRole", "role")) == []


def test_retain_counts_even_when_it_comes_after_the_delete(world: World) -> None:
    world.role("role", deletionPolicy="Delete", policies=[OSS])
    world.ready("RamRole", "role")
    world.patch("RamAccount", world.namespace, {"spec": {"mode": "Observe"}})
    world.ready("RamAccount", world.namespace)
    world.delete("RamRole", "role")
    world.wait("RamRole", "role", lambda o: "deletionTimestamp" in o["metadata"], "deletion")
    start = world.journal_end()
    world.edit("RamRole", "role", deletionPolicy="Retain")
    world.gone("RamRole", "role")
    world.patch("RamAccount", world.namespace, {"spec": {"mode": "Manage"}})
    world.settle()
    assert world.cloud()["roles"]["role"]["policies"] == [["System", OSS["name"]]]
    assert world.writes(start) == []


def test_only_our_own_finalizer_is_taken_off_and_only_by_us(world: World) -> None:
    """The framework strips finalizers that it takes for its own; ours must not be among them."""
    world.role("role", deletionPolicy="Delete")
    world.ready("RamRole", "role")
    world.patch("RamRole", "role", {"metadata": {"finalizers": [FOREIGN, OURS]}})
    # Each look is an event that the framework sees first.
    for _ in range(5):
        world.look("RamRole", "role")
        assert finalizers(world.get("RamRole", "role")) == [FOREIGN, OURS]
    world.delete("RamRole", "role")
    world.wait("RamRole", "role", lambda o: finalizers(o) == [FOREIGN], "ours taken off")
    assert world.cloud()["roles"] == {}
    # Nothing of ours is left to do, and the object waits for the other one.
    start = world.journal_end()
    world.annotate("RamRole", "role", reconcile_requested_at="1")
    world.settle()
    assert world.writes(start) == []
    assert finalizers(world.get("RamRole", "role")) == [FOREIGN]
    world.patch("RamRole", "role", {"metadata": {"finalizers": None}})
    world.gone("RamRole", "role")


def test_what_was_attached_by_hand_does_not_keep_a_role(world: World) -> None:
    world.role("role", deletionPolicy="Delete", policies=[OSS])
    world.ready("RamRole", "role")
    Hands(world).attach("role", "AliyunECSFullAccess")
    world.settle()
    world.delete("RamRole", "role")
    world.gone("RamRole", "role")
    assert world.cloud()["roles"] == {}


def test_a_policy_that_somebody_else_uses_stays_and_says_who(world: World) -> None:
    world.policy("shared", deletionPolicy="Delete")
    world.ready("RamPolicy", "shared")
    hands = Hands(world)
    hands.create_role("foreign", TRUST_FC)
    hands.attach("foreign", "shared", "Custom")
    world.settle()
    world.delete("RamPolicy", "shared")
    item = world.wait(
        "RamPolicy",
        "shared",
        lambda o: condition(o, "Ready").get("reason") == "DeleteConflict",
        "conflict",
    )
    assert "remove what still uses it" in condition(item, "Ready")["message"]
    assert world.cloud()["roles"]["foreign"]["policies"] == [["Custom", "shared"]]
    hands.detach("foreign", "shared", "Custom")
    world.gone("RamPolicy", "shared")
    assert world.cloud()["policies"] == {}


def test_an_emptied_directory_does_not_empty_the_cloud(world: World) -> None:
    names = [f"many-{number}" for number in range(12)]
    for name in names:
        world.role(name, deletionPolicy="Delete")
    for name in names:
        world.ready("RamRole", name)
    start = world.journal_end()
    for name in names:
        world.delete("RamRole", name)
    account = world.wait(
        "RamAccount", world.namespace, lambda o: "deletionBrake" in o["status"], "the brake"
    )
    brake = account["status"]["deletionBrake"]
    assert [stop["name"] for stop in brake["namespaces"]] == [world.namespace]
    assert f"resume-deletions={world.namespace}/{brake['engagedAt']}" in brake["reason"]

    def left() -> dict[str, Json]:
        found = {name: world.get("RamRole", name) for name in names}
        return {name: condition(item, "Ready") for name, item in found.items() if item is not None}

    def held() -> bool:
        return all(ready.get("reason") == "DeletionBrake" for ready in left().values())

    until(held, lambda: f"that the brake holds what is left: {left()}")
    for name in left():
        world.annotate("RamRole", name, reconcile_requested_at="1")
    world.settle()
    until(held, lambda: f"that the brake holds what is left: {left()}")
    assert all(world.namespace in ready["message"] for ready in left().values())
    deleted = [w["action"] for w in world.writes(start)].count("DeleteRole")
    assert 1 <= deleted <= 5
    assert len(world.cloud()["roles"]) == len(names) - deleted

    # Another stop's name resumes nothing.
    world.annotate("RamAccount", world.namespace, resume_deletions="2020-01-01T00:00:00Z")
    world.look("RamAccount", world.namespace)
    world.settle()
    assert len(world.cloud()["roles"]) == len(names) - deleted
    # Creating and changing go on meanwhile.
    world.role("new")
    world.ready("RamRole", "new")

    def resumed() -> bool:
        account = world.get("RamAccount", world.namespace) or {}
        reason = (account["status"].get("deletionBrake") or {}).get("reason")
        if reason:
            engaged = str(reason).partition("resume-deletions=")[2]
            world.annotate("RamAccount", world.namespace, resume_deletions=engaged)
        return set(world.cloud()["roles"]) == {"new"}

    until(resumed, "the end of the deletions", pause=0.5)
    for name in names:
        world.gone("RamRole", name)
    assert set(world.cloud()["roles"]) == {"new"}
