"""The RamAccount: whose credentials they are, when nothing may be written, and how fast."""

from __future__ import annotations

from typing import Any

from lab import waiting
from lab.world import TRUST_FC, World, account_spec, condition, open_world, put_secret

Json = dict[str, Any]
OSS = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}


def good_keys(world: World) -> dict[str, str]:
    return {
        "accessKeyId": world.keys.admin_access_key_id,
        "accessKeySecret": world.keys.admin_access_key_secret,
    }


def account(world: World, reason: str) -> Json:
    """The RamAccount once it is not ready for that reason."""
    return world.reason("RamAccount", world.namespace, reason)


def test_one_account_has_one_ramaccount(world: World) -> None:
    first = world.ready("RamAccount", world.namespace)
    assert first["status"]["accountId"] == world.account_id
    second = f"{world.namespace}-second"
    world.create("RamAccount", second, account_spec(world))
    try:
        item = world.reason("RamAccount", second, "Conflict")
        assert condition(item, "Stalled")["status"] == "True"
        assert world.namespace in condition(item, "Ready")["message"]
        # Its objects wait; those of the first go on.
        world.create(
            "RamRole",
            "other",
            {"accountRef": {"name": second}, "trustPolicy": TRUST_FC},
        )
        waiting = world.reason("RamRole", "other", "DependencyNotReady")
        assert second in condition(waiting, "Ready")["message"]
        world.role("mine")
        world.ready("RamRole", "mine")
        assert set(world.cloud()["roles"]) == {"mine"}

        # When the first is gone, the second takes over.
        world.delete("RamRole", "mine")
        world.delete("RamAccount", world.namespace)
        world.gone("RamAccount", world.namespace)
        world.ready("RamAccount", second)
        world.ready("RamRole", "other")
    finally:
        world.delete("RamAccount", second)
        if world.get("RamRole", "other") is not None:
            world.delete("RamRole", "other")


def _events_about(world: World, name: str) -> list[str]:
    """Reasons of the Events on a cluster-scoped object; they follow its status by a moment."""

    def posted() -> list[str]:
        events = world.cluster.request("GET", "/api/v1/namespaces/default/events")["items"]
        return [e["reason"] for e in events if e["involvedObject"]["name"] == name]

    return waiting.found(lambda: posted() or None, f"an event about {name}")


def test_credentials_of_another_account_stop_all_writes(world: World) -> None:
    world.role("mine", policies=[OSS])
    world.ready("RamRole", "mine")
    other = world.admin.create_account(behaviours="friendly")
    start = world.journal_end()
    keys = {
        "accessKeyId": other.admin_access_key_id,
        "accessKeySecret": other.admin_access_key_secret,
    }
    put_secret(world.cluster, world.namespace, keys)
    world.annotate("RamAccount", world.namespace, reconcile_requested_at="1")
    item = account(world, "AccountMismatch")
    message = condition(item, "Ready")["message"]
    assert other.account_id in message
    assert world.account_id in message
    assert _events_about(world, world.namespace) == ["Stalled"]

    world.edit("RamRole", "mine", description="edited", policies=[])
    world.role("new")
    world.role("gone", deletionPolicy="Delete")
    for name in ("mine", "new"):
        waiting = world.reason("RamRole", name, "DependencyNotReady")
        assert other.account_id in condition(waiting, "Ready")["message"]
    world.delete("RamRole", "gone")
    world.gone("RamRole", "gone")
    assert world.writes(start) == []
    # Nor was anything written to the account that the credentials belong to.
    assert [
        e for e in world.admin.journal(other.account_id, writes=True) if e["effect"] == "write"
    ] == []

    put_secret(world.cluster, world.namespace, good_keys(world))
    world.ready("RamAccount", world.namespace)
    world.ready("RamRole", "mine")
    world.ready("RamRole", "new")
    assert world.cloud()["roles"]["mine"]["description"] == "edited"


def test_credentials_missing_wrong_replaced(world: World) -> None:
    """Each answer names what to do; what was replaced is picked up at the next look."""
    name = world.namespace
    world.role("mine")
    world.ready("RamRole", "mine")
    put_secret(world.cluster, name, {"accessKeyId": world.keys.admin_access_key_id})
    world.annotate("RamAccount", name, reconcile_requested_at="1")
    item = account(world, "CredentialsInvalid")
    message = condition(item, "Ready")["message"]
    assert message == f"Secret {name} does not have accessKeyId and accessKeySecret; set both"

    put_secret(world.cluster, name, {**good_keys(world), "accessKeySecret": "wrong-one"})
    item = world.wait(
        "RamAccount",
        name,
        lambda o: "SignatureDoesNotMatch" in condition(o, "Ready")["message"],
        "wrong secret",
    )
    assert condition(item, "Ready")["reason"] == "CredentialsInvalid"
    assert "renew them" in condition(item, "Ready")["message"]
    assert "wrong-one" not in str(item)

    put_secret(world.cluster, name, {**good_keys(world), "accessKeyId": "LTAI-nobody"})
    world.wait(
        "RamAccount",
        name,
        lambda o: "InvalidAccessKeyId" in condition(o, "Ready")["message"],
        "unknown key",
    )

    world.cluster.request("DELETE", f"/api/v1/namespaces/ram-system/secrets/{name}")
    item = world.wait(
        "RamAccount",
        name,
        lambda o: "does not exist" in condition(o, "Ready")["message"],
        "no secret",
    )
    assert "create it" in condition(item, "Ready")["message"]
    waiting = world.reason("RamRole", "mine", "DependencyNotReady")
    assert name in condition(waiting, "Ready")["message"]

    put_secret(world.cluster, name, good_keys(world))
    world.ready("RamAccount", name)
    world.ready("RamRole", "mine")


