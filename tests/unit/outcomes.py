"""Outcomes of passes, and the status that follows from them: for tests of the report."""

from __future__ import annotations

from typing import Any

from ram_operator.constants import ConditionType, Reason, Severity
from ram_operator.model.changes import Drift, Finding, Held
from ram_operator.model.outcome import Outcome, Plan
from ram_operator.model.state import Live
from ram_operator.model.steps import Tag
from ram_operator.model.vocabulary import Cause, Phase, Presence
from ram_operator.reporting.status import Report, build_report
from tests.unit.steps_by_example import of_entries

Json = dict[str, Any]
T0, T1, T2 = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"
LIVE = Live(Presence.PRESENT, "App", "id-1", "arn-1", default_version="v2")
STEP = of_entries(Tag, "tags", "a", summary="tag a", cause=Cause.DRIFT)
GONE = Drift("policies[x]", "x", "(none)", Severity.CRITICAL, "reported")
FIXED = Drift("tags[a]", "a=1", "a=2", Severity.WARNING, "corrected")
FINDINGS = (
    Finding("RAM002", Severity.CRITICAL, "eve is outside", "remove eve"),
    Finding("RAM006", Severity.WARNING, "no external id", "add one"),
)
HELD = Held("TrustChange", "trust change (mixed)", ("eve can",), ("ann cannot",), FINDINGS)
DONE = Outcome(Phase.DONE, Reason.SYNCED, "role app is as asked", plan=Plan(), live=LIVE)
STALLED = Outcome(Phase.STALLED, Reason.CONFLICT, "two want it", live=LIVE)
RETRY = Outcome(Phase.RETRY, Reason.THROTTLED, "too many calls", live=LIVE)


def build(
    outcome: Outcome,
    old: Json | None = None,
    now: str = T1,
    generation: int = 3,
    extra: Json | None = None,
) -> Report:
    return build_report(old or {}, outcome, generation, now, extra or {})


def after(*outcomes: Outcome, generation: int = 3) -> Json:
    """The status after these passes, each a second later than the one before."""
    status: Json = {"observedGeneration": -1}
    for at, outcome in enumerate(outcomes):
        now = f"2026-01-01T00:00:{at:02}Z"
        status = dict(build_report(status, outcome, generation, now, {}).status)
    return status


def condition(status: Any, kind: ConditionType) -> Json:
    found: Json = next(c for c in status["conditions"] if c["type"] == kind.value)
    return found


def says(status: Any, kind: ConditionType) -> tuple[str, str]:
    found = condition(status, kind)
    return found["status"], found["reason"]


def reasons(built: Report) -> list[str]:
    return [event.reason.value for event in built.events]
