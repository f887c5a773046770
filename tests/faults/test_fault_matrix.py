"""Each cloud call of each story meets each fault, and the story ends as if nothing had happened.

All cells of the matrix run on one operator at the same time: a fault is armed for one account, and
each cell has its own. They are played when the first test needs them; the tests then report them by
story and fault.
"""

from __future__ import annotations

import os
import time
import traceback
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest

from lab.operator_process import OperatorProcess
from lab.waiting import Deadline
from lab.world import World
from tests.faults.lab import (
    MORE_PART_READS,
    PART_READS,
    Lab,
    Played,
    met_in,
    same_by_part,
    without_repeat,
)
from tests.faults.stories import STORIES
from tests.faults.thinning import chosen

CELLS_AT_ONCE: Final = 28
_PARTS: Final = (*PART_READS, *MORE_PART_READS)
LANDS: Final = 15.0
"""After so many seconds a call that is delayed by a few has landed."""

# The client gives up after 2 s and looks 0.9 s later: "delay" has taken effect and is visible by
# then, "late" has not taken effect yet.
FAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "throttle": {"kind": "throttle"},
    "throttle_retry_after": {"kind": "throttle_retry_after"},
    "error_before": {"kind": "error_before"},
    "error_after": {"kind": "error_after"},
    "unavailable": {"kind": "error_before", "code": "ServiceUnavailable", "status": 503},
    "delay": {"kind": "delay", "seconds": 2.2},
    "late": {"kind": "delay", "seconds": 4.0},
    "drop_before": {"kind": "drop_before"},
    "drop_after": {"kind": "drop_after"},
    "bad_gateway": {"kind": "bad_gateway"},
    "bad_gateway_after": {"kind": "bad_gateway_after"},
    "deny_once": {"kind": "deny"},
}
ONLY_WRITES: Final = (
    "late",
    "bad_gateway_after",
    "error_after",
    "drop_after",
    "unavailable",
    "throttle_retry_after",
)
"""Of these a read shows nothing that it does not show of their neighbours in the table."""
ALIKE: Final = ("throttle_retry_after", "unavailable", "bad_gateway_after")
"""The client makes of these what it makes of a neighbour in the table, whatever the kind: they are
tried on one story of each row of the loop.
"""
ALIKE_ON: Final = ("role_create", "policy_update", "group_delete")
THINNED: Final = ("error_before", "error_after", "drop_after", "late")
"""The faults that are tried under the friendly preset, on the calls that write."""
HOSTILE_ONLY: Final = ("user_create", "user_update", "group_create", "group_delete")
"""Under the friendly preset these show nothing that the stories of a role do not."""
ON_MORE_READS: Final = ("error_before", "delay", "deny_once")
"""A part is read or not: at PART_READS every fault is tried, at MORE_PART_READS these."""


@dataclass(frozen=True)
class Cell:
    preset: str
    story: str
    fault: str
    call: int

    def __str__(self) -> str:
        return f"{self.preset} {self.story}: {self.fault} on call {self.call}"


@dataclass
class Matrix:
    """Undisturbed runs by (preset, story), and the sentence of each failing cell by its test."""

    undisturbed: dict[tuple[str, str], Played] = field(default_factory=dict)
    failures: dict[tuple[str, str, str], list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )
    cells: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """How many there are of a test, those that are left to the lanes with them."""

    def disturbed(self, cell: Cell) -> str:
        """The action that met the fault."""
        return self.undisturbed[cell.preset, cell.story].calls[cell.call - 1]


ALL: Final = [
    (preset, story, fault)
    for preset in ("hostile", "friendly")
    for story in STORIES
    for fault in FAULTS
    if preset == "hostile" or (fault in THINNED and story not in HOSTILE_ONLY)
]
SOME: Final = [
    test for test in ALL if test[0] == "hostile" and (test[2] not in ALIKE or test[1] in ALIKE_ON)
]
CHOSEN: Final = os.environ.get("FAULTS", "some")
"""FAULTS chooses: `make test` plays some cells of some tests, `make lanes` the others."""
TESTS: Final = SOME if CHOSEN == "some" else ALL


@pytest.fixture(scope="module")
def matrix(lab: Lab, operator: OperatorProcess, request: pytest.FixtureRequest) -> Matrix:
    """All cells of the tests that were selected."""
    selected: list[Any] = [getattr(item, "callspec", None) for item in request.session.items]
    wanted = {each.params["test"] for each in selected if each and "test" in each.params}
    result = Matrix()
    with ThreadPoolExecutor(CELLS_AT_ONCE) as pool:
        pairs = sorted({(preset, story) for preset, story, _ in wanted})
        played = pool.map(lambda pair: lab.undisturbed(*pair), pairs)
        result.undisturbed = dict(zip(pairs, played, strict=True))
        cells = [cell for pair in pairs for cell in _to_play(result, wanted, *pair)]
        failures = pool.map(lambda cell: _play(lab, result, cell), cells)
        for cell, failure in zip(cells, failures, strict=True):
            if failure:
                result.failures[cell.preset, cell.story, cell.fault].append(failure)
    return result


