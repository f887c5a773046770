"""Who goes next where one at a time may: tenants in turn, and of each tenant the first first.

Used by the limiter, in front of each bucket: whoever waits for tokens stands alone there, so the
order in which tokens are had is the order of the turns. Thread-safe.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque


class Turnstile:
    """`enter` and `leave`, in pairs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy = False
        self._lines: OrderedDict[str, deque[threading.Event]] = OrderedDict()

    def enter(self, tenant: str, timeout: float) -> bool:
        """Wait at most `timeout` seconds for the turn. False: it did not come."""
        turn = threading.Event()
        with self._lock:
            if not self._busy:
                # Whoever leaves hands over to those that wait, so nobody does.
                self._busy = True
                return True
            self._lines.setdefault(tenant, deque()).append(turn)
        if turn.wait(timeout):
            return True
        with self._lock:
            if turn.is_set():
                return True
            line = self._lines[tenant]
            line.remove(turn)
            if not line:
                del self._lines[tenant]
            return False

    def leave(self) -> None:
        """The next one's turn, if anybody waits."""
        with self._lock:
            if not self._lines:
                self._busy = False
                return
            tenant, line = self._lines.popitem(last=False)
            line.popleft().set()
            if line:
                self._lines[tenant] = line

    @property
    def waiting(self) -> int:
        """How many wait now."""
        with self._lock:
            return sum(map(len, self._lines.values()))
