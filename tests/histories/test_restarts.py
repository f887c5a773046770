"""Histories while the operator is killed and ended again and again; LONG adds the API server.

Each round is judged only at rest, so the world must end as if nothing had happened.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from lab import ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.install import install
from tests.faults.board import Board
from tests.faults.lab import Lab
from tests.histories.chaos import EVERYTHING, RESTARTS, Chaos
from tests.histories.commands import draw
from tests.histories.playing import play_all

LONG = os.environ.get("HISTORIES_LONG", "") != ""
COUNT = int(os.environ.get("HISTORIES_RESTARTS", "120" if LONG else "6"))
SEED = int(os.environ.get("HISTORIES_SEED", "1")) + 1_000_000


@pytest.mark.timeout(400 + 15 * COUNT)
def test_every_history_ends_the_same_whatever_ends_meanwhile(tmp_path: Path) -> None:
    print(f"\nseeds {SEED} to {SEED + COUNT - 1}")
    kinds = EVERYTHING if LONG else RESTARTS
    with ControlPlane.start(tmp_path / "plane") as plane:
        install(plane)
        with (
            EmulatorProcess.start(log=tmp_path / "emulator.log") as emulator,
            Board(plane) as board,
            Chaos(plane, kinds, SEED) as chaos,
        ):
            lab = Lab(chaos.gated, emulator, board)
            seeds = range(SEED, SEED + COUNT)
            failures = play_all(lab, map(partial(draw, apart=True), seeds))
            print(f"blows: {Counter(chaos.blows)}")
            assert chaos.blows != []
        log = (plane.directory / "operator.log").read_text()
    texts = [f"{one.history.seed}: {one.text}\n{one.history.dump()}" for one in failures]
    assert texts == [], "\n\n".join(texts)
    assert [key for key in lab.secrets if key in log] == []
