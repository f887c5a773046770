"""What one decision is made on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .ballots import NO_BALLOT, Ballot
from .drift import Memory
from .kinds import Kind
from .model import EMPTY, Account, Desired, Entry, Live, UnknownPart


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
    providers: Mapping[str, Entry | UnknownPart] = field(default_factory=lambda: EMPTY)
    """What the identity providers are that the live or the wanted trust names, see `providers`."""
