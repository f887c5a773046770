"""The brake on mass deletion: how many are many, and for how long they count."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from ram_operator.runtime.deletion_brake import DeletionBrake
from tests.unit.fake_clock import FakeClock


def deletions(brake: DeletionBrake, managed: int, account: str = "1") -> int:
    """Delete until the brake says no. Returns how many went through."""
    done = 0
    while brake.release(account, done, managed) and done < 10_000:
        done += 1
    return done


@pytest.mark.parametrize(
    ("managed", "allowed"),
    [(0, 5), (1, 5), (50, 5), (59, 5), (60, 6), (100, 10), (1000, 100)],
)
def test_five_or_a_tenth_may_go(managed: int, allowed: int) -> None:
    assert deletions(DeletionBrake(FakeClock()), managed) == allowed


def test_workers_that_ask_together_are_not_all_let_through() -> None:
    brake = DeletionBrake(FakeClock())
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: brake.release("1", number, 0), range(200)))
    assert sum(answers) == 5


def test_a_deletion_that_is_tried_again_counts_once() -> None:
    brake = DeletionBrake(FakeClock())
    assert all(brake.release("1", "the same", 0) for _ in range(20))
    assert deletions(brake, 0) == 4


def test_detachments_count_too() -> None:
    brake = DeletionBrake(FakeClock())
    for number in range(4):
        brake.count("1", ("detach", number))
    assert deletions(brake, 0) == 1


def test_accounts_are_counted_apart() -> None:
    brake = DeletionBrake(FakeClock())
    assert deletions(brake, 0, "1") == 5
    assert not brake.release("1", "another", 0)
    assert brake.release("2", "another", 0)


def test_a_deletion_counts_for_ten_minutes() -> None:
    clock = FakeClock()
    brake = DeletionBrake(clock)
    assert brake.release("1", "first", 0)
    clock.advance(300.0)
    assert deletions(brake, 0) == 4
    clock.advance(300.0)
    assert not brake.release("1", "late", 0), "the first is just ten minutes old"
    clock.advance(0.1)
    assert brake.release("1", "late", 0)
    assert not brake.release("1", "later", 0)


def test_who_resumes_starts_from_nothing() -> None:
    brake = DeletionBrake(FakeClock())
    deletions(brake, 0)
    brake.reset("1")
    brake.reset("never seen")
    assert deletions(brake, 0) == 5
