"""Whatever a pass finds is in the status, and in an event when it is new: nothing hides another."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.kstatus import assert_kstatus_legal
from ram_operator.constants import ConditionType, EventReason, Reason, Severity
from ram_operator.errors import RamOperatorError, Retry, Stalled
from ram_operator.model.changes import Drift
from ram_operator.model.objects import UnknownPart
from ram_operator.model.outcome import Outcome, Plan
from ram_operator.model.state import Live
from ram_operator.model.steps import Step
from ram_operator.model.vocabulary import Cause, Direction, Phase, Presence
from ram_operator.reporting import carryover, conditions, events, verdict
from ram_operator.reporting.events import Event
from ram_operator.reporting.status import Report, build_report
from tests.unit.outcomes import (
    DONE,
    FIXED,
    GONE,
    HELD,
    LIVE,
    RETRY,
    STALLED,
    STEP,
    T0,
    T1,
    T2,
    Json,
    after,
    build,
    condition,
    reasons,
    says,
)
from tests.unit.profiles import examples
from tests.unit.steps_by_example import of_attributes, of_difference

DETECTED, CORRECTED = EventReason.DRIFT_DETECTED, EventReason.DRIFT_CORRECTED
SPELLED = Drift("document", "a", "in other letters", Severity.INFO, "respelled")
BACK = replace(STALLED, reason=Reason.DRIFTED, plan=Plan((STEP,), drift=(GONE, FIXED)))
BACK = replace(BACK, steps_done=(STEP,))
"""One difference was put right, and another one is only reported."""


def test_what_was_put_right_is_told_beside_what_stays() -> None:
    built = build(BACK, after(DONE), T1)
    assert [(e.reason, e.message) for e in built.events[:2]] == [
        (DETECTED, "policies[x] (critical, reported): x → (none)"),
        (CORRECTED, "tags[a] (warning, corrected): a=1 → a=2; tag a"),
    ]
    assert [entry["field"] for entry in built.status["drift"]] == ["policies[x]"]
    assert built.status["corrected"] == [
        {"field": "tags[a]", "was": "a=1", "is": "a=2", "severity": "warning", "at": T1}
    ]
    # Again: what stays is no news, and what was done once more is.
    again = build(BACK, dict(built.status), T2)
    assert reasons(again) == ["DriftCorrected"]
    assert [entry["at"] for entry in again.status["corrected"]] == [T2]
    quiet = build(replace(BACK, plan=Plan(drift=(GONE,)), steps_done=()), dict(again.status))
    assert (reasons(quiet), quiet.status["corrected"]) == ([], again.status["corrected"])


def test_what_was_asked_for_is_told_beside_drift() -> None:
    asked = of_attributes("x", summary="update description")
    outcome = replace(BACK, plan=Plan((STEP, asked), drift=(GONE, FIXED)), steps_done=(STEP, asked))
    (updated,) = [e for e in build(outcome).events if e.reason is EventReason.UPDATED]
    assert updated.message == "update description"


def entries(number: int, severity: Severity = Severity.WARNING) -> tuple[Drift, ...]:
    return tuple(Drift(f"tags[{n}]", "a", "b", severity, "reported") for n in range(number))


def test_the_gravest_is_shown_however_many_there_are() -> None:
    many = replace(DONE, plan=Plan(drift=(*entries(70), GONE)))
    built = build(many, after(DONE))
    assert built.status["drift"][0]["field"] == "policies[x]"
    assert len(built.status["drift"]) == carryover.LIMIT
    assert built.events[0].message.startswith("policies[x] (critical")
    head = "71 differences, of which status.drift has the 50 gravest"
    assert built.events[-1].message == head
    assert condition(built.status, ConditionType.DRIFTED)["message"].startswith(head)
    assert reasons(build(many, dict(built.status))) == []
    more = replace(DONE, plan=Plan(drift=(*entries(71), GONE)))
    assert [e.message[:2] for e in build(more, dict(built.status)).events] == ["72"]


def test_a_pass_posts_so_many_events_and_says_how_many_more_there_are() -> None:
    told = build(replace(BACK, plan=Plan((STEP,), drift=(*entries(40), GONE, FIXED)))).events
    posted = events.posted(told)
    assert len(posted) == events.LIMIT
    assert posted[0].reason is EventReason.STALLED, "others than drift are kept, all of them"
    assert posted[1].message.startswith("policies[x] (critical")
    assert posted[-1] == Event(DETECTED, posted[-1].message, warning=True)
    hidden = len(told) - events.LIMIT + 1
    assert posted[-1].message.startswith(f"{hidden} more differences in this look")
    assert events.posted(told[: events.LIMIT]) == told[: events.LIMIT]


def test_what_was_done_is_told_although_the_status_could_not_be_written() -> None:
    assert [e.reason for e in events.done(BACK)] == [CORRECTED]
    assert events.done(replace(STALLED, plan=Plan(drift=(GONE,), held=HELD))) == ()


def test_another_error_for_the_same_reason_is_told() -> None:
    other = replace(STALLED, message="three want it")
    assert reasons(build(other, after(STALLED))) == ["Stalled"]
    # What is so besides has its own events, or none.
    assert reasons(build(replace(STALLED, also=("waits",)), after(STALLED))) == []
    assert reasons(build(STALLED, after(replace(STALLED, also=("waits",))))) == []
    for reason in (Reason.DRIFTED, Reason.OBSERVE_ONLY):
        was = after(replace(STALLED, reason=reason))
        assert reasons(build(replace(other, reason=reason), was)) == []


def test_what_is_new_is_said_although_the_rest_is_not_believed_yet() -> None:
    found = replace(GONE, field="policies[y]", severity=Severity.INFO)
    outcome = replace(DONE, plan=Plan(drift=(found,)), drift_unconfirmed=True)
    built = build(outcome, after(replace(DONE, plan=Plan(drift=(GONE,)))))
    assert [entry["field"] for entry in built.status["drift"]] == ["policies[x]", "policies[y]"]
    assert [e.message.partition(" ")[0] for e in built.events] == ["policies[y]"]
    assert reasons(build(outcome, dict(built.status))) == []


@pytest.mark.parametrize(
    ("later", "stays"),
    [
        (replace(RETRY, live=None), True),
        (replace(DONE, plan=Plan(), drift_unconfirmed=True), True),
        (replace(RETRY, plan=Plan(), kept=(SPELLED,)), True),
        (DONE, False),
    ],
)
def test_another_spelling_is_shown_as_long_as_nothing_newer_is_known(
    later: Outcome, stays: bool
) -> None:
    built = build(replace(DONE, plan=Plan(respelled=(SPELLED,))), after(DONE))
    assert (reasons(built), says(built.status, ConditionType.DRIFTED)[0]) == ([], "False")
    assert [entry["action"] for entry in built.status["drift"]] == ["respelled"]
    again = build(later, dict(built.status))
    assert ("drift" in again.status) is stays
    assert says(again.status, ConditionType.DRIFTED)[0] == "False"


# --- what a status keeps of what was put right


def corrected(*fields: str, severity: Severity = Severity.WARNING) -> list[Drift]:
    return [Drift(name, "a", "b", severity, "corrected") for name in fields]


def kept(*rounds: Sequence[Drift]) -> list[tuple[str, str]]:
    status: Json = {}
    for at, entries in enumerate(rounds):
        status["corrected"] = carryover.corrections(status, entries, f"{at}")
    return [(item["field"], item["at"]) for item in status["corrected"]]


def test_the_last_corrections_are_kept_newest_first() -> None:
    assert kept(corrected("a", "b"), corrected("c")) == [("c", "1"), ("a", "0"), ("b", "0")]
    assert [name for name, _ in kept(*(corrected(name) for name in "abcdefg"))] == list("gfedc")


def test_what_comes_again_and_again_takes_one_place() -> None:
    assert kept(corrected("a", "b"), *[corrected("b")] * 9) == [("b", "9"), ("a", "0")]


def test_a_critical_correction_is_not_pushed_out_by_harmless_ones() -> None:
    grave = corrected("trustPolicy", severity=Severity.CRITICAL)
    rounds = [grave, *(corrected(f"tags[{n}]") for n in range(9))]
    names = [name for name, _ in kept(*rounds)]
    assert names == ["tags[8]", "tags[7]", "tags[6]", "tags[5]", "trustPolicy"]
    graver = [corrected(f"policies[{n}]", severity=Severity.CRITICAL) for n in range(5)]
    assert "trustPolicy" not in [name for name, _ in kept(*rounds, *graver)]


# --- any outcome at all

ERRORS: tuple[RamOperatorError, ...] = (
    Stalled(Reason.ACCESS_DENIED, "no right"),
    Stalled(Reason.QUOTA_EXCEEDED, "no room"),
    Retry(Reason.THROTTLED, "too fast"),
)
WAITS = ("RamPolicy team/a: it does not exist", "RamUser team/b: it is not ready")
_ENTRIES = st.lists(
    st.builds(
        Drift,
        st.sampled_from(["description", "trustPolicy", "tags[a]", "policies[x]", "policies[y]"]),
        st.sampled_from(["x", "y"]),
        st.sampled_from(["p", "q", "z" * 500]),
        st.sampled_from(Severity),
        st.sampled_from(["corrected", "reported", "held"]),
    ),
    max_size=5,
    unique_by=lambda entry: entry.field,
).map(tuple)


def _step(entry: Drift) -> Step:
    text, narrower = f"write {entry.field}", Direction.NARROWER
    return of_difference(entry.field, summary=text, cause=Cause.DRIFT, direction=narrower)


@st.composite
def findings(draw: st.DrawFn) -> tuple[Outcome, tuple[RamOperatorError, ...]]:
    """An outcome as the pass makes it, and the errors in it."""
    drift = draw(_ENTRIES)
    steps = tuple(_step(entry) for entry in drift if entry.action == "corrected")
    done = tuple(step for step in steps if draw(st.booleans()))
    errors = draw(st.lists(st.sampled_from(ERRORS), unique=True, max_size=2).map(tuple))
    part = draw(st.none() | st.sampled_from(ERRORS))
    plan = Plan(
        steps,
        draw(st.none() | st.just(HELD)),
        drift,
        respelled=draw(st.sampled_from([(), (SPELLED,)])),
        waiting=draw(st.sampled_from([(), WAITS[:1], WAITS])),
        in_sync=False,
    )
    fields: Any = {"tags": UnknownPart(part)} if part is not None else {}
    live = Live(Presence.PRESENT, "app", fields=fields)
    found, also = verdict.judge(verdict.Case("role app", None, {}, plan, live, errors))
    outcome = Outcome(
        found.phase,
        found.reason,
        found.message,
        plan=plan,
        live=LIVE,
        steps_done=done,
        also=also,
    )
    return outcome, (*errors, *([part] if part is not None else []))


@examples(400)
@given(st.lists(findings(), min_size=1, max_size=4))
def test_whatever_a_pass_finds_is_in_its_status_and_in_an_event_when_it_is_new(
    passes: list[tuple[Outcome, tuple[RamOperatorError, ...]]],
) -> None:
    status: Json = {"observedGeneration": -1}
    for at, (outcome, errors) in enumerate(passes):
        built = build_report(status, outcome, 1, f"2026-01-01T00:00:{at:02}Z", {})
        assert_kstatus_legal({"metadata": {"generation": 1}, "status": built.status})
        _all_drift_is_there(status, outcome, built)
        ready = condition(built.status, ConditionType.READY)["message"]
        plan = outcome.plan
        assert plan is not None
        for text in (*(error.message for error in errors), *plan.waiting):
            assert text in ready
        held = condition(built.status, ConditionType.APPROVAL_REQUIRED)["status"] == "True"
        assert held == (plan.held is not None) == ("pending" in built.status)
        was_held = "pending" in status
        told = {event.reason for event in built.events}
        assert (EventReason.CHANGE_HELD in told) == (held and not was_held)
        assert (EventReason.CHANGE_RELEASED in told) == (was_held and not held)
        if outcome.phase is Phase.STALLED and outcome.reason is not Reason.APPROVAL_REQUIRED:
            stalled = conditions.find(status.get("conditions") or (), ConditionType.STALLED) or {}
            if stalled.get("reason") != outcome.reason:
                assert EventReason.STALLED in told
        status = dict(built.status)


def _all_drift_is_there(before: Json, outcome: Outcome, built: Report) -> None:
    plan = outcome.plan
    assert plan is not None
    shown = {(row["field"], row["is"]) for row in built.status.get("drift", ())}
    put_right = {(row["field"], row["is"]) for row in built.status.get("corrected", ())}
    known = {(row["field"], row["is"], row["severity"]) for row in before.get("drift", ())}
    done = {name for step in outcome.steps_done for name in step.settles}
    messages = [(event.reason, event.message) for event in built.events]
    standing = []
    for entry in plan.drift:
        corrected_now = entry.action == "corrected" and entry.field in done
        assert ((entry.field, entry.now) in shown) != corrected_now
        if corrected_now:
            assert (entry.field, entry.now) in put_right
        else:
            standing.append(entry)
        new = (entry.field, entry.now, entry.severity.value) not in known
        reason = CORRECTED if corrected_now else DETECTED
        of_it = [t for r, t in messages if r is reason and t.startswith(f"{entry.field} (")]
        assert len(of_it) == int(corrected_now or new)
        for text in of_it:
            assert f"{entry.was} → " in text
    drifted = condition(built.status, ConditionType.DRIFTED)
    assert (drifted["status"] == "True") == bool(standing)
    rows = [row for row in built.status.get("drift", ()) if row["action"] != "respelled"]
    ranks = [list(Severity).index(Severity(row["severity"])) for row in rows]
    assert (("document", "in other letters") in shown) == bool(plan.respelled)
    assert not any("in other letters" in text for _, text in messages if "→" in text)
    assert all(first >= second for first, second in itertools.pairwise(ranks))


def test_quiet_things_stay_quiet() -> None:
    assert reasons(build(RETRY, after(DONE), T0)) == []
