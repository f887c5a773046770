"""A clock that stands still until it is told to go on."""

from __future__ import annotations


class FakeClock:
    """Monotonic seconds; `sleep` is what code under test calls, and it takes no real time."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
