"""Which attacks there are: the marks of all tests below tests/gate, read by importing them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any, Final

import pytest
from _pytest.mark import Mark, ParameterSet

from tests.gate.triples import Triple

HERE: Final = Path(__file__).parent
PACKAGE: Final = "tests.gate"


@dataclass(frozen=True)
class Counted:
    """A test, or one row of its parameters. None of `triples`: it is legitimate or unmarked."""

    module: str
    test: str
    row: str
    triples: tuple[Triple, ...]
    legitimate: bool

    @property
    def name(self) -> str:
        """As pytest is told it, without the folder."""
        return f"{self.module}.py::{self.test}" + (f"[{self.row}]" if self.row else "")


def modules() -> list[str]:
    """Names of the files with tests."""
    return sorted(path.stem for path in HERE.glob("test_*.py"))


def counted() -> list[Counted]:
    """Every test; where its marks are on the rows of one parameter, every row."""
    return [each for module in modules() for each in _of_module(module)]


def _of_module(module: str) -> Iterator[Counted]:
    loaded = importlib.import_module(f"{PACKAGE}.{module}")
    for name, value in vars(loaded).items():
        own = isinstance(value, FunctionType) and value.__module__ == loaded.__name__
        if own and name.startswith("test_"):
            yield from _of_test(module, name, list(getattr(value, "pytestmark", [])))


def _of_test(module: str, name: str, marks: list[Mark]) -> Iterator[Counted]:
    per_row = [
        (_id(row), [getattr(mark, "mark", mark) for mark in row.marks])
        for mark in marks
        if mark.name == "parametrize"
        for row in _marked_rows(mark)
    ]
    for row, more in per_row or [("", [])]:
        yield Counted(module, name, row, _triples([*marks, *more]), _legitimate([*marks, *more]))


def _id(row: ParameterSet) -> str:
    """That of pytest, of rows that name themselves and of functions."""
    (first, *_) = row.values
    return str(row.id or getattr(first, "__name__", first))


def _marked_rows(mark: Mark) -> list[ParameterSet]:
    """The rows of a parameter, where any bears a mark."""
    values: list[Any] = list(mark.args[1])
    found = [row for row in values if isinstance(row, ParameterSet) and row.marks]
    if not found:
        return []
    return [row if isinstance(row, ParameterSet) else pytest.param(row) for row in values]


def _triples(marks: list[Mark]) -> tuple[Triple, ...]:
    return tuple(mark.args for mark in marks if mark.name == "attack")  # type: ignore[misc] # checked


def _legitimate(marks: list[Mark]) -> bool:
    return any(mark.name == "legitimate" for mark in marks)
