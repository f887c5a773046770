"""A right that a group comes to have makes no stranger of who is in it by then.

Whoever approves it is shown who that is, also who joined by hand while it had none, or while one
waited; afterwards nobody is taken out for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab.world import DOCUMENT, World
from tests.gate.approving import approve, held
from tests.gate.attacks import ADMIN
from tests.gate.test_not_in_force import (
    GROUP,
    LOOSE,
    NAME,
    POLICY,
    RIGHTS,
    TEAM,
    a_team,
    expelled,
    looked_at_twice,
    members,
    nobodys,
    waiting,
)
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.hands import Hands

Json = dict[str, Any]


def by_hand(world: World) -> None:
    request = ram.AttachPolicyToGroupRequest(
        policy_type="System", policy_name=ADMIN["name"], group_name=TEAM
    )
    world.hand.attach_policy_to_group(request)
    world.settle()


def asked(world: World) -> list[Json]:
    item = world.get(GROUP, TEAM)
    assert item is not None
    return [*item["spec"]["policies"], ADMIN]


def suspended(world: World) -> tuple[str, str]:
    """Attached by hand and in the manifest while nobody looked."""
    world.edit(GROUP, TEAM, suspend=True)
    world.reason(GROUP, TEAM, "Suspended")
    by_hand(world)
    world.edit(GROUP, TEAM, policies=asked(world), suspend=False)
    return GROUP, TEAM


def reporting(world: World) -> tuple[str, str]:
    """The same of a group whose object takes nothing back."""
    world.edit(GROUP, TEAM, driftPolicy="Report")
    world.ready(GROUP, TEAM)
    by_hand(world)
    world.edit(GROUP, TEAM, policies=asked(world))
    return GROUP, TEAM


def wished(world: World) -> tuple[str, str]:
    """Asked for as it should be."""
    world.edit(GROUP, TEAM, policies=asked(world))
    return GROUP, TEAM


def written(world: World) -> tuple[str, str]:
    """A policy of the group asks for it."""
    waiting(world)
    return POLICY, NAME


def others(world: World) -> tuple[str, str]:
    """A policy that no object owns was widened by hand."""
    nobodys(world)
    world.look(GROUP, TEAM)
    return GROUP, TEAM


WAYS: Final = [suspended, reporting, wished, written, others]


@pytest.mark.legitimate
@pytest.mark.parametrize("gains", WAYS)
def test_who_is_in_the_group_is_shown_and_stays(
    world: World, gains: Callable[[World], tuple[str, str]]
) -> None:
    a_team(world)
    start = world.journal_end()
    offered = gains(world)
    held(world, *offered)
    # By hand first, and in the manifest then, so that the operator writes nothing.
    joins = ram.AddUserToGroupRequest(user_name="eve", group_name=TEAM)
    world.hand.add_user_to_group(joins)
    world.edit(GROUP, TEAM, members=members("ann", "ben", "eve"))
    looked_at_twice(world, GROUP, TEAM)
    looked_at_twice(world, *offered)
    shown = str(held(world, *offered)["status"]["pending"]["gains"])
    assert [name for name in ("ann", "ben", "eve") if name not in shown] == []
    approve(world, *offered)
    world.ready(*offered)
    world.ready(GROUP, TEAM)
    world.edit(GROUP, TEAM, driftPolicy="RevertExcess")
    looked_at_twice(world, GROUP, TEAM)
    assert expelled(world, start) == []
    assert set(world.cloud()["groups"][TEAM]["members"]) == {"ann", "ben", "eve"}
    world.ready(GROUP, TEAM)


def joins_by_hand(world: World) -> None:
    request = ram.AddUserToGroupRequest(user_name="eve", group_name=TEAM)
    world.hand.add_user_to_group(request)
    joins_as_asked(world)


def joins_as_asked(world: World) -> None:
    world.edit(GROUP, TEAM, members=members("ann", "ben", "eve"))


@attack(Entry.DOCUMENT_BY_HAND, Resource.MEMBER, Moment.SETTLED)
@pytest.mark.parametrize("joins", [joins_by_hand, joins_as_asked])
def test_who_joins_while_a_policy_is_narrowed_by_hand_is_shown_once_it_is_widened(
    world: World, joins: Callable[[World], None]
) -> None:
    """Nobody has to agree on him meanwhile: the group has no right then."""
    a_team(world)
    nobodys(world)
    world.look(GROUP, TEAM)
    approve(world, GROUP, TEAM)
    world.ready(GROUP, TEAM)
    start = world.journal_end()
    Hands(world).version_policy(LOOSE, DOCUMENT)
    world.settle()
    joins(world)
    looked_at_twice(world, GROUP, TEAM)
    world.ready(GROUP, TEAM)
    assert set(world.cloud()["groups"][TEAM]["members"]) == {"ann", "ben", "eve"}
    Hands(world).version_policy(LOOSE, RIGHTS)
    looked_at_twice(world, GROUP, TEAM)
    item = held(world, GROUP, TEAM)
    assert "eve" in str(item["status"]["pending"]["gains"])
    assert expelled(world, start) == []
