"""Passes that took the processor for long, by object: whoever makes others wait is named.

Bounded: whoever makes many objects slow must not fill Prometheus besides.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Final

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from ..model.objects import Key

SLOW: Final = 1.0
"""Seconds of processor time of one pass, without what it waits for: others go on then."""
MOST: Final = 100
"""Objects that are named; what others take is counted together, without a name."""


class SlowPasses(Collector):
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent: dict[Key, float] = {}

    def passed(self, key: Key, seconds: float) -> None:
        """A pass over the object took so much processor time."""
        if seconds < SLOW:
            return
        with self._lock:
            named = len([known for known in self._spent if known.name])
            if key not in self._spent and named >= MOST:
                key = Key(key.kind, "", "")
            self._spent[key] = self._spent.get(key, 0.0) + seconds

    def forget(self, key: Key) -> None:
        """The object is gone, and its series with it."""
        with self._lock:
            self._spent.pop(key, None)

    def collect(self) -> Iterable[CounterMetricFamily]:
        family = CounterMetricFamily(
            "ram_operator_slow_pass_processor_seconds",
            "Processor time of passes that took more than a second of it each. At most 100 objects"
            " are named; what passes over others took has empty names.",
            labels=["kind", "resource_namespace", "resource_name"],
        )
        with self._lock:
            spent = dict(self._spent)
        for key, seconds in spent.items():
            family.add_metric([key.kind, key.namespace, key.name], seconds)
        yield family
