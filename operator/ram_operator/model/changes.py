"""From a difference to what is to be done about it: Change → Judged → Held, or a step, see `steps`.

Frozen values, so that what was judged is what is applied and what is reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .. import documents
from ..constants import Severity
from .objects import Entry, FieldValue, Suppression, nothing
from .records import Rejection
from .vocabulary import Cause, Direction, Disposition, DriftAction, HeldKind, HeldVerdict

NAME: Final = "name"
"""The place of a change that gives a new identity a name that is trusted already, or takes an
identity and its name away.
"""

PROVIDERS: Final = "providers"
"""The place of changes that became of an identity provider, see `provider_states`."""

Part = tuple[str, str]
"""A field, and the folded key of an entry in it, "" for all of the field."""


def moves_end(change: Change) -> bool:
    """Whether the change is about the end of an entry that is there."""
    before, after = change.before, change.after
    return isinstance(before, Entry) and isinstance(after, Entry) and before.until != after.until


@dataclass(frozen=True, slots=True)
class Ungated:
    """Nobody has to agree on it, and why not."""

    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's judgement on a change."""

    id: str
    severity: Severity
    message: str
    remedy: str
    facts: tuple[str, ...] = ()
    """What it is about, in no words of ours: part of what an approval is for."""
    revision: int = 1
    """Raised when the rule comes to mean something else."""
    suppressed: Suppression | None = None
    """Of what waits for nobody: what the manifest says for which it does not count."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One drift entry, as shown in `status.drift`."""

    field: str
    was: str
    now: str
    severity: Severity
    action: DriftAction
    widens: bool = False
    """It gives, or may give, rights that the manifest does not."""


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
    acknowledged: bool = False
    """It is drift that somebody acknowledged, or asks for what is."""


@dataclass(frozen=True, slots=True)
class Held:
    """A change that waits for an approval, as shown in `status.pending`.

    `changes` are what an approval would let through, all at once; `context` is what else the
    approver has seen of the identity. Both are in the digest. The rest of the fields says how
    the offer stands, and comes from the record.
    """

    kind: HeldKind
    summary: str
    gains: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    changes: tuple[Change, ...] = ()
    verdict: HeldVerdict = HeldVerdict.UNSAID
    context: Mapping[str, Any] = field(default_factory=nothing)
    digest: str = ""
    since: str = ""
    expires: str = ""
    rejections: tuple[Rejection, ...] = ()
    """Who said no to it, or to a part of it, the latest first. The digest covers them."""
    voided: str = ""  # why an approval that was given is not honoured
    missing: tuple[str, ...] = ()
    """What has to be known before it is offered, or offered anew: a sentence each."""


def ends_of(changes: Iterable[Change]) -> dict[str, str]:
    """What the approval of these changes agrees on, by the place of the entry."""
    return {
        place(change.field, change.entry): change.after.until
        for change in changes
        if change.entry and isinstance(change.after, Entry)
    }


def writes(item: Judged) -> bool:
    return item.disposition is Disposition.WRITE
