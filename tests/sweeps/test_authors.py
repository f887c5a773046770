"""Who made a difference is told once ActionTrail knows, and nobody is named who may not be it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import alibabacloud_ram20150501.client as ram_client
import alibabacloud_ram20150501.models as ram
import pytest
from alibabacloud_tea_openapi.models import Config
from Tea.exceptions import TeaException

from lab.world import TRUST_FC, World, condition, trust
from ram_emulator.admin import UserKeys
from tests.support import secrets
from tests.sweeps.conftest import Open

Json = dict[str, Any]
FC = ("Service", "fc.aliyuncs.com")
ECS = ("Service", "ecs.aliyuncs.com")
ROLE, GROUP = "RamRole", "RamGroup"
READER = "AliyunOSSReadOnlyAccess"
CONSOLE = "ram.console.alibabacloud.com"
ADMIN = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@pytest.fixture
def world(opened: Open) -> Iterator[World]:
    with opened({"actiontrail_lag_seconds": 0.0}) as world:
        yield world


def hand(world: World, name: str, agent: str = "terraform") -> ram_client.Client:
    """The SDK under the key of a user of that name, which is made for it."""
    keys: UserKeys = world.admin.create_user(world.account_id, name, document=ADMIN)
    return ram_client.Client(
        Config(
            access_key_id=keys.access_key_id,
            access_key_secret=keys.access_key_secret,
            endpoint=world.emulator.endpoint,
            protocol="http",
            user_agent=agent,
        )
    )


def let_in(client: ram_client.Client, role: str, **changes: Any) -> None:
    document = json.dumps(trust(FC, ECS))
    client.update_role(
        ram.UpdateRoleRequest(role_name=role, new_assume_role_policy_document=document, **changes)
    )


def attach(client: ram_client.Client, role: str) -> None:
    client.attach_policy_to_role(
        ram.AttachPolicyToRoleRequest(policy_type="System", policy_name=READER, role_name=role)
    )


def author(world: World, kind: str, name: str, where: str = "corrected") -> Json:
    """Of the one difference that is there, once it is known."""
    world.look(kind, name)
    item = world.wait(
        kind, name, lambda item: "author" in (item["status"].get(where) or [{}])[0], "an author"
    )
    (entry,) = item["status"][where]
    found: Json = entry["author"]
    return found


def managed(world: World, name: str, **spec: Any) -> None:
    world.role(name, **spec)
    world.ready(ROLE, name)
    world.settle()


def test_a_stranger_in_a_trust_came_by_the_program_of_a_user(world: World) -> None:
    managed(world, "shop")
    let_in(hand(world, "ann"), "shop")
    world.settle()
    found = author(world, ROLE, "shop")
    assert (found["kind"], found["name"], found["event"]) == ("program", "ann", "UpdateRole")
    assert found["eventId"]
    assert found["time"]
    assert "address" not in found
    assert world.cloud()["roles"]["shop"]["trust"] == TRUST_FC
    (message,) = world.told("DriftAuthor", "shop")
    assert message.startswith("trustPolicy: made by program ann (UpdateRole, event ")


def test_a_member_came_by_a_person_in_the_console(world: World) -> None:
    world.admin.create_user(world.account_id, "eve")
    world.create(GROUP, "team", {})
    world.ready(GROUP, "team")
    world.settle()
    hand(world, "bob", CONSOLE).add_user_to_group(
        ram.AddUserToGroupRequest(user_name="eve", group_name="team")
    )
    world.settle()
    found = author(world, GROUP, "team")
    assert (found["kind"], found["name"], found["event"]) == (
        "person",
        "bob",
        "AddUserToUserGroup",
    )


def test_who_attached_a_policy_is_not_who_edited_the_role(world: World) -> None:
    managed(world, "shop")
    attach(hand(world, "ann"), "shop")
    hand(world, "bob").update_role(
        ram.UpdateRoleRequest(role_name="shop", new_max_session_duration=3600)
    )
    world.settle()
    found = author(world, ROLE, "shop")
    assert (found["kind"], found["name"]) == ("program", "ann")


def test_of_two_who_may_have_done_it_both_are_named(world: World) -> None:
    managed(world, "shop")
    let_in(hand(world, "ann"), "shop")
    let_in(hand(world, "bob"), "shop")
    world.settle()
    found = author(world, ROLE, "shop")
    assert found["name"] == "one of ann, bob"
    assert "eventId" not in found


def test_whose_call_was_refused_did_not_do_it(world: World) -> None:
    managed(world, "shop")
    let_in(hand(world, "ann"), "shop")
    with pytest.raises(TeaException):
        let_in(hand(world, "bob"), "shop", new_max_session_duration=1)
    world.settle()
    assert author(world, ROLE, "shop")["name"] == "ann"


def test_where_nobody_may_ask_the_author_is_unknown_and_the_drift_is_taken_back(
    world: World,
) -> None:
    world.admin.add_fault(kind="deny", action="LookupEvents", account=world.account_id, times=-1)
    managed(world, "shop")
    let_in(hand(world, "ann"), "shop")
    world.settle()
    found = author(world, ROLE, "shop")
    assert found["kind"] == "unknown"
    assert "LookupEvents" in found["why"]
    assert world.cloud()["roles"]["shop"]["trust"] == TRUST_FC
    assert "ann" not in json.dumps(found)


def test_without_names_neither_name_nor_address_is_in_the_status(world: World) -> None:
    authors = {"names": False, "addresses": False}
    world.patch("RamAccount", world.namespace, {"spec": {"driftAuthors": authors}})
    managed(world, "shop")
    let_in(hand(world, "ann"), "shop")
    world.settle()
    found = author(world, ROLE, "shop")
    assert found["kind"] == "program"
    assert found["eventId"]
    assert "ann" not in json.dumps(found)
    assert "127.0.0.1" not in json.dumps(found)


def test_addresses_are_shown_where_they_are_asked_for(world: World) -> None:
    world.patch("RamAccount", world.namespace, {"spec": {"driftAuthors": {"addresses": True}}})
    managed(world, "shop")
    let_in(hand(world, "ann"), "shop")
    world.settle()
    assert author(world, ROLE, "shop")["address"] == "127.0.0.1"


def test_what_the_trail_does_not_have_yet_is_not_said_and_holds_nothing_up(world: World) -> None:
    world.admin.set_behaviours(world.account_id, {"actiontrail_lag_seconds": 3600.0})
    managed(world, "shop")
    let_in(hand(world, "ann"), "shop")
    world.settle()
    start = world.journal_end()
    world.look(ROLE, "shop")
    world.told("DriftCorrected", "shop")
    item = world.look(ROLE, "shop")
    (entry,) = item["status"]["corrected"]
    assert "author" not in entry
    assert [call["action"] for call in world.writes(start)] == ["UpdateRole"]


@pytest.mark.parametrize("policy", ["RevertExcess", "Revert"])
def test_what_the_platform_switched_off_weighs_little_and_is_not_given_back(
    world: World, policy: str
) -> None:
    secrets.may_keep(world)
    spec = {"accessMode": "AccessKey", "accessKey": {"secretName": "kept"}, "driftPolicy": policy}
    world.create("RamUser", "idle", spec)
    world.ready("RamUser", "idle")
    key, _ = secrets.held(world, "kept")
    world.settle()
    start = world.journal_end()
    world.admin.set_key_status(world.account_id, key, "Inactive", by_platform=True)
    world.settle()
    found = author(world, "RamUser", "idle", "drift")
    assert (found["kind"], found["event"]) == ("platform", "UpdateAccessKey")
    item = world.look("RamUser", "idle")
    (entry,) = item["status"]["drift"]
    assert (entry["severity"], entry["action"]) == ("info", "reported")
    assert condition(item, "Ready")["reason"] == "Drifted"
    assert world.writes(start) == []
    assert secrets.keys(world, "idle") == {key: "Inactive"}
