"""Who may have how much of what accounts share: workers, and threads that call the cloud.

Four accounts with a quarter each have all of it, and so has any number of them with a part each. So
what a share is depends on what the others hold, and on who answers: an account whose work takes
long now has its part in one half, with all others that are like it, and the other half is for those
that answer. Not thread-safe; knows no clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

SLOW: Final = 5.0
"""Seconds. What takes longer is of an account that counts as slow: RAM answers within one."""


class Shares:
    """Of `total`, of which one account has `most` at a time. Times are seconds that only go up."""

    def __init__(self, total: int, most: int | None = None) -> None:
        self._total = total
        self._most = total if most is None else most
        self._half = max(1, total // 2)
        self._newcomers = total // 4
        """So much is for those that hold nothing: they may all have become slow just now."""
        self._held: Counter[str] = Counter()
        self._begun: dict[int, tuple[str, float]] = {}
        """The oldest first."""
        self._tickets = 0
        self._were_slow: set[str] = set()
        """Whose last work took long."""

    def begin(self, account: str, now: float) -> int:
        """It holds one more. Returns what `end` wants."""
        self._tickets += 1
        self._begun[self._tickets] = (account, now)
        self._held[account] += 1
        return self._tickets

    def end(self, ticket: int, now: float) -> None:
        account, begun = self._begun.pop(ticket)
        self._held[account] -= 1
        if not self._held[account]:
            del self._held[account]
        if now - begun > SLOW:
            self._were_slow.add(account)
        else:
            self._were_slow.discard(account)

    def holds(self, account: str) -> int:
        return self._held[account]

    def share(self, account: str) -> int:
        """How many it may hold while the others hold what they do: it leaves as many as it has."""
        others = len(self._begun) - self._held[account]
        return min(self._most, max(1, (self._total - others) // 2))

    def slow(self, now: float) -> frozenset[str]:
        """Whose work takes long at present. The work that is no account's never does: the looks at
        the accounts themselves, by which people stop one that is slow.
        """
        found = set(self._were_slow)
        for account, begun in self._begun.values():
            if now - begun <= SLOW:
                break
            found.add(account)
        return frozenset(found - {""})

    def rule(self, now: float) -> Callable[[str], bool]:
        """Who may have one more at this moment."""
        slow = self.slow(now)
        theirs = sum(self._held[account] for account in slow)
        free = self._total - len(self._begun)

        def may(account: str) -> bool:
            mine = self._held[account]
            if account in slow and theirs >= self._half:
                return False
            if mine and free <= self._newcomers:
                return False
            return free > 0 and mine < self.share(account)

        return may
