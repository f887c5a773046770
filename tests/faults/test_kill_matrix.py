"""The operator is killed before and after the effect of each cloud call, and started again.

Call after call is the one that kills, until a story ends without one. The successor knows nothing
but what the API server and the cloud hold; it has to end the story as if nothing had happened.

Each lane has its own control plane, since two operators may not work on one; most of the time is
spent waiting for a start. The runs of a story are prepared and judged side by side, and killed one
after the other.
"""

from __future__ import annotations

import os
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

import pytest

from lab import ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.install import install
from lab.operator_process import FORGETFUL, OperatorProcess
from lab.processes import log_tail
from lab.waiting import PAUSE, Deadline, until
from tests.faults.board import Board
from tests.faults.lab import MORE_PART_READS, Lab, Played, Run
from tests.faults.stories import STORIES, Story
from tests.faults.thinning import chosen

AT_ONCE: Final = 8
LAST_WORDS: Final = 60
BEYOND: Final = 4
"""So many calls more than undisturbed a story may have before a run of it sees no kill."""
KINDS: Final = ("kill_before", "kill_after")
ROWS: Final = (
    "role_create",
    "role_update",
    "trust_taken_back",
    "policy_update",
    "policy_delete",
    "group_update",
    "user_delete",
)
"""Stories that between them write in every way that the loop knows."""
ALL: Final = [
    *(("hostile", story, kind) for story in STORIES for kind in KINDS),
    *(("friendly", story, "kill_after") for story in ("role_create", "policy_update")),
]
SOME: Final = [test for test in ALL if test[0] == "hostile" and test[1] in ROWS]
CHOSEN: Final = os.environ.get("FAULTS", "some")
"""FAULTS chooses: `make test` plays some kills of some stories, `make lanes` the others."""
TESTS: Final = SOME if CHOSEN == "some" else ALL
LANES: Final = 2 if CHOSEN == "some" else 3
SHARE: Final = 2
"""Of the kills beside a call `make test` plays one in so many."""
Test = tuple[str, str, str]


@dataclass
class Lane:
    """A control plane, an emulator and an operator that is started anew whenever it was killed."""

    plane: ControlPlane
    lab: Lab
    log: Path
    process: OperatorProcess

    def rise(self) -> None:
        """Another operator process in place of one that was killed."""
        self.process.stop()
        self.process = OperatorProcess.start(self.plane, self.log, FORGETFUL)

    def end(self) -> None:
        self.process.stop()

    def last_words(self) -> str:
        """Whether the operator runs, and what it logged last."""
        state = "runs" if self.process.child.running else "has ended"
        return f"the operator {state}; it logged last:\n{log_tail(self.log, LAST_WORDS)}"

    def stand(self) -> None:
        """There is an operator afterwards, whatever went wrong before."""
        if not self.process.child.running:
            self.rise()

    def kill_on(self, run: Run, kind: str, call: int) -> bool:
        """Act, with the operator killed on that call; whether it was. Then wait for the end."""
        world, admin = run.world, self.lab.emulator.admin
        child = self.process.child
        assert child.running, "the operator has ended, and nobody killed it"
        admin.add_fault(kind, account=world.account_id, nth=call, pid=child.pid)
        try:
            run.story.act(world)
            deadline = Deadline()
            while not deadline.over and not _hit(admin.faults()) and not self.lab.settled(run):
                time.sleep(PAUSE)
        finally:
            # None may outlive its process: the system may give the process id to another one. And
            # a story that has ended is looked after: what calls then is killed all the same, after
            # it was asked above and before this.
            hit = _hit(admin.clear_faults())
        if hit:
            until(lambda: not child.running, "that the operator, once killed, ended")
            self.rise()
        self.lab.reach(run)
        return hit


def _hit(faults: list[dict[str, Any]]) -> bool:
    return any(fault["hits"] for fault in faults)


@pytest.fixture(scope="module")
def lanes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Lane]]:
    with ExitStack() as stack:
        started = []
        for _ in range(LANES):
            directory = tmp_path_factory.mktemp("lane")
            plane = stack.enter_context(ControlPlane.start(directory / "plane"))
            install(plane)
            emulator = stack.enter_context(EmulatorProcess.start(log=directory / "emulator.log"))
            board = stack.enter_context(Board(plane))
            log = directory / "operator.log"
            lane = Lane(
                plane,
                Lab(plane, emulator, board),
                log,
                OperatorProcess.start(plane, log, FORGETFUL),
            )
            stack.callback(lane.end)
            started.append(lane)
        yield started


