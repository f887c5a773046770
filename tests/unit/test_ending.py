"""A process that cannot go on ends, whatever still waits in it."""

from __future__ import annotations

import os
import subprocess
import sys

from lab.operator_process import SOURCES
from ram_operator import startup

HANGS = """
import asyncio, kopf, threading
from ram_operator import handlers, startup

async def wait_for_ever(**_):
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass

kept = set()

async def fail(**_):
    kept.add(asyncio.create_task(wait_for_ever()))
    raise kopf.PermanentError("no such kind")

startup.ENDING = 0.5
operator = startup.Operator.__new__(startup.Operator)
operator._closing = threading.Event()
registry = kopf.OperatorRegistry()
kopf.on.startup(registry=registry)(fail)
asyncio.run(handlers.run(registry, None, operator._must_end))
"""
"""kopf waits for what does not end when it is told to, and nobody waits for kopf."""


def test_what_does_not_end_is_ended() -> None:
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    ended = subprocess.run(
        [sys.executable, "-c", HANGS], capture_output=True, text=True, env=environment, timeout=120
    )
    assert ended.returncode == 1
    assert "it has not ended 0.5 s after it had to" in ended.stderr


def test_there_is_time_for_what_is_in_flight() -> None:
    assert startup.GRACE < startup.ENDING
