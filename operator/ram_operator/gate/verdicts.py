"""What an evaluator answers, and what a row of their table is. Pure.

An evaluator judges one change: allowed, held, or not known. It is a pure function of what the
decision is made on, and knows nothing of the other changes, nor of approvals: `review` joins what
is held, and only there an approval opens it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..kinds.schema import Kind
from ..model.changes import Held, Judged
from ..model.permissions import Cleared
from ..model.vocabulary import Evaluator
from .inputs import Inputs


@dataclass(frozen=True, slots=True)
class Allow:
    """Nobody has to agree. A trust is sent with what cleared it."""

    cleared: Cleared | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """It waits for a person: kind, gains, losses and findings of exactly this change."""

    held: Held


@dataclass(frozen=True, slots=True)
class Unknown:
    """It cannot be judged before that is read: a sentence each. Meanwhile nobody gets more."""

    reads: tuple[str, ...]


Verdict = Allow | Hold | Unknown
Evaluate = Callable[[Inputs, Judged], Verdict]


def nothing_to_read(_: Inputs) -> tuple[str, ...] | None:
    """Of an evaluator that judges only what differs."""
    return None


@dataclass(frozen=True, slots=True)
class Row:
    """One evaluator. What those with the same `together` hold makes one part of the offer."""

    evaluate: Evaluate
    together: Callable[[Kind, list[Held]], Held]
    """One out of at least one, in the order of the changes."""
    unread: Callable[[Inputs], tuple[str, ...] | None] = nothing_to_read
    """What has to be read before it is known who is let in, a sentence each; None where it is."""


Table = Mapping[Evaluator, Row]
"""In the order in which an offer tells of them."""
