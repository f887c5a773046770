"""Waits for what the API server does by and by."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(true: Callable[[], bool], what: str = "it", pause: float = 0.1) -> None:
    """Asks again and again. Raises AssertionError when it is not so after 30 s."""
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, f"{what} is not so after 30 s"
        time.sleep(pause)
