"""What a reference names that is not ready is neither given nor taken away; nothing else waits."""

from __future__ import annotations

from typing import Any

import alibabacloud_ram20150501.models as ram

from lab.waiting import Deadline, until
from lab.world import World, condition, trust
from tests.gate.approving import approve
from tests.support.times import come, soon

Json = dict[str, Any]
OSS_READ = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}
ECS_READ = {"type": "System", "name": "AliyunECSReadOnlyAccess"}
FC = ("Service", "fc.aliyuncs.com")
ADMIN = {"type": "System", "name": "AdministratorAccess"}


def join(world: World, user: str) -> None:
    request = ram.AddUserToGroupRequest(user_name=user, group_name="developers")
    world.hand.add_user_to_group(request)
    world.settle()


def members(world: World) -> list[str]:
    return sorted(world.cloud()["groups"]["developers"]["members"])


def actions(world: World, start: int) -> list[str]:
    return [entry["action"] for entry in world.writes(start)]


def ref(name: str, kind: str = "RamUser", **more: Any) -> Json:
    return {"type": kind, "name": name, **more}


def test_a_member_stays_while_the_reference_that_names_him_is_not_there(world: World) -> None:
    for name in ("ann", "eve"):
        world.create("RamUser", name, {})
        world.ready("RamUser", name)
    world.create(
        "RamGroup", "developers", {"policies": [OSS_READ, ECS_READ], "members": [ref("ann")]}
    )
    world.ready("RamGroup", "developers")
    world.delete("RamUser", "ann")
    world.reason("RamGroup", "developers", "DependencyNotReady")
    join(world, "eve")
    start = world.journal_end()
    world.annotate("RamGroup", "developers", reconcile_requested_at="now")
    item = world.wait(
        "RamGroup", "developers", lambda o: condition(o, "Drifted")["status"] == "True", "drift"
    )
    # Any user may be the one that it names, so nobody is taken out; who is new is no secret.
    assert [(e["field"], e["action"]) for e in item["status"]["drift"]] == [
        ("members[eve]", "reported")
    ]
    assert "RamUser" in condition(item, "Ready")["message"]
    assert members(world) == ["ann", "eve"]
    # A system policy is none of them.
    world.edit("RamGroup", "developers", policies=[OSS_READ])
    until(
        lambda: len(world.cloud()["groups"]["developers"]["policies"]) == 1, "that it is detached"
    )
    assert actions(world, start) == ["DetachPolicyFromGroup"]
    # Once it is known who is meant, the other one goes.
    world.create("RamUser", "ann", {"adoptionPolicy": "IfExists"})
    world.ready("RamUser", "ann")
    world.look("RamGroup", "developers")
    world.ready("RamGroup", "developers")
    assert members(world) == ["ann"]
    assert actions(world, start).count("RemoveUserFromGroup") == 1


def test_a_member_whose_object_is_not_ready_is_left_alone_and_nobody_else(world: World) -> None:
    for name in ("ann", "carl", "eve"):
        world.hand.create_user(ram.CreateUserRequest(user_name=name))
    # It may not take him over, and its name is known all the same.
    world.create("RamUser", "carl", {})
    world.reason("RamUser", "carl", "NotAdopted")
    ann = {"type": "User", "name": "ann"}
    world.create("RamGroup", "developers", {"members": [ann]})
    world.ready("RamGroup", "developers")
    world.edit("RamGroup", "developers", members=[ann, ref("carl")])
    world.reason("RamGroup", "developers", "DependencyNotReady")
    join(world, "carl")
    join(world, "eve")
    start = world.journal_end()
    world.annotate("RamGroup", "developers", reconcile_requested_at="now")
    until(lambda: "eve" not in members(world), "that she is out of the group")
    world.settle()
    assert members(world) == ["ann", "carl"]
    assert actions(world, start) == ["RemoveUserFromGroup"]


def user(name: str, **more: Any) -> Json:
    return {"type": "User", "name": name, **more}


def people(world: World, *names: str) -> None:
    """Users whom nobody manages."""
    for name in names:
        world.hand.create_user(ram.CreateUserRequest(user_name=name))


def gone_from(world: World, name: str, *groups: str) -> None:
    """Wait until he is in none of these groups."""

    def gone() -> bool:
        known = world.cloud()["groups"]
        return not any(name in known[group]["members"] for group in groups)

    until(gone, f"that {name} is in none of {groups}")


