"""From the look to the status nothing that moved by hand gets lost, whatever is done about it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ram_operator import documents
from ram_operator.constants import EventReason, Reason
from ram_operator.errors import Retry, Stalled
from ram_operator.gate import inputs as inputs_module
from ram_operator.model.changes import place
from ram_operator.model.objects import UnknownPart
from ram_operator.model.outcome import Outcome, Plan
from ram_operator.model.state import Desired, Live
from ram_operator.model.steps import Step
from ram_operator.model.vocabulary import Cause
from ram_operator.planning import diff, plan
from ram_operator.reporting import verdict
from ram_operator.reporting.status import build_report
from tests.unit import judging as drift
from tests.unit.core import ROLE, carry_out, inputs
from tests.unit.outcomes import Json
from tests.unit.profiles import examples
from tests.unit.test_plan_properties import histories

Memory = inputs_module.Memory
REFUSED = Stalled(Reason.ACCESS_DENIED, "RAM denies it")
SLOW = Retry(Reason.THROTTLED, "RAM throttles reads")


def moved(asked: Desired, found: Live, memory: Memory) -> set[str]:
    """The places that differ because somebody moved them by hand."""
    places = set()
    for change in diff.changes(ROLE, asked, found):
        judged = drift.judge(ROLE, asked, change, memory)
        behind = drift.behind(ROLE, asked, change, memory)
        for item in (judged, behind):
            if item is not None and item.cause is Cause.DRIFT:
                places.add(place(item.change.field, item.change.entry))
    return places


def seen(status: Json, messages: list[str]) -> None:
    """Each entry of the status has been told."""
    for row in (*status.get("drift", ()), *status.get("corrected", ())):
        assert any(text.startswith(f"{row['field']} (") for text in messages), row


def outcome(decision: Plan, found: Live, done: tuple[Step, ...], old: Json) -> Outcome:
    """As the pass makes it."""
    errors = (REFUSED,) if len(done) < len(decision.steps) else ()
    judged, also = verdict.judge(verdict.Case("role app", None, old, decision, found, errors))
    return Outcome(
        judged.phase,
        judged.reason,
        judged.message,
        plan=decision,
        live=found,
        steps_done=done,
        also=also,
    )


@examples(300)
@given(histories(), st.data())
def test_what_was_moved_by_hand_is_in_the_status_and_is_told(
    history: tuple[Desired, Live, Memory], data: st.DataObject
) -> None:
    asked, found, memory = history
    if data.draw(st.booleans(), "a part cannot be read"):
        name = data.draw(st.sampled_from(["tags", "policies"]))
        found = replace(found, fields={**found.fields, name: UnknownPart(SLOW)})
    decision = plan.update(inputs(asked, found, memory))
    done = tuple(step for step in decision.steps if data.draw(st.booleans(), step.summary))
    built = build_report({}, outcome(decision, found, done, {}), 1, "2026-01-01T00:00:00Z", {})
    status = dict(built.status)

    listed = {row["field"] for row in (*status.get("drift", ()), *status.get("corrected", ()))}
    hidden = moved(asked, found, memory) - listed
    # Of five corrections and more the gravest are listed; all of them are told.
    messages = [event.message for event in built.events]
    for name in hidden:
        assert len(status["corrected"]) == 5
        assert any(text.startswith(f"{name} (") for text in messages)
    seen(status, messages)
    for row in status.get("corrected", ()):
        assert row["field"] in {name for step in done for name in step.settles}


@examples(200)
@given(histories(), st.data())
def test_what_the_status_says_of_drift_is_what_is_there_after_the_pass(
    history: tuple[Desired, Live, Memory], data: st.DataObject
) -> None:
    asked, found, memory = history
    decision = plan.update(inputs(asked, found, memory))
    done = tuple(step for step in decision.steps if data.draw(st.booleans(), step.summary))
    after = found
    for step in done:
        after = carry_out(after, step)
    built = build_report({}, outcome(decision, found, done, {}), 1, "2026-01-01T00:00:00Z", {})
    differs = {place(change.field, change.entry) for change in diff.changes(ROLE, asked, after)}
    standing = {row["field"] for row in built.status.get("drift", ())}
    baseline, live = memory.record.baseline, after.fields["trustPolicy"]
    if baseline is not None and isinstance(live, documents.Trust):
        same = documents.compare_trust(baseline, live).verdict is documents.Verdict.SAME
        differs |= set() if same else {"trustPolicy"}
    assert standing <= differs, "what is as asked is no drift"
    told = {event.reason for event in built.events}
    assert (EventReason.DRIFT_DETECTED in told) == bool(standing)
