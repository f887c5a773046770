"""Waits for what the API server does by and by."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(true: Callable[[], bool], what: str = "it", seconds: float = 30.0) -> None:
    """Asks again and again. Raises AssertionError when it is not so in time."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"{what} is not so after {seconds} s"
        time.sleep(0.1)
