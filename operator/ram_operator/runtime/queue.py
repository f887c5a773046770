"""The work queue: which key is worked on next, and when.

A key is queued once however often it is added, and never runs twice at once; what is added while it
runs comes round again. Two lanes: a person's edit goes before periodic work. Within a lane the
accounts take turns, so that ten thousand objects of one do not starve another. Delays and back-off
with full jitter are per key. Thread-safe; knows nothing of Kubernetes or the cloud.
"""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from ..model.objects import Key


class Lane(IntEnum):
    """Urgent work is always taken first."""

    URGENT = 0
    PERIODIC = 1


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds: the first delay, doubled on each failure in a row up to the last."""

    first: float = 0.5
    last: float = 300.0


NO_LIMIT: Final = 1_000_000


@dataclass(slots=True)
class _Entry:
    lane: Lane | None = None
    """The lane in which the key waits now."""
    running: bool = False
    again: Lane | None = None
    """Added while running."""
    due: float | None = None
    """When the earliest delayed add fires."""
    due_lane: Lane = Lane.PERIODIC
    failures: int = 0
    group: str = ""


@dataclass(slots=True)
class _Line:
    groups: OrderedDict[str, OrderedDict[Key, None]] = field(default_factory=OrderedDict)

    def push(self, group: str, key: Key) -> None:
        self.groups.setdefault(group, OrderedDict())[key] = None

    def discard(self, group: str, key: Key) -> None:
        keys = self.groups[group]
        del keys[key]
        if not keys:
            del self.groups[group]

    def pop(self, may_run: Callable[[str], bool]) -> tuple[str, Key] | None:
        """The next key of the first group that may run; the group then goes to the end."""
        group = next((name for name in self.groups if may_run(name)), None)
        if group is None:
            return None
        keys = self.groups.pop(group)
        key, _ = keys.popitem(last=False)
        if keys:
            self.groups[group] = keys
        return group, key


POLL: Final = 60.0


class WorkQueue:
    """See the module. `group_of` names the account of a key for fairness.

    At most `per_group` keys of an account run at once: workers that wait for one account's rate
    limit or for its slow answers must not be all workers.
    """

    def __init__(
        self,
        group_of: Callable[[Key], str],
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        per_group: int = NO_LIMIT,
    ) -> None:
        self._group_of = group_of
        self._per_group = per_group
        self._active: Counter[str] = Counter()
        self._backoff = backoff or Backoff()
        self._clock = clock
        self._jitter = jitter
        self._ready = threading.Condition()
        self._entries: dict[Key, _Entry] = {}
        self._lines = {lane: _Line() for lane in Lane}
        self._heap: list[tuple[float, int, Key]] = []
        self._ticket = 0
        self._closed = False

    def add(self, key: Key, lane: Lane = Lane.URGENT, delay: float = 0.0) -> None:
        """Have the key worked on, now or in `delay` seconds (the earliest of several wins)."""
        with self._ready:
            entry = self._entries.setdefault(key, _Entry(group=self._group_of(key)))
            if delay > 0:
                self._later(key, entry, lane, delay)
            else:
                self._now(key, entry, lane)
                self._ready.notify()

    def get(self) -> Key | None:
        """The next key, marked as running; blocks. None when the queue is closed."""
        with self._ready:
            while not self._closed:
                wait = self._fire_due()
                for lane in Lane:
                    key = self._next(lane)
                    if key is not None:
                        return key
                self._ready.wait(wait)
            return None

    def done(self, key: Key) -> None:
        """The worker is through with the key."""
        with self._ready:
            entry = self._entries[key]
            entry.running = False
            self._active[entry.group] -= 1
            if self._active[entry.group] == self._per_group - 1:
                self._ready.notify()
            if not self._active[entry.group]:
                del self._active[entry.group]
            if entry.again is not None:
                lane, entry.again = entry.again, None
                self._now(key, entry, lane)
                self._ready.notify()
            elif entry.due is None and entry.failures == 0:
                # Nothing left to remember: objects come and go for as long as the process lives.
                del self._entries[key]

    def succeeded(self, key: Key) -> None:
        """Reset the key's back-off."""
        with self._ready:
            if key in self._entries:
                self._entries[key].failures = 0

    def failed(self, key: Key, lane: Lane = Lane.PERIODIC) -> float:
        """Add the key again after its back-off. Returns the delay in seconds."""
        with self._ready:
            entry = self._entries.setdefault(key, _Entry(group=self._group_of(key)))
            ceiling = min(self._backoff.last, self._backoff.first * 2.0 ** min(entry.failures, 30))
            entry.failures += 1
            # Full jitter, but never nothing: an immediate retry would be a hot loop.
            delay = ceiling * (0.5 + 0.5 * self._jitter())
            self._later(key, entry, lane, delay)
            return delay

    def failures(self, key: Key) -> int:
        """Failures in a row."""
        with self._ready:
            entry = self._entries.get(key)
            return entry.failures if entry is not None else 0

    def forget(self, key: Key) -> None:
        """Drop delays and back-off of an object that is gone."""
        with self._ready:
            entry = self._entries.get(key)
            if entry is None:
                return
            entry.due = None
            entry.failures = 0
            if not entry.running and entry.lane is None:
                del self._entries[key]

    def close(self) -> None:
        """Wake all workers and hand out nothing more."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()

    def depth(self) -> int:
        """Keys that could be worked on now."""
        with self._ready:
            return sum(1 for entry in self._entries.values() if entry.lane is not None)

    def running(self) -> int:
        with self._ready:
            return sum(1 for entry in self._entries.values() if entry.running)

    def _now(self, key: Key, entry: _Entry, lane: Lane) -> None:
        entry.due = None if entry.due is not None and entry.due_lane >= lane else entry.due
        if entry.running:
            entry.again = lane if entry.again is None else min(entry.again, lane)
        elif entry.lane is None or lane < entry.lane:
            if entry.lane is not None:
                # A place left behind would cost the group a turn.
                self._lines[entry.lane].discard(entry.group, key)
            entry.lane = lane
            self._lines[lane].push(entry.group, key)

    def _later(self, key: Key, entry: _Entry, lane: Lane, delay: float) -> None:
        due = self._clock() + delay
        if entry.due is None or due < entry.due:
            entry.due, entry.due_lane = due, lane
            self._ticket += 1
            heapq.heappush(self._heap, (due, self._ticket, key))
            self._ready.notify()

    def _fire_due(self) -> float:
        """Move what is due into its lane. Returns seconds until the next is."""
        now = self._clock()
        while self._heap:
            due, _, key = self._heap[0]
            entry = self._entries.get(key)
            if entry is None or entry.due != due:
                heapq.heappop(self._heap)
                continue
            if due > now:
                return due - now
            heapq.heappop(self._heap)
            entry.due = None
            self._now(key, entry, entry.due_lane)
        return POLL

    def _next(self, lane: Lane) -> Key | None:
        found = self._lines[lane].pop(lambda group: self._active[group] < self._per_group)
        if found is None:
            return None
        group, key = found
        entry = self._entries[key]
        entry.lane = None
        entry.running = True
        self._active[group] += 1
        return key
