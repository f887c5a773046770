"""Each gated field names who judges it, each evaluator is named, and no step is forgotten."""

from __future__ import annotations

import ast
from typing import Final

import pytest

from ram_operator.gate.evaluators import EVALUATORS
from ram_operator.kinds.schema import Kind, Shape
from ram_operator.kinds.table import KINDS
from ram_operator.model.changes import Ungated
from ram_operator.model.vocabulary import Evaluator, Lends
from tests.structure.pure import ROOT

ROWS: Final = KINDS.values()
GATE: Final = ROOT / "operator" / "ram_operator" / "gate"


def named(row: Kind) -> set[Evaluator]:
    columns = (row.creation, row.deletion, *(field.judged for field in row.fields))
    return {name for column in columns if not isinstance(column, Ungated) for name in column}


def test_each_evaluator_has_a_row_and_is_named_by_a_kind() -> None:
    assert set(EVALUATORS) == set(Evaluator)
    assert {name for row in ROWS for name in named(row)} == set(Evaluator)


@pytest.mark.parametrize("row", ROWS, ids=KINDS)
def test_a_field_is_judged_where_it_gives_rights_and_says_why_elsewhere(row: Kind) -> None:
    for field in row.fields:
        gives = field.gated or bool(field.escalates)
        assert isinstance(field.judged, Ungated) is not gives, field.name
        # What is written and is a document or a set that widens cannot do without.
        widens = field.entries_widen or field.shape in (Shape.TRUST, Shape.POLICY)
        assert gives or not (widens and (field.write or field.add)), field.name
        if isinstance(field.judged, Ungated):
            assert len(field.judged.reason) > 20
    assert isinstance(row.creation, Ungated) is not bool(row.trusted_as)
    # A policy goes once nobody has it, and who loses it by that has an edit of his own.
    assert isinstance(row.deletion, Ungated) is (row.lends is Lends.ATTACHED)


def test_the_planner_names_nothing_that_is_about_approvals() -> None:
    """What is held, and what was said of it, is the gate's alone."""
    folder = ROOT / "operator" / "ram_operator" / "planning"
    words = {"approval", "approvals", "permit", "weigh", "Permit", "Approval", "HOLD"}
    shown = {("plan.py", "HOLD"), ("drift_shown.py", "HOLD")}
    found = set()
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node, "id", None) or getattr(node, "attr", None)
            if name in words:
                found.add((path.name, name))
    assert found == shown
