"""The emulator's clock: the machine's time plus an offset that tests move.

Everything that ages (staleness, session expiry, dates of entities) reads it. The gateway's check of
a request's own date does not: clients sign with the machine's time.
"""

from __future__ import annotations

import time


class Clock:
    """Seconds since the epoch, movable."""

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def now(self) -> float:
        """The emulated time in seconds since the epoch."""
        return time.time() + self.offset


def iso(seconds: float) -> str:
    """A UTC date as RAM writes it, with one second of precision."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