def test_a_key_that_is_deactivated_is_noticed_by_any_object(world: World) -> None:
    world.role("mine")
    world.ready("RamRole", "mine")
    world.admin.set_key_status(world.account_id, world.keys.admin_access_key_id, "Inactive")
    world.annotate("RamRole", "mine", reconcile_requested_at="1")
    item = account(world, "CredentialsInvalid")
    assert "renew them" in condition(item, "Ready")["message"]
    world.wait("RamRole", "mine", lambda o: condition(o, "Ready")["status"] != "True", "trouble")
    world.admin.set_key_status(world.account_id, world.keys.admin_access_key_id, "Active")
    world.ready("RamAccount", world.namespace)
    world.ready("RamRole", "mine")


def test_a_suspended_account_makes_no_call_at_all(world: World) -> None:
    world.role("mine", deletionPolicy="Delete")
    world.ready("RamRole", "mine")
    world.patch("RamAccount", world.namespace, {"spec": {"suspend": True}})
    account(world, "Suspended")
    start = world.journal_end()
    world.edit("RamRole", "mine", description="edited")
    item = world.reason("RamRole", "mine", "Suspended")
    assert "suspended" in condition(item, "Ready")["message"]
    world.annotate("RamAccount", world.namespace, reconcile_requested_at="1")
    world.delete("RamRole", "mine")
    world.wait(
        "RamRole", "mine", lambda o: "deletionTimestamp" in o["metadata"], "deletion requested"
    )
    world.settle()
    by_operator = [
        e
        for e in world.admin.journal(world.account_id, since=start)
        if e["caller"] == world.keys.admin_arn
    ]
    assert by_operator == []

    world.patch("RamAccount", world.namespace, {"spec": {"suspend": False}})
    world.gone("RamRole", "mine")
    assert world.cloud()["roles"] == {}


def test_an_object_waits_for_its_account_and_wakes_up(world: World) -> None:
    world.delete("RamAccount", world.namespace)
    world.gone("RamAccount", world.namespace)
    world.role("mine", policies=[OSS])
    item = world.reason("RamRole", "mine", "DependencyNotReady")
    assert f"RamAccount {world.namespace} is not ready" in condition(item, "Ready")["message"]
    assert world.writes() == []
    world.create("RamAccount", world.namespace, account_spec(world))
    world.ready("RamRole", "mine")
    assert world.cloud()["roles"]["mine"]["policies"] == [["System", OSS["name"]]]


def test_from_observe_to_manage(
    operator: object, installed: Any, emulator: Any, namespace: str
) -> None:
    world = open_world(installed, emulator, namespace, "friendly", mode="Observe")
    try:
        world.role("mine", policies=[OSS])
        world.reason("RamRole", "mine", "ObserveOnly")
        assert world.writes() == []
        world.patch("RamAccount", namespace, {"spec": {"mode": "Manage"}})
        item = world.ready("RamRole", "mine")
        assert "wouldDo" not in item["status"]
        assert world.cloud()["roles"]["mine"]["policies"] == [["System", OSS["name"]]]
        # And back: the panic switch.
        world.patch("RamAccount", namespace, {"spec": {"mode": "Observe"}})
        world.edit("RamRole", "mine", policies=[])
        start = world.journal_end()
        item = world.reason("RamRole", "mine", "ObserveOnly")
        assert item["status"]["wouldDo"]
        assert world.writes(start) == []
    finally:
        world.close()


def test_a_burst_keeps_to_the_rate_limit(world: World) -> None:
    """Ratios of the journal's own times, so that a slow machine changes nothing."""
    limit = {"readsPerSecond": 100, "writesPerSecond": 2, "attachmentsPerSecond": 100}
    world.patch("RamAccount", world.namespace, {"spec": {"rateLimit": limit}})
    world.wait(
        "RamAccount",
        world.namespace,
        lambda o: o["status"].get("observedGeneration") == o["metadata"]["generation"],
        "limit",
    )
    start = world.journal_end()
    for number in range(12):
        world.role(f"burst-{number}")
    for number in range(12):
        world.ready("RamRole", f"burst-{number}")
    per_second: dict[str, int] = {}
    for entry in world.writes(start):
        per_second[entry["time"]] = per_second.get(entry["time"], 0) + 1
    assert sum(per_second.values()) == 12
    # A bucket that holds a second's worth lets twice the rate through in the first second.
    assert max(per_second.values()) <= 4
    assert len(per_second) >= 4
