"""Why desired and live differ and what is done about it: the whole table, cause by cause."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ram_operator.constants import AdoptionPolicy, DriftPolicy, Severity
from ram_operator.gate.inputs import WHATEVER, Memory
from ram_operator.kinds.schema import Kind, Shape
from ram_operator.model import applied_marks
from ram_operator.model.applied_marks import KEPT
from ram_operator.model.changes import Change, Judged
from ram_operator.model.objects import Entry
from ram_operator.model.records import RecordFacts
from ram_operator.model.state import Applied, Desired
from ram_operator.model.vocabulary import Cause, Direction, Disposition
from ram_operator.planning import diff
from tests.unit import judging as drift
from tests.unit.core import (
    ALLOW_ALL,
    ALLOW_READ,
    ANN,
    ECS,
    FC,
    HARMLESS,
    OPTIONS,
    POLICY,
    ROLE,
    attachment,
    made,
    policies,
    policy,
    record,
    remembered,
    tags,
    trust,
    trust_json,
    wanted,
    wanted_policy,
)

Json = dict[str, Any]
REPORT, EXCESS, REVERT = DriftPolicy.REPORT, DriftPolicy.REVERT_EXCESS, DriftPolicy.REVERT
WRITE, HOLD, SHOW = Disposition.WRITE, Disposition.HOLD, Disposition.REPORT
MANAGE_USERS = {"Effect": "Allow", "Action": "ram:*", "Resource": "*"}
OTHER = {"Effect": "Allow", "Action": "ecs:DescribeDisks", "Resource": "*"}


def judge(
    asked: Desired, found: Mapping[str, Any], memory: Memory, row: Kind = ROLE
) -> Judged | None:
    """The verdict on the only change between `asked` and a cloud that differs in `found`."""
    (change,) = changes(asked, found, row)
    return drift.judge(row, asked, change, memory)


def changes(asked: Desired, found: Mapping[str, Any], row: Kind = ROLE) -> tuple[Change, ...]:
    live = made(asked)
    return diff.changes(row, asked, replace(live, fields={**live.fields, **found}))


# One change of each field and direction: (row, asked for, what is otherwise in the cloud).
MOVES: dict[str, tuple[Kind, Desired, dict[str, Any], Direction]] = {
    "trust given": (ROLE, wanted({}), {"trustPolicy": trust(FC, ANN)}, Direction.NARROWER),
    "trust taken": (
        ROLE,
        wanted({"trustPolicy": trust_json(FC, ANN)}),
        {"trustPolicy": trust(FC)},
        Direction.WIDER,
    ),
    "trust exchanged": (ROLE, wanted({}), {"trustPolicy": trust(ANN)}, Direction.MIXED),
    "trust obscured": (
        ROLE,
        wanted({}),
        {"trustPolicy": trust(FC, condition={"Maybe": {"x": "y"}})},
        Direction.UNKNOWN,
    ),
    "policy attached": (ROLE, wanted({}), {"policies": policies("System/A")}, Direction.NARROWER),
    "policy detached": (
        ROLE,
        wanted({"policies": [attachment("System/A")]}),
        {"policies": {}},
        Direction.WIDER,
    ),
    "unknown policy detached": (
        ROLE,
        wanted({"policies": [attachment("System/Unknown")]}),
        {"policies": {}},
        Direction.WIDER,
    ),
    "session longer": (ROLE, wanted({}), {"maxSessionDurationSeconds": 7200}, Direction.NARROWER),
    "session shorter": (
        ROLE,
        wanted({"maxSessionDurationSeconds": 7200}),
        {"maxSessionDurationSeconds": 3600},
        Direction.WIDER,
    ),
    "description": (
        ROLE,
        wanted({"description": "d"}),
        {"description": "e"},
        Direction.NEUTRAL,
    ),
    "tag changed": (
        ROLE,
        wanted({"tags": {"a": "1"}}),
        {"tags": tags(a="2")},
        Direction.NEUTRAL,
    ),
    "tag gone": (ROLE, wanted({"tags": {"a": "1"}}), {"tags": tags()}, Direction.NEUTRAL),
    "document wider": (
        POLICY,
        wanted_policy(),
        {"document": policy(ALLOW_ALL)},
        Direction.NARROWER,
    ),
    "document narrower": (
        POLICY,
        wanted_policy(document={"Version": "1", "Statement": [ALLOW_READ, OTHER]}),
        {"document": policy(OTHER)},
        Direction.WIDER,
    ),
    "document exchanged": (POLICY, wanted_policy(), {"document": policy(OTHER)}, Direction.MIXED),
    "dangerous document narrower": (
        POLICY,
        wanted_policy(document={"Version": "1", "Statement": [ALLOW_ALL]}),
        {"document": policy(ALLOW_READ)},
        Direction.WIDER,
    ),
    "dangerous document exchanged": (
        POLICY,
        wanted_policy(document={"Version": "1", "Statement": [MANAGE_USERS]}),
        {"document": policy(OTHER)},
        Direction.MIXED,
    ),
}
# What is done when it was done by hand, under Report, RevertExcess and Revert.
TABLE: dict[str, tuple[Disposition, Disposition, Disposition, Severity]] = {
    "trust given": (SHOW, WRITE, WRITE, Severity.CRITICAL),
    "trust taken": (SHOW, SHOW, HOLD, Severity.CRITICAL),
    "trust exchanged": (SHOW, WRITE, WRITE, Severity.CRITICAL),
    "trust obscured": (SHOW, WRITE, WRITE, Severity.CRITICAL),
    "policy attached": (SHOW, WRITE, WRITE, Severity.CRITICAL),
    "policy detached": (SHOW, SHOW, WRITE, Severity.CRITICAL),
    "unknown policy detached": (SHOW, SHOW, HOLD, Severity.CRITICAL),
    "session longer": (SHOW, WRITE, WRITE, Severity.CRITICAL),
    "session shorter": (SHOW, SHOW, WRITE, Severity.WARNING),
    "description": (SHOW, WRITE, WRITE, Severity.WARNING),
    "tag changed": (SHOW, WRITE, WRITE, Severity.WARNING),
    "tag gone": (SHOW, WRITE, WRITE, Severity.WARNING),
    "document wider": (SHOW, WRITE, WRITE, Severity.CRITICAL),
    "document narrower": (SHOW, SHOW, WRITE, Severity.CRITICAL),
    "document exchanged": (SHOW, WRITE, WRITE, Severity.CRITICAL),
    "dangerous document narrower": (SHOW, SHOW, HOLD, Severity.CRITICAL),
    "dangerous document exchanged": (SHOW, HOLD, HOLD, Severity.CRITICAL),
}
ESCALATING = {
    "unknown policy detached",
    "dangerous document narrower",
    "dangerous document exchanged",
}
"""What would give a right to change rights, whoever asks for it."""
POLICIES = (REPORT, EXCESS, REVERT)
CASES = list(itertools.product(MOVES, enumerate(POLICIES)))


def test_the_moves_go_in_the_directions_that_they_are_here_for() -> None:
    assert TABLE.keys() == MOVES.keys()
    for name, (row, asked, found, direction) in MOVES.items():
        (change,) = changes(asked, found, row)
        assert change.direction is direction, name
    assert {move[3] for move in MOVES.values()} == set(Direction)


@pytest.mark.parametrize(("name", "policy_"), CASES)
def test_what_was_done_by_hand_is(name: str, policy_: tuple[int, DriftPolicy]) -> None:
    at, kept = policy_
    row, asked, found, _ = MOVES[name]
    verdict = judge(asked, found, remembered(asked, drift=kept), row)
    assert verdict is not None
    assert verdict.cause is Cause.DRIFT
    assert (verdict.disposition, verdict.severity) == (TABLE[name][at], TABLE[name][3])


def test_report_never_writes_and_revert_excess_gives_nothing_back() -> None:
    for name, (shown, excess, revert, _) in TABLE.items():
        assert shown is SHOW
        taken = MOVES[name][3] is Direction.WIDER
        assert (excess is SHOW) == taken
        assert (revert is not WRITE) <= (taken or excess is HOLD)


@pytest.mark.parametrize(("name", "policy_"), CASES)
def test_an_edit_of_the_manifest_is_written_unless_the_gate_judges_the_field(
    name: str, policy_: tuple[int, DriftPolicy]
) -> None:
    row, asked, found, _ = MOVES[name]
    # The memory is of what the cloud still has, so the manifest is what moved.
    before = replace(asked, fields={**asked.fields, **found})
    verdict = judge(asked, found, remembered(before, drift=policy_[1]), row)
    assert verdict is not None
    assert (verdict.cause, verdict.severity) == (Cause.INTENT, Severity.INFO)
    gated = row.field(verdict.change.field).gated
    assert verdict.disposition is (HOLD if gated or name in ESCALATING else WRITE)


@pytest.mark.parametrize("adopt", AdoptionPolicy)
@pytest.mark.parametrize("completing", [False, True])
@pytest.mark.parametrize("name", MOVES)
def test_adoption_adds_at_most_and_never_removes(
    name: str, adopt: AdoptionPolicy, completing: bool
) -> None:
    row, asked, found, direction = MOVES[name]
    options = replace(OPTIONS, adoption=adopt)
    memory = Memory(
        options, Applied(), RecordFacts(), completing=completing, harmless_policies=HARMLESS
    )
    verdict = judge(asked, found, memory, row)
    assert verdict is not None
    assert (verdict.cause, verdict.severity) == (Cause.ADOPTION, Severity.INFO)
    may_add = completing or adopt is AdoptionPolicy.IF_EXISTS
    adds = direction in (Direction.WIDER, Direction.NEUTRAL)
    gated = row.field(verdict.change.field).gated
    written = HOLD if name in ESCALATING else WRITE
    expected = HOLD if gated else written if may_add and adds else SHOW
    assert verdict.disposition is expected


def test_foreign_tags_are_none_of_our_business() -> None:
    for memory in (
        remembered(wanted({})),
        Memory(OPTIONS, Applied(), RecordFacts(), harmless_policies=HARMLESS),
    ):
        assert judge(wanted({}), {"tags": tags(other="x")}, memory) is None


def test_our_own_tag_is_removed_when_the_manifest_drops_it() -> None:
    memory = remembered(wanted({"tags": {"a": "1"}}))
    verdict = judge(wanted({}), {"tags": tags(a="1")}, memory)
    assert verdict is not None
    assert (verdict.cause, verdict.disposition) == (Cause.INTENT, WRITE)


def test_a_tag_is_not_ours_because_its_key_begins_like_one_of_ours() -> None:
    memory = remembered(wanted({"tags": {"a#b": "1"}}))
    assert judge(wanted({}), {"tags": tags(a="1")}, memory) is None
    verdict = judge(wanted({}), {"tags": tags(**{"a#b": "1"})}, memory)
    assert verdict is not None


def test_additive_leaves_attachments_of_others_and_takes_back_its_own() -> None:
    before = wanted({"policies": [attachment("System/A")], "policyMode": "Additive"})
    asked = wanted({"policyMode": "Additive"})
    memory = remembered(before)
    assert judge(asked, {"policies": policies("System/B")}, memory) is None
    verdict = judge(asked, {"policies": policies("System/A")}, memory)
    assert verdict is not None
    assert (verdict.cause, verdict.disposition) == (Cause.INTENT, WRITE)


def test_a_tag_that_adoption_left_makes_no_other_tag_ours() -> None:
    memory = remembered(wanted({}))
    marks = frozenset({KEPT + applied_marks.entry_mark("a", Entry("a", "1"))})
    memory = replace(memory, applied=replace(memory.applied, entries={"tags": marks}))
    assert judge(wanted({}), {"tags": tags(**{"~a": "1"})}, memory) is None


def test_adoption_removes_no_entry_whatever_its_direction() -> None:
    options = replace(OPTIONS, adoption=AdoptionPolicy.IF_EXISTS)
    memory = Memory(options, Applied(), RecordFacts(), harmless_policies=HARMLESS)
    change = Change("policies", Entry("System/B"), None, Direction.NEUTRAL, "System/b")
    verdict = drift.judge(ROLE, wanted({}), change, memory)
    assert verdict is not None
    assert (verdict.cause, verdict.disposition) == (Cause.ADOPTION, SHOW)


def with_applied(**changes: Any) -> Memory:
    memory = remembered(wanted({"description": "d", "policies": [attachment("System/A")]}))
    return replace(memory, applied=replace(memory.applied, **changes))


def test_what_adoption_left_stays_left_until_the_manifest_moves() -> None:
    digest = applied_marks.digest("d")
    for mark, cause in (
        (KEPT + digest, Cause.ADOPTION),
        (digest, Cause.DRIFT),
        ("00000000", Cause.INTENT),
        (KEPT + "00000000", Cause.INTENT),
    ):
        memory = with_applied(digests={"description": mark})
        verdict = judge(wanted({"description": "d"}), {"description": "e"}, memory)
        assert verdict is not None
        assert verdict.cause is cause


def test_a_field_that_was_not_asked_for_before_is_an_edit() -> None:
    verdict = judge(wanted({"description": "d"}), {"description": ""}, with_applied(digests={}))
    assert verdict is not None
    assert verdict.cause is Cause.INTENT


def test_an_attachment_that_adoption_did_not_make_is_not_given_back() -> None:
    memory = with_applied(entries={"policies": frozenset({KEPT + "System/a"})})
    asked = wanted({"policies": [attachment("System/A")]})
    verdict = judge(asked, {"policies": {}}, memory)
    assert verdict is not None
    assert (verdict.cause, verdict.disposition) == (Cause.ADOPTION, SHOW)


@pytest.mark.parametrize("excess", ["System/b", WHATEVER])
def test_an_attachment_that_was_there_before_is_left_alone(excess: str) -> None:
    memory = with_applied(excess={"policies": frozenset({excess})})
    asked = wanted({"policies": [attachment("System/A")]})
    verdict = judge(asked, {"policies": policies("System/A", "System/B")}, memory)
    assert verdict is not None
    assert (verdict.cause, verdict.disposition) == (Cause.ADOPTION, SHOW)


def test_a_kept_attachment_that_the_manifest_drops_is_not_ours_to_remove_by_intent() -> None:
    memory = with_applied(entries={"policies": frozenset({KEPT + "System/b"})})
    verdict = judge(wanted({}), {"policies": policies("System/B")}, memory)
    assert verdict is not None
    assert verdict.cause is Cause.DRIFT


@pytest.mark.parametrize("key", ["System/a", "Custom/a"])
def test_revert_gives_back_an_attachment_that_is_known_to_be_harmless(key: str) -> None:
    asked = wanted({"policies": [attachment(key)]})
    memory = replace(remembered(asked, drift=REVERT), harmless_policies=frozenset())
    verdict = judge(asked, {"policies": {}}, memory)
    assert verdict is not None
    assert verdict.disposition is HOLD
    known = replace(memory, harmless_policies=frozenset({key}))
    verdict = judge(asked, {"policies": {}}, known)
    assert verdict is not None
    assert verdict.disposition is WRITE


def test_the_trust_is_compared_with_the_record_and_not_with_the_status() -> None:
    asked = wanted({})
    found = {"trustPolicy": trust(ECS)}
    for baseline, cause in (
        (None, Cause.ADOPTION),
        (trust(FC), Cause.DRIFT),
        (trust(FC, FC), Cause.DRIFT),
        (trust(ECS), Cause.INTENT),
    ):
        memory = replace(remembered(asked), record=record(baseline))
        verdict = judge(asked, found, memory)
        assert verdict is not None
        assert verdict.cause is cause


def test_every_shape_has_its_move() -> None:
    shapes = set()
    for row, asked, found, _ in MOVES.values():
        (change,) = changes(asked, found, row)
        shapes.add(row.field(change.field).shape)
    assert shapes == set(Shape)


def crossing(action: str, last: str) -> dict[str, Any]:
    """Patterns of which nobody can tell in time what they have in common."""
    letters = "abaabbabab" * 8
    names = ["acs:" + "*".join(letters[at:] + letters[:at]) + last for at in range(0, 60, 3)]
    return {"Effect": "Allow", "Action": action, "Resource": names}


@pytest.mark.parametrize(
    ("action", "expected"), [("oss:Put*", (SHOW, SHOW, WRITE)), ("*", (SHOW, WRITE, WRITE))]
)
def test_what_is_too_complex_to_compare_stays_unless_it_lets_change_rights(
    action: str, expected: tuple[Disposition, ...]
) -> None:
    """Nobody knows what would be given back; but who may change rights by it is not left in."""
    asked = wanted_policy(document={"Version": "1", "Statement": [crossing("oss:Put*", "*b")]})
    found = {"document": policy(crossing(action, "*a*"))}
    (change,) = changes(asked, found, POLICY)
    assert change.comparison is not None
    assert change.comparison.too_complex
    for kept, disposition in zip(POLICIES, expected, strict=True):
        verdict = judge(asked, found, remembered(asked, drift=kept), POLICY)
        assert verdict is not None
        assert verdict.cause is Cause.DRIFT
        assert verdict.disposition is disposition
    near = {"document": policy(ALLOW_READ, *(crossing("oss:Put*", "*b"),))}
    verdict = judge(asked, near, remembered(asked, drift=EXCESS), POLICY)
    assert verdict is not None
    assert verdict.disposition is WRITE, "letter by letter there, and something besides"
