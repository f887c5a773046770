"""What was agreed on to end ends, also while nothing else may be written of its object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab import waiting
from lab.world import World, condition
from tests.gate.attacks import NAME
from tests.gate.test_ends import GROUP, actions, agreed, granted, is_in, until
from tests.gate.triples import Entry, Moment, Resource, Triple, attack, rows
from tests.support.times import come, soon

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def bob(world: World) -> None:
    """A user whom nobody manages."""
    world.hand.create_user(ram.CreateUserRequest(user_name="bob"))


def tenants(world: World, **changes: Any) -> None:
    """An edit of what the account lets the namespace do."""
    account = world.get("RamAccount", world.namespace)
    assert account is not None
    (tenant,) = account["spec"]["tenants"]
    world.edit("RamAccount", world.namespace, tenants=[{**tenant, **changes}])


def no_tenant(world: World) -> None:
    tenants(world, namespace="somebody-else")


def not_the_kind(world: World) -> None:
    tenants(world, kinds=["RamRole"])


def not_the_policy(world: World) -> None:
    tenants(world, policies=[{"type": "System", "name": "AliyunOSSReadOnlyAccess"}])


def another_prefix(world: World) -> None:
    tenants(world, namePrefixes=["other-"])


def protected(world: World) -> None:
    world.edit("RamAccount", world.namespace, protected={"names": [NAME]})


def the_operator_itself(world: World) -> None:
    """Whoever may edit the manifest asks for what nobody gets."""
    own = world.keys.admin_arn.rpartition("/")[2]
    members = [*until(None), {"type": "User", "name": own}]
    world.edit(GROUP, NAME, members=members)


@dataclass(frozen=True)
class Block:
    """What keeps the object from being managed, and the reason that it shows."""

    block: Callable[[World], None]
    reason: str
    entry: Entry

    @property
    def triple(self) -> Triple:
        return self.entry, Resource.EXPIRY, Moment.FORBIDDEN


BLOCKS: Final = {
    "no tenant any more": Block(no_tenant, "NotPermitted", Entry.SETTINGS),
    "not the kind any more": Block(not_the_kind, "NotPermitted", Entry.SETTINGS),
    "not the policy any more": Block(not_the_policy, "NotPermitted", Entry.SETTINGS),
    "not the name any more": Block(another_prefix, "NotPermitted", Entry.SETTINGS),
    "a protected name": Block(protected, "Protected", Entry.SETTINGS),
    "the operator as a member": Block(the_operator_itself, "Protected", Entry.MANIFEST),
}


@pytest.mark.parametrize("case", rows(BLOCKS, lambda case: case.triple))
def test_the_right_goes_although_the_object_may_not_be_managed(world: World, case: Block) -> None:
    granted(world, end := soon(8.0))
    start = world.journal_end()
    case.block(world)
    world.reason(GROUP, NAME, case.reason)
    assert is_in(world)
    assert actions(world, start) == []
    come(end)
    waiting.until(lambda: not is_in(world), "that he is out of the group")
    (told,) = world.told("Updated", NAME)[-1:]
    assert "bob" in told
    item = world.wait(GROUP, NAME, lambda item: "bob" in said(item), "what was ended")
    assert condition(item, "Ready")["reason"] == case.reason
    world.settle()
    world.look(GROUP, NAME)
    assert actions(world, start) == ["RemoveUserFromGroup"]
    assert agreed(world) == end


def said(item: Json) -> str:
    return str(condition(item, "Ready").get("message", ""))


def kept_by_another(world: World) -> None:
    """A finalizer that its author wrote: the object waits for ever, and we have nothing to do."""
    world.patch(GROUP, NAME, {"metadata": {"finalizers": ["example.com/keep"]}})


def suspended(world: World) -> None:
    world.edit(GROUP, NAME, deletionPolicy="Delete")
    world.ready(GROUP, NAME)
    world.edit(GROUP, NAME, suspend=True)
    world.reason(GROUP, NAME, "Suspended")


WAITS: Final = {"another's finalizer": kept_by_another, "suspended": suspended}


@attack(Entry.DELETED, Resource.EXPIRY, Moment.EXPIRING)
@pytest.mark.parametrize("waits", WAITS.values(), ids=WAITS)
def test_the_right_goes_although_a_deletion_waits(
    world: World, waits: Callable[[World], None]
) -> None:
    granted(world, end := soon(10.0))
    waits(world)
    start = world.journal_end()
    world.delete(GROUP, NAME)
    come(end)
    waiting.until(lambda: not is_in(world), "that he is out of the group")
    (told,) = world.told("Updated", NAME)[-1:]
    assert "bob" in told
    world.settle()
    assert actions(world, start) == ["RemoveUserFromGroup"]
    assert world.get(GROUP, NAME) is not None


@pytest.mark.legitimate
def test_nobody_goes_where_nothing_is_written(world: World) -> None:
    """Whoever stops the operator has it write nothing, and sees that it does."""
    granted(world, end := soon(8.0))
    not_the_kind(world)
    world.reason(GROUP, NAME, "NotPermitted")
    world.edit("RamAccount", world.namespace, mode="Observe")
    world.ready("RamAccount", world.namespace)
    start = world.journal_end()
    come(end)
    world.settle()
    world.look(GROUP, NAME)
    assert (actions(world, start), is_in(world)) == ([], True)
    world.edit("RamAccount", world.namespace, mode="Manage")
    waiting.until(lambda: not is_in(world), "that he is out of the group")


@pytest.mark.legitimate
def test_another_group_of_that_name_is_left_alone(world: World) -> None:
    granted(world, end := soon(8.0))
    not_the_kind(world)
    world.reason(GROUP, NAME, "NotPermitted")
    remove = ram.RemoveUserFromGroupRequest(user_name="bob", group_name=NAME)
    world.hand.remove_user_from_group(remove)
    detach = ram.DetachPolicyFromGroupRequest(
        policy_type="System", policy_name="AdministratorAccess", group_name=NAME
    )
    world.hand.detach_policy_from_group(detach)
    world.settle()
    world.hand.delete_group(ram.DeleteGroupRequest(group_name=NAME))
    world.hand.create_group(ram.CreateGroupRequest(group_name=NAME))
    world.hand.add_user_to_group(ram.AddUserToGroupRequest(user_name="bob", group_name=NAME))
    start = world.journal_end()
    come(end)
    world.settle()
    world.look(GROUP, NAME)
    assert (actions(world, start), is_in(world)) == ([], True)
