"""What the RamRecord of an identity says, with what is offered and what is under way.

Their JSON is the business of `kinds.record` alone; judged by the gate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from .. import documents
from .key_state import NO_KEYS, KeyState
from .objects import Entry, Owner, nothing

CLAIMED: Final = "Claimed"
"""The operation that says: about to be created, cannot be marked by the creation itself."""
CREATED: Final = "Created"
MANAGED: Final = "Managed"
"""The operation that says: its owner has it still, or again."""
OFFERED: Final = "Offered"
"""The operation of a record that is there since something is offered: a creation, or a deletion."""
ABANDONED: Final = "Abandoned"
"""The operation that says: given up by its owner, so that another one may take it over."""
ADOPTED: Final = "Adopted"
"""The operation that says: taken over as it was found."""
DELETION: Final = "deletion"
"""In what an object asks for: that it is being deleted."""
REJECTED: Final = "Rejected"
"""The operation that says: somebody said no, so nothing was written."""
UPGRADED: Final = "Upgraded"
"""The operation that says: what an older version wrote was brought into this format."""
WITHDRAWN: Final = "Withdrawn"
"""The operation that says: what was announced or asked for is not made, for certain."""
ACKNOWLEDGED: Final = "DriftAcknowledged"
"""The operation that says: somebody acknowledged drift, so that it stays for a while."""
NOT_ACKNOWLEDGED: Final = "AcknowledgementEnded"
"""The operation that says: drift is judged again as if nobody had acknowledged it."""
DELETED: Final = "Deleted"
"""The operation that says: deleted by the operator, as its owner asked."""
_TURNS: Final = (CLAIMED, CREATED, ADOPTED, ABANDONED, DELETED)


@dataclass(frozen=True, slots=True)
class Agreed:
    """What people agreed on beside the trust, or found when the identity was first met.

    In a change: what there is to say of it, "" for what no more holds.
    """

    entries: Mapping[str, Mapping[str, str]] = field(default_factory=nothing)
    """Field → folded key of an entry → the identity grants of its policy as a document, NO_RIGHTS
    where there are none. A gated part that is missing has no baseline: an older version wrote it.
    """
    document: documents.Policy | None = None
    """Of a policy: its document; None where there is no baseline of it."""
    values: Mapping[str, str] = field(default_factory=nothing)
    """Field → the value of one that is no list and no document, like the seconds of a session;
    NOT_READ where the cloud has not told it yet.
    """
    holders: Mapping[str, Entry] = field(default_factory=nothing)
    """Of a policy: who gets what the document lets do, see `Memory.holders`. The record of the
    policy does not keep it: theirs are told.
    """
    whole: bool = False
    """Every gated part of the identity is in it: it stands for all that was there before."""

    def of(self, field: str) -> Mapping[str, str] | None:
        """What is agreed on of the entries of a field; None where there is no baseline of it."""
        known = self.entries.get(field)
        return None if known is None or NOT_READ in known else known

    def gives(self, field: str) -> bool:
        """Whether an attachment that was agreed on gives a right to change rights, or may."""
        return any(text not in ("", NO_RIGHTS) for text in (self.of(field) or {}).values())

    def only(self, *fields: str) -> Agreed:
        """What is said of these fields' entries alone."""
        return Agreed({name: self.entries[name] for name in fields if name in self.entries})

    def joined(self, other: Agreed) -> Agreed:
        """Both, the other one where they speak of the same."""
        names = [*self.entries, *(name for name in other.entries if name not in self.entries)]
        entries = {n: {**self.entries.get(n, {}), **other.entries.get(n, {})} for n in names}
        document = other.document if other.document is not None else self.document
        values = {**self.values, **other.values}
        holders = {**self.holders, **other.holders}
        return Agreed(entries, document, values, holders, self.whole or other.whole)


NOTHING_AGREED: Final = Agreed()
NO_RIGHTS: Final = "-"
NOT_READ: Final = "*"
"""Stands in place of the entries of a part that could not be read yet; a document's is one, too.
Of a value: the cloud has not told it yet.
"""
UNKNOWN_RIGHTS: Final = "?"
"""Of a policy that could not be read when its attachment was first met."""


