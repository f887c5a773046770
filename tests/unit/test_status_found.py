"""What was found in the cloud, as its status says it."""

from __future__ import annotations

from dataclasses import replace

from ram_operator.constants import ConditionType, Reason
from ram_operator.model.changes import Held
from ram_operator.model.outcome import Outcome, Plan
from ram_operator.model.vocabulary import HeldKind, Phase
from ram_operator.reporting import conditions
from ram_operator.reporting.status import build_report
from ram_operator.reporting.texts import held_reason

HELD = Held(HeldKind.FOUND, "never agreed on", ("policies: x is there",))


def test_the_cloud_is_as_asked_and_waits_all_the_same() -> None:
    plan = Plan(held=HELD, in_sync=True)
    outcome = Outcome(Phase.STALLED, Reason.FOUND_IN_CLOUD, "never agreed on", plan=plan)
    found = build_report({}, outcome, 1, "2026-01-01T00:00:00Z", {}).status["conditions"]
    told = {
        kind: (conditions.find(found, kind) or {})
        for kind in (ConditionType.SYNCED, ConditionType.APPROVAL_REQUIRED, ConditionType.READY)
    }
    assert {kind: (item["status"], item["reason"]) for kind, item in told.items()} == {
        ConditionType.SYNCED: ("True", "FoundInCloud"),
        ConditionType.APPROVAL_REQUIRED: ("True", "FoundInCloud"),
        ConditionType.READY: ("False", "FoundInCloud"),
    }
    assert "Gives: policies: x is there" in told[ConditionType.APPROVAL_REQUIRED]["message"]
    assert held_reason(replace(HELD, kind=HeldKind.GRANT)) is Reason.APPROVAL_REQUIRED
