"""Outcome → status: what it says after each end of a pass, of drift and of what is held."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from lab.kstatus import assert_kstatus_legal, kstatus
from ram_operator.constants import ConditionType, Reason
from ram_operator.errors import Retry
from ram_operator.gate import approvals, clearance
from ram_operator.gate.inputs import Approval, Guard
from ram_operator.model import sentences
from ram_operator.model.changes import Change, Held
from ram_operator.model.objects import Entry, UnknownPart
from ram_operator.model.outcome import Outcome, Plan
from ram_operator.model.records import RecordFacts, Rejection
from ram_operator.model.state import Applied, Live
from ram_operator.model.steps import Attach
from ram_operator.model.vocabulary import Direction, Phase, Presence
from ram_operator.reporting.status import LIST_LIMIT, build_report
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
from tests.unit.steps_by_example import of_entries

# --- the four summaries


SUMMARIES: dict[str, tuple[Outcome, str, str, str, str]] = {
    # outcome: Ready, Synced, what kstatus hears, does it count as acted upon
    "done": (DONE, "True", "True", "Current", "yes"),
    "stalled": (replace(STALLED, plan=Plan()), "False", "False", "Failed", "yes"),
    "stalled, not compared": (STALLED, "False", "False", "Failed", "yes"),
    "stalled, not seen": (replace(STALLED, live=None), "False", "Unknown", "Failed", "yes"),
    "retry": (RETRY, "False", "False", "InProgress", "no"),
    "retry, not seen": (replace(RETRY, live=None), "Unknown", "Unknown", "InProgress", "no"),
    "deleting": (
        Outcome(Phase.DELETING, Reason.DELETING, "m"),
        "False",
        "Unknown",
        "InProgress",
        "no",
    ),
    "done without a comparison": (
        Outcome(Phase.DONE, Reason.SYNCED, "verified"),
        "True",
        "True",
        "Current",
        "yes",
    ),
}


@pytest.mark.parametrize(
    ("outcome", "ready", "synced", "verdict", "acted"), SUMMARIES.values(), ids=SUMMARIES
)
def test_the_end_of_a_pass_reads(
    outcome: Outcome, ready: str, synced: str, verdict: str, acted: str
) -> None:
    status = build(outcome, {"observedGeneration": 2}).status
    assert says(status, ConditionType.READY) == (ready, outcome.reason.value)
    assert says(status, ConditionType.SYNCED)[0] == synced
    assert status["observedGeneration"] == (3 if acted == "yes" else 2)
    whole = {"metadata": {"generation": 3}, "status": status}
    assert_kstatus_legal(whole)
    assert kstatus(whole) == verdict


def test_drift_that_lasts_and_a_held_change_are_no_sync() -> None:
    for plan in (Plan(drift=(GONE,)), Plan(held=HELD)):
        status = build(replace(DONE, plan=plan)).status
        assert says(status, ConditionType.SYNCED) == ("False", "DifferenceFound")


# --- fields of the status


def test_identity_and_account_are_shown_and_stay_when_nothing_was_seen() -> None:
    outcome = replace(DONE, account_id="1", handled_request="now")
    seen = {
        "accountId": "1",
        "cloudId": "id-1",
        "arn": "arn-1",
        "cloudName": "App",
        "defaultVersion": "v2",
        "lastHandledReconcileAt": "now",
    }
    for status in (build(outcome).status, after(outcome, replace(RETRY, live=None))):
        assert {name: status[name] for name in seen} == seen


def test_what_the_cloud_has_no_value_for_is_left_out() -> None:
    status = build(replace(DONE, live=Live(Presence.PRESENT, "App"))).status
    assert status.keys() == {"observedGeneration", "conditions", "cloudName"}


def test_what_was_applied_is_kept_in_order() -> None:
    applied = Applied(
        True,
        {"b": "2", "a": "1"},
        {"tags": frozenset("ba"), "policies": frozenset()},
        {"policies": frozenset("dc"), "tags": frozenset()},
    )
    status = build(replace(DONE, applied=applied)).status
    assert json.dumps(status["written"]) == json.dumps(
        {"fields": {"a": "1", "b": "2"}, "policies": [], "tags": ["a", "b"]}
    )
    assert status["excess"] == {"policies": ["c", "d"]}
    without = replace(applied, excess={})
    assert "excess" not in build(replace(DONE, applied=without), dict(status)).status


def test_what_is_live_is_shown_where_it_was_read() -> None:
    unread = UnknownPart(Retry(Reason.ACCESS_DENIED, "no"))
    fields: Any = {"groups": {"b": Entry("B"), "a": Entry("A")}, "access": unread, "login": "Deny"}
    live = replace(LIVE, fields=fields)
    shows = {name: name for name in (*fields, "missing")}
    status = build(replace(DONE, live=live, shows=shows)).status
    assert (status["groups"], status["login"]) == (["A", "B"], "Deny")
    assert not {"access", "missing"} & status.keys()


def test_fields_of_a_kinds_own_come_and_go() -> None:
    first = build(DONE, extra={"deletionBrake": {"count": 6}, "tenants": 2}).status
    assert first["deletionBrake"] == {"count": 6}
    second = build(DONE, dict(first)).status
    assert "deletionBrake" not in second
    assert second["tenants"] == 2


# --- drift


def test_drift_is_listed_with_the_time_it_was_first_seen() -> None:
    first = build(replace(DONE, plan=Plan(drift=(GONE,))), now=T0).status
    more = replace(GONE, field="tags[b]", now="b=2", widens=True)
    second = build(replace(DONE, plan=Plan(drift=(GONE, more))), dict(first), T1).status
    assert second["drift"][0] == {
        "field": "policies[x]",
        "was": "x",
        "is": "(none)",
        "severity": "critical",
        "action": "reported",
        "firstSeen": T0,
    }
    assert (second["drift"][1]["firstSeen"], second["drift"][1]["widens"]) == (T1, True)
    assert says(second, ConditionType.DRIFTED) == ("True", "DriftDetected")


def test_drift_of_a_very_long_name_keeps_its_time_too() -> None:
    outcome = replace(DONE, plan=Plan(drift=(replace(GONE, field="x" * 600),)))
    first = build(outcome, now=T0).status
    assert len(first["drift"][0]["field"]) == 512
    assert build(outcome, dict(first), T1).status["drift"] == first["drift"]


def test_a_long_list_of_drift_is_cut() -> None:
    entries = tuple(replace(GONE, field=f"tags[{n}]") for n in range(60))
    status = build(replace(DONE, plan=Plan(drift=entries))).status
    assert len(status["drift"]) == LIST_LIMIT


def test_corrected_drift_is_told_and_not_listed() -> None:
    outcome = replace(DONE, plan=Plan((STEP,), drift=(FIXED,)), steps_done=(STEP,))
    built = build(outcome)
    assert "drift" not in built.status
    assert says(built.status, ConditionType.DRIFTED) == ("False", "DriftCorrected")
    assert condition(built.status, ConditionType.DRIFTED)["message"] == (
        "corrected: tags[a] (warning): a=2"
    )
    assert reasons(built) == ["DriftCorrected"]
    assert built.status["correctedAt"] == [built.status["corrected"][0]["at"]]
    assert "correctedAt" not in build(DONE).status


def test_what_was_corrected_stays_readable_until_there_is_new_drift() -> None:
    corrected = replace(DONE, plan=Plan((STEP,), drift=(FIXED,)), steps_done=(STEP,))
    status = after(corrected, DONE, DONE)
    assert says(status, ConditionType.DRIFTED) == ("False", "DriftCorrected")
    assert "tags[a]" in condition(status, ConditionType.DRIFTED)["message"]
    status = after(corrected, replace(DONE, plan=Plan(drift=(GONE,))), DONE)
    assert says(status, ConditionType.DRIFTED) == ("False", "NoDrift")


def test_drift_whose_correction_failed_is_still_there() -> None:
    outcome = replace(RETRY, plan=Plan((STEP,), drift=(FIXED,)))
    built = build(outcome)
    assert says(built.status, ConditionType.DRIFTED) == ("True", "DriftDetected")
    assert built.status["drift"][0]["action"] == "pending"
    assert reasons(built) == ["DriftDetected"]
    assert reasons(build(outcome, dict(built.status))) == []


def test_in_observe_mode_nothing_is_corrected_and_the_plan_is_shown() -> None:
    outcome = replace(STALLED, plan=Plan((STEP,), drift=(FIXED,)), observe_only=True)
    status = build(replace(outcome, reason=Reason.OBSERVE_ONLY)).status
    assert status["wouldDo"] == ["tag a"]
    assert status["drift"][0]["action"] == "pending"
    assert says(status, ConditionType.DRIFTED)[0] == "True"
    assert "wouldDo" not in build(DONE, dict(status)).status


@pytest.mark.parametrize("known", [True, False])
def test_drift_that_is_not_believed_changes_no_word_about_drift(known: bool) -> None:
    old = after(replace(DONE, plan=Plan(drift=(GONE,)))) if known else after(DONE)
    new = build(replace(RETRY, plan=Plan(), drift_unconfirmed=True), old).status
    assert new.get("drift") == old.get("drift")
    assert condition(new, ConditionType.DRIFTED) == condition(old, ConditionType.DRIFTED)


def test_without_a_comparison_the_last_word_stands() -> None:
    old = after(replace(STALLED, plan=Plan((STEP,), drift=(GONE,), held=HELD), observe_only=True))
    new = build(replace(RETRY, live=None), old).status
    for name in ("drift", "pending", "wouldDo"):
        assert new[name] == old[name]
    for kind in (ConditionType.DRIFTED, ConditionType.APPROVAL_REQUIRED):
        assert condition(new, kind) == condition(old, kind)


@pytest.mark.parametrize("reason", ["SomethingElse", "", None])
def test_a_last_word_that_nobody_understands_is_not_repeated(reason: Any) -> None:
    old = after(replace(DONE, plan=Plan(drift=(GONE,))))
    condition(old, ConditionType.DRIFTED)["reason"] = reason
    assert says(build(RETRY, old).status, ConditionType.DRIFTED) == ("False", "NoDrift")


# --- what is held


def test_a_held_change_is_shown_with_who_gains_who_loses_and_the_findings() -> None:
    status = build(replace(STALLED, plan=Plan(held=HELD)), now=T0).status
    assert status["pending"] == {
        "kind": "TrustChange",
        "summary": "trust change (mixed)",
        "gains": ["eve can"],
        "losses": ["ann cannot"],
        "findings": [
            {
                "id": "RAM002",
                "severity": "critical",
                "text": "eve is outside",
                "remedy": "remove eve",
            },
            {
                "id": "RAM006",
                "severity": "warning",
                "text": "no external id",
                "remedy": "add one",
            },
        ],
        "before": "{}",
        "after": "{}",
        "since": T0,
    }
    assert says(status, ConditionType.APPROVAL_REQUIRED) == ("True", "ApprovalRequired")
    assert condition(status, ConditionType.APPROVAL_REQUIRED)["message"].lower() == (
        "trust change (mixed). would gain: eve can. would lose: ann cannot."
        " ram002 eve is outside (remedy: remove eve)"
    )


def test_a_sentence_leaves_out_what_there_is_not() -> None:
    assert sentences.held(Held("k", "waits")) == "waits"


@pytest.mark.parametrize(
    ("held", "since"), [(HELD, T0), (replace(HELD, gains=("bob can",)), T1)], ids=["same", "other"]
)
def test_a_held_change_keeps_its_time_as_long_as_it_is_the_same(held: Held, since: str) -> None:
    first = build(replace(STALLED, plan=Plan(held=HELD)), now=T0).status
    second = build(replace(STALLED, plan=Plan(held=held)), dict(first), T1).status
    assert second["pending"]["since"] == since


def test_a_time_that_somebody_removed_starts_anew() -> None:
    outcome = replace(STALLED, plan=Plan(held=HELD))
    first: Json = dict(build(outcome, now=T0).status)
    del first["pending"]["since"]
    assert build(outcome, first, T1).status["pending"]["since"] == T1


# --- what became of an approval

MISSING = "AdmissionPolicyMissing"
SAID_NO = (
    Rejection("c", ("w",), T1, "bob", "not now"),
    Rejection("c", ("w",), T0, "ann", "no"),
)
ANSWERS: dict[str, tuple[Held, str, str, str]] = {
    "rejected": (
        replace(HELD, rejections=SAID_NO, voided="ApprovalStale"),
        "ApprovalRejected",
        "ChangeRejected",
        f"Rejected by bob at {T1}: not now. Rejected by ann at {T0}: no. trust change",
    ),
    "approved by git": (
        replace(HELD, rejections=SAID_NO, voided="ApprovalRejected"),
        "ApprovalRejected",
        "ApprovalNotHonoured",
        "that of a ServiceAccount",
    ),
    "not known": (
        replace(HELD, missing=("the tags to be read",)),
        "ApprovalRequired",
        "ChangeHeld",
        "Not offered anew before this is known: the tags to be read",
    ),
    "stale": (
        replace(HELD, voided="ApprovalStale"),
        "ApprovalRequired",
        "ApprovalNotHonoured",
        "for something else",
    ),
    "unguarded": (replace(HELD, voided=MISSING), MISSING, "ApprovalNotHonoured", "not honoured"),
    "lost": (replace(HELD, kind="RecordsLost"), "RecordsLost", "ChangeHeld", "trust change"),
}


@pytest.mark.parametrize(("held", "why", "event", "words"), ANSWERS.values(), ids=ANSWERS)
def test_people_see_why_it_waits_still_and_hear_of_it_once(
    held: Held, why: str, event: str, words: str
) -> None:
    outcome = replace(STALLED, reason=Reason.APPROVAL_REQUIRED, plan=Plan(held=held))
    first = build(outcome, now=T0)
    assert says(first.status, ConditionType.APPROVAL_REQUIRED) == ("True", why)
    assert words in condition(first.status, ConditionType.APPROVAL_REQUIRED)["message"]
    assert reasons(first) == [event]
    assert reasons(build(outcome, dict(first.status), T1)) == []


def test_the_offer_is_shown_as_the_record_has_it() -> None:
    held = replace(HELD, digest="sha256:d", since=T0, expires=T2, rejections=SAID_NO)
    pending = build(replace(STALLED, plan=Plan(held=held)), now=T1).status["pending"]
    assert (pending["digest"], pending["since"], pending["expires"]) == ("sha256:d", T0, T2)
    assert pending["rejected"] == "not now"
    assert pending["rejections"] == [
        {"by": "bob", "at": T1, "reason": "not now"},
        {"by": "ann", "at": T0, "reason": "no"},
    ]


def test_of_an_offer_that_has_ended_only_the_words_stay() -> None:
    first: Json = dict(build(replace(STALLED, plan=Plan(held=replace(HELD, digest="d")))).status)
    left = {"summary": "s", "since": T0}
    kept = build_report(first, STALLED, 1, T1, {"pending": left}).status
    assert kept["pending"] == left
    assert first["pending"]["digest"] == "d"


@pytest.mark.parametrize(("by", "words"), [("ann", "approved by ann as"), ("", "approved as")])
def test_an_approved_change_is_one_event_that_says_by_whom(by: str, words: str) -> None:
    change = Change("policies", None, Entry("System/A"), Direction.WIDER, "System/a")
    held = Held("EscalatingGrant", "s", changes=(change,))
    said = Approval(guard=Guard.WAIVED, now=T0, approver=by)
    offered = approvals.offer(held, said, RecordFacts(True, settled=True))
    facts = RecordFacts(True, settled=True, sequence=offered.sequence, pending=offered.pending)
    permit = clearance.weigh(held, replace(said, approve=offered.pending.digest), facts)
    assert permit is not None
    step = of_entries(Attach, "policies", "System/a", summary="attach A", permit=permit)
    old = dict(build(replace(STALLED, plan=Plan(held=HELD)), now=T0).status)
    done = build(replace(DONE, plan=Plan(steps=(step,)), steps_done=(step,)), old, T1)
    assert reasons(done)[0] == "ChangeApproved"
    assert "ChangeNoLongerHeld" not in reasons(done)
    assert words in done.events[0].message
    assert reasons(build(replace(RETRY, plan=Plan(steps=(step,))), old, T1)) == []