def denying(field: str) -> str:
    """Where `Agreed.entries` has what entries of the field keep somebody from: of a policy what it
    denies of rights to change rights, as a document; of a member NO_RIGHTS, since its group says.
    """
    return f"{field}.denying"


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """What the RamRecord of the cloud identity says; the gate believes this and no status."""

    exists: bool = False
    owner: Owner | None = None
    owner_uid: str = ""
    cloud_id: str = ""
    claimed_at: str = ""
    """When a creation was last announced, for kinds that creation itself cannot mark."""
    deleted: bool = False
    """The operator itself deleted the identity, as its owner asked."""
    baseline: documents.Trust | None = None
    baseline_unreadable: bool = False
    sequence: int = 0
    settled: bool = False
    """It bears its own uid: one that is new or was restored from a backup does not."""
    pending: Pending | None = None
    rejections: tuple[Rejection, ...] = ()  # the latest last
    in_flight: InFlight | None = None
    used: frozenset[str] = frozenset()  # approvals that opened something already
    ends: Mapping[str, str] = field(default_factory=nothing)
    """Until when grants were agreed on, by place, see `expiry`."""
    providers: Mapping[str, str] = field(default_factory=nothing)
    """What the identity providers of the trust were when that was agreed on, see `providers`."""
    given_up_by: str = ""
    """The owner that let go of the identity, in words, if that was the last thing that happened."""
    latest: str = ""
    """The highest time that the record knows of: it is not earlier than that."""
    lost: bool = False
    """Of an account: its records were found to be gone, and nobody has voided approvals since."""
    agreed: Agreed = NOTHING_AGREED
    brakes: Mapping[str, str] = field(default_factory=nothing)
    """Of an account: since when deletions of a namespace are stopped; "" stands for all of them."""
    never_made: str = ""
    """Since when its creation was offered, and neither approved nor made since: nobody has agreed
    on anything of what has its name. "" where that is not so.
    """
    outdated: bool = False
    """Its format is an older one, or an older version wrote it last: there is no `agreed` of it."""
    newer: str = ""
    """Which version wrote what this one does not know, in words; "" where all is known."""
    history: tuple[HistoryEntry, ...] = ()  # the latest last
    drift_offer: DriftOffer | None = None
    acknowledged: Acknowledgement | None = None
    """Whatever an older version left there, or a backup brought back, is none."""
    forgotten: str = ""
    """Of an account: names of what was never made and has no record any more, see `forgotten`."""
    keys: KeyState = NO_KEYS

    @property
    def has_identity(self) -> bool:
        """Whether the identity was made or found, and not deleted by the operator since."""
        return bool(self.cloud_id) and not self.deleted

    @property
    def turn(self) -> str:
        """What was last told of how the identity came to its owner or from it; "" where nothing."""
        told = [entry.operation for entry in self.history if entry.operation in _TURNS]
        return told[-1] if told else ""

    @property
    def upcoming(self) -> tuple[str, ...]:
        """When something that people agreed on for a while ends."""
        ends = tuple(end for end in self.ends.values() if end)
        return (*ends, self.acknowledged.until) if self.acknowledged is not None else ends

    @property
    def unmade(self) -> bool:
        """Whether a creation was offered that was neither made nor begun, whatever became of the
        offer.
        """
        begun = self.claimed_at or self.in_flight
        return bool(self.never_made) and not (self.cloud_id or begun)

    @property
    def idle(self) -> bool:
        """Whether all that it says is that a creation was offered and not made, with what was said
        against it: nobody has it, nothing is offered or begun, and nothing was there, agreed on or
        seen.
        """
        rests = self.owner or self.cloud_id or self.pending or self.in_flight or self._seen
        agreed = self.agreed.document or any(self.agreed.entries.values()) or self.agreed.values
        return bool(self.never_made) and not (rests or agreed)

    @property
    def left_by(self) -> str:
        """The namespace whose object asked for what was never made, as far as the record says."""
        told = [entry.by for entry in self.history if entry.operation == WITHDRAWN and entry.by]
        return told[-1].partition("/")[0] if told else ""

    @property
    def refused(self) -> bool:
        """Whether all that it says is that a creation was announced, and that the cloud refused it
        each time: nobody has it, and nothing else was ever said of its name.
        """
        said = self.never_made or self.rejections or self.agreed.document or self.deleted
        rests = self.owner or self.cloud_id or self.pending or self.in_flight or self._seen
        told = {entry.operation for entry in self.history}
        return told == {CLAIMED, WITHDRAWN} and not (rests or said)

    @property
    def _seen(self) -> bool:
        trust = self.baseline or self.baseline_unreadable
        return bool(trust or self.ends or self.providers or self.newer)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """Something that was done, or begun. Texts that do not apply are empty."""

    at: str
    operation: str = ""
    digest: str = ""
    """Of the trust that was sent or found."""
    approval: str = ""
    """What people approved it by."""
    by: str = ""
    """Who approved or rejected it, or gave the identity up."""
    author: str = ""
    """Who asked for it."""
    offered: str = ""
    """When it was first offered."""
    says: str = ""
    """Who gains and who loses by it, in words. Of the oldest entries it may be dropped."""
    guard: str = ""
    """What guarded the approval, see `inputs.Guard`."""
    rejection: str = ""
    """The digest of the offer that was rejected."""
    reason: str = ""
    """Why it was rejected, or until when drift was acknowledged, or why that has ended."""
    acknowledgement: str = ""
    """The digest of an acknowledgement of drift, which is no approval."""


