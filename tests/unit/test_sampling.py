"""What `make test` leaves of the gate's tables is what `make lanes` plays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.gate import sampling


@dataclass(frozen=True)
class Row:
    nodeid: str


def rows(name: str, count: int) -> Iterator[Any]:
    return (Row(f"{name}[{n}]") for n in range(count))


PLAYED = {1: [0], 2: [0, 1], 3: [0, 2], 4: [0, 2], 9: [0, 3, 6], 33: [0, 6, 12, 18, 24, 30]}


@pytest.mark.parametrize(("count", "played"), PLAYED.items())
def test_each_row_is_played_once_and_some_of_each_table(count: int, played: list[int]) -> None:
    items = [*rows("a.py::one", count), *rows("b.py::other", 9)]
    some, others = sampling.split(items)
    assert sorted(map(id, (*some, *others))) == sorted(map(id, items))
    found = [row.nodeid for row in some if row.nodeid.startswith("a.py")]
    assert found == [f"a.py::one[{n}]" for n in played]


def test_what_holds_a_promise_is_always_played() -> None:
    named = sorted(name for name in sampling.promised() if "tests/gate/" in name and "[" in name)
    assert named != []
    items: list[Any] = [Row(f"{name.partition('[')[0]}[{n}]") for name in named for n in range(9)]
    some, _ = sampling.split([*items, *(Row(name) for name in named)])
    assert set(named) <= {row.nodeid for row in some}


def test_of_a_file_every_second_test_is_played_that_holds_no_promise() -> None:
    names = [f"{file}.py::{n}" for file in "ab" for n in range(5)]
    items: list[Any] = [Row(name) for name in names]
    some, _ = sampling.split(items)
    assert [row.nodeid for row in some] == [name for name in names if int(name[-1]) % 2 == 0]
    _, alone = sampling.split(items[:5])
    assert [row.nodeid for row in alone] == ["a.py::1", "a.py::3"]
