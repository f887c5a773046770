"""The steps of a plan are one closed union, and each has its calls and its place in the table."""

from __future__ import annotations

import ast
from typing import Final, get_args

import pytest

from ram_operator.cloud.execute import CALLS
from ram_operator.kinds.schema import Kind, Shape
from ram_operator.kinds.table import KINDS
from ram_operator.model import steps
from ram_operator.model.steps import Create, CreateWithDocument, CreateWithTrust, Delete
from tests.structure.pure import ROOT

PRODUCT: Final = ROOT / "operator" / "ram_operator"
BASES: Final = {"EntryStep", "Taking", "Creation"}
SEALS: Final = {"model/permissions.py", "gate/clearance.py"}


def _named_by(row: Kind) -> set[type]:
    """The classes of steps that a kind can have."""
    shapes = {field.shape for field in row.fields}
    created = CreateWithTrust if Shape.TRUST in shapes else Create
    created = CreateWithDocument if Shape.POLICY in shapes else created
    found = {kind for field in row.fields for kind in (field.write, field.add, field.remove)}
    return {created, Delete, *(kind for _, kind in row.clears), *filter(None, found)}


def test_each_step_that_the_cloud_carries_out_has_its_calls() -> None:
    assert CALLS.keys() == set(get_args(steps.CloudStep))


@pytest.mark.parametrize("row", KINDS.values(), ids=KINDS)
def test_a_kind_has_calls_for_the_steps_that_its_row_names_and_no_others(row: Kind) -> None:
    assert {kind for kind, calls in CALLS.items() if row.noun in calls} == _named_by(row)


def test_the_union_leaves_no_class_out() -> None:
    found = {
        value
        for name, value in vars(steps).items()
        if isinstance(value, type) and issubclass(value, steps._Step) and name not in BASES
    }
    assert found - {steps._Step} == set(get_args(steps.Step))


def test_nobody_but_the_gate_has_the_seal() -> None:
    """Who can name it can make a permission."""
    found = set()
    for path in PRODUCT.rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        names |= {
            alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names
        }
        if "SEAL" in names:
            found.add(path.relative_to(PRODUCT).as_posix())
    assert found == SEALS
