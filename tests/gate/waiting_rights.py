"""Rights to change rights that wait for an approval, one of each kind, side by side in one world.

What the gate rests on is attacked for all of them at once: one world tells what became of each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import pytest
from _pytest.mark import ParameterSet

from lab.world import World
from tests.gate.approving import approve, held, offer
from tests.gate.attacks import ADMIN
from tests.gate.escalation_attacks import allowing
from tests.gate.triples import Entry, Moment, Resource, attack

Json = dict[str, Any]
Objects = dict[tuple[str, str], str]
"""What is offered, by kind and name: its digest."""
ALL: Final = allowing(Action=["*"])
READER: Final = {"type": "RamPolicy", "name": "reader"}
EVE: Final = {"type": "RamUser", "name": "eve"}
BOB: Final = {"type": "RamUser", "name": "bob"}
WAITING: Final = {
    ("RamRole", "target"): Resource.ROLE_POLICY,
    ("RamUser", "eve"): Resource.USER_POLICY,
    ("RamGroup", "admins"): Resource.MEMBER,
    ("RamPolicy", "reader"): Resource.DOCUMENT,
}


OPENING: Final = {
    Resource.ROLE_POLICY: {"AttachPolicyToRole"},
    Resource.USER_POLICY: {"AttachPolicyToUser"},
    Resource.MEMBER: {"AddUserToGroup"},
    Resource.DOCUMENT: {"CreatePolicyVersion", "SetDefaultPolicyVersion"},
}
"""The calls that would open each."""


def attacks_on_rights(entries: Iterable[Entry]) -> list[ParameterSet]:
    """Parameters: each of the entries with each of the rights, while its offer waits."""
    return [
        pytest.param(
            entry,
            right,
            id=f"{entry.name}-{right.name}",
            marks=attack(entry, right, Moment.OFFERED),
        )
        for entry in entries
        for right in WAITING.values()
    ]


def offered(world: World) -> tuple[int, Objects]:
    """The place in the journal from which on nobody may be given anything, and what is offered.

    What somebody takes away by hand is given back, and what exists is taken over, where the gate
    lets it.
    """
    back = {"driftPolicy": "Revert", "adoptionPolicy": "IfExists"}
    world.policy("reader", **back)
    world.role("target", **back)
    world.create("RamUser", "eve", back)
    world.create("RamUser", "bob", {"policies": [READER]})
    world.create("RamGroup", "admins", {"policies": [ADMIN], "members": [BOB], **back})
    approve(world, "RamGroup", "admins")
    for kind, name in (*WAITING, ("RamUser", "bob")):
        world.ready(kind, name)
    start = world.journal_end()
    world.edit("RamRole", "target", policies=[ADMIN])
    world.edit("RamUser", "eve", policies=[ADMIN])
    world.edit("RamGroup", "admins", members=[BOB, EVE])
    world.edit("RamPolicy", "reader", document=ALL)
    return start, {(kind, name): offer(world, kind, name) for kind, name in WAITING}


def still_held(world: World) -> None:
    """After another look at each of them."""
    world.settle()
    world.look_all(WAITING)
    for kind, name in WAITING:
        held(world, kind, name)
