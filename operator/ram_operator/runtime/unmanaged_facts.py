"""What is known of the rights of identities that nobody manages, in a few bytes for each.

Of one account. Its sweep alone uses it, one after the other: it has no lock.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from ..reporting.inventory import Trait
from .unread import Unread

KEPT_SECONDS: Final = 86_400.0
"""So old a reading of a policy may be before it is read again, whatever lists say of it."""
UNLISTED_SECONDS: Final = 3_600.0
"""The same of a custom policy that no list shows."""

SPREAD_SECONDS: Final = 1_800.0
"""In so long all trusts are read that were never read: after a start, those of the account."""
LEAST: Final = 10
"""Trusts that are read in one sweep in any case."""


class _Read(NamedTuple):
    state: bytes
    at: float
    trait: Trait


class PolicyTraits:
    """What policies give whoever has them, as read last. They are known by their folded keys, as
    `System/administratoraccess`.
    """

    def __init__(self) -> None:
        self._found: dict[str, _Read] = {}
        self.unread = Unread()

    def find(self, policy: str, state: bytes) -> Trait | None:
        """None where it was not read in this state, which is what lists say of it."""
        found = self._found.get(policy)
        return found.trait if found is not None and found.state == state else None

    def due(self, policy: str, state: bytes, now: float, good_for: float) -> bool:
        """Whether it has to be read. Times are monotonic seconds."""
        found = self._found.get(policy)
        return found is None or found.state != state or now - found.at >= good_for

    def keep(self, policy: str, state: bytes, at: float, trait: Trait) -> None:
        self._found[policy] = _Read(state, at, trait)
        self.unread.read(policy)

    def only(self, policies: Collection[str]) -> None:
        """Forget the others: nobody of interest has them any more."""
        self._found = {name: found for name, found in self._found.items() if name in policies}
        self.unread.only(policies)

    def __len__(self) -> int:
        return len(self._found)


class _Trust(NamedTuple):
    state: bytes
    at: float
    """When it was read; of one that never was, when it was first heard of."""
    left: int
    """Readings that are due now: one may be answered with what was before."""
    trait: Trait | None = None


class Trusts:
    """Whom roles trust that nobody manages, as read last: by folded name of the role."""

    def __init__(self) -> None:
        self._found: dict[str, _Trust] = {}
        self._begun = False
        self.unread = Unread()

    def heard(self, roles: Mapping[str, bytes], now: float) -> None:
        """The roles that there are, with what lists say of them. What moved is read in this turn
        and the next; of those that were there before, once is enough.
        """
        before, readings = self._found, 2 if self._begun else 1
        self._found = {
            name: before[name]
            if name in before and before[name].state == state
            else _Trust(state, now, readings)
            for name, state in roles.items()
        }
        self._begun = True
        self.unread.only(roles)

    def due(self, now: float, turn: float) -> list[str]:
        """Those to read in a turn, which come every `turn` seconds: first the ones that were never
        read as they are now, so many at once that all are after half an hour; then each that would
        be older than a day, and an even share of the others, the oldest first. Behind them all
        whose last reading failed.
        """
        fresh = [name for name, found in self._found.items() if found.left]
        fresh = self.unread.last(fresh)
        aged = sorted((found.at, name) for name, found in self._found.items() if not found.left)
        most = max(LEAST, math.ceil(len(self._found) * turn / SPREAD_SECONDS))
        share = math.ceil(len(aged) * turn / KEPT_SECONDS)
        old = [
            name
            for place, (at, name) in enumerate(aged)
            if now + turn - at >= KEPT_SECONDS or (place < share and now - at >= KEPT_SECONDS / 2.0)
        ]
        return self.unread.last(fresh[:most] + old[:most])

    def keep(self, role: str, at: float, trait: Trait) -> None:
        self.unread.read(role)
        found = self._found.get(role)
        if found is not None:
            self._found[role] = _Trust(found.state, at, max(0, found.left - 1), trait)

    def late(self, now: float, turn: float) -> bool:
        """Whether a reading is overdue."""
        most = KEPT_SECONDS + 2.0 * max(turn, SPREAD_SECONDS)
        return any(now - found.at > most for found in self._found.values())

    def find(self, role: str) -> Trait | None:
        """None where it was not read yet."""
        found = self._found.get(role)
        return found.trait if found is not None else None


class UnmanagedFacts:
    """Of the account."""

    def __init__(self) -> None:
        self.trusts = Trusts()
        self.policies = PolicyTraits()
        self.rights: Mapping[str, Trait] | None = None
        """By identity, `role/name` folded: the worst that it has attached, of those that have more
        than ordinary rights. None until somebody knows.
        """
        self.groups: Mapping[str, tuple[str, ...]] | None = None
        """Folded names of the groups of users that nobody manages, by identity. None until somebody
        knows.
        """
