"""What one decision is made on. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from .ballots import NO_BALLOT, Ballot
from .drift import Memory
from .kinds import Kind
from .model import Account, Desired, Live


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a decision depends on."""

    row: Kind
    account: Account
    desired: Desired
    live: Live
    memory: Memory
    ballot: Ballot = NO_BALLOT
    named: frozenset[str] = frozenset()
    """ARNs in lower case that known roles trust, as far as they concern the identity."""
