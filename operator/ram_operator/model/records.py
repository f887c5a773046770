"""What a record says of the gate: the offer that waits, and the write that has begun. Pure values.

Read and written by `cluster.record_writer`; judged by `clearance` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ..constants import Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's judgement on a change."""

    id: str
    severity: Severity
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """Somebody said no to a change. It is shown with the change from then on."""

    change: str
    """Digest of the change, whatever the sequence."""
    wishes: tuple[str, ...] = ()
    """Stands for each part as it was to become, see `approvals.wishes`; none: for any change."""
    at: str = ""
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """The change that is held, as offered for approval. Times are RFC 3339 in UTC."""

    digest: str
    since: str
    expires: str
    verdict: str = ""
    by: str = ""
    """Who asked for it: the authors that admission stamped, else namespace/name."""
    summary: str = ""
    rejected: str = ""
    """Why it was rejected, where 0.1.0 wrote the record. Today what is rejected has ended."""
    trust: str = ""
    """Digest of the trust that is held, where one is: it stays held whatever is set meanwhile."""
    providers: str = ""
    """Identity providers that are trusted and are not what was agreed on, where some are."""
    change: str = ""
    """Digest of the change, whatever the sequence."""
    wishes: tuple[str, ...] = ()
    """As in a rejection of it."""
    asked: Mapping[str, str] = field(default_factory=dict)
    """What the manifest asked for, see `desired.asked`; empty where 0.1.0 wrote the record."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """Stands for what the digest covers, by what people call it: tells what has moved since."""


class Why(StrEnum):
    """What became of the offer that the record had."""

    STANDS = "stands"
    FIRST = "first"
    """There was none."""
    ENDED = "ended"
    """By a fact: it expired, was rejected, or its manifest or its record is another one."""
    MOVED = "moved"
    """By what was read: of the cloud, of other objects, of the account."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the record has to say about a held change. `sequence` is the one in the digest."""

    sequence: int
    pending: Pending
    rejections: tuple[Rejection, ...] = ()
    """All that are known, where one came with this."""
    why: Why = Why.STANDS


@dataclass(frozen=True, slots=True)
class InFlight:
    """A gated write that has begun and is not known to have ended.

    `change` is the digest of what is written, whatever the sequence; `approval` and `by` are empty
    for what needed nobody's word, like taking a stranger out of a trust.
    """

    operation: str
    change: str = ""
    approval: str = ""
    by: str = ""
    sends: int = 1
    digest: str = field(default="", compare=False)
    """Of the trust that is sent, where one is."""
    providers: Mapping[str, str] = field(default_factory=dict)
    """What the approver has seen of identity providers: agreed on once the write is done."""
    expires: str = ""
    """When the approval ends that it rests on; not known, and so over, in records of 0.1.0."""
    asked: Mapping[str, str] = field(default_factory=dict, compare=False)
    """What the manifest asked for when it was offered, see `Pending`."""
    wishes: tuple[str, ...] = field(default=(), compare=False)
    """As in a rejection of it."""