def _to_play(matrix: Matrix, wanted: set[Any], preset: str, story: str) -> list[Cell]:
    """The cells of the tests that are wanted, as far as FAULTS chooses them."""
    tests = [test for test in TESTS if test[:2] == (preset, story)]
    cells = {test: _cells(matrix, *test) for test in tests}
    matrix.cells.update({test: len(found) for test, found in cells.items()})
    some = chosen({t[2]: [each.call for each in cells[t]] for t in tests if t in SOME})
    return [
        cell
        for test in tests
        if test in wanted
        for cell in cells[test]
        if CHOSEN == "all" or ((cell.fault, cell.call) in some) == (CHOSEN == "some")
    ]


def _cells(matrix: Matrix, preset: str, story: str, fault: str) -> list[Cell]:
    played = matrix.undisturbed[preset, story]
    some = preset == "friendly" or fault in ONLY_WRITES
    return [
        Cell(preset, story, fault, call)
        for call in played.worth_disturbing()
        if (call in played.writing or not some) and _tried(fault, played.calls[call - 1])
    ]


def _tried(fault: str, action: str) -> bool:
    if fault == "deny_once" and action.startswith("IMS."):
        # A user's mark is done without where it is denied, and nobody asks again soon.
        return False
    return action not in MORE_PART_READS or fault in ON_MORE_READS


def _play(lab: Lab, matrix: Matrix, cell: Cell) -> str:
    """The sentence and journal of a failing cell, or nothing.

    On a busy machine a read may take too long that no fault was meant for, and then the other parts
    go first. So a cell that differs in nothing but the order of its parts is played once more.
    """
    for again in (True, False):
        seen: list[World] = []
        try:
            played = _played(lab, matrix, cell, seen)
            expected = matrix.undisturbed[cell.preset, cell.story].effects
            if _as_undisturbed(matrix, cell, played, met_in(seen[0])):
                return ""
            if again and without_repeat(played.effects, expected, same_by_part):
                continue
            raise AssertionError(_difference(played, expected))
        except AssertionError as error:
            met = [action for world in seen for action in met_in(world)]
            # A story that polls may bring another call under the fault than undisturbed.
            return "" if met and not _tried(cell.fault, met[0]) else f"{cell}\n{error}"
        except Exception:
            return f"{cell}\n{traceback.format_exc()}"
    raise AssertionError("it was judged twice")


def _played(lab: Lab, matrix: Matrix, cell: Cell, seen: list[World]) -> Played:
    """One run of the cell in a world that is added to `seen`."""
    armed: list[str] = []
    story = replace(STORIES[cell.story], late=cell.fault == "late")

    def arm(world: World) -> None:
        fault = {"account": world.account_id, "nth": cell.call, **FAULTS[cell.fault]}
        seen.append(world)
        armed.append(lab.emulator.admin.add_fault(**fault))

    def attend(world: World) -> None:
        if story.late:
            _wait_for_delayed(world)

    played = lab.play(cell.preset, story, arm, attend)
    hits = {fault["id"]: fault["hits"] for fault in lab.emulator.admin.faults()}
    # A story that waits for the cloud polls it now more often, now less often.
    assert hits[armed[0]] == 1 or len(played.calls) < cell.call, "the fault was not met"
    return played


def _as_undisturbed(matrix: Matrix, cell: Cell, played: Played, met: list[str]) -> bool:
    """`met` are the actions that met the fault: an undisturbed run may have had one call more."""
    expected = matrix.undisturbed[cell.preset, cell.story].effects
    if _HAS in {matrix.disturbed(cell), *met}:
        played = replace(played, effects=_updated_once(played.effects))
    if cell.fault == "late":
        return without_repeat(played.effects, expected)
    if cell.fault == "delay" and without_repeat(played.effects, expected):
        # On a busy machine it is not visible when it is looked for, and so as good as late.
        return True
    if cell.fault == "deny_once" or {matrix.disturbed(cell), *met} & {*_PARTS}:
        return same_by_part(played.effects, expected)
    return played.effects == expected


_HAS: Final = "ListPoliciesForRole"


def _updated_once(effects: tuple[str, ...]) -> tuple[str, ...]:
    """The last update of the role alone: until it is known what the role has, a longer session
    waits, and what the same call writes besides does not.
    """
    updates = [effect for effect in effects if effect.startswith('["UpdateRole"')]
    return tuple(effect for effect in effects if effect not in updates[:-1])


def _wait_for_delayed(world: World) -> None:
    """Until the delayed call has landed, if there is one; its journal entry is made then."""
    deadline = Deadline(LANDS)
    while not deadline.over:
        if any("delay" in entry["faults"] for entry in world.admin.journal(world.account_id)):
            return
        time.sleep(0.2)


def _difference(played: Played, expected: tuple[str, ...]) -> str:
    return "\n".join(["effects:", *played.effects, "and not, as undisturbed:", *expected])


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("test", TESTS, ids="-".join)
def test_ends_as_if_undisturbed(test: tuple[str, str, str], matrix: Matrix) -> None:
    failures = matrix.failures[test]
    assert matrix.cells[test] > 0
    assert not failures, "\n\n".join([f"{len(failures)} of {matrix.cells[test]} cells", *failures])
