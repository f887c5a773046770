"""The work queue against a model that is too simple to be wrong, over random histories."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ram_operator.cloud.shares import SLOW
from ram_operator.model.objects import Key
from ram_operator.runtime.queue import PASSED_OVER, Backoff, Lane, Limits, WorkQueue
from tests.unit.fake_clock import FakeClock
from tests.unit.profiles import examples
from tests.unit.test_queue import take

KEYS = [
    Key("RamRole", f"{group}-{namespace}", name)
    for group in "abc"
    for namespace in "xy"
    for name in "12"
]
keys = st.sampled_from(KEYS)
lanes = st.sampled_from(list(Lane))
BACKOFF = Backoff(first=2.0, last=16.0)


def group_of(namespace: str) -> str:
    return namespace.split("-")[0]


@dataclass
class Expected:
    """What is known of one key."""

    waits: tuple[Lane, int] | None = None
    """Lane and place in line."""
    running: bool = False
    again: Lane | None = None
    due: tuple[float, int, Lane] | None = None
    failures: int = 0
    begun: float = 0.0
    """While it runs."""


class Histories(RuleBasedStateMachine):
    """Any order of calls. Fairness: while a group waits that may run, no other has two turns, and
    of a group no namespace has two while another of it waits.
    """

    limits = Limits()

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.queue = WorkQueue(
            lambda key: group_of(key.namespace), BACKOFF, self.clock, lambda: 1.0, self.limits
        )
        self.model = {key: Expected() for key in KEYS}
        self.slow = set[str]()
        """Groups whose last turn took long."""
        self.places = 0
        self.passed = Counter[Lane]()
        """Turns of faster lanes in a row while something waited in this one."""
        self.overtaken: dict[tuple[Lane, str], Counter[str]] = {}
        """By lane and group or namespace: the turns that others had since it began to wait."""

    def place(self) -> int:
        self.places += 1
        return self.places

    def now(self, key: Key, lane: Lane) -> None:
        known = self.model[key]
        if known.due is not None and known.due[2] >= lane:
            known.due = None
        if known.running:
            known.again = lane if known.again is None else min(lane, known.again)
        elif known.waits is None or lane < known.waits[0]:
            known.waits = (lane, self.place())

    def later(self, key: Key, lane: Lane, delay: float) -> None:
        known = self.model[key]
        due = self.clock() + delay
        if known.due is None or due < known.due[0]:
            known.due = (due, self.place(), lane)

    def fire(self) -> None:
        due = [(known.due, key) for key, known in self.model.items() if known.due is not None]
        for (when, _, lane), key in sorted(due):
            if when <= self.clock():
                self.model[key].due = None
                self.now(key, lane)

    def may_run(self, key: Key) -> bool:
        running = [other for other in KEYS if self.model[other].running]
        mine = [other for other in running if other.namespace == key.namespace]
        group = group_of(key.namespace)
        groups = Counter(group_of(other.namespace) for other in running)
        workers, free = self.limits.workers, self.limits.workers - len(running)
        share = max(1, (workers - len(running) + groups[group]) // 2)
        slow = self.slow | {
            group_of(other.namespace)
            for other in running
            if self.clock() - self.model[other].begun > SLOW
        }
        if group in slow and sum(groups[each] for each in slow) >= max(1, workers // 2):
            return False
        if groups[group] and free <= workers // 4:
            return False
        in_time = free > 0 and groups[group] < share
        return in_time and len(mine) < self.limits.namespace(share)

    def waiting(self, lane: Lane) -> list[Key]:
        """In the order in which they came; those of tenants at their limit too."""
        found = [
            (known.waits[1], key)
            for key, known in self.model.items()
            if known.waits is not None and known.waits[0] is lane
        ]
        return [key for _, key in sorted(found)]

    def fastest(self) -> Lane:
        """The lane that is served now."""
        able = [lane for lane in Lane if any(map(self.may_run, self.waiting(lane)))]
        late = [lane for lane in able if self.passed[lane] >= PASSED_OVER]
        return min(late or able)

    def turn(self, lane: Lane, taken: str, others: set[str]) -> None:
        """`taken` had a turn while `others` could have had it."""
        self.overtaken.pop((lane, taken), None)
        for other in others - {taken}:
            counts = self.overtaken.setdefault((lane, other), Counter())
            counts[taken] += 1
            assert counts[taken] <= 1, f"{taken} had two turns while {other} waited"

    @rule(key=keys, lane=lanes)
    def add(self, key: Key, lane: Lane) -> None:
        self.queue.add(key, lane)
        self.now(key, lane)

    @rule(key=keys, lane=lanes, delay=st.integers(1, 20))
    def add_later(self, key: Key, lane: Lane, delay: int) -> None:
        self.queue.add(key, lane, delay=float(delay))
        self.later(key, lane, float(delay))

    @rule(seconds=st.integers(0, 10))
    def wait(self, seconds: int) -> None:
        self.clock.advance(float(seconds))

    def due_now(self, known: Expected) -> bool:
        return known.due is not None and known.due[0] <= self.clock() and not known.running

    @precondition(
        lambda self: any(
            (known.waits is not None or self.due_now(known)) and self.may_run(key)
            for key, known in self.model.items()
        )
    )
    @rule()
    def get(self) -> None:
        self.fire()
        lane = self.fastest()
        able = [key for key in self.waiting(lane) if self.may_run(key)]
        key = take(self.queue)
        assert key in able, f"{key} is not what may run of the lane whose turn it is"
        first = next(other for other in able if other.namespace == key.namespace)
        assert key == first, "within a namespace the first comes first"
        self.model[key] = Expected(
            running=True,
            due=self.model[key].due,
            failures=self.model[key].failures,
            begun=self.clock(),
        )
        self.passed[lane] = 0
        for slower in Lane:
            if slower > lane:
                self.passed[slower] = self.passed[slower] + 1 if self.waiting(slower) else 0
        group = group_of(key.namespace)
        self.turn(lane, group, {group_of(other.namespace) for other in able})
        of_group = {other.namespace for other in able if group_of(other.namespace) == group}
        self.turn(lane, key.namespace, of_group)

    @precondition(lambda self: any(known.running for known in self.model.values()))
    @rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from([key for key in KEYS if self.model[key].running]))
        self.queue.done(key)
        known = self.model[key]
        known.running = False
        group = group_of(key.namespace)
        self.slow = self.slow - {group}
        if self.clock() - known.begun > SLOW:
            self.slow = self.slow | {group}
        if known.again is not None:
            lane, known.again = known.again, None
            self.now(key, lane)

    @rule(key=keys, lane=lanes)
    def failed(self, key: Key, lane: Lane) -> None:
        delay = self.queue.failed(key, lane)
        assert delay == min(BACKOFF.last, BACKOFF.first * 2.0 ** self.model[key].failures)
        self.model[key].failures += 1
        self.later(key, lane, delay)

    @rule(key=keys)
    def succeeded(self, key: Key) -> None:
        self.queue.succeeded(key)
        self.model[key].failures = 0

    @rule(key=keys)
    def forget(self, key: Key) -> None:
        self.queue.forget(key)
        self.model[key].due = None
        self.model[key].failures = 0

    @invariant()
    def agrees(self) -> None:
        states = self.model.values()
        assert self.queue.depth() == sum(known.waits is not None for known in states)
        assert self.queue.running() == sum(known.running for known in states)
        for key, known in self.model.items():
            assert self.queue.failures(key) == known.failures
        # Who no longer waits in a lane starts afresh when it comes back.
        for lane, tenant in list(self.overtaken):
            waiting = self.waiting(lane)
            names = {key.namespace for key in waiting}
            if tenant not in names | {group_of(name) for name in names}:
                del self.overtaken[lane, tenant]


class LimitedHistories(Histories):
    """Of each group only one key at a time."""

    limits = Limits(2)


class HistoriesOfPairs(Histories):
    """Of one group two keys at a time, and then one of another."""

    limits = Limits(4)


class HistoriesOfMany(Histories):
    """Slow groups have half of it, and the last two are for those that have none."""

    limits = Limits(8)


class HistoriesOfTenants(Histories):
    """Of one group three keys at a time, two of them of one namespace."""

    limits = Limits(6)


_CALM = settings(examples(40), stateful_step_count=50)
TestHistories = Histories.TestCase
TestLimitedHistories = LimitedHistories.TestCase
TestHistoriesOfPairs = HistoriesOfPairs.TestCase
TestHistoriesOfTenants = HistoriesOfTenants.TestCase
TestHistoriesOfMany = HistoriesOfMany.TestCase
for case in (
    TestHistories,
    TestLimitedHistories,
    TestHistoriesOfPairs,
    TestHistoriesOfTenants,
    TestHistoriesOfMany,
):
    case.settings = _CALM
