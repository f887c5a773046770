"""Acknowledged drift, as it is shown and counted: apart from drift, and for as long as it holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lab.kstatus import assert_kstatus_legal, kstatus
from ram_operator.constants import ConditionType, Reason, Severity
from ram_operator.model import sentences
from ram_operator.model.changes import Drift
from ram_operator.model.outcome import Acknowledging, Outcome, Plan
from ram_operator.model.records import Acknowledgement, DriftEntry, DriftOffer
from ram_operator.model.vocabulary import DriftAction, Phase
from ram_operator.observability.object_metrics import ObjectState, state_of
from tests.unit.outcomes import DONE, GONE, RETRY, T1, T2, after, build, reasons, says

KNOWN = Drift("trustPolicy", "a", "ecs", Severity.CRITICAL, DriftAction.ACKNOWLEDGED, True)
ENTRY = DriftEntry("trustPolicy", "sha256:x", "critical", "ecs can now assume this role")
HOLDS = Acknowledgement("sha256:o", "sha256:o until x", "ann", "intact", T1, T2, (ENTRY,))
OFFER = DriftOffer("sha256:p", T1, T2, (ENTRY,))
PLAN = Plan(acknowledged=(KNOWN,), in_sync=False)
STALLED = Outcome(Phase.STALLED, Reason.INVALID_SPEC, "no name")
LET_BE = replace(DONE, plan=PLAN, acknowledging=Acknowledging(HOLDS))


def test_it_is_shown_and_is_no_drift() -> None:
    built = build(LET_BE)
    status: Any = built.status
    whole = {"metadata": {"generation": 3}, "status": status}
    assert_kstatus_legal(whole)
    assert kstatus(whole) == "Current"
    assert says(status, ConditionType.DRIFTED) == ("False", Reason.DRIFT_ACKNOWLEDGED)
    assert says(status, ConditionType.SYNCED) == ("False", Reason.DRIFT_ACKNOWLEDGED)
    assert says(status, ConditionType.READY) == ("True", Reason.SYNCED)
    (entry,) = status["drift"]
    assert entry["action"] == "acknowledged"
    assert status["acknowledged"] == {
        "digest": "sha256:o",
        "by": "ann",
        "since": T1,
        "until": T2,
        "drift": ["trustPolicy (critical): ecs can now assume this role"],
    }
    assert "DriftDetected" not in reasons(built)
    assert sentences.acknowledged(None, (KNOWN,)) == "acknowledged: trustPolicy (critical): ecs"
    text = sentences.as_asked("role app", PLAN)
    assert text == "role app is as asked but for acknowledged drift: trustPolicy (critical): ecs"


def test_other_drift_rings_beside_it() -> None:
    both = replace(LET_BE, plan=replace(PLAN, drift=(GONE,)))
    status = build(both).status
    assert says(status, ConditionType.DRIFTED) == ("True", Reason.DRIFT_DETECTED)
    message = next(c["message"] for c in status["conditions"] if c["type"] == "Drifted")
    assert "policies[x] (critical)" in message
    assert f"acknowledged by ann until {T2}" in message


def test_its_end_is_told_once_before_it_comes() -> None:
    ending = replace(LET_BE, acknowledging=Acknowledging(HOLDS, ending=True))
    first = build(ending, after(LET_BE))
    assert first.status["acknowledged"]["ending"] is True
    assert reasons(first) == ["AcknowledgementEnding"]
    assert reasons(build(ending, dict(first.status))) == []
    other = replace(ending, acknowledging=Acknowledging(replace(HOLDS, digest="sha256:q"), True))
    assert reasons(build(other, dict(first.status))) == ["AcknowledgementEnding"]


def test_what_is_left_once_it_has_ended_is_drift_again() -> None:
    before = after(LET_BE)
    left = replace(KNOWN, action=DriftAction.REPORTED)
    over = replace(DONE, plan=Plan(drift=(left,), in_sync=False))
    built = build(over, before)
    assert reasons(built) == ["DriftDetected"]
    assert "acknowledged" not in built.status


def unread(outcome: Outcome, known: Acknowledging) -> Outcome:
    plan = Plan(unread=frozenset({"trustPolicy"}), in_sync=False)
    return replace(outcome, plan=plan, kept=(KNOWN,), acknowledging=known)


def test_what_cannot_be_read_stays_acknowledged_for_as_long_as_that_holds() -> None:
    before = after(LET_BE)
    status = build(unread(RETRY, Acknowledging(HOLDS)), before).status
    assert [entry["action"] for entry in status["drift"]] == ["acknowledged"]
    assert says(status, ConditionType.DRIFTED)[0] == "False"
    status = build(unread(RETRY, Acknowledging()), before).status
    assert [entry["action"] for entry in status["drift"]] == ["pending"]
    assert says(status, ConditionType.DRIFTED)[0] == "True"


def test_without_a_comparison_the_last_word_stands() -> None:
    status = build(replace(RETRY, acknowledging=Acknowledging(HOLDS)), after(LET_BE)).status
    assert says(status, ConditionType.DRIFTED) == ("False", Reason.DRIFT_ACKNOWLEDGED)
    assert status["acknowledged"]["digest"] == "sha256:o"


@pytest.mark.parametrize("outcome", [RETRY, STALLED], ids=["retry", "stalled"])
def test_without_a_comparison_it_is_drift_again_once_it_has_ended(outcome: Outcome) -> None:
    both = replace(LET_BE, plan=replace(PLAN, drift=(GONE,)))
    built = build(replace(outcome, acknowledging=Acknowledging()), after(both))
    status: Any = built.status
    assert says(status, ConditionType.DRIFTED) == ("True", Reason.DRIFT_DETECTED)
    assert [entry["action"] for entry in status["drift"]] == ["reported", "pending"]
    state = state_of(outcome, status, None, ObjectState(), 1.0)
    assert (state.drift, state.widened, state.acknowledged) == ("critical", 1.0, ())
    again = build(outcome, dict(status)).status
    assert says(again, ConditionType.DRIFTED) == ("True", Reason.DRIFT_DETECTED)


def test_what_may_be_acknowledged_is_offered() -> None:
    offered = replace(DONE, acknowledging=Acknowledging(offer=OFFER, voided="AcknowledgementStale"))
    assert build(offered).status["acknowledge"] == {
        "digest": "sha256:p",
        "since": T1,
        "expires": T2,
        "drift": ["trustPolicy (critical): ecs can now assume this role"],
        "voided": "AcknowledgementStale",
    }
    assert "acknowledge" not in build(DONE, after(offered)).status


def test_it_is_counted_apart() -> None:
    status = build(LET_BE).status
    state = state_of(LET_BE, status, None, ObjectState(), 1.0)
    assert (state.drift, state.widened) == ("", None)
    assert state.acknowledged == (("critical", 1),)
    assert state.acknowledged_until == 1_767_398_400.0
    nothing = state_of(DONE, build(DONE).status, None, ObjectState(), 1.0)
    assert (nothing.acknowledged, nothing.acknowledged_until) == ((), None)
