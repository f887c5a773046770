"""The brake on mass deletion: how many are many, and for how long they count."""

from __future__ import annotations

import pytest

from ram_operator.brake import Brake
from tests.unit.fake_clock import FakeClock


def deletions(brake: Brake, managed: int, account: str = "1") -> int:
    """Delete until the brake says no. Returns how many went through."""
    done = 0
    while not brake.exceeded(account, managed) and done < 10_000:
        brake.count(account)
        done += 1
    return done


@pytest.mark.parametrize(
    ("managed", "allowed"),
    [(0, 5), (1, 5), (50, 5), (59, 5), (60, 6), (100, 10), (1000, 100)],
)
def test_five_or_a_tenth_may_go(managed: int, allowed: int) -> None:
    assert deletions(Brake(FakeClock()), managed) == allowed


def test_accounts_are_counted_apart() -> None:
    brake = Brake(FakeClock())
    assert deletions(brake, 0, "1") == 5
    assert brake.exceeded("1", 0)
    assert not brake.exceeded("2", 0)


def test_a_deletion_counts_for_ten_minutes() -> None:
    clock = FakeClock()
    brake = Brake(clock)
    brake.count("1")
    clock.advance(300.0)
    for _ in range(4):
        brake.count("1")
    assert brake.exceeded("1", 0)
    clock.advance(300.0)
    assert brake.exceeded("1", 0), "the first is just ten minutes old"
    clock.advance(0.1)
    assert not brake.exceeded("1", 0)
    brake.count("1")
    assert brake.exceeded("1", 0)


def test_asking_counts_nothing() -> None:
    brake = Brake(FakeClock())
    assert not any(brake.exceeded("1", 0) for _ in range(100))


def test_who_resumes_starts_from_nothing() -> None:
    brake = Brake(FakeClock())
    deletions(brake, 0)
    brake.reset("1")
    brake.reset("never seen")
    assert deletions(brake, 0) == 5
