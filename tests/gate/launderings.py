"""Rights that somebody gives himself in the cloud, and then asks for in the manifest as well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import alibabacloud_ram20150501.models as ram

from lab.world import World, trust
from tests.gate.approving import approve
from tests.gate.attacks import ADMIN, FC, NAME, OUTSIDER
from tests.gate.swaps import spec_of
from tests.gate.triples import RIGHT_OF, Resource
from tests.support.hands import Hands

Json = dict[str, Any]
CUSTOM: Final = "wide"
MINE: Final = {"type": "Custom", "name": CUSTOM}


def allowing(*actions: str) -> Json:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": ["*"]}
    return {"Version": "1", "Statement": [statement]}


@dataclass(frozen=True)
class Part:
    """A gated part of one object. `there` tells whether the cloud gives the right."""

    kind: str
    resource: Resource
    prepare: Callable[[World, str], None]
    """Makes the object, as agreed on, with that drift policy."""
    by_hand: Callable[[World], None]
    asked: Callable[[World], Json]
    """The spec that asks for it."""
    there: Callable[[World], bool]


def plain(kind: str) -> Callable[[World, str], None]:
    def prepare(world: World, drift: str) -> None:
        world.create(kind, NAME, spec_of(kind, driftPolicy=drift))
        world.ready(kind, NAME)

    return prepare


def trust_by_hand(world: World) -> None:
    Hands(world).update_role(NAME, trust=trust(FC, OUTSIDER))


TRUST: Final = Part(
    "RamRole",
    Resource.TRUST,
    plain("RamRole"),
    trust_by_hand,
    lambda world: {"trustPolicy": trust(FC, OUTSIDER)},
    lambda world: OUTSIDER[1] in str(world.cloud()["roles"][NAME]["trust"]),
)


def attaching(kind: str, policy: Json) -> Part:
    """The policy by its type and name, attached by hand."""
    noun = kind[3:].lower()

    def by_hand(world: World) -> None:
        if policy == MINE:
            Hands(world).create_policy(CUSTOM, allowing("ram:*", "oss:*"))
        request = getattr(ram, f"AttachPolicyTo{kind[3:]}Request")(
            policy_type=policy["type"], policy_name=policy["name"], **{f"{noun}_name": NAME}
        )
        getattr(world.hand, f"attach_policy_to_{noun}")(request)

    return Part(
        kind,
        RIGHT_OF[kind],
        plain(kind),
        by_hand,
        lambda world: {"policies": [policy]},
        lambda world: (
            [policy["type"], policy["name"]]
            in [list(pair) for pair in world.cloud()[f"{noun}s"][NAME]["policies"]]
        ),
    )


def admins(world: World, drift: str) -> None:
    """A group with an administrator's rights and ann in it; eve is outside."""
    for name in ("ann", "eve"):
        world.create("RamUser", name, {})
        world.ready("RamUser", name)
    members = [{"type": "RamUser", "name": "ann"}]
    spec = {"members": members, "policies": [ADMIN], "driftPolicy": drift}
    world.create("RamGroup", NAME, spec)
    approve(world, "RamGroup", NAME)
    world.ready("RamGroup", NAME)


def joined_by_hand(world: World) -> None:
    world.hand.add_user_to_group(ram.AddUserToGroupRequest(group_name=NAME, user_name="eve"))


MEMBER: Final = Part(
    "RamGroup",
    Resource.MEMBER,
    admins,
    joined_by_hand,
    lambda world: {"members": [{"type": "RamUser", "name": n} for n in ("ann", "eve")]},
    lambda world: "eve" in world.cloud()["groups"][NAME]["members"],
)


def a_policy(world: World, drift: str) -> None:
    """One that a role has attached, and that lets only read."""
    world.policy(NAME, driftPolicy=drift)
    world.ready("RamPolicy", NAME)
    world.role("holder", policies=[{"type": "RamPolicy", "name": NAME}])
    world.ready("RamRole", "holder")


def document(asked: Json) -> Part:
    def by_hand(world: World) -> None:
        Hands(world).version_policy(NAME, allowing("*"))

    return Part(
        "RamPolicy",
        Resource.DOCUMENT,
        a_policy,
        by_hand,
        lambda world: {"document": asked},
        lambda world: bool({"*", "ram:*"} & _actions(world)),
    )


def _actions(world: World) -> set[str]:
    statements = world.cloud()["policies"][NAME]["document"]["Statement"]
    listed = [raw["Action"] for raw in statements]
    return {name for names in listed for name in ([names] if isinstance(names, str) else names)}


PARTS: Final = {
    "trust": TRUST,
    "system policy of a role": attaching("RamRole", ADMIN),
    "system policy of a user": attaching("RamUser", ADMIN),
    "system policy of a group": attaching("RamGroup", ADMIN),
    "custom policy of a role": attaching("RamRole", MINE),
    "custom policy of a user": attaching("RamUser", MINE),
    "custom policy of a group": attaching("RamGroup", MINE),
    "member": MEMBER,
    "document": document(allowing("*")),
    "narrower document": document(allowing("ram:*")),
}
