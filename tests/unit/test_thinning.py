"""Of a matrix of faults and calls `make test` plays some cells and leaves no row and no column."""

from __future__ import annotations

import pytest

from tests.faults.thinning import SHARE, chosen

MATRIX = {
    **{f"any {n}": list(range(1, 12)) for n in range(6)},
    **{f"write {n}": [4, 7, 10] for n in range(6)},
    "the second alone": [2],
    "nowhere": [],
}


def test_a_third_is_played() -> None:
    cells = sum(map(len, MATRIX.values()))
    assert cells / SHARE <= len(chosen(MATRIX)) <= 1.2 * cells / SHARE
    assert chosen(MATRIX) <= {(fault, call) for fault, calls in MATRIX.items() for call in calls}


@pytest.mark.parametrize("share", [1, 2, 3, 5, 20])
def test_each_fault_and_each_call_is_met(share: int) -> None:
    found = chosen(MATRIX, share)
    assert {fault for fault, _ in found} == MATRIX.keys() - {"nowhere"}
    assert {call for _, call in found} == set(range(1, 12))


def test_a_call_meets_other_faults_than_the_one_before() -> None:
    by_call = [{fault for fault, call in chosen(MATRIX) if call == number} for number in (8, 9)]
    assert by_call[0].isdisjoint(by_call[1])
