"""Places in the pool of threads that call the cloud, for all accounts. Thread-safe."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from .shares import Shares


class Places:
    """As many as there are threads. Who waits for one has it in the order in which they came, of
    those whose account may have one.
    """

    def __init__(self, threads: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # A quarter for an account: its answers may take long before anybody knows that they do.
        self._shares = Shares(threads, max(1, threads // 4))
        self._free = threading.Condition()
        self._line: dict[int, str] = {}
        self._numbers = 0

    def take(self, account: str, patience: float) -> int | None:
        """A ticket, which has to be left; None where none was to be had in so many seconds."""
        with self._free:
            self._numbers += 1
            mine = self._numbers
            self._line[mine] = account
            try:
                if not self._free.wait_for(lambda: self._next() == mine, max(0.0, patience)):
                    return None
                return self._shares.begin(account, self._clock())
            finally:
                del self._line[mine]
                self._free.notify_all()

    def leave(self, ticket: int) -> None:
        """The thread is free."""
        with self._free:
            self._shares.end(ticket, self._clock())
            self._free.notify_all()

    def held(self, account: str) -> int:
        with self._free:
            return self._shares.holds(account)

    def _next(self) -> int | None:
        """Whose turn it is of those that wait."""
        may = self._shares.rule(self._clock())
        return next((number for number, account in self._line.items() if may(account)), None)
