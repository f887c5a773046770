"""The plan of a creation: whole or not at all, and never with a dangerous trust."""

from __future__ import annotations

from ram_operator import documents
from ram_operator.gate.inputs import Memory
from ram_operator.model.permissions import Cleared
from ram_operator.model.records import RecordFacts
from ram_operator.model.state import Applied
from ram_operator.model.vocabulary import Cause, Direction, HeldKind
from ram_operator.planning import plan
from tests.unit.core import (
    HARMLESS,
    OPTIONS,
    OUTSIDER,
    attachment,
    inputs,
    live,
    tags,
    trust_json,
    wanted,
    wanted_policy,
)

A, B = attachment("System/A"), attachment("System/B")
NEW = Memory(OPTIONS, Applied(), RecordFacts(), harmless_policies=HARMLESS)


def test_a_role_is_created_first_and_gets_its_policies_then() -> None:
    asked = wanted({"policies": [B, A], "tags": {"a": "1"}})
    decision = plan.create(inputs(asked, live(), NEW))
    assert [step.summary for step in decision.steps] == [
        "create role app",
        "attach System/A",
        "attach System/B",
    ]
    create = decision.steps[0]
    assert (create.cause, create.direction) == (Cause.CREATE, Direction.WIDER)
    assert isinstance(create.cleared, Cleared)
    assert create.new.tags == tags(a="1")
    assert decision.baseline == asked.fields["trustPolicy"]
    assert (decision.held, decision.waiting, decision.in_sync) == (None, (), False)
    assert decision.applied.known


def test_a_policy_is_created_without_a_gate() -> None:
    decision = plan.create(inputs(wanted_policy(), live(), NEW))
    assert [step.verb for step in decision.steps] == ["create"]
    assert isinstance(decision.steps[0].document, documents.Policy)
    assert decision.baseline is None


def test_nothing_is_created_half() -> None:
    asked = wanted({"policies": [{"type": "RamPolicy", "name": "read"}]})
    decision = plan.create(inputs(asked, live(), NEW))
    assert decision.steps == ()
    assert decision.waiting == ("RamPolicy team/read: it does not exist",)
    assert not decision.in_sync


def test_a_dangerous_creation_is_held_whole() -> None:
    asked = wanted({"trustPolicy": trust_json(OUTSIDER), "policies": [A]})
    decision = plan.create(inputs(asked, live(), NEW))
    assert decision.steps == ()
    assert decision.held is not None
    assert decision.held.kind == HeldKind.ROLE_CREATION
    assert decision.baseline is None
    assert not decision.applied.known
