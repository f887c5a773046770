"""Whoever gives rights again and again has them taken back each time, however often that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from lab.world import TRUST_FC, World, trust
from ram_operator.constants import FLAPPING_REVERTS
from tests.gate.acknowledging import looked
from tests.gate.attacks import ADMIN, ECS, FC, NAME, ROLE, a_role
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.hands import Hands

OFTEN: Final = FLAPPING_REVERTS + 2
ADDED: Final[dict[str, tuple[Callable[[World], None], str]]] = {
    # what is done by hand, and the call that takes it back
    "trust": (lambda world: Hands(world).update_role(NAME, trust=trust(FC, ECS)), "UpdateRole"),
    "grant": (lambda world: Hands(world).attach(NAME, ADMIN["name"]), "DetachPolicyFromRole"),
}


def _corrected(item: dict[str, Any], times: int) -> bool:
    return len(item["status"].get("correctedAt") or ()) >= min(times, FLAPPING_REVERTS)


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(
            "trust", marks=attack(Entry.TRUST_BY_HAND, Resource.TRUST, Moment.DRIFTED), id="trust"
        ),
        pytest.param(
            "grant",
            marks=attack(Entry.ATTACHED_BY_HAND, Resource.ROLE_POLICY, Moment.DRIFTED),
            id="grant",
        ),
    ],
)
def test_what_is_given_again_and_again_is_taken_back_each_time(world: World, what: str) -> None:
    add, back = ADDED[what]
    start = a_role(world)
    for number in range(1, OFTEN + 1):
        world.settle()
        add(world)
        looked(world, ROLE, NAME)
        assert [call["action"] for call in world.writes(start)] == [back] * number
        world.wait(ROLE, NAME, lambda item, n=number: _corrected(item, n), "the time of it")
    role = world.cloud()["roles"][NAME]
    assert (role["trust"], role["policies"]) == (TRUST_FC, [])
    item = world.get(ROLE, NAME)
    assert item is not None
    assert len(item["status"]["correctedAt"]) == FLAPPING_REVERTS
