"""The token buckets in front of the cloud: never faster than agreed, slower when told off."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator.cloud.limiter import ActionClass, Limiter, action_class
from ram_operator.cloud.methods import METHODS
from tests.unit.fake_clock import FakeClock
from tests.unit.profiles import examples

READ = ActionClass.READ


def limiter(clock: FakeClock, rate: float) -> Limiter:
    return Limiter(dict.fromkeys(ActionClass, rate), clock, clock.sleep)


def drain(limits: Limiter, name: ActionClass = READ) -> int:
    """Take what can be had at once. Returns how much that was."""
    taken = 0
    while limits.acquire(name, 0.0):
        taken += 1
    return taken


def rate(limits: Limiter, waits: list[float], name: ActionClass = READ) -> float:
    """Calls per second at present, by how much longer the second of two calls waits."""
    drain(limits, name)
    for _ in range(2):
        assert limits.acquire(name, 60.0)
    return 1.0 / (waits[-1] - waits[-2])


def patient(clock: FakeClock, most: float) -> tuple[Limiter, list[float]]:
    """One whose waiting takes no time here, and how long each waited."""
    waits: list[float] = []
    return Limiter(dict.fromkeys(ActionClass, most), clock, waits.append), waits


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("GetRole", ActionClass.READ),
        ("ListPolicyVersions", ActionClass.READ),
        ("GetCallerIdentity", ActionClass.READ),
        ("IMS.ListUsers", ActionClass.READ),
        ("ResourceManager.ListPolicyAttachments", ActionClass.RESOURCE_MANAGER),
        ("ActionTrail.LookupEvents", ActionClass.ACTION_TRAIL),
        ("CreateRole", ActionClass.WRITE),
        ("UpdateRole", ActionClass.WRITE),
        ("SetDefaultPolicyVersion", ActionClass.WRITE),
        ("DeletePolicy", ActionClass.WRITE),
        ("AttachPolicyToRole", ActionClass.ATTACH),
        ("DetachPolicyFromRole", ActionClass.ATTACH),
        ("AddUserToGroup", ActionClass.ATTACH),
        ("RemoveUserFromGroup", ActionClass.ATTACH),
        ("TagResources", ActionClass.ATTACH),
        ("UntagResources", ActionClass.ATTACH),
    ],
)
def test_actions_fall_into_the_classes_of_the_published_limits(
    action: str, expected: ActionClass
) -> None:
    assert action_class(action) is expected


def test_only_actions_that_change_nothing_count_as_reads() -> None:
    reads = {action for action in METHODS if action_class(action) is ActionClass.READ}
    assert {action for action in METHODS if action.startswith(("Get", "List"))} == reads


@examples(150)
@given(
    rate=st.sampled_from([0.3, 1.0, 2.5, 20.0]),
    calls=st.lists(
        st.tuples(
            st.one_of(st.just(0.0), st.floats(0.0, 5.0)),
            st.sampled_from([0.0, 0.2, 1.0, 60.0]),
        ),
        max_size=80,
    ),
)
def test_no_window_holds_more_than_the_burst_and_the_rate(
    rate: float, calls: list[tuple[float, float]]
) -> None:
    clock = FakeClock()
    sent: list[float] = []
    # Sleeping takes no time here: many threads wait at once.
    limits = Limiter({READ: rate}, clock, lambda seconds: sent.append(clock.now + seconds))
    for pause, patience in calls:
        clock.advance(pause)
        before = len(sent)
        if limits.acquire(READ, patience) and len(sent) == before:
            sent.append(clock.now)
        assert all(when - clock.now <= patience + 1e-6 for when in sent[before:])
    sent.sort()
    burst = max(1.0, rate)
    for first, start in enumerate(sent):
        for last in range(first, len(sent)):
            assert last - first + 1 <= burst + rate * (sent[last] - start) + 1e-6


def test_the_burst_is_one_second_worth_and_at_least_one_call() -> None:
    clock = FakeClock()
    assert drain(limiter(clock, 20.0)) == 20
    assert drain(limiter(clock, 0.1)) == 1


def test_idle_time_saves_up_no_more_than_the_burst() -> None:
    clock = FakeClock()
    limits = limiter(clock, 5.0)
    clock.advance(3600.0)
    assert drain(limits) == 5


def test_waiters_are_served_in_their_order_one_interval_apart() -> None:
    clock = FakeClock()
    slept: list[float] = []
    limits = Limiter({READ: 2.0}, clock, slept.append)
    drain(limits)
    for _ in range(4):
        assert limits.acquire(READ, 60.0)
    assert slept == pytest.approx([0.5, 1.0, 1.5, 2.0])


def test_who_gives_up_takes_nothing_and_does_not_sleep() -> None:
    clock = FakeClock()
    limits = limiter(clock, 1.0)
    drain(limits)
    for _ in range(50):
        assert not limits.acquire(READ, 0.9)
    assert clock.slept == []
    assert limits.acquire(READ, 1.0)
    assert clock.slept == pytest.approx([1.0])


def test_classes_do_not_share_their_tokens() -> None:
    limits = limiter(FakeClock(), 3.0)
    assert drain(limits, ActionClass.READ) == 3
    limits.throttled(ActionClass.READ)
    assert drain(limits, ActionClass.WRITE) == 3
    assert drain(limits, ActionClass.ATTACH) == 3


def test_throttling_halves_the_rate_and_drops_what_was_saved_up() -> None:
    clock = FakeClock()
    limits = limiter(clock, 8.0)
    limits.throttled(READ)
    assert drain(limits) == 0
    assert limits.acquire(READ, 1.0)
    assert clock.slept == pytest.approx([0.25])


def test_the_rate_never_falls_below_a_twentieth() -> None:
    clock = FakeClock()
    limits, waits = patient(clock, 20.0)
    for _ in range(50):
        limits.throttled(READ)
        clock.advance(1.0)
    assert rate(limits, waits) == pytest.approx(1.0)


def test_calls_that_are_refused_together_halve_the_rate_once() -> None:
    clock = FakeClock()
    limits, waits = patient(clock, 8.0)
    for _ in range(6):
        limits.throttled(READ)
        clock.advance(0.1)
    assert rate(limits, waits) == pytest.approx(4.0)
    clock.advance(9.8)
    assert rate(limits, waits) == pytest.approx(4.0), (
        "it is the last refusal that the recovery counts from"
    )


def test_the_rate_recovers_step_by_step_and_not_beyond_what_was_agreed() -> None:
    clock = FakeClock()
    limits, waits = patient(clock, 8.0)
    limits.throttled(READ)
    clock.advance(1.0)
    limits.throttled(READ)
    rates = []
    for _ in range(4):
        rates.append(rate(limits, waits))
        clock.advance(10.1)
    assert rates == pytest.approx([2.0, 4.0, 8.0, 8.0])


def test_the_rate_recovers_while_nobody_asks() -> None:
    clock = FakeClock()
    limits, waits = patient(clock, 8.0)
    for _ in range(4):
        limits.throttled(READ)
        clock.advance(1.0)
    assert rate(limits, waits) == pytest.approx(0.5)
    clock.advance(20.0)
    assert rate(limits, waits) == pytest.approx(2.0)
    clock.advance(20.0)
    assert rate(limits, waits) == pytest.approx(8.0)


def test_throttling_during_the_recovery_starts_it_again() -> None:
    clock = FakeClock()
    limits, waits = patient(clock, 8.0)
    limits.throttled(READ)
    clock.advance(9.0)
    limits.throttled(READ)
    clock.advance(9.0)
    assert rate(limits, waits) == pytest.approx(2.0)


def test_threads_together_keep_to_the_rate() -> None:
    limits = Limiter({READ: 50.0})
    sent: list[float] = []

    def work() -> None:
        for _ in range(10):
            assert limits.acquire(READ, 30.0)
            sent.append(time.monotonic())

    started = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30.0)
    assert len(sent) == 80
    # 50 at once, then 30 more at 50 a second.
    assert time.monotonic() - started >= 30 / 50 - 0.01


def test_several_tokens_are_taken_at_once_or_not_at_all() -> None:
    clock = FakeClock()
    limits = limiter(clock, 4.0)
    assert limits.acquire(READ, 0.0, 3)
    assert not limits.acquire(READ, 0.2, 2)
    assert limits.acquire(READ, 0.25, 2)
    assert clock.slept == pytest.approx([0.25])
    assert drain(limits) == 0


def test_what_is_given_back_can_be_had_again_and_no_more_than_that() -> None:
    limits = limiter(FakeClock(), 4.0)
    assert limits.acquire(READ, 0.0, 3)
    limits.give_back(READ, 2)
    assert drain(limits) == 3
    limits.give_back(READ, 100)
    assert drain(limits) == 4


@examples(100)
@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.integers(0, 6), st.floats(0.0, 2.0)),
        min_size=1,
        max_size=30,
    )
)
def test_with_what_is_given_back_no_more_is_sent_than_agreed(
    jobs: list[tuple[int, int, float]],
) -> None:
    """Each job takes some tokens, sends fewer and gives the others back."""
    clock = FakeClock()
    limits, sent, rate = limiter(clock, 5.0), [], 5.0
    for taken, used, pause in jobs:
        assert limits.acquire(READ, 60.0, taken)
        used = min(used, taken)
        sent += [clock.now] * used
        limits.give_back(READ, taken - used)
        clock.advance(pause)
    for first, start in enumerate(sent):
        for last in range(first, len(sent)):
            most = max(rate, 6.0) + rate * (sent[last] - start)
            assert last - first + 1 <= most + 1e-6
