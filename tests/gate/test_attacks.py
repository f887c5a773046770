"""Every attack of the table, judged by the emulated cloud's journal."""

from __future__ import annotations

import pytest

from tests.gate.approving import opened
from tests.gate.attacks import ATTACKS, Attack
from tests.support.world import World, condition


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_attack(world: World, attack: Attack) -> None:
    start, kind, name = attack.story(world)
    item = world.look(kind, name) if attack.outcome != ("Suspended",) else None
    item = world.wait(
        kind, name, lambda o: condition(o, "Ready").get("reason") in attack.outcome, "outcome"
    )
    # Time enough for a pass that would do it late.
    world.settle()
    world.settle()
    assert len(opened(world, start)) == attack.opened, opened(world, start)
    assert condition(item, "Ready")["reason"] in attack.outcome
