"""Which cells of a matrix `make test` plays; `make lanes` plays the others.

What becomes of a call is decided by what its fault leaves known, and who writes next by which call
it was: a change that breaks a cell breaks its neighbours in the row or in the column, most often.
So each call meets some of its faults, and each fault some call of each story.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

SHARE: Final = 3
"""Of the faults of a call one in so many, another one at the next call."""


def chosen(calls: Mapping[str, Sequence[int]], share: int = SHARE) -> set[tuple[str, int]]:
    """Of the calls that each fault is tried on: fault and call of the cells to play.

    At least one for each call and for each fault, unless there is none of it at all.
    """
    faults: dict[int, list[str]] = defaultdict(list)
    for fault, numbers in calls.items():
        for number in numbers:
            faults[number].append(fault)
    found = set()
    for place, number in enumerate(sorted(faults)):
        those = faults[number]
        picked = those[place % share :: share] or those[place % len(those) :][:1]
        found |= {(fault, number) for fault in picked}
    met = {fault for fault, _ in found}
    lonely = {fault: numbers for fault, numbers in calls.items() if numbers and fault not in met}
    return found | {(fault, numbers[len(numbers) // 2]) for fault, numbers in lonely.items()}