@dataclass(frozen=True, slots=True)
class DriftEntry:
    """One difference that may be acknowledged."""

    field: str
    """Its place, as `status.drift` names it."""
    stands: str
    """Stands for what was agreed on and for what is there, see `acknowledgements.stands`."""
    severity: str = ""
    says: str = ""


@dataclass(frozen=True, slots=True)
class DriftOffer:
    """The drift that people may acknowledge. Times are RFC 3339 in UTC."""

    digest: str
    since: str
    expires: str
    entries: tuple[DriftEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Drift that stays as it is until a time, since somebody said so. Times as above."""

    digest: str
    said: str
    """What the annotation says: when it says anything else, this is over."""
    by: str
    guard: str
    since: str
    """When it was first seen."""
    until: str
    entries: tuple[DriftEntry, ...] = ()


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
    """What the manifest asked for, see `manifest.asked`; empty where 0.1.0 wrote the record."""
    says: str = field(default="", compare=False)
    """Who gains and who loses by it, in words: for the history."""
    replaced: str = ""
    """When it took the place of another one by what moved elsewhere, "" where it did not."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """Stands for what the digest covers, by what people call it: tells what has moved since."""


def instead_of_creation(facts: RecordFacts) -> tuple[Rejection, ...]:
    """What people said of a creation, as it counts for what is there in its place: it is shown with
    whatever is held of that, and takes nothing back of it. They have not seen it yet.
    """
    return tuple(replace(each, wishes=()) for each in facts.rejections)


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
    creates: bool = False
    """The identity does not exist."""


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
    identity: str = ""
    """The cloud id of what it is about, "" where that was about to be made: the approval is for no
    other one of that name.
    """
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
    parts: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Stands for both sides of each part, by its place: what is left of it is known by that. Empty
    where there was too much to tell.
    """
    seen: Mapping[str, str] = field(default_factory=dict, compare=False)
    """The same of each thing that the approver has seen beside it."""
    before: str = field(default="", compare=False)
    """What it replaces, as JSON; both sides are cut where they are too long."""
    after: str = field(default="", compare=False)
    """What is sent, as JSON."""
    author: str = field(default="", compare=False)
    """This and what follows is for the history, see `HistoryEntry`."""
    offered: str = field(default="", compare=False)
    says: str = field(default="", compare=False)
    guard: str = field(default="", compare=False)
