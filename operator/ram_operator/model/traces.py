"""Who made a difference: what ActionTrail has of a call, and what is told of its author.

Frozen values. Of an event only what is needed here is kept: others hold secrets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .vocabulary import AuthorKind

TRIED: Final = 1200.0
"""Seconds that ActionTrail is asked for the author of a difference, as it may lag."""

Seen = tuple[str, str, str]
"""A difference as a status shows it: its field, what the cloud said, and when it was seen."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One event. `names` are those of what it is about, as `noun/name` in lower case, ids as
    `id/…`; `at` is in seconds since the epoch.
    """

    event_id: str
    request_id: str
    action: str
    at: float
    names: frozenset[str]
    identity: str
    """Type of who called, as ActionTrail has it."""
    user: str
    console: bool = False
    failed: bool = False
    address: str = ""


@dataclass(frozen=True, slots=True)
class Author:
    """Who made a difference; `why` where that is not known. Times are RFC 3339."""

    kind: AuthorKind
    name: str = ""
    event: str = ""
    event_id: str = ""
    at: str = ""
    address: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What an event has to be about, and when. Seconds since the epoch.

    own: names of the identity, one of which has to be there. entry: what has to be named beside it,
    "" for nothing; then no name but those in `own` may be there, and that of a key that `ends` so.
    """

    own: frozenset[str]
    entry: str
    ends: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Ourselves:
    """By what the operator's own calls are known."""

    principal: str
    """ARN."""
    requests: frozenset[str]
