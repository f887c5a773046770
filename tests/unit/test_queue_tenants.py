"""The work queue, shared: what one namespace or account does to the turns of the others."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from ram_operator.cloud.shares import SLOW, Shares
from ram_operator.model.objects import Key
from ram_operator.runtime.liveness import Wedged, check
from ram_operator.runtime.queue import Lane, Limits, WorkQueue
from tests.unit.fake_clock import FakeClock
from tests.unit.test_queue import key, take


def shared(limits: Limits | None = None) -> WorkQueue:
    """All namespaces live in one account."""
    return WorkQueue(lambda key: "account", clock=FakeClock(), limits=limits)


@pytest.mark.parametrize("lane", list(Lane))
def test_thousands_of_one_namespace_delay_another_by_one_turn(lane: Lane) -> None:
    work = shared()
    for number in range(3000):
        work.add(key(str(number), "many"), lane)
    assert take(work).namespace == "many"
    for number in range(3):
        work.add(key(str(number), "few"), lane)
    turns = [take(work).namespace for _ in range(6)]
    assert Counter(turns) == {"few": 3, "many": 3}


def test_objects_that_come_back_at_once_delay_another_namespace_by_one_turn() -> None:
    """A hundred that flap: each is there again as soon as it was worked on."""
    work = shared()
    for number in range(100):
        work.add(key(str(number), "flapping"))
    for _ in range(250):
        taken = take(work)
        work.add(taken)
        work.done(taken)
    work.add(key("edit", "calm"))
    turns = []
    for _ in range(2):
        taken = take(work)
        work.add(taken)
        work.done(taken)
        turns.append(taken.namespace)
    assert "calm" in turns


def test_one_namespace_never_takes_all_places_of_its_account() -> None:
    work = shared(Limits(8))
    for number in range(5):
        work.add(key(str(number), "greedy"))
    assert [take(work).namespace for _ in range(3)] == ["greedy"] * 3
    work.add(key("edit", "calm"))
    calm = take(work)
    assert calm.namespace == "calm", "the last place is nobody's who has three"
    work.add(key("next", "calm"))
    work.done(calm)
    assert take(work).namespace == "calm"


def test_a_place_that_comes_free_goes_to_who_waited_for_it() -> None:
    work = shared(Limits(4))
    work.add(key("a", "one"))
    work.add(key("b", "one"))
    first = take(work)
    got: list[Key | None] = []
    worker = threading.Thread(target=lambda: got.append(work.get()), daemon=True)
    worker.start()
    work.done(first)
    worker.join(60.0)
    assert got == [key("b", "one")]


def test_one_account_never_takes_all_workers() -> None:
    queue = WorkQueue(lambda key: key.namespace, limits=Limits(8))
    for number in range(5):
        queue.add(Key("RamRole", "slow", f"r{number}"))
    queue.add(Key("RamRole", "other", "r"))
    taken = [queue.get() for _ in range(3)]
    assert sorted(key.namespace for key in taken if key) == ["other", "slow", "slow"]
    first = next(key for key in taken if key and key.namespace == "slow")
    queue.done(first)
    following = queue.get()
    assert following is not None
    assert following.namespace == "slow"


@pytest.mark.parametrize("workers", range(1, 40))
def test_somebody_may_always_work_and_from_four_on_another_namespace_and_account_too(
    workers: int,
) -> None:
    limits = Limits(workers)
    for others in range(workers):
        shares = Shares(workers)
        for number in range(others):
            shares.begin(f"other{number}", 0.0)
        account = shares.share("one")
        assert 1 <= limits.namespace(account) <= account <= workers - others
        if workers - others >= 4:
            assert limits.namespace(account) < account < workers - others


def test_a_namespace_has_six_of_sixteen_workers_and_its_account_eight() -> None:
    assert (Limits(16).alone, Shares(16).share("")) == (6, 8)


def by_account(key: Key) -> str:
    """Each account has three namespaces, so that no namespace's share is in the way."""
    return key.namespace.partition("-")[0]


