"""Histories drawn from seeds, and those that once failed. COUNT and SEED choose others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.lab import Lab
from tests.histories.commands import draw, load
from tests.histories.playing import SEEDS, keep, play_all, smallest

COUNT = int(os.environ.get("HISTORIES_COUNT", "60"))
SEED = int(os.environ.get("HISTORIES_SEED", "1"))
KEPT = sorted(SEEDS.glob("*.json"))


@pytest.mark.timeout(300 + 5 * COUNT)
def test_every_history_ends_as_the_guide_says(lab: Lab) -> None:
    print(f"\nseeds {SEED} to {SEED + COUNT - 1}")
    failures = play_all(lab, map(draw, range(SEED, SEED + COUNT)))
    if not failures:
        return
    least = smallest(lab, min(failures, key=lambda one: one.history.size()))
    path = keep(least)
    seeds = [failure.history.seed for failure in failures]
    pytest.fail(f"failed: {seeds}; {path.name} is the smallest:\n{least.text}\n{path.read_text()}")


@pytest.mark.timeout(600)
@pytest.mark.skipif(not KEPT, reason="no history has failed yet")
def test_what_once_failed_does_not_fail_again(lab: Lab) -> None:
    failures = play_all(lab, map(load, KEPT))
    assert failures == [], "\n\n".join(f"{f.text}\n{f.history.dump()}" for f in failures)


def test_a_history_is_drawn_from_its_seed_alone(tmp_path: Path) -> None:
    for seed in range(200):
        history = draw(seed)
        assert draw(seed) == history
        (tmp_path / "kept.json").write_text(history.dump())
        assert load(tmp_path / "kept.json") == history