@pytest.fixture(scope="module")
def failures(lanes: list[Lane], request: pytest.FixtureRequest) -> dict[Test, list[str]]:
    """What went wrong, by test; a test that was played has an entry."""
    selected: list[Any] = [getattr(item, "callspec", None) for item in request.session.items]
    wanted: set[Test] = {each.params["test"] for each in selected if each and "test" in each.params}
    stories: dict[tuple[str, str], list[str]] = defaultdict(list)
    for preset, story, kind in TESTS:
        if (preset, story, kind) in wanted:
            stories[preset, story].append(kind)
    free: SimpleQueue[Lane] = SimpleQueue()
    for lane in lanes:
        free.put(lane)

    def work(pair: tuple[str, str]) -> dict[Test, list[str]]:
        lane = free.get()
        try:
            return _play(lane, pair[0], pair[1], stories[pair])
        except Exception:
            text = f"{traceback.format_exc()}\n{lane.last_words()}"
            return {(*pair, kind): [text] for kind in stories[pair]}
        finally:
            free.put(lane)

    found: dict[Test, list[str]] = {}
    with ThreadPoolExecutor(len(lanes)) as pool:
        for result in pool.map(work, stories):
            found.update(result)
    return found


def _play(lane: Lane, preset: str, name: str, kinds: list[str]) -> dict[Test, list[str]]:
    """All runs of one story on one lane."""
    story, lab = STORIES[name], lane.lab
    lane.stand()
    expected = lab.undisturbed(preset, name)
    cells = [cell for cell in _to_play(preset, name, expected) if cell[0] in kinds]
    found: dict[Test, list[str]] = {(preset, name, kind): [] for kind in kinds}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs = list(pool.map(lambda _: lab.begin(preset, story), cells))
        ends = []
        for (kind, call), run in zip(cells, runs, strict=True):
            text = _attempt(partial(lane.kill_on, run, kind, call))
            text = text and f"{text}\n{lane.last_words()}"
            lane.stand()
            ends.append(text or pool.submit(_end, lane, run, expected))
        for (kind, call), end in zip(cells, ends, strict=True):
            text = end if isinstance(end, str) else end.result()
            if text:
                found[preset, name, kind].append(f"{kind} on call {call}\n{text}")
    if CHOSEN != "others" or (preset, name, kinds[0]) not in SOME:
        found[preset, name, kinds[0]] += _until_no_kill(lane, preset, story, len(expected.calls))
    return found


def _to_play(preset: str, name: str, expected: Played) -> list[tuple[str, int]]:
    """Kinds of kills and the calls beside which they come, as far as FAULTS chooses them."""
    tried = {
        kind: [
            call
            for call in expected.worth_disturbing()
            # Between two reads nothing changes, so that only kills beside a write differ.
            if (
                call in expected.writing
                or (kind == "kill_before" and call - 1 in (0, *expected.writing))
            )
            and expected.calls[call - 1] not in MORE_PART_READS
        ]
        for kind in KINDS
        if (preset, name, kind) in TESTS
    }
    some = chosen(tried, SHARE) if (preset, name, KINDS[0]) in SOME else set()
    return [
        (kind, call)
        for kind, calls in tried.items()
        for call in calls
        if CHOSEN == "all" or ((kind, call) in some) == (CHOSEN == "some")
    ]


def _attempt(what: Callable[[], object]) -> str:
    """What went wrong, or nothing."""
    try:
        what()
    except AssertionError as error:
        return str(error)
    return ""


def _end(lane: Lane, run: Run, expected: Played) -> str:
    def judge() -> None:
        played = lane.lab.end(run)
        assert played.effects == expected.effects, "\n".join(["effects:", *played.effects])

    return _attempt(judge)


def _until_no_kill(lane: Lane, preset: str, story: Story, calls: int) -> list[str]:
    """Beyond the last call the story ends without a kill."""
    for call in range(calls + 1, calls + 1 + BEYOND):
        run = lane.lab.begin(preset, story)
        killed = lane.kill_on(run, "kill_before", call)
        lane.lab.end(run)
        if not killed:
            return []
    return [f"still killed at call {calls + BEYOND}"]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("test", TESTS, ids="-".join)
def test_a_successor_ends_what_was_begun(test: Test, failures: dict[Test, list[str]]) -> None:
    assert failures[test] == [], "\n\n".join(failures[test])


@pytest.mark.slow
def test_no_secret_is_logged_across_kills(
    lanes: list[Lane], failures: dict[Test, list[str]]
) -> None:
    for lane in lanes:
        text = lane.log.read_text(errors="replace")
        assert [number for number, key in enumerate(lane.lab.secrets) if key in text] == []
