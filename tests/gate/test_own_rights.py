"""What the operator has its own rights by: no tenant adopts, changes, deletes or leaves it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab.world import DOCUMENT, World, condition, put_secret
from ram_emulator.admin import UserKeys
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.hands import Hands

Json = dict[str, Any]
POLICY: Final = "RamPolicy"
GROUP: Final = "RamGroup"
OWN: Final = "operator-own"
OPERATOR: Final = "RamBot"
ALL: Final[Json] = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}],
}
NARROW: Final[Json] = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": ["oss:GetObject"], "Resource": ["*"]}],
}
ADMIN: Final = [("System", "AdministratorAccess")]


def runs_as(world: World, keys: UserKeys) -> None:
    """The operator of this account runs as that user from now on."""
    values = {"accessKeyId": keys.access_key_id, "accessKeySecret": keys.access_key_secret}
    put_secret(world.cluster, world.namespace, values)
    world.settle()
    world.look("RamAccount", world.namespace)
    account = world.ready("RamAccount", world.namespace)
    assert account["status"]["principalArn"].endswith(f"user/{OPERATOR}")


def user(world: World, policies: list[tuple[str, str]]) -> UserKeys:
    return world.admin.create_user(world.account_id, OPERATOR, policies=policies)


def by_policy(world: World) -> None:
    """It has its rights by a policy that is attached to its user."""
    Hands(world).create_policy(OWN, ALL)
    runs_as(world, user(world, [("Custom", OWN)]))


def by_group(world: World) -> None:
    """By a policy of a group that its user is in."""
    Hands(world).create_policy(OWN, ALL)
    keys = user(world, ADMIN)
    world.hand.create_group(ram.CreateGroupRequest(group_name="Bots"))
    world.hand.attach_policy_to_group(
        ram.AttachPolicyToGroupRequest(policy_type="Custom", policy_name=OWN, group_name="Bots")
    )
    join(world, "Bots")
    runs_as(world, keys)


def join(world: World, group: str) -> None:
    request = ram.AddUserToGroupRequest(user_name=OPERATOR, group_name=group)
    world.hand.add_user_to_group(request)
    world.settle()


def attach(world: World) -> None:
    world.hand.attach_policy_to_user(
        ram.AttachPolicyToUserRequest(policy_type="Custom", policy_name=OWN, user_name=OPERATOR)
    )
    world.settle()


def is_refused(world: World, kind: str, name: str, start: int) -> Json:
    item = world.reason(kind, name, "Protected")
    assert "the operator itself" in condition(item, "Ready")["message"]
    world.look(kind, name)
    world.settle()
    assert world.writes(start) == []
    return item


@attack(Entry.ADOPTED, Resource.OWN_POLICY, Moment.FIRST)
@pytest.mark.parametrize("had", [by_policy, by_group])
@pytest.mark.parametrize("spelled", [OWN, OWN.upper()])
def test_its_policy_is_not_taken_over_and_narrowed(
    world: World, had: Callable[[World], None], spelled: str
) -> None:
    had(world)
    start = world.journal_end()
    world.policy("mine", policyName=spelled, adoptionPolicy="IfExists", document=NARROW)
    is_refused(world, POLICY, "mine", start)
    assert world.record(POLICY, OWN) is None


@attack(Entry.DELETED, Resource.OWN_POLICY, Moment.SETTLED)
def test_its_policy_is_not_deleted_with_the_object_that_claims_it(world: World) -> None:
    """The object had it before, and then it was attached to the operator."""
    keys = user(world, ADMIN)
    runs_as(world, keys)
    world.policy("mine", policyName=OWN, deletionPolicy="Delete")
    world.ready(POLICY, "mine")
    world.settle()
    attach(world)
    start = world.journal_end()
    world.delete(POLICY, "mine")
    world.wait(
        POLICY,
        "mine",
        lambda o: condition(o, "Ready").get("reason") == "Protected",
        "the refusal",
    )
    assert world.writes(start) == []
    assert OWN in world.cloud()["policies"]


@attack(Entry.MANIFEST, Resource.OWN_POLICY, Moment.SETTLED)
@pytest.mark.parametrize(
    "edit",
    [{"document": NARROW}, {"document": ALL}, {"description": "mine"}, {"tags": {"a": "b"}}],
    ids=["narrowed", "widened", "described", "tagged"],
)
def test_nothing_is_written_to_a_policy_that_became_its_own(world: World, edit: Json) -> None:
    runs_as(world, user(world, ADMIN))
    world.policy("mine", policyName=OWN)
    world.ready(POLICY, "mine")
    world.settle()
    attach(world)
    start = world.journal_end()
    world.edit(POLICY, "mine", **edit)
    is_refused(world, POLICY, "mine", start)


@attack(Entry.DOCUMENT_BY_HAND, Resource.OWN_POLICY, Moment.SETTLED)
def test_what_drifted_on_its_policy_is_left_too(world: World) -> None:
    runs_as(world, user(world, ADMIN))
    world.policy("mine", policyName=OWN, driftPolicy="Revert")
    world.ready(POLICY, "mine")
    world.settle()
    attach(world)
    Hands(world).version_policy(OWN, ALL)
    world.settle()
    start = world.journal_end()
    world.look(POLICY, "mine")
    is_refused(world, POLICY, "mine", start)


@attack(Entry.ADOPTED, Resource.OWN_GROUP, Moment.FIRST)
def test_its_group_is_not_taken_over(world: World) -> None:
    by_group(world)
    start = world.journal_end()
    world.create(GROUP, "mine", {"groupName": "bots", "adoptionPolicy": "IfExists"})
    is_refused(world, GROUP, "mine", start)


@attack(Entry.JOINED_BY_HAND, Resource.OWN_GROUP, Moment.SETTLED)
def test_it_is_not_expelled_from_a_group_that_it_joined(world: World) -> None:
    """An exclusive group takes out whom its manifest does not name, and here it does not."""
    runs_as(world, user(world, ADMIN))
    world.create(GROUP, "mine", {"driftPolicy": "Revert", "deletionPolicy": "Delete"})
    world.ready(GROUP, "mine")
    world.settle()
    join(world, "mine")
    start = world.journal_end()
    world.look(GROUP, "mine")
    is_refused(world, GROUP, "mine", start)
    world.edit(GROUP, "mine", policies=[{"type": "System", "name": "AliyunOSSReadOnlyAccess"}])
    is_refused(world, GROUP, "mine", start)
    world.delete(GROUP, "mine")
    world.settle()
    world.settle()
    assert world.writes(start) == []


@attack(Entry.CREATED, Resource.OWN_GROUP, Moment.CREATION)
def test_it_is_made_a_member_of_nothing(world: World) -> None:
    """A policy of the group that denies would take its rights away."""
    runs_as(world, user(world, ADMIN))
    start = world.journal_end()
    member = {"type": "User", "name": OPERATOR.lower()}
    world.create(GROUP, "trap", {"members": [member]})
    item = world.reason(GROUP, "trap", "Protected")
    assert "runs as it" in condition(item, "Ready")["message"]
    world.settle()
    assert world.writes(start) == []


@pytest.mark.legitimate
def test_once_the_operator_needs_it_no_more_it_is_managed_again(world: World) -> None:
    by_policy(world)
    world.policy("mine", policyName=OWN, adoptionPolicy="IfExists", document=ALL)
    world.reason(POLICY, "mine", "Protected")
    world.hand.attach_policy_to_user(
        ram.AttachPolicyToUserRequest(
            policy_type="System", policy_name="AdministratorAccess", user_name=OPERATOR
        )
    )
    world.hand.detach_policy_from_user(
        ram.DetachPolicyFromUserRequest(policy_type="Custom", policy_name=OWN, user_name=OPERATOR)
    )
    world.settle()
    # Another look at the account reads anew by what it has its rights.
    world.look("RamAccount", world.namespace)
    world.look(POLICY, "mine")
    world.ready(POLICY, "mine")


@attack(Entry.MANIFEST, Resource.OWN_POLICY, Moment.UNREAD)
@pytest.mark.parametrize("action", ["ListPoliciesForUser", "ListGroupsForUser"])
def test_where_that_cannot_be_read_nothing_that_exists_is_changed(
    world: World, action: str
) -> None:
    """And what does not exist yet lends the operator nothing, so it may be made."""
    runs_as(world, user(world, ADMIN))
    world.policy("before")
    world.ready(POLICY, "before")
    Hands(world).create_policy("found", DOCUMENT)
    world.settle()
    world.admin.add_fault("deny", account=world.account_id, action=action, times=-1)
    world.look("RamAccount", world.namespace)
    start = world.journal_end()
    world.edit(POLICY, "before", document=NARROW)
    world.policy("found", adoptionPolicy="IfExists")
    for name in ("before", "found"):
        item = world.reason(POLICY, name, "AccessDenied")
        text = condition(item, "Ready")["message"]
        assert action in text
        assert "may be what the operator itself has its rights by" in text
    world.settle()
    assert world.writes(start) == []
    assert world.record(POLICY, "found") is None
    world.policy("after")
    world.ready(POLICY, "after")
    assert json.dumps(world.cloud()["policies"]["after"])
