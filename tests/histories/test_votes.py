"""Histories with approvals, rejections, late and wrong ones. VOTES_COUNT and VOTES_SEED choose."""

from __future__ import annotations

import os
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.lab import Lab
from tests.histories.voting import Voting, draw, load
from tests.histories.watching import Watch

COUNT = int(os.environ.get("VOTES_COUNT", "8"))
SEED = int(os.environ.get("VOTES_SEED", "1"))
KEPT = sorted(Path(__file__).with_name("votes").glob("*.json"))
AT_ONCE = 24


def _played(lab: Lab, history: Voting) -> tuple[tuple[int, int], str]:
    """How many calls gave access, how much drift was acknowledged, and what went wrong."""
    try:
        watch = Watch(lab, history)
        watch.run()
    except Exception as error:
        return (0, 0), str(error) if isinstance(error, AssertionError) else traceback.format_exc()
    return (watch.given, watch.acknowledged), ""


def _all(lab: Lab, histories: list[Voting]) -> tuple[int, int]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        played = list(pool.map(lambda history: _played(lab, history), histories))
    failed = [(one, text) for one, (_, text) in zip(histories, played, strict=True) if text]
    assert failed == [], "\n\n".join(f"{one.dump()}{one.seed}: {text}" for one, text in failed)
    return sum(given for (given, _), _ in played), sum(known for (_, known), _ in played)


@pytest.mark.timeout(300 + 10 * COUNT)
def test_nobody_gets_access_that_was_not_approved(lab: Lab) -> None:
    print(f"\nseeds {SEED} to {SEED + COUNT - 1}")
    given, known = _all(lab, [draw(seed) for seed in range(SEED, SEED + COUNT)])
    print(f"{given} calls gave access, drift was acknowledged {known} times")
    assert given > COUNT // 2, "so little was approved that this shows nothing"
    assert known > COUNT // 2, "so little was acknowledged that this shows nothing"


@pytest.mark.timeout(600)
@pytest.mark.skipif(not KEPT, reason="no history has failed yet")
def test_what_once_gave_access_does_not_give_it_again(lab: Lab) -> None:
    _all(lab, [load(path) for path in KEPT])
