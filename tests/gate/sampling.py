"""Which rows of the tables `make test` plays; `make lanes` plays the others.

Every row is an attack of its own, and rows of one table take the same way through the operator: a
change that breaks one of them breaks its neighbours, most often. So do those of one file that hold
no promise of docs/security.md. What a promise names is always played. GATE chooses: some, others,
or all, which is what whoever runs a file by hand gets.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

PROMISES: Final = Path(__file__).parents[1] / "structure" / "promises.yaml"


def split(items: Sequence[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """The items that `some` plays, and the others."""
    tables: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        tables[item.nodeid.partition("[")[0]].append(item)
    named = promised()
    left = _left_out(tables, {name.partition("[")[0] for name in named})
    chosen = {
        item.nodeid
        for name, rows in tables.items()
        for number, item in enumerate(rows)
        if item.nodeid in named or (name not in left and number % stride(len(rows)) == 0)
    }
    some = [item for item in items if item.nodeid in chosen]
    return some, [item for item in items if item.nodeid not in chosen]


def stride(rows: int) -> int:
    """Of a table of so many rows one row in how many is played: about the square root of them, and
    of one or two all.
    """
    return 1 if rows <= 2 else math.ceil(rows / math.ceil(math.sqrt(rows)))


def _left_out(tests: Iterable[str], promising: set[str]) -> set[str]:
    """Every second test of a file, of those that hold no promise."""
    files: dict[str, list[str]] = defaultdict(list)
    for test in tests:
        if test not in promising:
            files[test.partition("::")[0]].append(test)
    return {test for those in files.values() for test in those[1::2]}


def promised() -> frozenset[str]:
    """The tests, with their rows, that hold a promise."""
    return frozenset(_texts(yaml.safe_load(PROMISES.read_text())))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
