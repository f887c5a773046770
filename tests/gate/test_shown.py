"""An approval opens what its approver has seen, not what came to stand behind the same names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from lab.world import World, trust
from tests.gate.approving import held, offer, say
from tests.gate.attacks import FC, NAME, ROLE, a_role
from tests.gate.swaps import spec_of, unread
from tests.gate.triples import RIGHT_OF, Entry, Moment, Resource, attack
from tests.support.hands import Hands
from tests.support.trusts import trust_writes

Json = dict[str, Any]
POLICY: Final = "bait"
LOW: Final = "acs:ram::1888888888888888:root"
HIGH: Final = "acs:ram::1777777777777777:root"


def document(*actions: str, resource: str = "*") -> Json:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": [resource]}
    return {"Version": "1", "Statement": [statement]}


def attached(world: World, since: int) -> list[str]:
    return [e["action"] for e in world.writes(since) if e["parameters"].get("PolicyName") == POLICY]


def by_hand(world: World, after: Json) -> None:
    Hands(world).version_policy(POLICY, after)
    unread(world)


def made_anew(world: World, after: Json) -> None:
    Hands(world).delete_policy(POLICY)
    Hands(world).create_policy(POLICY, after)
    unread(world)


def asked(world: World, kind: str) -> str:
    """It asks for the policy, which lets pass roles, and that is offered."""
    Hands(world).create_policy(POLICY, document("ram:PassRole", "oss:GetObject"))
    world.create(kind, NAME, spec_of(kind))
    world.ready(kind, NAME)
    world.edit(kind, NAME, policies=[{"type": "Custom", "name": POLICY}])
    return offer(world, kind, NAME)


WIDER: Final[dict[str, Json]] = {
    "everything": document("*"),
    "another action": document("ram:PassRole", "ram:CreateAccessKey"),
    "more resources": document("ram:Pass*", resource="acs:ram:*:*:*"),
}


@pytest.mark.parametrize(
    ("way", "kind"),
    [
        pytest.param(way, kind, id=f"{said}-{kind}", marks=attack(entry, right, Moment.OFFERED))
        for way, said, entry in (
            (by_hand, "by hand", Entry.DOCUMENT_BY_HAND),
            (made_anew, "made anew", Entry.POLICY_BY_HAND),
        )
        for kind, right in RIGHT_OF.items()
    ],
)
@pytest.mark.parametrize("after", ["everything"])
def test_another_document_behind_the_name_is_another_offer(
    world: World, kind: str, way: Callable[[World, Json], None], after: str
) -> None:
    digest = asked(world, kind)
    start = world.journal_end()
    way(world, WIDER[after])
    assert say(world, kind, NAME, approve=digest)
    held(world, kind, NAME, instead_of=digest)
    world.settle()
    assert attached(world, start) == []


@attack(Entry.DOCUMENT_BY_HAND, Resource.ROLE_POLICY, Moment.OFFERED)
@pytest.mark.parametrize("after", ["another action", "more resources"])
def test_so_is_a_little_more(world: World, after: str) -> None:
    digest = asked(world, ROLE)
    start = world.journal_end()
    by_hand(world, WIDER[after])
    assert say(world, ROLE, NAME, approve=digest)
    held(world, ROLE, NAME, instead_of=digest)
    assert attached(world, start) == []


@pytest.mark.legitimate
def test_what_changes_no_rights_moves_no_offer(world: World) -> None:
    digest = asked(world, ROLE)
    by_hand(world, document("ram:PassRole", "oss:*", "ecs:DescribeDisks"))
    world.look(ROLE, NAME)
    world.look(ROLE, NAME)
    assert say(world, ROLE, NAME, approve=digest)
    world.ready(ROLE, NAME)
    assert attached(world, 0) != []


@attack(Entry.SETTINGS, Resource.TRUST, Moment.OFFERED)
def test_a_list_of_the_account_that_shrinks_is_another_offer(world: World) -> None:
    """A rule that one principal broke when it was shown is broken by another one, too."""
    account = world.namespace
    world.edit("RamAccount", account, gate={"trustedAccounts": [LOW.split(":")[3]]})
    world.settle()
    start = a_role(world)
    both = trust(FC, ("RAM", LOW), ("RAM", HIGH))
    world.edit(ROLE, NAME, trustPolicy=both)
    shown = held(world, ROLE, NAME)["status"]["pending"]
    assert [f["text"] for f in shown["findings"] if f["id"] == "RAM002"] == [
        f"{HIGH} is outside the accounts that are trusted"
    ]
    world.edit("RamAccount", account, gate={"trustedAccounts": []})
    world.settle()
    assert say(world, ROLE, NAME, approve=shown["digest"])
    again = held(world, ROLE, NAME, instead_of=shown["digest"])["status"]["pending"]
    assert len([f for f in again["findings"] if f["id"] == "RAM002"]) == 2
    assert trust_writes(world, start) == []
