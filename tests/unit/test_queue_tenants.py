"""The work queue, shared: what one namespace or account does to the turns of the others."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from ram_operator.model.objects import Key
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
    work = shared(Limits(per_group=4, per_namespace=3))
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
    work = shared(Limits(per_group=4, per_namespace=1))
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
    queue = WorkQueue(lambda key: key.namespace, limits=Limits(per_group=2))
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
