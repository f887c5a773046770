"""Access keys of programs: made, kept in a Secret of the namespace, and ended."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import alibabacloud_ram20150501.models as ram
import pytest

from lab import Cluster
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import World, client, condition
from tests.support import documented, secrets

Json = dict[str, Any]
HERE: Final = "tests/scenarios/test_access_keys.py"
NAME: Final = "uploader"
KEPT: Final = "uploader-key"
KEY: Final[Json] = {"accessMode": "AccessKey", "accessKey": {"secretName": KEPT}}


def program(world: World, **spec: Any) -> str:
    """Id of the key that it has."""
    secrets.may_keep(world)
    world.create("RamUser", NAME, {**KEY, **spec})
    world.ready("RamUser", NAME)
    return secrets.held(world, KEPT)[0]


def test_the_documented_command_is_the_one_that_is_typed_here() -> None:
    (text,) = documented.assigned(HERE)
    assert text.split() == ["kubectl", *secrets.binding("identity")]


def created(world: World, since: int = 0) -> int:
    return sum(entry["action"] == "CreateAccessKey" for entry in world.writes(since))


def test_a_program_gets_a_key_that_works(world: World) -> None:
    secrets.may_keep(world)
    user = world.create("RamUser", NAME, dict(KEY))
    world.ready("RamUser", NAME)
    key_id, secret = secrets.held(world, KEPT)
    assert secrets.keys(world, NAME) == {key_id: "Active"}
    kept = secrets.get(world, KEPT) or {}
    (owner,) = kept["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"]) == ("RamUser", user["metadata"]["uid"])
    # It signs: what is refused is the right, and not the key.
    with pytest.raises(Exception, match="NoPermission"):
        client(world.emulator, key_id, secret).get_user(ram.GetUserRequest(user_name=NAME))
    start = world.journal_end()
    world.settle()
    assert condition(world.look("RamUser", NAME), "Ready")["status"] == "True"
    assert world.writes(start) == []


def test_none_ends_the_key_and_its_secret_and_leaves_others(world: World) -> None:
    mine = program(world)
    other = world.hand.create_access_key(ram.CreateAccessKeyRequest(user_name=NAME))
    theirs = other.body.access_key.access_key_id
    world.settle()
    world.edit("RamUser", NAME, accessMode="None", accessKey=None)
    until(lambda: secrets.get(world, KEPT) is None, "that the Secret is gone")
    assert secrets.keys(world, NAME) == {mine: "Inactive", theirs: "Active"}


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_a_deletion_ends_the_key_first(world: World, policy: str) -> None:
    mine = program(world, deletionPolicy=policy)
    start = world.journal_end()
    world.delete("RamUser", NAME)
    world.gone("RamUser", NAME)
    assert secrets.get(world, KEPT) is None
    assert world.writes(start)[0]["action"] == "UpdateAccessKey"
    if policy == "Retain":
        assert secrets.keys(world, NAME) == {mine: "Inactive"}
    else:
        assert NAME not in world.cloud()["users"]


def test_a_deleted_secret_means_a_new_key_once_an_hour(world: World) -> None:
    first = program(world)
    secrets.delete(world, KEPT)
    world.settle()
    world.look("RamUser", NAME)
    until(lambda: secrets.held(world, KEPT)[0] not in ("", first), "a new key")
    second = secrets.held(world, KEPT)[0]
    # Programs may hold the old one still.
    assert secrets.keys(world, NAME) == {first: "Active", second: "Active"}
    secrets.delete(world, KEPT)
    world.settle()
    world.annotate("RamUser", NAME, reconcile_requested_at="again")
    stalled = world.reason("RamUser", NAME, "Conflict")
    assert "within the last hour" in condition(stalled, "Ready")["message"]
    assert created(world) == 2


def test_a_key_that_was_made_inactive_is_left_so(world: World) -> None:
    mine = program(world)
    world.hand.update_access_key(
        ram.UpdateAccessKeyRequest(user_name=NAME, user_access_key_id=mine, status="Inactive")
    )
    secrets.delete(world, KEPT)
    world.settle()
    world.annotate("RamUser", NAME, reconcile_requested_at="off")
    stalled = world.reason("RamUser", NAME, "Drifted")
    assert "made inactive" in condition(stalled, "Ready")["message"]
    assert secrets.keys(world, NAME) == {mine: "Inactive"}


def test_with_both_places_taken_nothing_is_made(world: World) -> None:
    secrets.may_keep(world)
    world.create("RamUser", NAME, {})
    world.ready("RamUser", NAME)
    for _ in range(2):
        world.hand.create_access_key(ram.CreateAccessKeyRequest(user_name=NAME))
    before = secrets.keys(world, NAME)
    world.settle()
    world.edit("RamUser", NAME, **KEY)
    stalled = world.reason("RamUser", NAME, "QuotaExceeded")
    assert "not made by the operator" in condition(stalled, "Ready")["message"]
    assert secrets.keys(world, NAME) == before


@pytest.mark.parametrize("locked", [False, True])
def test_the_secret_of_somebody_else_is_left_as_it_is(world: World, locked: bool) -> None:
    secrets.may_keep(world)
    theirs = secrets.put(world, KEPT, password="theirs")
    if locked:
        secrets.patch(world, KEPT, {"immutable": True})
    world.create("RamUser", NAME, dict(KEY))
    stalled = world.reason("RamUser", NAME, "Conflict")
    assert "was not made for this user" in condition(stalled, "Ready")["message"]
    left = secrets.get(world, KEPT) or {}
    assert left["data"] == theirs["data"]
    assert created(world) == 0
    # It is out of the way, so the key comes.
    secrets.delete(world, KEPT)
    world.annotate("RamUser", NAME, reconcile_requested_at="again")
    world.ready("RamUser", NAME)
    assert created(world) == 1


def test_one_secret_is_for_one_user(world: World) -> None:
    mine = program(world)
    world.create("RamUser", "other", dict(KEY))
    world.reason("RamUser", "other", "Conflict")
    assert secrets.held(world, KEPT)[0] == mine
    assert secrets.keys(world, "other") == {}


def test_an_edited_secret_means_a_new_key(world: World) -> None:
    first = program(world)
    secrets.patch(world, KEPT, {"metadata": {"labels": {"team": "a"}}})
    world.settle()
    start = world.journal_end()
    world.look("RamUser", NAME)
    assert world.writes(start) == []
    secrets.patch(world, KEPT, {"data": {secrets.SECRET: "bm8="}})
    world.look("RamUser", NAME)
    until(lambda: secrets.held(world, KEPT)[0] != first, "a new key")
    assert created(world, start) == 1


def test_a_key_is_found_nowhere_but_in_its_secret(
    world: World, operator: OperatorProcess, installed: Cluster, logs: Path
) -> None:
    program(world)
    secret = secrets.held(world, KEPT)[1]
    assert len(secret) > 20
    world.settle()
    world.look("RamUser", NAME)
    text = secret.encode()
    forms = {secret, base64.b64encode(text).decode(), quote(secret, safe=""), text.hex()}
    told = {
        "log": (logs / "operator.log").read_text(),
        "metrics": operator.metrics(),
        "objects": json.dumps([world.get("RamUser", NAME), world.records(), world.events()]),
        "journal": json.dumps(world.writes()),
        "audit": json.dumps(list(installed.audit_events())),
    }
    assert KEPT in told["objects"]
    assert NAME in told["log"]
    assert "CreateAccessKey" in told["journal"]
    found = [(where, form[:4]) for where, all_ in told.items() for form in forms if form in all_]
    assert found == []
