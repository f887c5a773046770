"""A right to change rights for a group is offered for those who are in it, and for nobody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ram_operator.constants import Reason
from ram_operator.errors import Retry
from ram_operator.gate import clearance
from ram_operator.gate.inputs import Inputs, Memory
from ram_operator.kinds import manifest as desire
from ram_operator.kinds.table import KINDS
from ram_operator.model.changes import Held
from ram_operator.model.objects import Key, UnknownPart
from ram_operator.model.outcome import Plan
from ram_operator.model.records import InFlight
from ram_operator.model.state import Applied, Live
from ram_operator.model.vocabulary import Presence
from ram_operator.planning import plan
from tests.unit.approvals_by_example import END, approved, offered
from tests.unit.core import ACCOUNT, NOW, OPTIONS, OWNER, attachment
from tests.unit.core import record as recorded

GROUP = KINDS["RamGroup"]
MEMBERS = GROUP.field("members")
UNKNOWN = UnknownPart(Retry(Reason.THROTTLED, "later"))
ADMIN = "System/AdministratorAccess"


def people(*names: str) -> Any:
    return MEMBERS.parse([{"type": "User", "name": name} for name in names])


def group(members: Any, asked: tuple[str, ...] = ("ann",), **spec: Any) -> Inputs:
    """It is to get an administrator's rights."""
    named = [{"type": "User", "name": name} for name in asked]
    spec = {"policies": [attachment(ADMIN)], "members": named, **spec}
    wanted = desire.build(
        GROUP, Key("RamGroup", "team", "app"), spec, {}, desire.Circumstances(OWNER, NOW)
    )
    live = Live(Presence.PRESENT, "app", "id-1", "", {"policies": {}, "members": members})
    applied = Applied(known=True, entries={"members": frozenset(asked)})
    memory = Memory(OPTIONS, applied, replace(recorded(None), sequence=7, settled=True))
    return Inputs(GROUP, ACCOUNT, wanted, live, memory)


def held(found: Inputs) -> Held:
    waits = plan.update(found).held
    assert waits is not None
    return waits


def decided(offered_for: Inputs, now: Inputs) -> Plan:
    """The plan once what was offered is approved."""
    facts = offered(held(offered_for))
    memory = replace(now.memory, record=facts)
    return plan.update(replace(now, memory=memory, approval=approved(facts)))


def test_an_approval_is_for_the_members_that_were_there() -> None:
    there = group(people("ann"))
    after = decided(there, there)
    assert (after.held, [step.verb for step in after.steps]) == (None, ["attach"])
    rests = after.steps[0].rests
    assert rests is not None
    assert rests.members == {"ann"}


def test_somebody_who_came_by_hand_makes_another_offer() -> None:
    after = decided(group(people("ann")), group(people("ann", "eve"), memberMode="Additive"))
    assert after.held is not None
    assert "attach" not in [step.verb for step in after.steps]


def test_what_was_begun_is_for_those_members_too() -> None:
    """The write was refused, since somebody had come in by then: it is not simply sent again."""
    there = group(people("ann"))
    facts = offered(held(there))
    permit = clearance.weigh(held(there), approved(facts), facts)
    assert permit is not None
    flight = InFlight(
        permit.kind, permit.change, permit.digest, "ann", 0, identity="id-1", expires=END
    )
    begun = replace(facts, sequence=facts.sequence + 1, pending=None, in_flight=flight)
    said = approved(facts)
    for members, goes in ((people("ann"), True), (people("ann", "eve"), False)):
        now = group(members, memberMode="Additive")
        now = replace(now, memory=replace(now.memory, record=begun), approval=said)
        assert ("attach" in [step.verb for step in plan.update(now).steps]) is goes


def test_what_is_not_known_of_members_is_not_approved() -> None:
    there = group(UNKNOWN)
    after = decided(there, there)
    assert (after.held is not None, after.steps) == (True, ())


@pytest.mark.parametrize("members", [{}, people("ann")])
def test_an_offer_that_is_about_members_alone_is_as_it_was(members: Any) -> None:
    """Of an empty group nothing is added, and who joins is what is offered anyway."""
    there = group({}, asked=())
    assert "members" not in held(there).context
    fields = {"policies": there.desired.fields["policies"], "members": members}
    joins = group({}, asked=("ann", "eve"))
    memory = replace(joins.memory, applied=Applied(known=True), attached=None)
    joins = replace(joins, live=replace(joins.live, fields=fields), memory=memory)
    assert "members" not in held(joins).context
