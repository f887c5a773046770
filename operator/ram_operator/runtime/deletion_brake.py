"""The brake on mass deletion: an emptied git directory must not empty the cloud. Thread-safe.

Two stages, both within ten minutes. More than max(5, 10 %) of the identities of one namespace stop
its deletions, and more than max(10, 20 %) of those of an account stop all of its; until a person
resumes them by name of this very stop. To the second stage a namespace counts with no more than the
first one lets through, so no namespace alone stops another's deletions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

WINDOW: Final = 600.0
FLOOR: Final = 5
SHARE: Final = 0.1
ACCOUNT_FLOOR: Final = 10
ACCOUNT_SHARE: Final = 0.2
ALL: Final = ""
"""In place of a namespace: the whole account."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose deletion it is, and how many identities with a record there are."""

    account_id: str
    namespace: str
    mine: int
    """Of the namespace, in this account."""
    all: int
    """Of the account."""


@dataclass(slots=True)
class _Recent:
    """What a namespace deleted or detached within the window, and when."""

    done: dict[object, float] = field(default_factory=dict)
    allowed: int = FLOOR

    @property
    def counts(self) -> int:
        """To the account. Detachments are never stopped, so there may be more of them."""
        return min(len(self.done), self.allowed)


class DeletionBrake:
    """Counts; which stops are engaged is kept in the account's record."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._recent: dict[str, dict[str, _Recent]] = {}

    def count(self, scope: Scope, what: object) -> None:
        """A detachment was done because a manifest asked for it; `what` tells one from another."""
        with self._lock:
            self._of(scope).done[what] = self._clock()

    def release(self, scope: Scope, what: object) -> str | None:
        """None where one more deletion may go: it is counted at once, and on every try only once.
        Else whose deletions stop: the namespace, or ALL.

        Asking and counting are one step: workers that ask together must not all be let through.
        """
        with self._lock:
            recent = self._of(scope)
            if what not in recent.done:
                if len(recent.done) + 1 > recent.allowed:
                    return scope.namespace
                everybody = sum(each.counts for each in self._recent[scope.account_id].values())
                if everybody + 1 > max(ACCOUNT_FLOOR, int(ACCOUNT_SHARE * scope.all)):
                    return ALL
            recent.done[what] = self._clock()
            return None

    def _of(self, scope: Scope) -> _Recent:
        """What counts of the namespace now. Of nobody more is kept than that."""
        known = self._recent.setdefault(scope.account_id, {})
        for name, each in list(known.items()):
            for what in [what for what, at in each.done.items() if self._clock() - at > WINDOW]:
                del each.done[what]
            if not each.done:
                del known[name]
        recent = known.setdefault(scope.namespace, _Recent())
        recent.allowed = max(FLOOR, int(SHARE * scope.mine))
        return recent

    def reset(self, account_id: str, namespace: str) -> None:
        """A person resumed deletions of the namespace, or of ALL."""
        with self._lock:
            if namespace == ALL:
                self._recent.pop(account_id, None)
            else:
                self._recent.get(account_id, {}).pop(namespace, None)
