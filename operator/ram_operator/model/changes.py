"""From a difference to what became of it: Change → Judged → Held or Step → Plan → Outcome.

Frozen values, so that what was judged is what is applied and what is reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .. import documents
from ..constants import Reason, Severity
from ..errors import RamOperatorError
from .basis import Basis
from .objects import CORRECTED, Entry, FieldValue, nothing
from .records import Rejection
from .state import Applied, Live
from .vocabulary import RESPELLED, Cause, Direction, Disposition, Phase

NOTE: Final = "end"
"""A step that writes to the record alone."""


def moves_end(change: Change) -> bool:
    """Whether the change is about the end of an entry that is there."""
    before, after = change.before, change.after
    return isinstance(before, Entry) and isinstance(after, Entry) and before.until != after.until


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's judgement on a change."""

    id: str
    severity: Severity
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Drift:
    """One drift entry, as shown in `status.drift`."""

    field: str
    was: str
    now: str
    severity: Severity
    action: str
    """`corrected`, `reported`, `held` or `respelled`; in a status `pending`: still to be put right.
    """


def place(name: str, entry: str) -> str:
    """How a difference is named in `status.drift`; `entry` is "" for a field that is no set."""
    return f"{name}[{entry}]" if entry else name


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between live and desired. `direction` is that of live → desired.

    For set-like fields there is one Change per entry; `before` is None where live lacks it and
    `after` is None where the manifest does not have it.
    """

    field: str
    before: FieldValue | Entry | None
    after: FieldValue | Entry | None
    direction: Direction
    entry: str = ""
    """Folded key of the entry, for set-like fields."""
    comparison: documents.Comparison | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A change with its cause and with what is to be done about it."""

    change: Change
    cause: Cause
    disposition: Disposition
    severity: Severity
    why: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A change that waits for an approval, as shown in `status.pending`.

    `changes` are what an approval would let through, all at once; `context` is what else the
    approver has seen of the identity. Both are in the digest. The rest of the fields says how
    the offer stands, and comes from the record.
    """

    kind: str
    summary: str
    gains: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    changes: tuple[Change, ...] = ()
    verdict: str = ""
    context: Mapping[str, Any] = field(default_factory=nothing)
    digest: str = ""
    since: str = ""
    expires: str = ""
    rejections: tuple[Rejection, ...] = ()
    """Who said no to it, or to a part of it, the latest first. The digest covers them."""
    voided: str = ""  # why an approval that was given is not honoured
    missing: tuple[str, ...] = ()
    """What has to be known before it is offered, or offered anew: a sentence each."""


@dataclass(frozen=True, slots=True)
class Step:
    """One cloud write. `verb` keys into the dispatch table of `cloud.execute`."""

    verb: str
    summary: str
    cause: Cause
    direction: Direction
    values: Mapping[str, Any] = field(default_factory=nothing)
    field: str = ""
    rests: Basis | None = None

    @property
    def settles(self) -> frozenset[str]:
        """The differences that it puts right, named as in `status.drift`."""
        names = self.field.split(", ") if self.field else []
        keys = self.values.get("keys")
        if keys is None:
            return frozenset(names)
        return frozenset(place(name, key) for name in names for key in keys)


@dataclass(frozen=True, slots=True)
class Plan:
    """The decision of one pass: what to write in order, what is held, what has drifted."""

    steps: tuple[Step, ...] = ()
    held: Held | None = None
    drift: tuple[Drift, ...] = ()
    respelled: tuple[Drift, ...] = ()
    """What differs only in spellings that are assumed to be equal: shown, and no drift."""
    waiting: tuple[str, ...] = ()
    """Sentences: what is not done yet and what it waits for."""
    applied: Applied = field(default_factory=Applied)
    """What status.applied is to say once all steps are done."""
    baseline: documents.Trust | None = None
    """The gated state that the record is to hold afterwards; None where the kind has none."""
    in_sync: bool = True
    providers_unknown: bool = False
    """It is not known who is behind names in the trust, or what is drift: nothing is offered."""
    unsure: tuple[str, ...] = ()
    """Sentences: what is not known, or not believed yet. No offer ends by such a look."""
    unread: frozenset[str] = frozenset()
    """Parts that could not be read, or are not believed yet, as `status.drift` names them: of them
    nothing new is known.
    """
    live_digest: str = ""
    """Digest of the trust that the cloud has, or has once the identity is created."""
    error: RamOperatorError | None = None
    """Why something that a trust names could not be looked at."""
    providers: Mapping[str, str] = field(default_factory=nothing)
    """What the first record is to say of identity providers, see `RecordFacts.providers`."""
    noticed: tuple[tuple[str, Finding], ...] = ()  # of what needed no approval, by place

    @property
    def drift_remaining(self) -> tuple[Drift, ...]:
        """Drift that is still there when the pass is over."""
        return tuple(entry for entry in self.drift if entry.action != CORRECTED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that one pass found out, the only input of `status`."""

    phase: Phase
    reason: Reason
    message: str
    plan: Plan | None = None
    live: Live | None = None
    account_id: str = ""
    steps_done: tuple[Step, ...] = ()
    applied: Applied | None = None
    observe_only: bool = False
    verified: bool = False
    adopted: bool = False
    drift_unconfirmed: bool = False
    """Drift was seen but not yet believed: what the status says of drift stays."""
    kept: tuple[Drift, ...] = ()  # what the status shows of parts that could not be read
    shows: Mapping[str, str] = field(default_factory=nothing)  # field → where status lists it
    handled_request: str = ""
    after: float | None = None
    also: tuple[str, ...] = ()  # what is so besides, a sentence each

    @property
    def whole(self) -> str:
        """All that is to be said, what weighs most first."""
        return "; ".join((self.message, *self.also))

    @property
    def drift_corrected(self) -> tuple[Drift, ...]:
        """Drift that a step of this pass has put right."""
        settled = frozenset(name for step in self.steps_done for name in step.settles)
        found = self.plan.drift if self.plan is not None else ()
        return tuple(d for d in found if d.action == CORRECTED and d.field in settled)

    @property
    def drift_remaining(self) -> tuple[Drift, ...]:
        """Drift that is still there: left alone, or its correction was not carried out."""
        if self.plan is None:
            return ()
        corrected = self.drift_corrected
        found = (entry for entry in self.plan.drift if entry not in corrected)
        return (*found, *(entry for entry in self.kept if entry.action != RESPELLED))


def writes(item: Judged) -> bool:
    return item.disposition is Disposition.WRITE
