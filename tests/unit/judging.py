"""A difference as planner and evaluators judge it, one after the other, for tests of both."""

from __future__ import annotations

from ram_operator.gate import grants
from ram_operator.gate.evaluating import evaluate
from ram_operator.gate.evaluators import EVALUATORS
from ram_operator.gate.inputs import Inputs, Memory
from ram_operator.kinds.schema import Kind
from ram_operator.model.changes import Change, Judged
from ram_operator.model.state import Desired
from ram_operator.planning import drift
from tests.unit.core import ACCOUNT, made


def judge(row: Kind, desired: Desired, change: Change, memory: Memory) -> Judged | None:
    """Its cause, and what is done about it."""
    inputs = Inputs(row, ACCOUNT, desired, made(desired), memory)
    found = drift.judge(row, desired, grants.directed(inputs, change), memory)
    return found and evaluate(inputs, found, EVALUATORS).item


def behind(row: Kind, desired: Desired, change: Change, memory: Memory) -> Judged | None:
    """The same of what moved behind it."""
    inputs = Inputs(row, ACCOUNT, desired, made(desired), memory)
    found = drift.behind(row, desired, change, memory)
    return found and evaluate(inputs, found, EVALUATORS).item
