"""The work queue: what is handed out, in which order, and never twice at once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest

from lab.waiting import until
from ram_operator.model.objects import Key
from ram_operator.runtime.queue import PASSED_OVER, Backoff, Lane, WorkQueue
from tests.unit.fake_clock import FakeClock


def key(name: str, group: str = "one") -> Key:
    return Key("RamRole", group, name)


def queue(clock: Callable[[], float] | None = None, jitter: float = 1.0) -> WorkQueue:
    """Keys are grouped by their namespace."""
    return WorkQueue(
        lambda key: key.namespace,
        Backoff(first=1.0, last=60.0),
        clock or FakeClock(),
        lambda: jitter,
    )


def take(work: WorkQueue) -> Key:
    """The next key; fails instead of blocking."""
    got: list[Key | None] = []
    thread = threading.Thread(target=lambda: got.append(work.get()), daemon=True)
    thread.start()
    thread.join(60.0)
    assert got, "get() blocks although something is ready"
    assert got[0] is not None
    return got[0]


def drain(work: WorkQueue) -> list[Key]:
    taken = []
    while work.depth():
        taken.append(take(work))
        work.done(taken[-1])
    return taken


def test_a_key_is_queued_once_however_often_it_is_added() -> None:
    work = queue()
    for _ in range(5):
        work.add(key("a"))
    work.add(key("b"))
    assert drain(work) == [key("a"), key("b")]


def test_what_is_added_while_it_runs_comes_round_once_more() -> None:
    work = queue()
    work.add(key("a"))
    running = take(work)
    work.add(running)
    work.add(running, Lane.PERIODIC)
    assert (work.depth(), work.running()) == (0, 1)
    work.done(running)
    assert (work.depth(), work.running()) == (1, 0)
    assert drain(work) == [key("a")]


@pytest.mark.parametrize("lanes", [list(Lane), list(reversed(Lane))])
def test_it_comes_round_in_the_fastest_lane_that_was_asked_for(lanes: list[Lane]) -> None:
    work = queue()
    work.add(key("a"))
    running = take(work)
    work.add(key("b"), Lane.URGENT)
    for lane in lanes:
        work.add(running, lane)
    work.done(running)
    assert drain(work) == [key("a"), key("b")]


def test_what_takes_away_goes_before_edits_and_they_before_periodic_work() -> None:
    work = queue()
    for name in "ab":
        work.add(key(name), Lane.PERIODIC)
    work.add(key("c"))
    work.add(key("d"), Lane.NARROWING)
    assert drain(work) == [key("d"), key("c"), key("a"), key("b")]


def test_a_lane_that_was_passed_over_often_enough_has_the_next_turn() -> None:
    """Whoever edits all the time, or has things end all the time, stops nobody else's work."""
    work = queue()
    work.add(key("edit", "other"), Lane.URGENT)
    work.add(key("look", "other"), Lane.PERIODIC)
    order = []
    for number in range(12):
        work.add(key(f"a{number}"), Lane.NARROWING)
        work.add(key(f"b{number}"), Lane.URGENT)
        order.append(take(work))
        work.done(order[-1])
    assert order.index(key("edit", "other")) == PASSED_OVER
    assert order.index(key("look", "other")) == PASSED_OVER + 1
    assert sum(taken.name.startswith("a") for taken in order) > len(order) / 2


def test_a_lane_in_which_nothing_waits_saves_up_no_turns() -> None:
    work = queue()
    for number in range(20):
        work.add(key(str(number)))
    for _ in range(2 * PASSED_OVER):
        work.done(take(work))
    work.add(key("look", "other"), Lane.PERIODIC)
    assert [take(work).namespace for _ in range(PASSED_OVER + 1)] == ["one"] * 3 + ["other"]


def test_a_waiting_key_moves_to_the_urgent_lane_and_leaves_no_place_behind() -> None:
    work = queue()
    work.add(key("a"), Lane.PERIODIC)
    work.add(key("b"), Lane.PERIODIC)
    work.add(key("b"), Lane.URGENT)
    work.add(key("b"), Lane.PERIODIC)
    assert work.depth() == 2
    assert drain(work) == [key("b"), key("a")]


def test_ten_thousand_keys_of_one_account_delay_another_by_one_turn() -> None:
    work = queue()
    for number in range(10_000):
        work.add(key(str(number), "large"))
    assert take(work).namespace == "large"
    work.add(key("lonely", "small"))
    turns = [take(work).namespace, take(work).namespace]
    assert "small" in turns


def test_keys_that_became_urgent_cost_their_account_no_turn() -> None:
    work = queue()
    for number in range(100):
        work.add(key(str(number), "one"), Lane.PERIODIC)
        work.add(key(str(number), "two"), Lane.PERIODIC)
    taken = Counter[str]()
    for number in range(100):
        work.add(key(str(number), "one"), Lane.URGENT)
    while taken["one"] < 100:
        taken[take(work).namespace] += 1
    work.add(key("last", "one"), Lane.PERIODIC)
    assert {take(work).namespace, take(work).namespace} == {"one", "two"}


def test_a_delayed_key_waits_for_its_time() -> None:
    clock = FakeClock()
    work = queue(clock)
    work.add(key("later"), Lane.URGENT, delay=5.0)
    work.add(key("now"), Lane.PERIODIC)
    assert take(work) == key("now")
    clock.advance(4.9)
    work.add(key("early"), Lane.PERIODIC)
    assert take(work) == key("early")
    assert work.depth() == 0
    clock.advance(0.1)
    assert take(work) == key("later")


