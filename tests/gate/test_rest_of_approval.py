"""What is left of an approved write of a role: what was done first stays done, and what is asked
for no more is no part that was done.
"""

from __future__ import annotations

from typing import Any, Final

import pytest

from lab import ControlPlane
from lab.operator_process import FORGETFUL, OperatorProcess
from lab.waiting import until
from lab.world import World, trust
from tests.gate.approving import approve, offer, say
from tests.gate.attacks import ADMIN, FC, NAME, ROLE
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.hands import Hands

ECS = ("Service", "ecs.aliyuncs.com")
GUARDING: Final[dict[str, Any]] = {
    "Version": "1",
    "Statement": [
        {"Effect": "Allow", "Action": ["ram:PassRole"], "Resource": ["*"]},
        {"Effect": "Deny", "Action": ["ram:CreateUser"], "Resource": ["*"]},
    ],
}


@pytest.mark.legitimate
@pytest.mark.parametrize("action", ["UpdateRole", "AttachPolicyToRole"])
@pytest.mark.parametrize("asked", [(FC, ECS), (ECS,)], ids=["one more", "another"])
def test_the_trust_that_was_approved_stays(
    world: World, action: str, asked: tuple[tuple[str, str], ...]
) -> None:
    world.role(NAME, trustPolicy=trust(FC))
    world.ready(ROLE, NAME)
    world.settle()
    world.edit(ROLE, NAME, trustPolicy=trust(*asked), policies=[ADMIN])
    digest = offer(world, ROLE, NAME)
    start = world.journal_end()
    world.admin.add_fault("error_after", account=world.account_id, action=action)
    assert say(world, ROLE, NAME, approve=digest)
    world.ready(ROLE, NAME)
    for _ in range(2):
        world.settle()
        world.look(ROLE, NAME)
    record = world.record(ROLE, NAME)
    assert record is not None
    writes = sorted(e["action"] for e in world.writes(start))
    assert writes == ["AttachPolicyToRole", "UpdateRole"]
    assert ECS[1] in str(world.cloud()["roles"][NAME]["trust"])
    assert ECS[1] in str(record["baseline"]["trust"])


@attack(Entry.DELETED, Resource.DENYING_POLICY, Moment.BEGUN)
def test_no_right_goes_on_without_what_was_to_deny(apart: ControlPlane, alone: World) -> None:
    """Both were agreed on, taken away by hand and approved anew. Who may edit deletes one."""
    process = OperatorProcess.start(apart, apart.directory / "operator.log", FORGETFUL)
    try:
        alone.create("RamPolicy", "guard", {"document": GUARDING})
        alone.ready("RamPolicy", "guard")
        alone.role(
            NAME, driftPolicy="Revert", policies=[{"type": "RamPolicy", "name": "guard"}, ADMIN]
        )
        approve(alone, ROLE, NAME)
        alone.ready(ROLE, NAME)
        alone.settle()
        hands = Hands(alone)
        hands.detach(NAME, "guard", "Custom")
        hands.detach(NAME, ADMIN["name"], "System")
        alone.settle()
        alone.look(ROLE, NAME)
        digest = offer(alone, ROLE, NAME)
        fault = {"account": alone.account_id, "pid": process.child.pid}
        alone.admin.add_fault("kill_before", action="AttachPolicyToRole", **fault)
        assert say(alone, ROLE, NAME, approve=digest)
        until(lambda: not process.child.running, "that it is killed", 20.0)
    finally:
        process.stop(kill=True)
    assert alone.cloud()["roles"][NAME]["policies"] == []
    start = alone.journal_end()
    alone.delete("RamPolicy", "guard")
    with OperatorProcess.running(apart, FORGETFUL):
        for _ in range(2):
            alone.settle()
            alone.look(ROLE, NAME)
    sent = [(e["action"], e["parameters"].get("PolicyName")) for e in alone.writes(start)]
    assert [each for each in sent if each[0] == "AttachPolicyToRole"] == []
