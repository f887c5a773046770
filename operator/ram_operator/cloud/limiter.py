"""A token bucket per account and class of action, in front of every cloud call.

It takes a fifth of the cloud's limits by default, since they are shared with all other tools of the
account; it halves its rate when the cloud throttles and recovers step by step. Whoever waits has
his tenant's turn, so that one with a hundred writes does not keep another's first one waiting for
all of them. Thread-safe.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .turnstile import Turnstile

RECOVERY_SECONDS: Final = 10.0
"""Without a refusal for so long, the rate is doubled."""
ONE_REFUSAL: Final = 1.0
"""Seconds in which refusals count as one: calls in flight together are refused together."""
FLOOR: Final = 0.05
"""Never slower than a twentieth of the configured rate."""


class ActionClass(StrEnum):
    """The classes in which RAM counts: lists and reads, writes, attachments and tags; and the lists
    of ResourceManager, which takes fewer, and of ActionTrail, which takes two a second.
    """

    READ = "read"
    WRITE = "write"
    ATTACH = "attach"
    RESOURCE_MANAGER = "resourceManager"
    ACTION_TRAIL = "actionTrail"


_READS: Final = {
    "ResourceManager": ActionClass.RESOURCE_MANAGER,
    "ActionTrail": ActionClass.ACTION_TRAIL,
}


def action_class(action: str) -> ActionClass:
    """Class of an action by its verb, as the published table of limits groups them; its name may
    have the prefix of its service. Whoever has a report generated changes nothing by it.
    """
    service, _, action = action.rpartition(".")
    if action.startswith(("Get", "List", "Lookup", "Generate")):
        return _READS.get(service, ActionClass.READ)
    if action.startswith(("Attach", "Detach", "AddUser", "RemoveUser", "Tag", "Untag")):
        return ActionClass.ATTACH
    return ActionClass.WRITE


@dataclass
class _Bucket:
    rate: float
    tokens: float
    updated: float
    slowed: float = 1.0
    """Factor on the rate; 1.0 when the cloud does not throttle."""
    halved_at: float = -1e9
    calm_since: float = -1e9
    """When the cloud last refused a call, or the rate was last doubled after that."""


class Limiter:
    """`acquire` blocks until the call may be sent, or says that it may not within the time."""

    def __init__(
        self,
        rates: Mapping[ActionClass, float],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        now = clock()
        self._buckets = {name: _Bucket(rate, max(1.0, rate), now) for name, rate in rates.items()}
        self._turns = {name: Turnstile() for name in rates}

    def acquire(self, name: ActionClass, timeout: float, count: int = 1, tenant: str = "") -> bool:
        """Take `count` tokens, waiting at most `timeout` seconds. False: nothing was taken.

        Of those that wait, tenants take turns.
        """
        turns, started = self._turns[name], self._clock()
        if not turns.enter(tenant, timeout):
            return False
        try:
            left = max(0.0, timeout - (self._clock() - started))
            return self._take(name, left, count)
        finally:
            turns.leave()

    def _take(self, name: ActionClass, timeout: float, count: int) -> bool:
        with self._lock:
            wait = self._reserve(self._buckets[name], count)
            if wait > timeout:
                self._buckets[name].tokens += count
                return False
        if wait > 0:
            self._sleep(wait)
        return True

    def waiting(self, name: ActionClass) -> int:
        """How many wait for their turn now, besides the one that has it."""
        return self._turns[name].waiting

    def give_back(self, name: ActionClass, count: int) -> None:
        """Tokens that were taken for calls which were not made."""
        with self._lock:
            bucket = self._buckets[name]
            self._refill(bucket)
            bucket.tokens = min(max(1.0, bucket.rate), bucket.tokens + count)

    def throttled(self, name: ActionClass) -> None:
        """The cloud said no: halve the rate and drop what was saved up."""
        with self._lock:
            bucket = self._buckets[name]
            self._refill(bucket)
            if bucket.updated - bucket.halved_at >= ONE_REFUSAL:
                bucket.slowed = max(FLOOR, bucket.slowed / 2.0)
                bucket.halved_at = bucket.updated
            bucket.tokens = min(bucket.tokens, 0.0)
            bucket.calm_since = bucket.updated

    def _reserve(self, bucket: _Bucket, count: int) -> float:
        """Seconds to wait for the tokens that were just taken; debt orders the waiters."""
        self._refill(bucket)
        bucket.tokens -= count
        return 0.0 if bucket.tokens >= 0 else -bucket.tokens / (bucket.rate * bucket.slowed)

    def _refill(self, bucket: _Bucket) -> None:
        now = self._clock()
        elapsed = now - bucket.updated
        bucket.updated = now
        bucket.tokens = min(
            max(1.0, bucket.rate), bucket.tokens + elapsed * bucket.rate * bucket.slowed
        )
        # Nobody may have asked for a while, and the cloud did not refuse anything all the same.
        while bucket.slowed < 1.0 and now - bucket.calm_since > RECOVERY_SECONDS:
            bucket.slowed = min(1.0, bucket.slowed * 2.0)
            bucket.calm_since += RECOVERY_SECONDS
