"""What is not known ends no offer, and replaces none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from lab.waiting import until
from lab.world import World, trust
from tests.gate.approving import offer, opened, say
from tests.gate.attacks import ECS, FC, NAME, OUTSIDER, ROLE, a_role
from tests.gate.test_offers import ALL
from tests.gate.triples import Entry, Moment, Resource, names
from tests.support.hands import Hands


def denied(action: str) -> Callable[[World], None]:
    def story(world: World) -> None:
        for _ in range(3):
            world.admin.add_fault("deny", account=world.account_id, action=action)
            world.look(ROLE, NAME)
            world.look(ROLE, NAME)

    return story


def stale(world: World) -> None:
    """Each second read is from before the role got the policy that the approver has seen."""
    for _ in range(3):
        world.admin.add_fault("stale", account=world.account_id, action="GetRole", seconds=3600.0)
        world.annotate(ROLE, NAME, reconcile_requested_at="now")
        world.settle()
        world.look(ROLE, NAME)


def strangers(world: World) -> None:
    """Somebody lets himself in again and again, and is taken out each time."""
    for _ in range(3):
        Hands(world).update_role(NAME, trust=trust(FC, OUTSIDER))
        world.settle()
        world.look(ROLE, NAME)
        until(
            lambda: "1999999999999999" not in str(world.cloud()["roles"][NAME]["trust"]),
            "that he is out",
            20.0,
        )
        world.settle()
        world.look(ROLE, NAME)


def unread_policy(world: World) -> None:
    """The document of the policy that is asked for can be read now and then."""
    for _ in range(3):
        world.admin.add_fault("deny", account=world.account_id, action="GetPolicy", times=2)
        world.look(ROLE, NAME)
        world.look(ROLE, NAME)
    # A reading serves for two seconds, so not each look has asked.
    world.admin.clear_faults()


FLAPPING: Final[dict[str, Callable[[World], None]]] = {
    "the role denied": denied("GetRole"),
    "attachments denied": denied("ListPoliciesForRole"),
    "tags denied": denied("ListTagResources"),
    "stale reads": stale,
    "strangers": strangers,
    "a policy unread": unread_policy,
}


@pytest.mark.parametrize(
    "story",
    names(
        {
            "the role denied": (Entry.DENIED, Resource.TRUST, Moment.OFFERED),
            "attachments denied": (Entry.DENIED, Resource.ROLE_POLICY, Moment.OFFERED),
            "tags denied": (Entry.DENIED, Resource.TRUST, Moment.OFFERED),
            "stale reads": (Entry.OLD_ANSWERS, Resource.TRUST, Moment.OFFERED),
            "strangers": (Entry.TRUST_BY_HAND, Resource.TRUST, Moment.OFFERED),
            "a policy unread": (Entry.DENIED, Resource.ROLE_POLICY, Moment.OFFERED),
        }
    ),
)
def test_an_offer_stays_approvable(world: World, story: str) -> None:
    world.policy("wide", document=ALL, deletionPolicy="Delete")
    world.ready("RamPolicy", "wide")
    start = a_role(world)
    world.edit(
        ROLE, NAME, trustPolicy=trust(FC, ECS), policies=[{"type": "Custom", "name": "wide"}]
    )
    digest = offer(world, ROLE, NAME)
    FLAPPING[story](world)
    assert (world.record(ROLE, NAME) or {})["pending"]["digest"] == digest
    before = len(opened(world, start))
    assert say(world, ROLE, NAME, approve=digest)
    world.ready(ROLE, NAME)
    made = [e["action"] for e in opened(world, start)[before:]]
    assert made == ["UpdateRole"]
    assert "wide" in str(world.cloud()["roles"][NAME])
    assert "ecs.aliyuncs.com" in str(world.cloud()["roles"][NAME]["trust"])
