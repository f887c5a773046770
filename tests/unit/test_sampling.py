"""What `make test` leaves of the gate's tables is what `make lanes` plays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.gate import sampling
from tests.gate.triple_index import counted


@dataclass(frozen=True)
class Row:
    name: str
    originalname: str


def rows(name: str, count: int) -> Iterator[Any]:
    return (Row(f"{name}[{n}]", name) for n in range(count))


def test_each_row_is_played_once_and_some_of_each_table() -> None:
    items = [row for name in (*sampling.EVERY, "test_a_short_one") for row in rows(name, 9)]
    some, others = sampling.split(items)
    assert sorted(map(id, (*some, *others))) == sorted(map(id, items))
    for name, every in sampling.EVERY.items():
        played = [row.name for row in some if getattr(row, "originalname", "") == name]
        assert played == [f"{name}[{n}]" for n in range(0, 9, every)]
    assert [row for row in others if "short" in row.name] == []


def test_no_table_is_named_that_is_not_there() -> None:
    assert set(sampling.EVERY) <= {each.test for each in counted()}
