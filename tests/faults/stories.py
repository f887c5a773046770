"""The stories that are disturbed: what is applied, and what the cloud holds at the end.

Each begins in a world of its own that is at rest, does one thing, and names the one identity that
may be touched. A new kind adds its rows to STORIES.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import alibabacloud_ram20150501.models as ram

from lab.world import DOCUMENT, TRUST_FC, World, trust
from ram_emulator.mfa import STEP_SECONDS, totp
from tests.faults import shapes
from tests.faults.board import Board

Json = dict[str, Any]
NAME: Final = "exporter"
PROVIDER: Final = "ci"
ANY_ACCOUNT: Final = "1000000000000001"
"""Stands for the account of whatever world it is."""


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
USER_BEFORE: Final[Json] = {
    "displayName": "Exporter",
    "comments": "one",
    "policies": _system("OSS", "ECS"),
    "deletionPolicy": "Delete",
}
USER_AFTER: Final[Json] = {
    "displayName": "Exporter of bills",
    "comments": "two",
    "policies": _system("OSS", "FC", "KMS"),
}


def _trusting(account_id: str) -> Json:
    """A trust in an identity provider of the account. Only where a role is created is it certain
    that the provider is read: what was read is kept for some seconds.
    """
    provider = f"acs:ram::{account_id}:oidc-provider/{PROVIDER}"
    keys = {"oidc:iss": f"https://{PROVIDER}.example", "oidc:aud": "ci", "oidc:sub": "repo:app"}
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Federated": [provider]},
        "Condition": {"StringEquals": keys},
    }
    return {"Version": "1", "Statement": [statement]}


def _members(*names: str) -> list[Json]:
    return [{"type": "User", "name": name} for name in names]


GROUP_BEFORE: Final[Json] = {
    "comments": "one",
    "policies": _system("OSS", "ECS"),
    "members": _members("ann", "bob"),
    "deletionPolicy": "Delete",
}
GROUP_AFTER: Final[Json] = {
    "comments": "two",
    "policies": _system("OSS", "FC"),
    "members": _members("bob", "carol"),
}

ROLE_ONE: Final = shapes.role("one", 3600, _system("OSS", "ECS"), {"team": "a", "old": "x"})
ROLE_TWO: Final = shapes.role("two", 7200, _system("OSS", "FC", "KMS"), {"team": "b", "new": "y"})
FEDERATED: Final = {**ROLE_ONE, "trust": shapes.digest(_trusting(ANY_ACCOUNT))}
POLICY_ONE: Final = shapes.policy("one", [DOCUMENT], {"team": "a", "old": "x"})
POLICY_TWO: Final = shapes.policy("two", [DOCUMENT, OTHER_DOCUMENT], {"team": "b", "new": "y"})
USER_ONE: Final = shapes.user("Exporter", "one", _system("OSS", "ECS"))
USER_TWO: Final = shapes.user("Exporter of bills", "two", _system("OSS", "FC", "KMS"))
GROUP_ONE: Final = shapes.group("one", _system("OSS", "ECS"), ["ann", "bob"])
GROUP_TWO: Final = shapes.group("two", _system("OSS", "FC"), ["bob", "carol"])


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
        state = json.loads(json.dumps(world.cloud()).replace(world.account_id, ANY_ACCOUNT))
        shown: Mapping[str, Json] = {}
        for kind, (place, show) in shapes.SHOWN.items():
            rows = {n: live for n, live in state[place].items() if n not in shapes.BYSTANDERS}
            if kind == self.kind:
                shown = {name: show(live) for name, live in rows.items()}
            else:
                assert rows == {}, f"nobody asked for {sorted(rows)}"
        for shape in shown.values():
            if self.late and "versions" in shape:
                shape["versions"] = list(dict.fromkeys(shape["versions"]))
        return shown

    def reached(self, world: World) -> bool:
        """Whether the cloud is as the manifest asks, with nothing beside it."""
        return self.shape(world) == ({NAME: self.wanted} if self.wanted is not None else {})


def _nothing(world: World, board: Board) -> None:
    """The world as it opens."""


def _made(kind: str, spec: Json) -> Callable[[World, Board], None]:
    def prepare(world: World, board: Board) -> None:
        world.create(kind, NAME, spec)
        board.ready(world, kind, NAME)

    return prepare


def _provider(world: World, board: Board) -> None:
    world.admin.create_provider(world.account_id, "oidc", PROVIDER)


def _federated(world: World) -> object:
    spec = {**ROLE_BEFORE, "trustPolicy": _trusting(world.account_id)}
    return world.create("RamRole", NAME, spec)


def _widened_by_hand(world: World, board: Board) -> None:
    _made("RamRole", ROLE_BEFORE)(world, board)
    request = ram.UpdateRoleRequest(
        role_name=NAME,
        new_assume_role_policy_document=json.dumps(WIDENED),
        new_description="one",
        new_max_session_duration=3600,
    )
    world.hand.update_role(request)


def _people(world: World, board: Board) -> None:
    """Users whom nobody manages."""
    for name in ("ann", "bob", "carol"):
        world.hand.create_user(ram.CreateUserRequest(user_name=name))


def _group_made(world: World, board: Board) -> None:
    _people(world, board)
    _made("RamGroup", GROUP_BEFORE)(world, board)


def _entangled(world: World, board: Board) -> None:
    """A user who by hand got all that RAM wants to see gone before a user is deleted."""
    _made("RamUser", USER_BEFORE)(world, board)
    hand = world.hand
    hand.create_group(ram.CreateGroupRequest(group_name="others"))
    hand.add_user_to_group(ram.AddUserToGroupRequest(user_name=NAME, group_name="others"))
    hand.create_access_key(ram.CreateAccessKeyRequest(user_name=NAME))
    hand.create_login_profile(
        ram.CreateLoginProfileRequest(user_name=NAME, password="Tr1cky-Pass-Word!")
    )
    made = hand.create_virtual_mfadevice(
        ram.CreateVirtualMFADeviceRequest(virtual_mfadevice_name=NAME)
    )
    device = made.body.virtual_mfadevice
    step = int(time.time()) // STEP_SECONDS
    hand.bind_mfadevice(
        ram.BindMFADeviceRequest(
            user_name=NAME,
            serial_number=device.serial_number,
            authentication_code_1=totp(device.base_32string_seed, step - 1),
            authentication_code_2=totp(device.base_32string_seed, step),
        )
    )


def _asked_to_look(world: World) -> object:
    return world.annotate("RamRole", NAME, reconcile_requested_at="soon")


STORIES: Final[Mapping[str, Story]] = {
    "role_create": Story("RamRole", _provider, _federated, FEDERATED),
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
    "user_create": Story(
        "RamUser", _nothing, lambda world: world.create("RamUser", NAME, USER_BEFORE), USER_ONE
    ),
    "user_update": Story(
        "RamUser",
        _made("RamUser", USER_BEFORE),
        lambda world: world.edit("RamUser", NAME, **USER_AFTER),
        USER_TWO,
    ),
    "user_delete": Story("RamUser", _entangled, lambda world: world.delete("RamUser", NAME), None),
    "group_create": Story(
        "RamGroup", _people, lambda world: world.create("RamGroup", NAME, GROUP_BEFORE), GROUP_ONE
    ),
    "group_update": Story(
        "RamGroup",
        _group_made,
        lambda world: world.edit("RamGroup", NAME, **GROUP_AFTER),
        GROUP_TWO,
    ),
    "group_delete": Story(
        "RamGroup", _group_made, lambda world: world.delete("RamGroup", NAME), None
    ),
}
