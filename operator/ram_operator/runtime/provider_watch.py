"""Which roles trust which identity providers, and what each provider was at its last reading.

A provider that is another one now is a reason to look at all who trust it. Thread-safe.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Set

from .unread import Unread


class ProviderWatch:
    """Those of one account: roles as `role/name`, folded, providers as in their ARNs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._trusted: dict[str, Set[str]] = {}
        self._states: dict[str, str] = {}
        self.unread = Unread()
        """Who trusts one of these looks by himself."""

    def noted(self, role: str, providers: Set[str]) -> None:
        """A close look at the role found that its trust names these."""
        with self._lock:
            self._trusted.pop(role, None)
            if providers:
                self._trusted[role] = frozenset(providers)

    def keep(self, owned: Callable[[str], bool]) -> None:
        """Forget the roles that nobody manages any more."""
        with self._lock:
            roles = list(self._trusted)
        gone = [role for role in roles if not owned(role)]
        with self._lock:
            for role in gone:
                self._trusted.pop(role, None)

    def names(self) -> list[str]:
        """The providers that some role trusts; those that could not be read come last."""
        with self._lock:
            named = frozenset[str]().union(*self._trusted.values())
            self._states = {name: self._states[name] for name in self._states if name in named}
        self.unread.only(named)
        return self.unread.last(sorted(named))

    def took(self, provider: str, state: str) -> list[str]:
        """What it is now. The roles that have to look: all that trust it, where that is another
        state than before, or nobody knows what it was when they were looked at.
        """
        self.unread.read(provider)
        with self._lock:
            before = self._states.get(provider)
            self._states[provider] = state
            if before == state:
                return []
        return self.trusting(provider)

    def trusting(self, provider: str) -> list[str]:
        """The roles whose trusts name it."""
        with self._lock:
            return sorted(role for role, named in self._trusted.items() if provider in named)

    def disputed(self, role: str) -> bool:
        """Whether its trust names one that could not be read at the last try."""
        with self._lock:
            named = self._trusted.get(role, frozenset())
        return any(name in self.unread for name in named)
