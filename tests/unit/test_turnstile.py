"""Whose turn it is where tenants share a rate limit."""

from __future__ import annotations

import threading
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from lab.waiting import until
from ram_operator.cloud.limiter import ActionClass, Limiter
from ram_operator.cloud.turnstile import Turnstile
from tests.unit.fake_clock import FakeClock
from tests.unit.profiles import examples

NEVER = 600.0


def order_of(tenants: list[str]) -> list[str]:
    """Somebody is inside while all of these come to wait, one after the other. Who went when."""
    turns, order = Turnstile(), list[str]()
    assert turns.enter("first", 0.0)

    def visit(tenant: str) -> None:
        assert turns.enter(tenant, NEVER)
        order.append(tenant)
        turns.leave()

    threads = []
    for number, tenant in enumerate(tenants, 1):
        threads.append(threading.Thread(target=visit, args=(tenant,)))
        threads[-1].start()
        until(lambda number=number: turns.waiting == number, "that it waits")  # type: ignore[misc]
    turns.leave()
    for thread in threads:
        thread.join(60.0)
    assert turns.waiting == 0
    return order


@examples(15)
@given(st.lists(st.sampled_from("abc"), max_size=10))
def test_while_a_tenant_waits_no_other_has_two_turns(tenants: list[str]) -> None:
    order = order_of(tenants)
    assert Counter(order) == Counter(tenants)
    left = Counter(tenants)
    since: dict[str, Counter[str]] = {tenant: Counter() for tenant in left}
    for tenant in order:
        left[tenant] -= 1
        since[tenant].clear()
        for other in left:
            if other != tenant and left[other]:
                since[other][tenant] += 1
                assert since[other][tenant] <= 1


def test_twenty_of_one_tenant_keep_another_waiting_for_one() -> None:
    assert order_of(["many"] * 20 + ["few"]).index("few") == 1


def test_whose_turn_does_not_come_leaves_no_place_behind() -> None:
    turns = Turnstile()
    assert turns.enter("a", 0.0)
    assert not turns.enter("b", 0.0)
    assert turns.waiting == 0
    turns.leave()
    assert turns.enter("b", 0.0), "nobody is handed a turn that he does not wait for"


def test_one_tenants_writes_keep_another_tenants_waiting_for_one_token() -> None:
    """Seen where it counts: at the rate limit that they share."""
    clock, order = FakeClock(), list[str]()
    asleep, awake = threading.Semaphore(0), threading.Semaphore(0)

    def sleep(seconds: float) -> None:
        # Who sleeps has the turn, and the others theirs after it.
        order.append(threading.current_thread().name)
        asleep.release()
        awake.acquire()
        clock.advance(seconds)

    limits = Limiter(dict.fromkeys(ActionClass, 1.0), clock, sleep)
    assert limits.acquire(ActionClass.WRITE, 0.0)

    def write(tenant: str) -> None:
        assert limits.acquire(ActionClass.WRITE, NEVER, 1, tenant)

    threads = []
    for number, tenant in enumerate(["many"] * 6 + ["few"]):
        threads.append(threading.Thread(target=write, args=(tenant,), name=tenant))
        threads[-1].start()
        if number == 0:
            assert asleep.acquire(timeout=60.0)
    until(lambda: limits.waiting(ActionClass.WRITE) == 6, "that all wait")
    awake.release(7)
    for thread in threads:
        thread.join(60.0)
    assert order.index("few") <= 2, "it waits for one token of the other's at most"
