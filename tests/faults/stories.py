"""The stories that are disturbed: what is applied, and what the cloud holds at the end.

Each begins in a world of its own that is at rest, does one thing, and names the one identity that
may be touched. A new kind adds its rows to STORIES.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import alibabacloud_ram20150501.models as ram

from ram_operator import documents
from ram_operator.constants import OWNER_TAG_PREFIX
from tests.faults.board import Board
from tests.support.world import DOCUMENT, TRUST_FC, World, trust

Json = dict[str, Any]
NAME: Final = "exporter"


def _system(*names: str) -> list[Json]:
    return [{"type": "System", "name": f"Aliyun{name}ReadOnlyAccess"} for name in names]


ROLE_BEFORE: Final[Json] = {
    "trustPolicy": TRUST_FC,
    "description": "one",
    "policies": _system("OSS", "ECS"),
    "tags": {"team": "a", "old": "x"},
    "deletionPolicy": "Delete",
}
ROLE_AFTER: Final[Json] = {
    "description": "two",
    "maxSessionDurationSeconds": 7200,
    "policies": _system("OSS", "FC", "KMS"),
    "tags": {"team": "b", "new": "y", "old": None},
}
OTHER_DOCUMENT: Final[Json] = {
    "Version": "1",
    "Statement": [
        {"Effect": "Allow", "Action": ["oss:List*"], "Resource": ["acs:oss:*:*:a"]},
    ],
}
POLICY_BEFORE: Final[Json] = {
    "document": DOCUMENT,
    "description": "one",
    "tags": {"team": "a", "old": "x"},
    "deletionPolicy": "Delete",
}
POLICY_AFTER: Final[Json] = {
    "document": OTHER_DOCUMENT,
    "description": "two",
    "tags": {"team": "b", "new": "y", "old": None},
}
WIDENED: Final = trust(("Service", "fc.aliyuncs.com"), ("Service", "ecs.aliyuncs.com"))


def _role(description: str, session: int, policies: list[Json], tags: Json) -> Json:
    return {
        "trust": documents.parse_trust(json.dumps(TRUST_FC)).digest,
        "description": description,
        "session": session,
        "policies": sorted([entry["type"], entry["name"]] for entry in policies),
        "tags": tags,
    }


def _policy(description: str, versions: list[Json], tags: Json) -> Json:
    return {
        "versions": [_digest(version) for version in versions],
        "document": _digest(versions[-1]),
        "description": description,
        "attachments": [],
        "tags": tags,
    }


def _digest(document: Json) -> str:
    return documents.parse_policy(json.dumps(document)).digest


ROLE_ONE: Final = _role("one", 3600, _system("OSS", "ECS"), {"team": "a", "old": "x"})
ROLE_TWO: Final = _role("two", 7200, _system("OSS", "FC", "KMS"), {"team": "b", "new": "y"})
POLICY_ONE: Final = _policy("one", [DOCUMENT], {"team": "a", "old": "x"})
POLICY_TWO: Final = _policy("two", [DOCUMENT, OTHER_DOCUMENT], {"team": "b", "new": "y"})


@dataclass(frozen=True)
class Story:
    """One change of one identity.

    prepare: what was there before, at rest. act: the change. wanted: the identity in the cloud
    afterwards as `shape` shows it, None for gone.
    """

    kind: str
    prepare: Callable[[World, Board], None]
    act: Callable[[World], object]
    wanted: Json | None
    late: bool = False
    """A delayed write may land after its repeat, which leaves a policy version twice."""

    def shape(self, world: World) -> Mapping[str, Json]:
        """All identities of the account by name, without what differs from world to world."""
        state = world.cloud()
        other = "policies" if self.kind == "RamRole" else "roles"
        found = state["roles" if self.kind == "RamRole" else "policies"]
        assert state[other] == {}, f"nobody asked for {sorted(state[other])}"
        show = shown_role if self.kind == "RamRole" else shown_policy
        shapes = {name: show(live) for name, live in found.items()}
        for shape in shapes.values():
            if self.late and "versions" in shape:
                shape["versions"] = list(dict.fromkeys(shape["versions"]))
        return shapes

    def reached(self, world: World) -> bool:
        """Whether the cloud is as the manifest asks, with nothing beside it."""
        return self.shape(world) == ({NAME: self.wanted} if self.wanted is not None else {})


def shown_role(live: Json) -> Json:
    return {
        "trust": documents.parse_trust(json.dumps(live["trust"])).digest,
        "description": live["description"],
        "session": live["maxSessionDuration"],
        "policies": live["policies"],
        "tags": _tags(live),
    }


def shown_policy(live: Json) -> Json:
    return {
        "versions": [_digest(document) for document in live["versions"].values()],
        "document": _digest(live["document"]),
        "description": live["description"],
        "attachments": live["attachments"],
        "tags": _tags(live),
    }


def _tags(live: Json) -> Json:
    """Without the owner's mark, which has to be there and is another one in each world."""
    tags = live["tags"]
    plain = {key: value for key, value in tags.items() if not key.startswith(OWNER_TAG_PREFIX)}
    assert len(tags) - len(plain) == 3, f"the owner's mark is not whole: {tags}"
    return plain


def _nothing(world: World, board: Board) -> None:
    """The world as it opens."""


def _made(kind: str, spec: Json) -> Callable[[World, Board], None]:
    def prepare(world: World, board: Board) -> None:
        world.create(kind, NAME, spec)
        board.ready(world, kind, NAME)

    return prepare


def _widened_by_hand(world: World, board: Board) -> None:
    _made("RamRole", ROLE_BEFORE)(world, board)
    request = ram.UpdateRoleRequest(
        role_name=NAME,
        new_assume_role_policy_document=json.dumps(WIDENED),
        new_description="one",
        new_max_session_duration=3600,
    )
    world.hand.update_role(request)


def _asked_to_look(world: World) -> object:
    return world.annotate("RamRole", NAME, reconcile_requested_at="soon")


STORIES: Final[Mapping[str, Story]] = {
    "role_create": Story(
        "RamRole", _nothing, lambda world: world.create("RamRole", NAME, ROLE_BEFORE), ROLE_ONE
    ),
    "role_update": Story(
        "RamRole",
        _made("RamRole", ROLE_BEFORE),
        lambda world: world.edit("RamRole", NAME, **ROLE_AFTER),
        ROLE_TWO,
    ),
    "role_delete": Story(
        "RamRole",
        _made("RamRole", ROLE_BEFORE),
        lambda world: world.delete("RamRole", NAME),
        None,
    ),
    "trust_taken_back": Story("RamRole", _widened_by_hand, _asked_to_look, ROLE_ONE),
    "policy_create": Story(
        "RamPolicy",
        _nothing,
        lambda world: world.create("RamPolicy", NAME, POLICY_BEFORE),
        POLICY_ONE,
    ),
    "policy_update": Story(
        "RamPolicy",
        _made("RamPolicy", POLICY_BEFORE),
        lambda world: world.edit("RamPolicy", NAME, **POLICY_AFTER),
        POLICY_TWO,
    ),
    "policy_delete": Story(
        "RamPolicy",
        _made("RamPolicy", POLICY_BEFORE),
        lambda world: world.delete("RamPolicy", NAME),
        None,
    ),
}
