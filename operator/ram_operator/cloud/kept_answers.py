"""What an account says of itself and hardly ever changes, asked for once an hour. Thread-safe."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

KEPT_SECONDS: Final[Mapping[str, float]] = {"IMS.GetDefaultDomain": 3600.0}
"""Actions without parameters whose answers are kept, and for how long."""


class KeptAnswers:
    """Those of one account's client."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Mapping[str, Any]]] = {}

    def answer(self, action: str, ask: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        """One of KEPT_SECONDS. What `ask` raises is kept by nobody."""
        with self._lock:
            at, body = self._kept.get(action, (0.0, None))
        if body is not None and self._clock() - at < KEPT_SECONDS[action]:
            return body
        asked = self._clock()
        body = ask()
        with self._lock:
            self._kept[action] = (asked, body)
        return body
