"""What people are shown does not go because a read failed, or because nobody believes it yet."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ram_operator.constants import ConditionType, Severity
from ram_operator.gate import clearance
from ram_operator.model.changes import Drift
from ram_operator.model.outcome import Plan
from ram_operator.model.steps import WriteTrust
from ram_operator.model.vocabulary import Cause, Direction
from ram_operator.reporting import carryover
from ram_operator.reporting.status import build_report
from tests.unit.approvals_by_example import HELD as CHANGE
from tests.unit.approvals_by_example import approved, offered
from tests.unit.outcomes import GONE, HELD, RETRY, STALLED, T2, after, condition

SHOWN = after(replace(STALLED, plan=Plan(held=CHANGE)))
"""A change of the trust is held."""


def unread(*places: str, **more: Any) -> Plan:
    return Plan(unread=frozenset(places), in_sync=False, **more)


def test_of_what_could_not_be_read_the_last_word_stands() -> None:
    other = Drift("description", "one", "two", Severity.WARNING, "reported")
    before = after(replace(STALLED, plan=Plan(held=HELD, drift=(GONE, other))))
    kept = carryover.drift_of(before, frozenset({"policies"}))
    assert kept == (GONE,)
    failed = replace(RETRY, plan=unread("policies"), kept=kept)
    status = build_report(before, failed, 3, T2, {}).status
    assert status["drift"] == before["drift"][:1]
    assert status["pending"] == before["pending"]
    assert condition(status, ConditionType.DRIFTED)["status"] == "True"
    assert condition(status, ConditionType.APPROVAL_REQUIRED)["status"] == "True"
    assert build_report(before, failed, 3, T2, {}).events == ()
    fresh = build_report({}, failed, 3, T2, {}).status
    assert condition(fresh, ConditionType.APPROVAL_REQUIRED)["status"] == "False"
    assert "pending" not in fresh


def test_drift_is_read_back_from_a_status_as_far_as_it_can_be() -> None:
    row = {"field": "policies[x]", "was": "a", "is": "b", "severity": "critical", "action": "held"}
    status = {"drift": [row, {**row, "severity": "?"}, {"field": "policies[y]"}]}
    wanted = (Drift("policies[x]", "a", "b", Severity.CRITICAL, "held"),)
    gives = carryover.drift_of({"drift": [{**row, "widens": True}]}, frozenset({"policies[x]"}))
    assert gives == (replace(wanted[0], widens=True),)
    assert carryover.drift_of(status, frozenset({"policies[x]", "policies[y]"})) == wanted
    assert carryover.drift_of(status, frozenset({"tags"})) == ()
    assert carryover.drift_of(status, frozenset()) == ()
    assert carryover.drift_of({}, frozenset({"policies"})) == ()


@pytest.mark.parametrize(
    ("plan", "stays"),
    [
        (unread("trustPolicy"), True),
        (unread("trustPolicy", "tags"), True),
        # What is held is about something else: that it is not held any more is known.
        (unread("tags"), False),
        (unread("providers[oidc-provider/git]"), False),
        (Plan(), False),
        (unread("trustPolicy", held=CHANGE), False),
    ],
)
def test_only_what_the_unread_part_is_about_stays_open(plan: Plan, stays: bool) -> None:
    assert carryover.still_open(SHOWN, plan) is stays
    status = build_report(SHOWN, replace(RETRY, plan=plan), 3, T2, {}).status
    assert ("pending" in status) is (stays or plan.held is not None)


@pytest.mark.parametrize("text", ["", "not JSON", "[]"])
def test_what_is_too_long_to_be_shown_may_be_about_anything(text: str) -> None:
    status = {"pending": {**SHOWN["pending"], "before": text, "after": text}}
    assert carryover.still_open(status, unread("tags"))
    assert not carryover.still_open({}, unread("tags"))


def test_what_was_approved_and_is_written_is_not_open_any_more() -> None:
    facts = offered(CHANGE)
    permit = clearance.weigh(CHANGE, approved(facts), facts)
    assert permit is not None
    step = WriteTrust(
        summary="",
        cause=Cause.INTENT,
        direction=Direction.WIDER,
        field="trustPolicy",
        cleared=clearance.clear(permit, "trustPolicy"),
        attributes={},
    )
    assert not carryover.still_open(SHOWN, unread("trustPolicy", steps=(step,)))


def test_the_last_word_is_what_the_condition_says() -> None:
    assert "trust change" in carryover.last_word(SHOWN)
    assert carryover.last_word({}) == ""


def test_an_entry_belongs_to_its_part() -> None:
    sides = json.dumps({"policies[Custom/a]": "Custom/a"})
    status = {"pending": {**SHOWN["pending"], "before": sides, "after": sides}}
    assert carryover.still_open(status, unread("policies"))
    assert carryover.still_open(status, unread("policies[Custom/a]"))
    assert not carryover.still_open(status, unread("policies[Custom/b]"))


LOOSE = {"field": "policies[Custom/a]", "was": "Custom/a", "is": "Custom/a", "action": "held"}
ADDED = {"field": "policies[Custom/b]", "was": "(none)", "is": "Custom/b", "action": "held"}
TRUST = {"field": "trustPolicy", "was": "sha256:1", "is": "sha256:1", "action": "held"}
TAKEN = {"field": "policies[Custom/c]", "was": "(none)", "is": "Custom/c", "action": "corrected"}


@pytest.mark.parametrize(
    ("listed", "alone"),
    [
        ([LOOSE], True),
        ([LOOSE, TAKEN], True),
        ([LOOSE, ADDED], False),
        ([TRUST], False),
        ([TAKEN], False),
        ([], False),
        ([LOOSE, {"field": "not to be read"}], False),
        ([LOOSE] * carryover.LIMIT, False),
    ],
    ids=["it", "and drift", "and more", "a trust", "drift", "nothing", "unreadable", "cut"],
)
def test_what_others_widened_is_told_from_what_came_unseen(listed: Any, alone: bool) -> None:
    drift = [{"severity": "critical", **each} for each in listed]
    assert carryover.widened_alone({"drift": drift}) is alone


def test_a_status_says_of_as_many_corrections_when_they_were_as_tell_of_too_many() -> None:
    status: dict[str, Any] = {}
    for number in range(6):
        status = carryover.put_right(status, [GONE], str(number))
    assert status["correctedAt"] == ["5", "4", "3", "2"]
    assert len(status["corrected"]) == 1
