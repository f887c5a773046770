"""The work queue: which key is worked on next, and when.

A key is queued once however often it is added, and never runs twice at once; what is added while it
runs comes round again. Three lanes: what takes something away goes before a person's edit, and that
before periodic work; a lane that was passed over three times has the next turn. Within a lane the
accounts take turns, and within an account its namespaces, so that ten thousand objects of one do
not starve another. Delays and back-off with full jitter are per key. Thread-safe; knows nothing of
Kubernetes or the cloud.
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
from typing import Final, NamedTuple

from ..cloud.shares import Shares
from ..model.objects import Key


class Lane(IntEnum):
    """The faster one first, see `PASSED_OVER`."""

    NARROWING = 0
    """What takes something away for certain: agreed ends, rejections, excess that is seen again."""
    URGENT = 1
    """People's edits."""
    PERIODIC = 2


PASSED_OVER: Final = 3
"""So many turns of faster lanes, and a slower one that waits has the next: whoever edits all the
time must not keep all others' drift from being seen.
"""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds: the first delay, doubled on each failure in a row up to the last."""

    first: float = 0.5
    last: float = 300.0


NO_LIMIT: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """How many keys run at once: `workers` at most, of which an account has what `cloud.shares`
    says, a half alone, and each namespace leaves a quarter of that to another of its account.
    """

    workers: int = NO_LIMIT

    def namespace(self, account: int) -> int:
        """How many of one namespace, where its account may have so many."""
        return max(1, account - max(1, account // 4))

    @property
    def alone(self) -> int:
        """How many of one namespace, while nothing else runs."""
        return self.namespace(Shares(self.workers).share(""))


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
    ticket: int = 0
    """While it runs."""


class _Tenant(NamedTuple):
    """Whose turn it is: an account, and a namespace in it."""

    group: str
    namespace: str


_Keys = OrderedDict[Key, None]


@dataclass(slots=True)
class _Line:
    """Group → namespace → keys, each in the order of their turns."""

    groups: OrderedDict[str, OrderedDict[str, _Keys]] = field(default_factory=OrderedDict)

    def push(self, group: str, key: Key) -> None:
        namespaces = self.groups.setdefault(group, OrderedDict())
        namespaces.setdefault(key.namespace, OrderedDict())[key] = None

    def discard(self, group: str, key: Key) -> None:
        namespaces = self.groups[group]
        del namespaces[key.namespace][key]
        if not namespaces[key.namespace]:
            del namespaces[key.namespace]
        if not namespaces:
            del self.groups[group]

    def pop(self, may_run: Callable[[_Tenant], bool]) -> tuple[str, Key] | None:
        """The next key of the first tenant that may run. Its namespace and its group then go to
        the end of their turns.
        """
        tenants = (_Tenant(group, name) for group, found in self.groups.items() for name in found)
        turn = next((tenant for tenant in tenants if may_run(tenant)), None)
        if turn is None:
            return None
        key = next(iter(self.groups[turn.group][turn.namespace]))
        self.discard(turn.group, key)
        if namespaces := self.groups.get(turn.group):
            self.groups.move_to_end(turn.group)
            if turn.namespace in namespaces:
                namespaces.move_to_end(turn.namespace)
        return turn.group, key


POLL: Final = 60.0


class WorkQueue:
    """See the module. `group_of` names the account of a key for fairness.

    How many run at once of an account and of a namespace in it, its `limits` say: workers that wait
    for some accounts' rate limits or slow answers must not be all workers, and those that one
    tenant keeps busy not all of its account.
    """

    def __init__(
        self,
        group_of: Callable[[Key], str],
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        limits: Limits | None = None,
    ) -> None:
        self._group_of = group_of
        self._limits = limits or Limits()
        self._shares = Shares(self._limits.workers)
        self._begun: dict[Key, float] = {}
        """The keys that run, and since when."""
        self._active_in: Counter[_Tenant] = Counter()
        self._passed_over: Counter[Lane] = Counter()
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
            entry = self._entries.setdefault(key, _Entry())
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
                for lane in self._order():
                    key = self._next(lane)
                    if key is not None:
                        # What ends at one account may give a place to several others.
                        self._ready.notify()
                        return key
                self._ready.wait(wait)
            return None

    def done(self, key: Key) -> None:
        """The worker is through with the key."""
        with self._ready:
            entry = self._entries[key]
            entry.running = False
            del self._begun[key]
            self._left(_Tenant(entry.group, key.namespace), entry.ticket)
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
            entry = self._entries.setdefault(key, _Entry())
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
            return len(self._begun)

    def longest(self) -> float:
        """Seconds since the oldest of those that run began; 0 where none runs."""
        with self._ready:
            now = self._clock()
            return now - min(self._begun.values(), default=now)

    def wedged(self, seconds: float) -> list[Key]:
        """The keys that run for longer than that, where they are as many as one namespace may have
        at a time: others wait for their places. Else none.
        """
        with self._ready:
            before = self._clock() - seconds
            late = [key for key, begun in self._begun.items() if begun < before]
            return sorted(late) if len(late) >= self._limits.alone else []

    def _now(self, key: Key, entry: _Entry, lane: Lane) -> None:
        entry.due = None if entry.due is not None and entry.due_lane >= lane else entry.due
        if entry.running:
            entry.again = lane if entry.again is None else min(entry.again, lane)
        elif entry.lane is None or lane < entry.lane:
            if entry.lane is not None:
                # A place left behind would cost the group a turn.
                self._lines[entry.lane].discard(entry.group, key)
            else:
                entry.group = self._group_of(key)
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
        """Move what is due into its lane. Returns seconds until it is worth another try."""
        now = self._clock()
        while self._heap:
            due, _, key = self._heap[0]
            entry = self._entries.get(key)
            if entry is None or entry.due != due:
                heapq.heappop(self._heap)
                continue
            if due > now:
                # No lock waits for thousands of years, and a worker that tried would be gone.
                return min(POLL, due - now)
            heapq.heappop(self._heap)
            entry.due = None
            self._now(key, entry, entry.due_lane)
        return POLL

    def _order(self) -> list[Lane]:
        """The lanes as they are served now: those first that had to wait for long enough."""
        return sorted(Lane, key=lambda lane: (self._passed_over[lane] < PASSED_OVER, lane))

    def _next(self, lane: Lane) -> Key | None:
        found = self._lines[lane].pop(self._may_run())
        if found is None:
            return None
        group, key = found
        entry = self._entries[key]
        entry.lane = None
        entry.running = True
        self._begun[key] = self._clock()
        entry.ticket = self._shares.begin(group, self._begun[key])
        self._active_in[_Tenant(group, key.namespace)] += 1
        self._passed_over[lane] = 0
        for slower in Lane:
            if slower > lane:
                waits = bool(self._lines[slower].groups)
                self._passed_over[slower] = self._passed_over[slower] + 1 if waits else 0
        return key

    def _may_run(self) -> Callable[[_Tenant], bool]:
        account = self._shares.rule(self._clock())

        def may(tenant: _Tenant) -> bool:
            share = self._limits.namespace(self._shares.share(tenant.group))
            return self._active_in[tenant] < share and account(tenant.group)

        return may

    def _left(self, tenant: _Tenant, ticket: int) -> None:
        """One key of the tenant less runs. Whoever waited for a place may go on."""
        self._shares.end(ticket, self._clock())
        self._active_in[tenant] -= 1
        if not self._active_in[tenant]:
            del self._active_in[tenant]
        self._ready.notify()
