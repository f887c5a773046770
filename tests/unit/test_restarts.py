"""Processes that end again and again before they are through: all are looked at all the same."""

from __future__ import annotations

import os
import subprocess
import sys

from ram_operator.handlers import Intake
from ram_operator.model.objects import Key
from ram_operator.runtime.cache import Cache
from ram_operator.runtime.queue import WorkQueue
from ram_operator.runtime.rotation import CATCHING_UP
from tests.unit.fake_clock import FakeClock

ROLES, REACHED = 400, 200
DAY = 24
"""Restarts, one in each hour: half of the roles are reached in each."""
TURNS = f"""
from ram_operator.runtime.rotation import Pace, Rotation
turns = Rotation()
turns.expect(f"role/r{{number:03}}" for number in range({ROLES}))
print(*turns.due(0.0, {CATCHING_UP / 2}, dict.fromkeys(Pace, 7200.0)))
"""


def looked_at() -> set[Key]:
    """By one process that ends after half of them."""
    cache, work = Cache(), WorkQueue(lambda key: "", clock=FakeClock())
    for number in range(ROLES):
        name = f"r{number:03}"
        meta = {"name": name, "namespace": "team", "uid": name, "resourceVersion": "1"}
        cache.put({"kind": "RamRole", "metadata": meta, "spec": {}})
    Intake(cache, work).start()
    found: set[Key] = set()
    for _ in range(REACHED):
        key = work.get()
        assert key is not None
        found.add(key)
        work.done(key)
    return found


def test_a_restart_every_hour_for_a_day_still_reaches_every_role() -> None:
    """That one is missed in all of them has a chance of one in forty thousand."""
    assert len(set[Key]().union(*(looked_at() for _ in range(DAY)))) == ROLES


def test_so_do_those_that_are_read_in_turns() -> None:
    found: set[str] = set()
    for seed in range(DAY):
        environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
        reached = subprocess.run(
            [sys.executable, "-c", TURNS], env=environment, capture_output=True, check=True
        ).stdout.split()
        assert len(reached) == REACHED
        found |= {name.decode() for name in reached}
    assert len(found) == ROLES
