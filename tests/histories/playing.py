"""Plays histories: each in a world of its own, many side by side on one operator.

After every round the world has to come to rest as the model says, and another look at all objects
must write nothing. A history that fails is made as small as it gets and kept.
"""

from __future__ import annotations

import contextlib
import json
import time
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lab.world import World, is_ready
from tests.faults.lab import REST, Lab, shown_journal
from tests.histories.acting import Actor
from tests.histories.commands import History
from tests.histories.judging import differences, theirs, trust_offences
from tests.histories.model import Model, Name
from tests.histories.rules import settle
from tests.support.trusts import assert_trusts_recorded

Json = dict[str, Any]
SEEDS: Final = Path(__file__).with_name("seeds")
AT_ONCE: Final = 48
LOOKS: Final = 6
PATIENCE: Final = 90.0
SHRINKING: Final = 150.0
"""Seconds that making a history smaller may take."""


@dataclass(frozen=True)
class Failure:
    """A history that did not go as it has to, and what was seen."""

    history: History
    text: str


class Play:
    """One history in one world."""

    def __init__(self, lab: Lab, history: History) -> None:
        self._lab = lab
        self._history = history
        self._world: World = lab.open(history.preset)
        self._model = Model()
        self._actor = Actor(self._world, self._model)
        self._asked: dict[str, list[frozenset[str]]] = {}
        self._theirs = ""

    def run(self) -> None:
        """Raises AssertionError with all that helps to understand."""
        try:
            self._actor.unmanaged()
            time.sleep(REST)
            self._theirs = theirs(self._world.cloud())
            for number, one in enumerate(self._history.rounds):
                with self._explained(number):
                    self._round(one.hand, one.manifest, one.fault)
            assert_trusts_recorded(self._world)
            offences = list(trust_offences(self._world, self._asked))
            assert offences == [], offences
            assert self._lab.board.illegal(self._world) == []
        finally:
            self._world.close()

    def _round(self, hand: list[Json], manifest: list[Json], fault: Json | None) -> None:
        for command in hand:
            self._actor.by_hand(command)
        if hand:
            time.sleep(REST)
        if fault is not None:
            self._world.admin.add_fault(account=self._world.account_id, **fault)
        for command in manifest:
            self._actor.manifest(command)
        for (kind, name), thing in self._model.things.items():
            if kind == "RamRole":
                self._asked.setdefault(name, []).append(frozenset(thing.spec["trust"]))
        settle(self._model)
        self._rest()
        if fault is not None:
            self._drain()

    def _rest(self) -> None:
        """Look until the cloud is as the model says and another look writes nothing."""
        wrong: list[str] = []
        for _ in range(LOOKS):
            start = self._world.journal_end()
            self._look()
            time.sleep(REST)
            wrote = [f"wrote {entry['action']}" for entry in self._world.writes(start)]
            wrong = [*wrote, *self._wrong()]
            if not wrong:
                return
        raise AssertionError("\n".join(wrong))

    def _look(self) -> None:
        board, world = self._lab.board, self._world
        things = self._model.things
        for name in list(self._asked_for()):
            if name not in things:
                board.wait(world, *name, lambda item: item is None, PATIENCE)
        stamp = f"{time.time():.6f}"
        alive = [name for name, thing in things.items() if not thing.ending]
        for name in alive:
            world.annotate(*name, reconcile_requested_at=stamp)
        for name in alive:
            board.wait(world, *name, _handled(stamp), PATIENCE)

    def _asked_for(self) -> Iterable[Name]:
        commands = (c for one in self._history.rounds for c in one.manifest)
        return dict.fromkeys((c["kind"], c["name"]) for c in commands)

    def _wrong(self) -> list[str]:
        world, model = self._world, self._model
        state = world.cloud()
        wrong = list(differences(state, model))
        if theirs(state) != self._theirs:
            wrong.append(f"what nobody manages: is {theirs(state)}, was {self._theirs}")
        for name, thing in model.things.items():
            item = self._lab.board.get(world, *name)
            if item is None:
                wrong.append(f"{name}: the object is gone")
            elif bool(item["metadata"].get("deletionTimestamp")) != thing.ending:
                wrong.append(f"{name}: is being deleted: {not thing.ending}")
            elif not thing.ending and is_ready(item) != model.agrees(name):
                wrong.append(f"{name}: Ready is {is_ready(item)}, has to be {not is_ready(item)}")
        return wrong

    def _drain(self) -> None:
        """What is still armed strikes no later round."""
        while any(
            fault["account"] == self._world.account_id and fault["hits"] < fault["times"]
            for fault in self._world.admin.faults()
        ):
            with contextlib.suppress(Exception):
                self._world.hand.get_account_alias()

    @contextlib.contextmanager
    def _explained(self, number: int) -> Any:
        start = self._world.journal_end()
        try:
            yield
        except AssertionError as error:
            statuses = {
                name: (self._lab.board.get(self._world, *name) or {}).get("status")
                for name in self._model.things
            }
            shown = "\n".join(f"{n}: {json.dumps(s)}" for n, s in statuses.items())
            journal = shown_journal(self._world, start)
            raise AssertionError(f"round {number}: {error}\n{journal}\n{shown}") from None


def _handled(stamp: str) -> Callable[[Json | None], bool]:
    def handled(item: Json | None) -> bool:
        return (
            item is not None and (item.get("status") or {}).get("lastHandledReconcileAt") == stamp
        )

    return handled


def failure_of(lab: Lab, history: History) -> Failure | None:
    """Play it; None when all went well."""
    try:
        Play(lab, history).run()
    except Exception as error:
        text = str(error) if isinstance(error, AssertionError) else traceback.format_exc()
        return Failure(history, text)
    return None


def play_all(lab: Lab, histories: Iterable[History]) -> list[Failure]:
    """All of them, many at once; those that failed."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda history: failure_of(lab, history), histories))
    return [failure for failure in results if failure is not None]


def smallest(lab: Lab, failure: Failure) -> Failure:
    """Leave out what can be left out as long as it still fails."""
    deadline = time.monotonic() + SHRINKING
    while time.monotonic() < deadline:
        found = play_all(lab, failure.history.smaller())
        if not found:
            break
        failure = min(found, key=lambda one: one.history.size())
    return failure


def keep(failure: Failure) -> Path:
    """Write the history down, so that it is played for ever."""
    path = SEEDS / f"seed-{failure.history.seed}.json"
    path.write_text(failure.history.dump())
    return path