def test_what_ends_goes_while_a_reference_is_not_there(world: World) -> None:
    for name in ("ann", "bob"):
        world.create("RamUser", name, {})
        world.ready("RamUser", name)
    people(world, "carl")
    end = soon(16.0)
    world.create(
        "RamGroup",
        "developers",
        {"members": [ref("ann", expiresAt=end), user("carl", expiresAt=end), ref("bob")]},
    )
    world.ready("RamGroup", "developers")
    world.delete("RamUser", "bob")
    world.reason("RamGroup", "developers", "DependencyNotReady")
    start = world.journal_end()
    come(end)
    gone_from(world, "ann", "developers")
    gone_from(world, "carl", "developers")
    assert members(world) == ["bob"]
    assert actions(world, start) == ["RemoveUserFromGroup"] * 2


def test_a_reference_waits_for_what_is_held(world: World) -> None:
    world.hand.create_user(ram.CreateUserRequest(user_name="dora"))
    arn = f"acs:ram::{world.account_id}:user/dora"
    world.role("trusting", trustPolicy=trust(FC, ("RAM", arn)))
    approved(world, "RamRole", "trusting")
    world.hand.delete_user(ram.DeleteUserRequest(user_name="dora"))
    world.settle()
    world.create("RamUser", "dora", {})
    world.reason("RamUser", "dora", "ApprovalRequired")
    start = world.journal_end()
    world.create("RamGroup", "developers", {"members": [ref("dora")]})
    item = world.reason("RamGroup", "developers", "DependencyNotReady")
    assert "its creation waits for an approval" in condition(item, "Ready")["message"]
    assert actions(world, start) == []
    approved(world, "RamUser", "dora")
    world.ready("RamGroup", "developers")
    assert members(world) == ["dora"]


def approved(world: World, kind: str, name: str) -> None:
    """Approve what is held until it is ready: RAM may refuse a name for a while that was deleted,
    and the same change is offered anew then.
    """
    digest = ""
    deadline = Deadline()
    while condition(item := world.look(kind, name), "Ready")["status"] != "True":
        assert not deadline.over, item["status"]
        offered = item["status"].get("pending", {}).get("digest", "")
        if offered not in ("", digest):
            digest = approve(world, kind, name)


def test_what_ends_goes_whatever_else_is_wrong(world: World) -> None:
    """A part that cannot be read, a change that is held."""
    people(world, "ann", "bob")
    end = soon(18.0)
    ending = [user("ann"), user("bob", expiresAt=end)]
    for name in ("unread", "holding"):
        world.create("RamGroup", name, {"policies": [OSS_READ], "members": ending})
        world.ready("RamGroup", name)
    world.edit("RamGroup", "holding", policies=[ADMIN])
    world.reason("RamGroup", "holding", "ApprovalRequired")
    start = world.journal_end()
    world.admin.add_fault("deny", account=world.account_id, action="ListPoliciesForGroup", times=-1)
    come(end)
    gone_from(world, "bob", "unread", "holding")
    assert actions(world, start) == ["RemoveUserFromGroup"] * 2


def test_what_ends_goes_although_another_one_may_not_be_taken_away(world: World) -> None:
    people(world, "ann", "bob")
    end = soon(12.0)
    world.create("RamGroup", "developers", {"members": [user("bob", expiresAt=end)]})
    world.ready("RamGroup", "developers")
    # Nobody looks before the end, and by her name she is taken out first.
    join(world, "ann")
    start = world.journal_end()
    world.admin.add_fault("deny", account=world.account_id, action="RemoveUserFromGroup")
    come(end)
    item = world.wait(
        "RamGroup",
        "developers",
        lambda o: condition(o, "Ready")["reason"] == "AccessDenied",
        "refusal",
        60.0,
    )
    assert members(world) == ["ann"]
    assert actions(world, start) == ["RemoveUserFromGroup"]
    (entry,) = item["status"]["drift"]
    assert (entry["field"], entry["action"]) == ("members[ann]", "pending")


def test_in_observe_what_ends_is_shown_and_stays(world: World) -> None:
    people(world, "bob")
    end = soon(12.0)
    world.create("RamGroup", "developers", {"members": [user("bob", expiresAt=end)]})
    world.ready("RamGroup", "developers")
    world.patch("RamAccount", world.namespace, {"spec": {"mode": "Observe"}})
    start = world.journal_end()
    come(end)
    item = world.wait(
        "RamGroup", "developers", lambda o: bool(o["status"].get("wouldDo")), "end", 60.0
    )
    assert item["status"]["wouldDo"] == ["expel bob"]
    assert actions(world, start) == []
    assert members(world) == ["bob"]
