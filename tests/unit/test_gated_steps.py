"""What of a plan still goes on once a step was refused or the world moved on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ram_operator.config import Settings
from ram_operator.constants import Mode, Reason
from ram_operator.errors import Bug, OutcomeUnknown, RamOperatorError, Retry, Stalled
from ram_operator.loop import applying, gated_write
from ram_operator.loop.subject import Subject
from ram_operator.model.objects import Key
from ram_operator.model.outcome import Plan
from ram_operator.model.records import NOTHING_AGREED
from ram_operator.model.steps import Attach, Detach, Step
from ram_operator.model.vocabulary import Direction
from ram_operator.runtime.refused_writes import Refusals
from tests.unit import steps_by_example
from tests.unit.core import ACCOUNT
from tests.unit.fake_clock import FakeClock
from tests.unit.steps_by_example import of_attributes, of_entries

BODY: dict[str, Any] = {"metadata": {"uid": "u", "generation": 2}, "spec": {}}
SUBJECT = Subject.of(Key("RamRole", "team", "app"), BODY)
DENIED = Stalled(Reason.ACCESS_DENIED, "no")
LIMITED = Stalled(Reason.QUOTA_EXCEEDED, "too many")
ASIDE = SimpleNamespace(wrote=lambda *_: None, patient=lambda *_: False, settle=0.0)
MANAGED = replace(ACCOUNT, mode=Mode.MANAGE, suspend=False)


@pytest.mark.parametrize(
    ("meta", "spec"),
    [
        ({"uid": "other"}, {}),
        ({"generation": 3}, {}),
        ({"deletionTimestamp": "2026-01-01T00:00:00Z"}, {}),
        ({}, {"suspend": True}),
    ],
)
def test_an_object_that_moved_is_not_the_one_that_was_judged(
    meta: Mapping[str, Any], spec: Mapping[str, Any]
) -> None:
    assert gated_write.still(BODY, SUBJECT)
    assert not gated_write.still({"metadata": {**BODY["metadata"], **meta}, "spec": spec}, SUBJECT)


class Gate:
    """Takes every step but those that it was told to refuse."""

    def __init__(self, refusals: Mapping[str, RamOperatorError]) -> None:
        self.refusals = refusals
        self.tried: list[str] = []
        self.agreed = NOTHING_AGREED

    def run(self, step: Step) -> Mapping[str, Any]:
        self.tried.append(step.summary)
        if step.summary in self.refusals:
            raise self.refusals[step.summary]
        return {}

    def close(self, _: Sequence[Step], follows: object = None) -> None:
        self.tried.append("closed")
        if "closed" in self.refusals:
            raise self.refusals["closed"]


def carried(account: Any, refusals: Mapping[str, RamOperatorError], *steps: Step) -> Any:
    """What was tried, and what came of it."""
    gate: Any = Gate(refusals)
    find: Callable[[str], Any] = lambda _: account and SimpleNamespace(account=account)  # noqa: E731
    ports: Any = SimpleNamespace(
        consistency=ASIDE,
        accounts=SimpleNamespace(find=find),
        refusals=Refusals(FakeClock(), 300.0),
        settings=Settings(),
        clock=SimpleNamespace(wall=lambda: 0.0),
    )
    session: Any = SimpleNamespace(account=MANAGED, connection=())
    return gate.tried, applying.carry_out(ports, SUBJECT, session, gate, Plan(steps=steps))


def reasons(result: Any) -> list[Reason]:
    return [error.reason for error in result.errors]


def a_step(summary: str, direction: Direction, field: str) -> Step:
    return of_attributes(field, summary=summary, direction=direction)


TIGHTEN = a_step("tighten", Direction.NARROWER, "policies")
WIDEN = a_step("widen", Direction.WIDER, "trustPolicy")
LABEL = a_step("label", Direction.NEUTRAL, "tags")
CREATE = replace(steps_by_example.CREATE, summary="create")


def test_nothing_is_widened_while_what_should_go_first_is_still_there() -> None:
    tried, result = carried(MANAGED, {"tighten": DENIED}, TIGHTEN, LABEL, WIDEN)
    assert tried == ["tighten", "label", "closed"]
    assert reasons(result) == [DENIED.reason]


def test_what_is_taken_away_of_a_set_goes_entry_by_entry() -> None:
    first, second = (
        of_entries(Detach, "policies", name, summary=name, direction=Direction.NARROWER)
        for name in "ab"
    )
    tried, result = carried(MANAGED, {"a": DENIED, "b": LIMITED}, first, second, TIGHTEN, WIDEN)
    assert tried == ["a", "b", "closed"]
    assert reasons(result) == [DENIED.reason, LIMITED.reason]


def test_what_is_added_to_a_set_waits_for_what_may_not_be_added_before_it() -> None:
    first, second = (
        of_entries(Attach, "policies", name, summary=name, direction=Direction.WIDER)
        for name in "ab"
    )
    assert carried(MANAGED, {"a": DENIED}, first, second)[0] == ["a", "closed"]


def test_nothing_is_added_to_what_was_not_created() -> None:
    assert carried(MANAGED, {"create": DENIED}, CREATE, LABEL)[0] == ["create", "closed"]


def test_what_was_done_is_known_although_the_record_could_not_be_completed() -> None:
    result = carried(MANAGED, {"closed": LIMITED}, TIGHTEN, LABEL)[1]
    assert (result.done, result.errors) == ((TIGHTEN, LABEL), (LIMITED,))


def test_what_time_mends_ends_the_pass() -> None:
    later = Retry(Reason.PROGRESSING, "moved")
    assert carried(MANAGED, {"label": later}, LABEL, WIDEN)[0] == ["label", "closed"]


@pytest.mark.parametrize(
    "account",
    [None, replace(MANAGED, mode=Mode.OBSERVE), replace(MANAGED, suspend=True)],
    ids=["gone", "observed", "suspended"],
)
def test_writing_that_was_stopped_meanwhile_does_not_begin(account: Any) -> None:
    tried, result = carried(account, {}, WIDEN)
    assert tried == ["closed"]
    assert [type(error) for error in result.errors] == [Retry]


@pytest.mark.parametrize(
    ("error", "refused"),
    [(DENIED, True), (OutcomeUnknown("lost"), False), (Bug("b"), False)],
)
def test_only_what_surely_did_not_happen_was_refused(
    error: RamOperatorError, refused: bool
) -> None:
    assert applying.Carried((), (DENIED, error), {}).refused is refused
    assert not applying.Carried((LABEL,), (error,), {}).refused