@pytest.mark.parametrize("delays", [(5.0, 9.0), (9.0, 5.0)])
def test_the_earliest_of_several_delays_wins(delays: tuple[float, float]) -> None:
    clock = FakeClock()
    work = queue(clock)
    for delay in delays:
        work.add(key("a"), Lane.PERIODIC, delay=delay)
    clock.advance(5.0)
    work.done(take(work))
    clock.advance(100.0)
    work.add(key("b"))
    assert drain(work) == [key("b")]


def test_a_delay_that_fires_while_the_key_runs_makes_it_come_round() -> None:
    clock = FakeClock()
    work = queue(clock)
    work.add(key("a"))
    running = take(work)
    work.add(running, Lane.PERIODIC, delay=1.0)
    clock.advance(2.0)
    work.add(key("b"))
    assert take(work) == key("b")
    work.done(running)
    assert take(work) == key("a")


def test_an_add_for_now_replaces_a_delay_of_the_same_or_a_slower_lane_only() -> None:
    clock = FakeClock()
    work = queue(clock)
    work.add(key("a"), Lane.PERIODIC, delay=5.0)
    work.add(key("a"), Lane.URGENT)
    work.add(key("b"), Lane.URGENT, delay=5.0)
    work.add(key("b"), Lane.PERIODIC)
    assert drain(work) == [key("a"), key("b")]
    clock.advance(5.0)
    work.add(key("c"))
    # An urgent look at b was asked for; a periodic one does not stand in for it.
    assert sorted([take(work), take(work)]) == [key("b"), key("c")]
    assert work.depth() == 0


@pytest.mark.parametrize("jitter", [0.0, 0.3, 1.0])
def test_the_back_off_doubles_up_to_its_end_and_jitter_takes_at_most_half(jitter: float) -> None:
    work = queue(jitter=jitter)
    delays = [work.failed(key("a")) for _ in range(40)]
    for number, delay in enumerate(delays):
        ceiling = min(60.0, 2.0**number)
        assert ceiling / 2 <= delay <= ceiling
    assert delays == sorted(delays)
    assert work.failures(key("a")) == 40


def test_success_resets_the_back_off() -> None:
    work = queue()
    for _ in range(5):
        work.failed(key("a"))
    work.succeeded(key("a"))
    assert work.failures(key("a")) == 0
    assert work.failed(key("a")) == 1.0


def test_questions_about_unknown_keys_are_harmless() -> None:
    work = queue()
    work.succeeded(key("never"))
    work.forget(key("never"))
    assert work.failures(key("never")) == 0
    assert (work.depth(), work.running()) == (0, 0)


def test_forget_drops_delays_and_back_off() -> None:
    clock = FakeClock()
    work = queue(clock)
    work.failed(key("a"))
    work.forget(key("a"))
    clock.advance(100.0)
    work.add(key("b"))
    assert drain(work) == [key("b")]
    assert work.failures(key("a")) == 0


def test_forget_leaves_what_waits_now() -> None:
    work = queue()
    work.add(key("a"))
    work.forget(key("a"))
    assert drain(work) == [key("a")]


def test_a_key_that_comes_back_is_put_into_the_group_that_it_has_then() -> None:
    group = {"of": "before"}
    asked = []

    def group_of(key: Key) -> str:
        asked.append(key)
        return group["of"]

    work = WorkQueue(group_of, clock=FakeClock())
    work.add(key("a"))
    work.done(take(work))
    group["of"] = "after"
    work.add(key("a"))
    assert asked == [key("a")] * 2, "nothing is kept of a key that has nothing to wait for"


def test_close_wakes_all_workers_and_hands_out_nothing_more() -> None:
    work = queue()
    got: list[Key | None] = []
    workers = [threading.Thread(target=lambda: got.append(work.get())) for _ in range(4)]
    for worker in workers:
        worker.start()
    work.close()
    for worker in workers:
        worker.join(60.0)
    assert got == [None] * 4
    work.add(key("a"))
    assert work.get() is None


def test_a_worker_that_sleeps_for_a_late_key_wakes_for_an_earlier_one() -> None:
    work = queue(time.monotonic)
    got: list[Key | None] = []
    worker = threading.Thread(target=lambda: got.append(work.get()))
    work.add(key("late"), delay=30.0)
    worker.start()
    work.add(key("early"), delay=0.05)
    worker.join(60.0)
    assert got == [key("early")]


def test_threads_never_work_on_one_key_at_once_and_no_add_is_lost() -> None:
    work = queue(time.monotonic)
    keys = [key(str(number), f"group-{number % 3}") for number in range(20)]
    asked: Counter[Key] = Counter()
    seen: Counter[Key] = Counter()
    busy: set[Key] = set()
    doubles: list[Key] = []
    lock = threading.Lock()

    def worker() -> None:
        while (mine := work.get()) is not None:
            with lock:
                doubles.extend([mine] if mine in busy else [])
                busy.add(mine)
                seen[mine] = asked[mine]
            time.sleep(0.0002)
            with lock:
                busy.discard(mine)
            work.done(mine)

    def producer(start: int) -> None:
        for number in range(300):
            mine = keys[(start + number * 7) % len(keys)]
            with lock:
                asked[mine] += 1
            work.add(mine, Lane(number % 2), delay=0.001 if number % 5 == 0 else 0.0)

    workers = [threading.Thread(target=worker) for _ in range(6)]
    producers = [threading.Thread(target=producer, args=(number,)) for number in range(3)]
    for thread in (*workers, *producers):
        thread.start()
    for thread in producers:
        thread.join(60.0)
    until(lambda: seen == asked, "that all was worked on")
    work.close()
    for thread in workers:
        thread.join(60.0)
    assert doubles == []
    assert seen == asked
