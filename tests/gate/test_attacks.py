"""Every attack of the tables, judged by the emulated cloud's journal."""

from __future__ import annotations

from typing import Final

import pytest

from lab.world import World, condition
from tests.gate.approving import opened
from tests.gate.attacks import ATTACKS, Attack
from tests.gate.escalation_attacks import ESCALATION_ATTACKS
from tests.gate.ownership_attacks import OWNERSHIP_ATTACKS
from tests.gate.spelling_attacks import SPELLING_ATTACKS
from tests.gate.triples import rows

ALL: Final = (*ATTACKS, *SPELLING_ATTACKS, *ESCALATION_ATTACKS, *OWNERSHIP_ATTACKS)


@pytest.mark.parametrize("attack", rows({a.name: a for a in ALL}, lambda attack: attack.triple))
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
