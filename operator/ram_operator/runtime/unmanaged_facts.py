"""What is known of the rights of identities that nobody manages, in a few bytes for each.

Of one account. Its sweep alone uses it, one after the other: it has no lock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from ..reporting.inventory import Trait

KEPT_SECONDS: Final = 86_400.0
"""So old a reading of a policy may be before it is read again, whatever lists say of it."""
UNLISTED_SECONDS: Final = 3_600.0
"""The same of a custom policy that no list shows."""


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

    def only(self, policies: Collection[str]) -> None:
        """Forget the others: nobody of interest has them any more."""
        self._found = {name: found for name, found in self._found.items() if name in policies}

    def __len__(self) -> int:
        return len(self._found)


class UnmanagedFacts:
    """Of the account."""

    def __init__(self) -> None:
        self.policies = PolicyTraits()
        self.rights: Mapping[str, Trait] | None = None
        """By identity, `role/name` folded: the worst that it has attached, of those that have more
        than ordinary rights. None until somebody knows.
        """
        self.groups: Mapping[str, tuple[str, ...]] | None = None
        """Folded names of the groups of users that nobody manages, by identity. None until somebody
        knows.
        """
