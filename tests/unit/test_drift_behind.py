"""What moved in the cloud behind an edit of the trust that is held."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ram_operator import documents
from ram_operator.constants import DriftPolicy, Severity
from ram_operator.model.changes import Change, Judged
from ram_operator.model.state import Desired
from ram_operator.model.vocabulary import Cause, Disposition, HeldVerdict
from ram_operator.planning import diff, plan
from tests.unit import judging as drift
from tests.unit.core import (
    ANN,
    ECS,
    FC,
    ROLE,
    inputs,
    made,
    record,
    remembered,
    trust,
    trust_json,
    wanted,
)

POLICIES = (DriftPolicy.REPORT, DriftPolicy.REVERT_EXCESS, DriftPolicy.REVERT)
EDGE = ("Service", "edge.aliyuncs.com")
WRITE, HOLD, SHOW = Disposition.WRITE, Disposition.HOLD, Disposition.REPORT


def changes(asked: Desired, found: dict[str, Any]) -> tuple[Change, ...]:
    live = made(asked)
    return diff.changes(ROLE, asked, replace(live, fields={**live.fields, **found}))


def behind(baseline: documents.Trust | None, live: Any, kept: DriftPolicy) -> Judged | None:
    """What moved behind an edit that asks for FC and ECS."""
    asked = wanted({"trustPolicy": trust_json(FC, ECS)})
    memory = replace(remembered(asked, drift=kept), record=record(baseline))
    (change,) = changes(asked, {"trustPolicy": live})
    return drift.behind(ROLE, asked, change, memory)


@pytest.mark.parametrize("kept", POLICIES)
def test_behind_a_held_edit_nothing_has_moved(kept: DriftPolicy) -> None:
    assert behind(trust(FC), trust(FC), kept) is None
    assert behind(None, trust(FC), kept) is None
    assert behind(trust(FC, ECS), trust(FC), kept) is None, "no edit: judged as drift already"


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (trust(FC, ANN), (SHOW, WRITE, WRITE)),
        (trust(ANN), (SHOW, WRITE, WRITE)),
        (trust(FC, condition={"Bool": {"acs:MFAPresent": "true"}}), (SHOW, SHOW, HOLD)),
    ],
    ids=["given", "exchanged", "taken"],
)
def test_behind_a_held_edit_what_was_done_by_hand_is(
    live: documents.Trust, expected: tuple[Disposition, ...]
) -> None:
    for kept, disposition in zip(POLICIES, expected, strict=True):
        verdict = behind(trust(FC), live, kept)
        assert verdict is not None
        assert (verdict.cause, verdict.severity) == (Cause.DRIFT, Severity.CRITICAL)
        assert verdict.disposition is disposition
        assert verdict.change.after == trust(FC)


def test_only_gated_fields_have_something_behind_them() -> None:
    asked = wanted({"description": "d"})
    (change,) = changes(asked, {"description": "e"})
    assert drift.behind(ROLE, asked, change, remembered(asked)) is None


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [((FC, ECS), HeldVerdict.MIXED), ((FC, ECS, ANN, EDGE), HeldVerdict.WIDER)],
    ids=["less than is there", "more"],
)
def test_whoever_approves_the_edit_is_told_whom_it_leaves_in(asked: Any, verdict: str) -> None:
    """Where nothing is taken back, the edit is judged from what is there."""
    wishes = wanted({"trustPolicy": trust_json(*asked)})
    live = replace(made(wishes), fields={**made(wishes).fields, "trustPolicy": trust(FC, ECS, ANN)})
    memory = replace(remembered(wishes, drift=DriftPolicy.REPORT), record=record(trust(FC)))
    held = plan.update(inputs(wishes, live, memory)).held
    assert held is not None
    assert held.verdict == verdict
    assert "service ecs.aliyuncs.com can now assume this role, which nobody agreed on" in held.gains
    assert "leaves in whom nobody agreed on" in held.summary


def test_an_edit_that_leaves_nobody_in_is_told_as_it_is() -> None:
    wishes = wanted({"trustPolicy": trust_json(FC, EDGE)})
    live = replace(made(wishes), fields={**made(wishes).fields, "trustPolicy": trust(FC, ECS)})
    memory = replace(remembered(wishes, drift=DriftPolicy.REPORT), record=record(trust(FC)))
    held = plan.update(inputs(wishes, live, memory)).held
    assert held is not None
    assert (held.verdict, len(held.gains)) == (HeldVerdict.MIXED, 1)
