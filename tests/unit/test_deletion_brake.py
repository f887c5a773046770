"""The brake on mass deletion: how many are many, for whom, and for how long they count."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator.runtime.deletion_brake import (
    ACCOUNT_FLOOR,
    ACCOUNT_SHARE,
    ALL,
    FLOOR,
    SHARE,
    DeletionBrake,
    Scope,
)
from tests.unit.fake_clock import FakeClock
from tests.unit.profiles import examples


def scope(namespace: str = "apps", mine: int = 0, others: int = 0, account: str = "1") -> Scope:
    return Scope(account, namespace, mine, mine + others)


def deletions(brake: DeletionBrake, who: Scope) -> tuple[int, str | None]:
    """Delete until the brake says no: how many went through, and whose deletions stop."""
    for done in range(10_000):
        if (stops := brake.release(who, (who.namespace, done))) is not None:
            return done, stops
    return 10_000, None


@pytest.mark.parametrize(
    ("mine", "allowed"), [(0, 5), (1, 5), (50, 5), (59, 5), (60, 6), (100, 10), (1000, 100)]
)
def test_five_or_a_tenth_of_a_namespace_may_go(mine: int, allowed: int) -> None:
    assert deletions(DeletionBrake(FakeClock()), scope(mine=mine)) == (allowed, "apps")


def test_what_others_have_raises_nobodys_allowance() -> None:
    who = scope(mine=6, others=10_000)
    assert deletions(DeletionBrake(FakeClock()), who) == (5, "apps")


@pytest.mark.parametrize(
    ("each", "tenants", "allowed"), [(6, 9, 10), (10, 4, 10), (20, 10, 40), (6, 100, 120)]
)
def test_ten_or_a_fifth_of_an_account_may_go(each: int, tenants: int, allowed: int) -> None:
    brake = DeletionBrake(FakeClock())
    gone, stops = 0, list[str | None]()
    for number in range(tenants):
        who = scope(f"apps-{number}", each, each * (tenants - 1))
        done, stopped = deletions(brake, who)
        gone += done
        stops.append(stopped)
    assert gone == allowed
    assert stops[0] == "apps-0"
    assert stops[-1] == ALL


@examples(60)
@given(
    mine=st.integers(0, 300),
    others=st.integers(1, 300),
    detached=st.integers(0, 300),
)
def test_no_namespace_alone_stops_another(mine: int, others: int, detached: int) -> None:
    """Whatever it deletes and detaches: the next one of another namespace goes."""
    brake = DeletionBrake(FakeClock())
    who = scope("loud", mine, others)
    for number in range(detached):
        brake.count(who, ("detach", number))
    done, stops = deletions(brake, who)
    assert stops == "loud"
    assert done + detached >= max(FLOOR, int(SHARE * mine))
    for number in range(max(ACCOUNT_FLOOR, int(ACCOUNT_SHARE * (mine + others))) // 2):
        calm = scope(f"calm-{number}", others, mine)
        assert brake.release(calm, number) is None


@examples(60)
@given(one=st.integers(0, 300), two=st.integers(0, 300))
def test_two_namespaces_together_do_not_stop_the_account(one: int, two: int) -> None:
    brake = DeletionBrake(FakeClock())
    assert deletions(brake, scope("one", one, two))[1] == "one"
    assert deletions(brake, scope("two", two, one))[1] == "two"


def test_workers_that_ask_together_are_not_all_let_through() -> None:
    brake = DeletionBrake(FakeClock())
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: brake.release(scope(), number), range(200)))
    assert answers.count(None) == 5


def test_a_deletion_that_is_tried_again_counts_once() -> None:
    brake = DeletionBrake(FakeClock())
    assert {brake.release(scope(), "the same") for _ in range(20)} == {None}
    assert deletions(brake, scope()) == (4, "apps")


def test_detachments_count_too() -> None:
    brake = DeletionBrake(FakeClock())
    for number in range(4):
        brake.count(scope(), ("detach", number))
    assert deletions(brake, scope()) == (1, "apps")


def test_accounts_are_counted_apart() -> None:
    brake = DeletionBrake(FakeClock())
    assert deletions(brake, scope(account="1")) == (5, "apps")
    assert brake.release(scope(account="2"), "another") is None


def test_a_deletion_counts_for_ten_minutes() -> None:
    clock = FakeClock()
    brake = DeletionBrake(clock)
    assert brake.release(scope(), "first") is None
    clock.advance(300.0)
    assert deletions(brake, scope()) == (4, "apps")
    clock.advance(300.0)
    assert brake.release(scope(), "late") == "apps", "the first is just ten minutes old"
    clock.advance(0.1)
    assert brake.release(scope(), "late") is None
    assert brake.release(scope(), "later") == "apps"


def test_what_counts_no_more_is_not_kept() -> None:
    clock = FakeClock()
    brake = DeletionBrake(clock)
    for number in range(1000):
        brake.count(scope(f"apps-{number}"), number)
    clock.advance(601.0)
    assert brake.release(scope(), "next") is None
    assert sum(len(each.done) for each in brake._recent["1"].values()) == 1


@pytest.mark.parametrize("where", ["apps", ALL])
def test_who_resumes_starts_from_nothing(where: str) -> None:
    brake = DeletionBrake(FakeClock())
    deletions(brake, scope())
    deletions(brake, scope("other"))
    assert brake.release(scope("third"), 1) == ALL
    brake.reset("1", where)
    brake.reset("never seen", where)
    assert deletions(brake, scope()) == (5, "apps")
    assert brake.release(scope("other"), "next") == ("other" if where else None)
