"""What was agreed on to end ends, also once no object asks for the identity any more: whoever may
delete an object, or give an identity up, keeps nobody in.
"""

from __future__ import annotations

import alibabacloud_ram20150501.models as ram
import pytest

from lab import ControlPlane, waiting
from lab.operator_process import FORGETFUL, OperatorProcess
from lab.world import World
from tests.gate.attacks import NAME
from tests.gate.test_ends import GROUP, actions, agreed, granted, is_in, until
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.times import come, soon


def bob(world: World) -> None:
    """A user whom nobody manages."""
    world.hand.create_user(ram.CreateUserRequest(user_name="bob"))


@pytest.fixture
def given(world: World) -> tuple[World, str]:
    """A group with rights in which bob is for some seconds."""
    bob(world)
    granted(world, end := soon(8.0))
    return world, end


@attack(Entry.DELETED, Resource.EXPIRY, Moment.GONE)
def test_he_goes_when_the_object_is_deleted_and_the_group_is_kept(given: tuple[World, str]) -> None:
    world, end = given
    start = world.journal_end()
    world.delete(GROUP, NAME)
    world.gone(GROUP, NAME)
    assert is_in(world)
    come(end)
    world.look("RamAccount", world.namespace)
    waiting.until(lambda: not is_in(world), "that he is out of the group")
    assert NAME in world.cloud()["groups"]
    assert actions(world, start) == ["RemoveUserFromGroup"]
    # Nobody has to look: it is not sent again.
    world.look("RamAccount", world.namespace)
    assert actions(world, start) == ["RemoveUserFromGroup"]


@attack(Entry.HANDED_OVER, Resource.EXPIRY, Moment.GONE)
def test_he_goes_when_the_group_was_given_up(given: tuple[World, str]) -> None:
    world, end = given
    world.edit(GROUP, NAME, deletionPolicy="Delete")
    world.ready(GROUP, NAME)
    start = world.journal_end()
    world.annotate(GROUP, NAME, abandon=NAME)
    world.delete(GROUP, NAME)
    world.gone(GROUP, NAME)
    record = world.record(GROUP, NAME)
    assert record is not None
    assert "owner" not in record
    assert is_in(world)
    come(end)
    world.look("RamAccount", world.namespace)
    waiting.until(lambda: not is_in(world), "that he is out of the group")
    assert actions(world, start) == ["RemoveUserFromGroup"]


@attack(Entry.DELETED, Resource.EXPIRY, Moment.DOWN)
def test_he_goes_by_himself_after_a_restart(apart: ControlPlane, alone: World) -> None:
    """The object goes while no operator runs; whoever waits for an end is there when it comes."""
    bob(alone)
    with OperatorProcess.running(apart, FORGETFUL):
        granted(alone, soon(20.0))
    alone.delete(GROUP, NAME)
    start = alone.journal_end()
    with OperatorProcess.running(apart, FORGETFUL):
        waiting.until(lambda: not is_in(alone), "that he is out of the group", 60.0)
    assert actions(alone, start) == ["RemoveUserFromGroup"]


@pytest.mark.legitimate
def test_who_has_no_end_yet_stays(world: World) -> None:
    bob(world)
    world.create(GROUP, NAME, {"members": until(soon(3600.0))})
    world.ready(GROUP, NAME)
    start = world.journal_end()
    world.delete(GROUP, NAME)
    world.gone(GROUP, NAME)
    world.look("RamAccount", world.namespace)
    assert is_in(world)
    assert actions(world, start) == []
    assert agreed(world) is None
