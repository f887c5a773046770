"""Users and groups: created, changed, joined and left, and deleted in the order RAM asks for."""

from __future__ import annotations

import alibabacloud_ram20150501.models as ram

from lab.waiting import until
from lab.world import World, condition
from tests.support.times import come, soon

OSS_READ = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}
ECS_READ = {"type": "System", "name": "AliyunECSReadOnlyAccess"}


def user(world: World, name: str, **spec: object) -> None:
    world.create("RamUser", name, dict(spec))


def group(world: World, name: str, **spec: object) -> None:
    world.create("RamGroup", name, dict(spec))


def test_a_user_is_created_and_every_field_updated(world: World) -> None:
    user(world, "ann", displayName="Ann", comments="one", policies=[OSS_READ])
    made = world.ready("RamUser", "ann")
    live = world.cloud()["users"]["ann"]
    assert made["status"]["cloudId"] == live["userId"]
    assert live["displayName"] == "Ann"
    assert live["policies"] == [["System", "AliyunOSSReadOnlyAccess"]]

    world.edit("RamUser", "ann", displayName="Ann B.", comments="two", policies=[ECS_READ])
    world.ready("RamUser", "ann")
    live = world.cloud()["users"]["ann"]
    assert live["displayName"] == "Ann B."
    assert live["comments"] == "two"
    assert live["policies"] == [["System", "AliyunECSReadOnlyAccess"]]


def test_an_unmanaged_text_survives_the_update_of_another(world: World) -> None:
    user(world, "ann", displayName="Ann")
    world.ready("RamUser", "ann")
    world.hand.update_user(
        ram.UpdateUserRequest(
            user_name="ann",
            new_user_name="ann",
            new_display_name="Ann",
            new_comments="by hand",
        )
    )
    world.settle()
    world.edit("RamUser", "ann", displayName="Ann B.")
    world.ready("RamUser", "ann")
    live = world.cloud()["users"]["ann"]
    assert (live["displayName"], live["comments"]) == ("Ann B.", "by hand")


def test_a_group_has_its_members_and_policies(world: World) -> None:
    group(
        world,
        "developers",
        comments="who develop",
        policies=[OSS_READ],
        members=[{"type": "RamUser", "name": "ann"}, {"type": "RamUser", "name": "bob"}],
    )
    waiting = world.reason("RamGroup", "developers", "DependencyNotReady")
    assert "ann" in condition(waiting, "Ready")["message"]
    user(world, "ann")
    user(world, "bob")
    world.ready("RamGroup", "developers")
    live = world.cloud()["groups"]["developers"]
    assert sorted(live["members"]) == ["ann", "bob"]
    assert live["policies"] == [["System", "AliyunOSSReadOnlyAccess"]]

    world.edit("RamGroup", "developers", members=[{"type": "User", "name": "ann"}])
    world.ready("RamGroup", "developers")
    assert world.cloud()["groups"]["developers"]["members"] == ["ann"]
    world.settle()
    shown = world.look("RamUser", "ann")
    assert shown["status"]["groups"] == ["developers"]


def test_a_second_pass_writes_nothing(world: World) -> None:
    user(world, "ann", displayName="Ann", policies=[OSS_READ])
    group(world, "developers", comments="c", members=[{"type": "RamUser", "name": "ann"}])
    world.ready("RamUser", "ann")
    world.ready("RamGroup", "developers")
    world.settle()
    world.look("RamUser", "ann")
    start = world.journal_end()
    before = [world.get("RamUser", "ann"), world.get("RamGroup", "developers")]

    world.look("RamUser", "ann")
    world.look("RamGroup", "developers")

    assert world.writes(start) == []
    after = [world.get("RamUser", "ann"), world.get("RamGroup", "developers")]
    for was, now in zip(before, after, strict=True):
        assert was is not None
        assert now is not None
        assert was["status"]["conditions"] == now["status"]["conditions"]


def test_a_member_made_by_hand_is_taken_out(world: World) -> None:
    user(world, "ann")
    user(world, "eve")
    group(world, "developers", members=[{"type": "RamUser", "name": "ann"}])
    world.ready("RamGroup", "developers")
    world.ready("RamUser", "eve")
    world.hand.add_user_to_group(
        ram.AddUserToGroupRequest(user_name="eve", group_name="developers")
    )
    world.settle()
    seen = world.look("RamGroup", "developers")
    seen = world.wait(
        "RamGroup",
        "developers",
        lambda o: condition(o, "Drifted").get("reason") == "DriftCorrected",
        "correction",
    )
    assert "eve" in condition(seen, "Drifted")["message"]
    assert world.cloud()["groups"]["developers"]["members"] == ["ann"]


def test_a_member_taken_out_by_hand_is_only_reported(world: World) -> None:
    user(world, "ann")
    group(world, "developers", members=[{"type": "RamUser", "name": "ann"}])
    world.ready("RamGroup", "developers")
    world.settle()
    world.hand.remove_user_from_group(
        ram.RemoveUserFromGroupRequest(user_name="ann", group_name="developers")
    )
    world.settle()
    start = world.journal_end()
    world.annotate("RamGroup", "developers", reconcile_requested_at="now")
    drifted = world.reason("RamGroup", "developers", "Drifted")
    (entry,) = drifted["status"]["drift"]
    assert entry["severity"] == "critical"
    assert entry["action"] == "reported"
    assert world.writes(start) == []
    assert world.cloud()["groups"]["developers"]["members"] == []


