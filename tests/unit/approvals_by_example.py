"""A held change, its offer, and people who approve it: for tests of the gate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ram_operator.gate import approvals, clearance
from ram_operator.gate.inputs import Approval, Guard, Scope
from ram_operator.model.changes import Held
from ram_operator.model.records import RecordFacts
from tests.unit.core import ACCOUNT, ACCOUNT_ID, ECS, FC, policies, record, trust

NOW, SOON = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
END, LATER = "2026-01-08T00:00:00Z", "2026-01-09T00:00:00Z"
SCOPE = Scope("blue", ACCOUNT_ID, "RamRole", "app", "id-1", "team", "app")
HELD = replace(
    clearance.hold_change(trust(FC), trust(FC, ECS), ACCOUNT),
    context={"policies": policies("System/A")},
)
RECORD = replace(record(trust(FC)), sequence=7, settled=True)
ASKED = {"trustPolicy": "x"}
SAID = Approval(SCOPE, guard=Guard.INTACT, now=SOON, milliseconds=1_767_312_000_000, asked=ASKED)


def offered(held: Held = HELD, facts: RecordFacts = RECORD, said: Approval = SAID) -> RecordFacts:
    """The record once it has the offer."""
    made = approvals.offer(held, replace(said, now=NOW), facts)
    return replace(facts, sequence=made.sequence, settled=True, pending=made.pending)


def approved(facts: RecordFacts, **more: Any) -> Approval:
    assert facts.pending is not None
    return replace(SAID, approve=facts.pending.digest, **more)
