"""Places in the pool of threads that call the cloud, for all accounts. Thread-safe."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from .shares import Shares


class _Waiting(NamedTuple):
    account: str
    turn: threading.Condition


class Places:
    """As many as there are threads. Who waits for one has it in the order in which they came, of
    those whose account may have one.
    """

    def __init__(self, threads: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # A quarter for an account: its answers may take long before anybody knows that they do.
        self._shares = Shares(threads, max(1, threads // 4))
        self._lock = threading.Lock()
        self._line: dict[int, _Waiting] = {}
        self._numbers = 0

    def take(self, account: str, patience: float) -> int | None:
        """A ticket, which has to be left; None where none was to be had in so many seconds."""
        with self._lock:
            self._numbers += 1
            mine, turn = self._numbers, threading.Condition(self._lock)
            self._line[mine] = _Waiting(account, turn)
            try:
                if not turn.wait_for(lambda: self._is_next(mine), max(0.0, patience)):
                    return None
                return self._shares.begin(account, self._clock())
            finally:
                del self._line[mine]
                self._call()

    def leave(self, ticket: int) -> None:
        """The thread is free."""
        with self._lock:
            self._shares.end(ticket, self._clock())
            self._call()

    def held(self, account: str) -> int:
        with self._lock:
            return self._shares.holds(account)

    def _is_next(self, mine: int) -> bool:
        """Whether it is that one's turn. If not, it may have been when it was called, and whose
        turn it is now was not: an account grows slow with time alone.
        """
        found = self._next()
        if found is not None and found != mine:
            self._line[found].turn.notify()
        return found == mine

    def _call(self) -> None:
        """Only the one whose turn it is: hundreds that wait would do nothing but wake up."""
        if (found := self._next()) is not None:
            self._line[found].turn.notify()

    def _next(self) -> int | None:
        """Whose turn it is of those that wait."""
        may = self._shares.rule(self._clock())
        return next((number for number, each in self._line.items() if may(each.account)), None)