def test_an_additive_group_keeps_foreign_members(world: World) -> None:
    user(world, "ann")
    user(world, "eve")
    member = {"type": "RamUser", "name": "ann"}
    group(world, "developers", memberMode="Additive", members=[member])
    world.ready("RamGroup", "developers")
    world.ready("RamUser", "eve")
    world.hand.add_user_to_group(
        ram.AddUserToGroupRequest(user_name="eve", group_name="developers")
    )
    world.settle()
    world.edit("RamGroup", "developers", members=[])
    world.ready("RamGroup", "developers")
    assert world.cloud()["groups"]["developers"]["members"] == ["eve"]


def test_a_membership_ends_when_it_expires(world: World) -> None:
    user(world, "ann")
    world.ready("RamUser", "ann")
    end = soon(6.0)
    member = {"type": "RamUser", "name": "ann", "expiresAt": end}
    group(world, "developers", members=[member])
    world.ready("RamGroup", "developers")
    assert world.cloud()["groups"]["developers"]["members"] == ["ann"]
    come(end)
    until(lambda: not world.cloud()["groups"]["developers"]["members"], "the end of the membership")


def test_a_key_made_by_hand_is_reported_and_not_deleted(world: World) -> None:
    user(world, "ann")
    world.ready("RamUser", "ann")
    world.settle()
    made = world.hand.create_access_key(ram.CreateAccessKeyRequest(user_name="ann"))
    secret = made.body.access_key.access_key_secret
    key = made.body.access_key.access_key_id
    world.hand.create_login_profile(
        ram.CreateLoginProfileRequest(user_name="ann", password="Tr1cky-Pass-Word!")
    )
    world.settle()
    start = world.journal_end()
    world.annotate("RamUser", "ann", reconcile_requested_at="now")
    drifted = world.reason("RamUser", "ann", "Drifted")
    fields = {entry["field"] for entry in drifted["status"]["drift"]}
    assert any("accessKey" in field for field in fields)
    assert any("loginProfile" in field for field in fields)
    assert all(entry["severity"] == "critical" for entry in drifted["status"]["drift"])
    assert secret not in str(drifted)
    assert key not in str(drifted)
    assert world.writes(start) == []
    assert len(world.cloud()["users"]["ann"]["accessKeys"]) == 1


def test_deleting_a_user_removes_what_ram_asks_to_remove_first(world: World) -> None:
    user(world, "ann", deletionPolicy="Delete", policies=[OSS_READ])
    world.ready("RamUser", "ann")
    world.settle()
    hand = world.hand
    hand.create_group(ram.CreateGroupRequest(group_name="others"))
    hand.add_user_to_group(ram.AddUserToGroupRequest(user_name="ann", group_name="others"))
    hand.create_access_key(ram.CreateAccessKeyRequest(user_name="ann"))
    hand.create_login_profile(
        ram.CreateLoginProfileRequest(user_name="ann", password="Tr1cky-Pass-Word!")
    )
    world.settle()

    world.delete("RamUser", "ann")
    world.gone("RamUser", "ann")

    assert "ann" not in world.cloud()["users"]
    assert world.cloud()["groups"]["others"]["members"] == []


def test_deleting_a_group_removes_members_and_policies_first(world: World) -> None:
    user(world, "ann")
    group(
        world,
        "developers",
        deletionPolicy="Delete",
        policies=[OSS_READ],
        members=[{"type": "RamUser", "name": "ann"}],
    )
    world.ready("RamGroup", "developers")
    world.delete("RamGroup", "developers")
    world.gone("RamGroup", "developers")
    assert world.cloud()["groups"] == {}
    assert "ann" in world.cloud()["users"]


def test_a_user_that_exists_is_not_taken_over(world: World) -> None:
    world.hand.create_user(ram.CreateUserRequest(user_name="ann"))
    world.settle()
    user(world, "ann", policies=[OSS_READ])
    world.reason("RamUser", "ann", "NotAdopted")
    assert world.cloud()["users"]["ann"]["policies"] == []


def test_what_is_made_by_hand_after_a_refused_creation_is_not_ours(world: World) -> None:
    world.admin.add_fault("deny", account=world.account_id, action="CreateUser")
    user(world, "ann", policies=[OSS_READ])
    world.reason("RamUser", "ann", "AccessDenied")
    world.hand.create_user(ram.CreateUserRequest(user_name="ann"))
    start = world.journal_end()
    world.reason("RamUser", "ann", "NotAdopted")
    assert world.writes(start) == []
    assert world.cloud()["users"]["ann"]["policies"] == []


def test_a_user_bears_our_mark_where_ims_may_be_called(world: World) -> None:
    user(world, "ann")
    world.ready("RamUser", "ann")
    assert world.cloud()["users"]["ann"]["tags"] == {
        "ram-operator/cluster": "default",
        "ram-operator/namespace": world.namespace,
        "ram-operator/name": "ann",
    }


def test_a_user_says_so_when_a_policy_that_it_refers_to_goes(world: World) -> None:
    world.policy("reader")
    user(world, "ann", policies=[{"type": "RamPolicy", "name": "reader"}])
    world.ready("RamUser", "ann")
    world.delete("RamPolicy", "reader")
    waiting = world.reason("RamUser", "ann", "DependencyNotReady")
    assert "reader" in condition(waiting, "Ready")["message"]
    assert world.cloud()["users"]["ann"]["policies"] == [["Custom", "reader"]]
