"""A right to change rights that was approved until a day is not kept for longer by an edit."""

from __future__ import annotations

from typing import Any

import alibabacloud_ram20150501.models as ram
import pytest

from lab import waiting
from lab.world import World
from tests.gate.approving import approve, held, offer, say
from tests.gate.attacks import NAME
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.times import come, moment, soon

Json = dict[str, Any]
GROUP = "RamGroup"
ADMIN = [{"type": "System", "name": "AdministratorAccess"}]


@pytest.fixture(autouse=True)
def bob(world: World) -> None:
    """A user whom nobody manages."""
    world.hand.create_user(ram.CreateUserRequest(user_name="bob"))


def until(end: str | None) -> list[Json]:
    return [{"type": "User", "name": "bob", **({"expiresAt": end} if end else {})}]


def agreed(world: World) -> str | None:
    record = world.record(GROUP, NAME)
    assert record is not None
    return (record.get("ends") or {}).get("members[bob]")


def granted(world: World, end: str) -> None:
    """A group with rights in which bob is until then, by an approval."""
    world.create(GROUP, NAME, {"policies": ADMIN, "members": until(end)})
    approve(world, GROUP, NAME)
    world.ready(GROUP, NAME)
    assert is_in(world)
    assert agreed(world) == end


def is_in(world: World) -> bool:
    return "bob" in str(world.cloud()["groups"][NAME]["members"])


def actions(world: World, start: int) -> list[str]:
    return [entry["action"] for entry in world.writes(start)]


@attack(Entry.MANIFEST, Resource.EXPIRY, Moment.SETTLED)
def test_a_later_end_waits_and_opens_with_its_approval(world: World) -> None:
    first, second, third = (moment(hours * 3600.0) for hours in (1, 2, 3))
    granted(world, first)
    start = world.journal_end()
    for wish in (second, None):
        world.edit(GROUP, NAME, members=until(wish))
        waiting = held(world, GROUP, NAME)["status"]["pending"]
        assert first in waiting["before"]
        assert (wish or "for ever") in waiting["gains"][0]
        assert agreed(world) == first
    world.edit(GROUP, NAME, members=until(second))
    digest = approve(world, GROUP, NAME)
    world.ready(GROUP, NAME)
    assert agreed(world) == second
    # It was for that end and no other.
    world.edit(GROUP, NAME, members=until(third))
    assert offer(world, GROUP, NAME, instead_of=digest) != digest
    assert agreed(world) == second
    assert actions(world, start) == []


@attack(Entry.MANIFEST, Resource.EXPIRY, Moment.OFFERED)
def test_an_offer_is_for_the_end_that_it_shows(world: World) -> None:
    world.create(GROUP, NAME, {"policies": ADMIN, "members": until(moment(3600.0))})
    digest = offer(world, GROUP, NAME)
    world.edit(GROUP, NAME, members=until(moment(7200.0)))
    offer(world, GROUP, NAME, instead_of=digest)
    start = world.journal_end()
    assert say(world, GROUP, NAME, approve=digest)
    world.look(GROUP, NAME)
    world.settle()
    assert actions(world, start) == []


@attack(Entry.MANIFEST, Resource.EXPIRY, Moment.SETTLED)
def test_an_earlier_end_is_kept_from_then_on(world: World) -> None:
    first, second = moment(3600.0), moment(1800.0)
    granted(world, first)
    start = world.journal_end()
    world.edit(GROUP, NAME, members=until(second))
    world.ready(GROUP, NAME)
    assert agreed(world) == second
    world.edit(GROUP, NAME, members=until(first))
    held(world, GROUP, NAME)
    assert agreed(world) == second
    assert actions(world, start) == []


@attack(Entry.MANIFEST, Resource.EXPIRY, Moment.EXPIRING)
def test_the_right_goes_when_its_agreed_end_comes(world: World) -> None:
    granted(world, end := soon(8.0))
    start = world.journal_end()
    world.edit(GROUP, NAME, members=until(None))
    held(world, GROUP, NAME)
    assert is_in(world)
    come(end)
    waiting.until(lambda: not is_in(world), "that he is out of the group")
    world.look(GROUP, NAME)
    held(world, GROUP, NAME)
    world.settle()
    assert actions(world, start) == ["RemoveUserFromGroup"]
    assert agreed(world) is not None


@attack(Entry.ANEW, Resource.EXPIRY, Moment.EXPIRING)
def test_it_goes_although_the_object_was_made_anew_without_it(world: World) -> None:
    """Whoever may edit the manifest may also delete it, and leave out who was to go."""
    granted(world, end := soon(8.0))
    start = world.journal_end()
    world.delete(GROUP, NAME)
    world.gone(GROUP, NAME)
    world.create(GROUP, NAME, {"policies": ADMIN, "members": [], "memberMode": "Additive"})
    come(end)
    waiting.until(lambda: not is_in(world), "that he is out of the group")
    assert actions(world, start) == ["RemoveUserFromGroup"]