@pytest.mark.parametrize(("slow", "hold"), [(1, 8), (2, 10), (3, 12), (4, 12), (8, 12)])
def test_slow_accounts_leave_workers_to_the_next_one(slow: int, hold: int) -> None:
    work = WorkQueue(by_account, clock=FakeClock(), limits=Limits(16))
    for number in range(300):
        for account in range(slow):
            work.add(key(f"{account}-{number}", f"slow{account}-{number % 3}"))
    held = [take(work) for _ in range(hold)]
    for _ in range(60):
        work.done(held.pop(0))
        held.append(take(work))
    work.add(key("edit", "calm"))
    assert take(work).namespace == "calm"


@pytest.mark.parametrize("slow", [1, 2, 3, 4, 5, 8, 16, 40])
def test_accounts_that_are_slow_have_half_of_the_workers_whatever_their_number(slow: int) -> None:
    clock = FakeClock()
    work = WorkQueue(by_account, clock=clock, limits=Limits(16))
    for number in range(60):
        for account in range(slow):
            work.add(key(f"{account}-{number}", f"slow{account}-{number % 3}"))
    held = [take(work) for _ in range(8)]
    for _ in range(slow):
        # Until each of them has had a turn.
        clock.advance(SLOW + 1.0)
        work.done(held.pop(0))
        held.append(take(work))
    clock.advance(SLOW + 1.0)
    for account in range(8):
        work.add(key("edit", f"calm{account}"))
    calm = [take(work) for _ in range(8)]
    assert {each.namespace for each in calm} == {f"calm{account}" for account in range(8)}
    for each in calm:
        work.done(each)
    # They go on in their half, and in no more of it.
    for _ in range(30):
        clock.advance(SLOW + 1.0)
        work.done(held.pop(0))
        held.append(take(work))
        assert held[-1].namespace.startswith("slow")
        work.add(key("edit", "calm"))
        work.done(taken := take(work))
        assert taken.namespace == "calm"


def test_slow_accounts_keep_nobody_from_stopping_one_of_them() -> None:
    clock = FakeClock()
    work = WorkQueue(by_account, clock=clock, limits=Limits(16))
    for number in range(20):
        work.add(key(str(number), f"slow-{number % 3}"))
    work.add(Key("RamAccount", "", "slow"))
    held = [take(work) for _ in range(8)]
    clock.advance(SLOW + 1.0)
    look = next(each for each in held if each.kind == "RamAccount")
    work.done(look)
    work.add(look)
    assert look in (take(work), take(work))


def test_an_account_that_answers_again_has_its_share_again() -> None:
    clock = FakeClock()
    work = WorkQueue(by_account, clock=clock, limits=Limits(16))
    for number in range(60):
        work.add(key(str(number), f"one-{number % 3}"))
        work.add(key(str(number), f"two-{number % 3}"))
    held = [take(work) for _ in range(8)]
    clock.advance(SLOW + 1.0)
    for each in held:
        work.done(each)
    held = [take(work) for _ in range(8)]
    for each in held:
        work.done(each)
    assert len([take(work) for _ in range(10)]) == 10


def test_passes_that_do_not_end_are_noticed_once_they_fill_the_share_of_a_namespace() -> None:
    clock = FakeClock()
    work = WorkQueue(lambda key: "account", clock=clock, limits=Limits(16))
    for number in range(6):
        work.add(key(str(number), "greedy"))
    begun = [take(work) for _ in range(5)]
    clock.now += 100.0
    last = take(work)
    assert (work.longest(), work.running()) == (100.0, 6)
    assert work.wedged(50.0) == [], "five leave one place"
    clock.now += 100.0
    assert work.wedged(50.0) == sorted([*begun, last])
    with pytest.raises(Wedged, match=r"6 passes run for longer than 50 s .* RamRole greedy/0, "):
        check(work, 50.0)
    work.done(last)
    check(work, 50.0)
    assert work.wedged(50.0) == []
    for each in begun:
        work.done(each)
    assert work.longest() == 0.0


@pytest.mark.parametrize("seconds", [2.5e11, 1e300, float("inf")])
def test_no_end_is_so_far_away_that_a_worker_cannot_wait_for_it(seconds: float) -> None:
    """A manifest that an older definition let through may name any year."""
    work = shared()
    work.add(key("far", "one"), delay=seconds)
    got: list[Key | None] = []
    worker = threading.Thread(target=lambda: got.append(work.get()), daemon=True)
    worker.start()
    worker.join(0.2)
    assert worker.is_alive()
    work.add(key("near", "one"))
    worker.join(60.0)
    assert got == [key("near", "one")]
