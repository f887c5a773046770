"""Events tell transitions; every status is legal; the same outcome again changes nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.kstatus import assert_kstatus_legal
from ram_operator.constants import EventReason, Reason, Severity
from ram_operator.model.changes import Drift, Held
from ram_operator.model.outcome import Outcome, Plan
from ram_operator.model.records import Agreed
from ram_operator.model.state import Applied
from ram_operator.model.vocabulary import Phase
from ram_operator.reporting.status import build_report
from tests.unit.outcomes import (
    DONE,
    FINDINGS,
    FIXED,
    GONE,
    HELD,
    LIVE,
    RETRY,
    STALLED,
    STEP,
    T1,
    T2,
    Json,
    after,
    build,
    reasons,
)
from tests.unit.profiles import examples
from tests.unit.steps_by_example import CREATE

HOLDS = replace(
    STALLED, reason=Reason.APPROVAL_REQUIRED, plan=Plan(held=HELD), message="trust change"
)
DRIFTS = replace(STALLED, reason=Reason.DRIFTED, plan=Plan(drift=(GONE,)))
UPDATES = replace(DONE, plan=Plan((STEP,)), steps_done=(STEP,))
WATCHED_LESS = replace(DONE, plan=Plan(agreed=Agreed({"access": {"mode": "Unmanaged"}})))
WATCHED = Agreed({"access": {"mode": "None", "accessKey/LTAI-abcd": ""}})
EVENTS: dict[str, tuple[list[Outcome], Outcome, list[str]]] = {
    "nothing new": ([DONE], DONE, []),
    "the first look": ([], DONE, []),
    "a change is held": ([DONE], HOLDS, ["ChangeHeld"]),
    "it is still held": ([DONE, HOLDS], HOLDS, []),
    "another change is held": (
        [HOLDS],
        replace(HOLDS, plan=Plan(held=replace(HELD, gains=("bob can",)))),
        ["ChangeHeld"],
    ),
    "it is held no more": ([HOLDS], DONE, ["ChangeNoLongerHeld", "Recovered"]),
    "it is not known whether it is held": ([HOLDS], RETRY, []),
    "taken over": ([], replace(DONE, adopted=True), ["Adopted"]),
    "taken over unseen": ([], replace(DONE, adopted=True, live=None), []),
    "watched less": ([DONE], WATCHED_LESS, ["AccessUnmanaged"]),
    "taken over unmanaged": ([], replace(WATCHED_LESS, adopted=True), ["Adopted"]),
    "made unmanaged": ([], replace(WATCHED_LESS, steps_done=(CREATE,)), ["Created"]),
    "watched as before": ([DONE], replace(WATCHED_LESS, plan=Plan(agreed=WATCHED)), []),
    "drift": ([DONE], DRIFTS, ["DriftDetected", "Stalled"]),
    "the same drift": ([DRIFTS], DRIFTS, []),
    "more drift": (
        [DRIFTS],
        replace(DRIFTS, plan=Plan(drift=(GONE, replace(GONE, field="x")))),
        ["DriftDetected"],
    ),
    "updated": ([DONE], UPDATES, ["Updated"]),
    "created": ([], replace(DONE, plan=Plan((CREATE,)), steps_done=(CREATE,)), ["Created"]),
    "stalled": ([DONE], STALLED, ["Stalled"]),
    "still stalled": ([DONE, STALLED], STALLED, []),
    "stalled otherwise": ([STALLED], replace(STALLED, reason=Reason.PROTECTED), ["Stalled"]),
    "recovered": ([STALLED], DONE, ["Recovered"]),
    "a retry is no news": ([DONE], RETRY, []),
    "nor is the end of one": ([RETRY], DONE, []),
}


@pytest.mark.parametrize(("before", "outcome", "expected"), EVENTS.values(), ids=EVENTS)
def test_events_tell_transitions(
    before: list[Outcome], outcome: Outcome, expected: list[str]
) -> None:
    assert reasons(build(outcome, after(*before))) == expected


def test_a_long_text_is_said_once_though_the_condition_holds_only_its_beginning() -> None:
    held = replace(HOLDS, plan=Plan(held=replace(HELD, gains=("x" * 5000,))))
    drifts = replace(DRIFTS, plan=Plan(drift=tuple(replace(GONE, now="y" * 900) for _ in "123456")))
    for outcome in (held, drifts):
        assert reasons(build(outcome, after(outcome))) == []


def test_a_creation_says_what_was_done_and_what_the_rules_find() -> None:
    made = replace(DONE, plan=Plan((CREATE,), remarks=FINDINGS[1:]), steps_done=(CREATE,))
    (event,) = build(made).events
    assert event.message == f"{CREATE.summary}. RAM006 no external id"
    assert not event.warning


def test_a_correction_says_what_was_done() -> None:
    settles = replace(STEP, summary="tag a again")
    put_right = replace(DONE, plan=Plan((settles,), drift=(FIXED,)), steps_done=(settles,))
    (event,) = build(put_right).events
    assert event.reason is EventReason.DRIFT_CORRECTED
    assert event.message.endswith("a=1 → a=2; tag a again")


def test_warnings_are_what_somebody_should_look_at() -> None:
    kinds = {
        event.reason: event.warning
        for before, outcome, _ in EVENTS.values()
        for event in build(outcome, after(*before)).events
    }
    assert {reason for reason, warning in kinds.items() if warning} == {
        EventReason.ACCESS_UNMANAGED,
        EventReason.CHANGE_HELD,
        EventReason.DRIFT_DETECTED,
        EventReason.STALLED,
    }


# --- any outcome at all


_TEXT = st.sampled_from(["", "x", "y", "z" * 5000])
_DRIFT = st.builds(
    Drift,
    st.sampled_from(["description", "tags[a]", "policies[x]"]),
    _TEXT,
    _TEXT,
    st.sampled_from(Severity),
    st.sampled_from(["corrected", "reported", "held"]),
)
_HELD = st.builds(
    Held,
    st.sampled_from(["TrustChange", "RoleCreation"]),
    _TEXT,
    st.lists(_TEXT, max_size=2).map(tuple),
    st.lists(_TEXT, max_size=2).map(tuple),
    st.just(FINDINGS) | st.just(()),
)
_PLAN = st.builds(
    Plan,
    st.sampled_from([(), (STEP,), (STEP, CREATE)]),
    st.none() | _HELD,
    st.lists(_DRIFT, max_size=3, unique_by=lambda d: d.field).map(tuple),
)
_PHASES = {
    Phase.DONE: [Reason.SYNCED],
    Phase.RETRY: [Reason.THROTTLED, Reason.PROGRESSING, Reason.DEPENDENCY_NOT_READY],
    Phase.STALLED: [Reason.CONFLICT, Reason.DRIFTED, Reason.APPROVAL_REQUIRED],
    Phase.DELETING: [Reason.DELETING, Reason.DELETE_CONFLICT],
}


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    phase = draw(st.sampled_from(Phase))
    plan = draw(st.none() | _PLAN)
    return Outcome(
        phase,
        draw(st.sampled_from(_PHASES[phase])),
        draw(_TEXT),
        plan=plan,
        live=draw(st.sampled_from([None, LIVE, replace(LIVE, cloud_id="")])),
        account_id=draw(st.sampled_from(["", "1"])),
        steps_done=draw(
            st.sampled_from([(), plan.steps[:1] if plan else (), plan.steps if plan else ()])
        ),
        applied=draw(st.sampled_from([None, Applied(True, {"a": "1"}, {"tags": frozenset("b")})])),
        observe_only=draw(st.booleans()),
        adopted=draw(st.booleans()),
        drift_unconfirmed=draw(st.booleans()),
        handled_request=draw(st.sampled_from(["", "r"])),
    )


def but_corrections(status: Any) -> Json:
    changing = ("corrected", "correctedAt")
    return {name: value for name, value in status.items() if name not in changing}


_ACTS = {EventReason.CREATED, EventReason.UPDATED, EventReason.ADOPTED, EventReason.DRIFT_CORRECTED}


@examples(250)
@given(st.lists(outcomes(), min_size=1, max_size=4))
def test_every_status_is_legal_and_the_same_outcome_again_changes_nothing(
    passes: list[Outcome],
) -> None:
    status: Json = {"observedGeneration": -1}
    for at, outcome in enumerate(passes):
        generation = 1 + at // 2
        kept = json.dumps(status)
        first = build_report(status, outcome, generation, T1, {})
        assert json.dumps(status) == kept, "the old status is only read"
        assert_kstatus_legal({"metadata": {"generation": generation}, "status": first.status})
        again = build_report(first.status, outcome, generation, T2, {})
        assert but_corrections(again.status) == but_corrections(first.status)
        assert {event.reason for event in again.events} <= _ACTS
        status = dict(first.status)


@examples(100)
@given(outcomes())
def test_a_status_is_json_and_holds_nothing_empty(outcome: Outcome) -> None:
    status = build(outcome).status
    assert json.loads(json.dumps(status)) == status
    assert all(value not in ({}, [], None, "") for value in status.values())
