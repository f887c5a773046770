"""The algebra of conditions: what is written is legal for kstatus, and moves on status alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.kstatus import assert_kstatus_legal, kstatus
from ram_operator.constants import ConditionType, Reason
from ram_operator.reporting import conditions
from ram_operator.reporting.conditions import Condition
from tests.unit.profiles import examples

EARLIER = "2026-01-01T00:00:00Z"
NOW = "2026-01-02T00:00:00Z"
REST = [
    Condition(ConditionType.APPROVAL_REQUIRED, False, Reason.NOTHING_HELD, "n"),
    Condition(ConditionType.SYNCED, True, Reason.NO_DIFFERENCE, "s"),
    Condition(ConditionType.DRIFTED, False, Reason.NO_DRIFT, "d"),
]
SUMMARIES = {
    "done": (conditions.done("m"), "Current"),
    "working": (conditions.working(Reason.THROTTLED, "m"), "InProgress"),
    "not seen": (conditions.working(Reason.PROGRESSING, "m", seen=False), "InProgress"),
    "stalled": (conditions.stalled(Reason.INVALID_SPEC, "m"), "Failed"),
}


def item(listed: list[dict[str, Any]], generation: int = 3) -> dict[str, Any]:
    return {
        "metadata": {"generation": generation},
        "status": {"observedGeneration": generation, "conditions": listed},
    }


@pytest.mark.parametrize(("summary", "verdict"), SUMMARIES.values(), ids=SUMMARIES)
def test_each_summary_is_legal_and_says_what_kstatus_should_hear(
    summary: list[Condition], verdict: str
) -> None:
    whole = item(conditions.merge((), [*summary, *REST], 3, NOW))
    assert_kstatus_legal(whole)
    assert kstatus(whole) == verdict


def test_the_first_word_on_progress_is_progressing_and_a_failed_try_is_a_retry() -> None:
    for reason, progress in (
        (Reason.PROGRESSING, Reason.PROGRESSING),
        (Reason.THROTTLED, Reason.RETRYING),
        (Reason.DELETING, Reason.RETRYING),
    ):
        ready, reconciling = conditions.working(reason, "m")
        assert (ready.reason, ready.status) == (reason, False)
        assert (reconciling.reason, reconciling.status) == (progress, True)


def test_conditions_come_in_one_order_with_all_their_fields() -> None:
    listed = conditions.merge((), [*REST, *conditions.stalled(Reason.CONFLICT, "m")], 7, NOW)
    assert [c["type"] for c in listed] == [
        "Ready",
        "Synced",
        "Stalled",
        "Drifted",
        "ApprovalRequired",
    ]
    assert listed[0] == {
        "type": "Ready",
        "status": "False",
        "reason": "Conflict",
        "message": "m",
        "lastTransitionTime": NOW,
        "observedGeneration": 7,
    }


_CONDITIONS = st.lists(
    st.builds(
        Condition,
        st.sampled_from(ConditionType),
        st.sampled_from([True, False, None]),
        st.sampled_from(Reason),
        st.text("ab", max_size=3),
    ),
    unique_by=lambda c: c.type,
)


@examples(150)
@given(_CONDITIONS, _CONDITIONS)
def test_the_transition_time_moves_with_the_status_alone(
    before: list[Condition], after: list[Condition]
) -> None:
    old = conditions.merge((), before, 1, EARLIER)
    new = conditions.merge(old, after, 2, NOW)
    then = {c["type"]: c["status"] for c in old}
    assert {c["type"] for c in new} == {c.type.value for c in after}
    for condition in new:
        kept = then.get(condition["type"]) == condition["status"]
        assert condition["lastTransitionTime"] == (EARLIER if kept else NOW)
        assert condition["observedGeneration"] == 2
    assert conditions.merge(new, after, 2, "later") == new


def test_a_condition_without_a_time_gets_one() -> None:
    listed = conditions.merge([{"type": "Ready", "status": "True"}], conditions.done("m"), 1, NOW)
    assert listed[0]["lastTransitionTime"] == NOW


@pytest.mark.parametrize(("size", "kept"), [(4095, 4095), (4096, 4096), (4097, 4096)])
def test_messages_are_cut_at_the_limit(size: int, kept: int) -> None:
    (ready,) = conditions.merge((), conditions.done("x" * size), 1, NOW)
    assert len(ready["message"]) == kept
    assert ready["message"].endswith("…") == (size > kept)
    assert conditions.cut(ready["message"]) == ready["message"]


def test_status_texts() -> None:
    assert [conditions.status_text(s) for s in (True, False, None)] == ["True", "False", "Unknown"]


def test_a_condition_is_found_by_type() -> None:
    listed = conditions.merge((), conditions.stalled(Reason.CONFLICT, "m"), 1, NOW)
    found = conditions.find(listed, ConditionType.STALLED)
    assert found is not None
    assert found["reason"] == "Conflict"
    assert conditions.find(listed, ConditionType.DRIFTED) is None
    assert conditions.is_true(listed, ConditionType.STALLED)
    assert not conditions.is_true(listed, ConditionType.READY)
    assert not conditions.is_true(listed, ConditionType.DRIFTED)


ILLEGAL: dict[str, tuple[str, Any]] = {
    "no condition at all": ("1", []),
    "a type twice": ("2", [*conditions.done("m"), *conditions.done("m"), *REST]),
    "no Ready": ("3", REST),
    "Stalled that is False": (
        "4",
        [
            *conditions.done("m"),
            *REST,
            Condition(ConditionType.STALLED, False, Reason.CONFLICT, ""),
        ],
    ),
    "Stalled and Reconciling": (
        "5",
        [
            *conditions.stalled(Reason.CONFLICT, ""),
            *REST,
            Condition(ConditionType.RECONCILING, True, Reason.RETRYING, ""),
        ],
    ),
    "Ready and Stalled": (
        "6",
        [*conditions.done("m"), *REST, Condition(ConditionType.STALLED, True, Reason.CONFLICT, "")],
    ),
    "not Ready without a word why": (
        "7",
        [Condition(ConditionType.READY, False, Reason.DRIFTED, ""), *REST],
    ),
    "Ready unknown while Stalled": (
        "8",
        [
            Condition(ConditionType.READY, None, Reason.CONFLICT, ""),
            Condition(ConditionType.STALLED, True, Reason.CONFLICT, ""),
            *REST,
        ],
    ),
}


@pytest.mark.parametrize(("number", "listed"), ILLEGAL.values(), ids=ILLEGAL)
def test_the_invariants_refuse(number: str, listed: list[Condition]) -> None:
    whole = item(conditions.merge((), listed, 3, NOW))
    with pytest.raises(AssertionError, match=rf"^{number}: "):
        assert_kstatus_legal(whole)


BROKEN: dict[str, tuple[str, dict[str, Any]]] = {
    "10": ("a generation to come", {"observedGeneration": 4}),
    "11": ("another generation", {"observedGeneration": 2}),
    "12": ("no status", {"status": "Maybe"}),
    "13": ("no reason", {"reason": ""}),
    "14": ("a message without end", {"message": "x" * 32769}),
    "15": ("no zone", {"lastTransitionTime": "2026-01-01T00:00:00"}),
}


@pytest.mark.parametrize("number", BROKEN)
def test_the_invariants_refuse_a_condition_with(number: str) -> None:
    listed = conditions.merge((), [*conditions.done("m"), *REST], 3, NOW)
    listed[1].update(BROKEN[number][1])
    with pytest.raises(AssertionError, match=rf"^{number}: "):
        assert_kstatus_legal(item(listed))


def test_the_invariants_refuse_a_condition_without_a_generation() -> None:
    listed = conditions.merge((), [*conditions.done("m"), *REST], 3, NOW)
    del listed[1]["observedGeneration"]
    with pytest.raises(AssertionError, match=r"^9: "):
        assert_kstatus_legal(item(listed))


def test_kstatus_decides_in_the_documented_order() -> None:
    stalled = conditions.merge((), [*conditions.stalled(Reason.CONFLICT, ""), *REST], 3, NOW)
    whole = item(stalled)
    assert kstatus({**whole, "metadata": {"generation": 4}}) == "InProgress"
    gone = {"generation": 4, "deletionTimestamp": NOW}
    assert kstatus({**whole, "metadata": gone}) == "Terminating"
    assert kstatus({"metadata": {"generation": 1}}) == "Current"
    unseen = {"metadata": {"generation": 1}, "status": {"observedGeneration": -1}}
    assert kstatus(unseen) == "InProgress"
    assert_kstatus_legal(unseen)
