"""Who edits one part of an object all the time shields no other part of it.

Each edit has the operator write, and for a while after a write what looks like drift may be an old
answer. That goes for what was written, and for nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab import waiting
from lab.world import DOCUMENT, TRUST_FC, World, trust
from tests.gate.attacks import FC, NAME, OUTSIDER
from tests.gate.triples import Entry, Moment, Resource, Triple, rows
from tests.support.hands import Hands

Json = dict[str, Any]
PAUSE: Final = 0.7
"""Seconds between two edits: less than a write takes to settle."""
ENOUGH: Final = 6
"""Writes of the operator within which a stranger has to be out: each comes with a look."""
ADMIN: Final = "AdministratorAccess"
MARK: Final = "acs:oss:*:*:stranger/*"


def describe(name: str) -> Callable[[int], Json]:
    return lambda number: {name: f"edit {number}"}


def swapped(number: int) -> Json:
    """The same part of the object, and another entry of it each time."""
    names = ("AliyunECSReadOnlyAccess", "AliyunOSSReadOnlyAccess")
    return {"policies": [{"type": "System", "name": names[number % 2]}]}


def in_trust(world: World) -> None:
    Hands(world).update_role(NAME, trust=trust(FC, OUTSIDER))


def longer(world: World) -> None:
    Hands(world).update_role(NAME, session=43200)


def attached(world: World) -> None:
    Hands(world).attach(NAME, ADMIN)


def attached_to_user(world: World) -> None:
    request = ram.AttachPolicyToUserRequest(policy_type="System", policy_name=ADMIN, user_name=NAME)
    world.hand.attach_policy_to_user(request)


def joined(world: World) -> None:
    world.hand.create_user(ram.CreateUserRequest(user_name="bob"))
    world.hand.add_user_to_group(ram.AddUserToGroupRequest(user_name="bob", group_name=NAME))


def rewritten(world: World) -> None:
    statement = {"Effect": "Allow", "Action": ["oss:GetObject"], "Resource": [MARK]}
    more = {**DOCUMENT, "Statement": [*DOCUMENT["Statement"], statement]}
    Hands(world).version_policy(NAME, more)


@dataclass(frozen=True)
class Story:
    """What is there, what somebody adds by hand, how it is edited meanwhile, and what the identity
    has for as long as the stranger is in.
    """

    kind: str
    hand: Callable[[World], None]
    edit: Callable[[int], Json]
    place: str
    noun: str
    sign: str
    triple: Triple
    spec: Json = field(default_factory=dict)

    def stranger(self, world: World) -> bool:
        there = world.cloud()[self.noun][NAME]
        return self.sign in str({**there, "versions": {}})


TRUSTING: Final[Json] = {"trustPolicy": TRUST_FC}
STORIES: Final = {
    "trust": Story(
        "RamRole",
        in_trust,
        describe("description"),
        "trustPolicy",
        "roles",
        OUTSIDER[1],
        (Entry.TRUST_BY_HAND, Resource.TRUST, Moment.EDITED),
        TRUSTING,
    ),
    "right of a role": Story(
        "RamRole",
        attached,
        swapped,
        "policies[System/administratoraccess]",
        "roles",
        ADMIN,
        (Entry.ATTACHED_BY_HAND, Resource.ROLE_POLICY, Moment.EDITED),
        TRUSTING,
    ),
    "session": Story(
        "RamRole",
        longer,
        describe("description"),
        "maxSessionDurationSeconds",
        "roles",
        "43200",
        (Entry.SESSION_BY_HAND, Resource.SESSION, Moment.EDITED),
        TRUSTING,
    ),
    "right of a user": Story(
        "RamUser",
        attached_to_user,
        describe("comments"),
        "policies[System/administratoraccess]",
        "users",
        ADMIN,
        (Entry.ATTACHED_BY_HAND, Resource.USER_POLICY, Moment.EDITED),
    ),
    "member": Story(
        "RamGroup",
        joined,
        describe("comments"),
        "members[bob]",
        "groups",
        "bob",
        (Entry.JOINED_BY_HAND, Resource.MEMBER, Moment.EDITED),
    ),
    "document": Story(
        "RamPolicy",
        rewritten,
        lambda number: {"tags": {"edit": str(number)}},
        "document",
        "policies",
        MARK,
        (Entry.DOCUMENT_BY_HAND, Resource.DOCUMENT, Moment.EDITED),
        {"document": DOCUMENT},
    ),
}


@contextmanager
def edited(world: World, story: Story) -> Iterator[None]:
    """One edit after the other, for the length of the block."""
    over, failed = threading.Event(), list[Exception]()

    def go_on() -> None:
        number = 1
        try:
            while not over.wait(PAUSE):
                world.edit(story.kind, NAME, **story.edit(number))
                number += 1
        except Exception as error:
            failed.append(error)

    editor = threading.Thread(target=go_on)
    editor.start()
    try:
        yield
    finally:
        over.set()
        editor.join()
    assert not failed, failed


def set_up(world: World, story: Story, **options: str) -> int:
    """Settled as asked for, then changed by hand. Returns where the journal ends."""
    world.create(story.kind, NAME, {**story.spec, **story.edit(0), **options})
    world.ready(story.kind, NAME)
    world.settle()
    story.hand(world)
    assert story.stranger(world)
    return world.journal_end()


@pytest.mark.parametrize("story", rows(STORIES, lambda story: story.triple))
def test_a_stranger_goes_although_edits_go_on(world: World, story: Story) -> None:
    start = set_up(world, story)
    with edited(world, story):
        waiting.until(
            lambda: not story.stranger(world) or len(world.writes(start)) > ENOUGH,
            "that the stranger is out, or the operator has written often enough",
        )
        assert not story.stranger(world)
    world.told("DriftCorrected", NAME)
    world.ready(story.kind, NAME)
    world.settle()
    world.look(story.kind, NAME)
    assert not story.stranger(world)


def shown(item: Json) -> list[str]:
    return [entry["field"] for entry in item["status"].get("drift", ())]


REPORTED: Final = {"trust", "right of a user", "member", "document"}


@pytest.mark.parametrize(
    "story",
    rows({n: s for n, s in STORIES.items() if n in REPORTED}, lambda story: story.triple),
)
def test_a_stranger_is_told_although_edits_go_on(world: World, story: Story) -> None:
    """Also where nothing is taken back."""
    start = set_up(world, story, driftPolicy="Report")
    with edited(world, story):
        waiting.until(
            lambda: (
                story.place in shown(world.get(story.kind, NAME) or {"status": {}})
                or len(world.writes(start)) > ENOUGH
            ),
            "that it is told, or the operator has written often enough",
        )
        assert story.place in shown(world.get(story.kind, NAME) or {"status": {}})
        world.told("DriftDetected", NAME)
    assert story.stranger(world)
