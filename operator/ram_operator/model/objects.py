"""Frozen values that travel through the loop, and the Protocols of what it talks to.

watch → Desired → Live → Change → Disposition → Step → Outcome. Nothing here does I/O; values are
immutable, so that what was judged is what is applied and what is reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from .. import documents
from ..constants import AdoptionPolicy, DeletionPolicy, DriftPolicy, Mode, Reason, Severity
from ..errors import RamOperatorError
from .basis import NEVER, Basis
from .records import Finding, InFlight, Pending, Rejection
from .vocabulary import RESPELLED, Cause, Direction, Disposition, Phase, Presence

CORRECTED = "corrected"


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


EMPTY: Mapping[str, Any] = MappingProxyType({})


def _nothing() -> Mapping[str, Any]:
    return EMPTY


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Identity of an object in the cluster, and of its place in the work queue."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One member of a set-like field: an attached policy or a tag (then with a value).

    `handle` is what the cloud wants to hear for it; it is neither shown nor compared. `until` is
    when it ends, RFC 3339 in UTC, "" for never: the cloud does not know, so it is not compared.
    """

    display: str
    value: str = ""
    handle: str = field(default="", compare=False, repr=False)
    until: str = field(default="", compare=False)


Entries = Mapping[str, Entry]
"""Folded key → entry. Policies: "System/readonlyaccess" → Entry("System/ReadOnlyAccess")."""

FieldValue = str | int | documents.Trust | documents.Policy | Entries


@dataclass(frozen=True, slots=True)
class UnknownPart:
    """A part that could not be read. Never treated as empty; nothing is written to it."""

    error: RamOperatorError


@dataclass(frozen=True, slots=True)
class Live:
    """What one look at the cloud found."""

    presence: Presence
    cloud_name: str = ""
    cloud_id: str = ""
    arn: str = ""
    fields: Mapping[str, FieldValue | UnknownPart] = field(default_factory=_nothing)
    service_linked: bool = False
    default_version: str = ""
    created_at: str = ""  # as the cloud writes it; empty where the id tells enough
    owner: Owner | None = None
    error: RamOperatorError | None = None
    read_at: float = NEVER  # when the look began, in monotonic seconds

    def value(self, name: str) -> FieldValue | UnknownPart | None:
        return self.fields.get(name)

    def unknown_parts(self) -> tuple[UnknownPart, ...]:
        return tuple(part for part in self.fields.values() if isinstance(part, UnknownPart))


@dataclass(frozen=True, slots=True)
class Owner:
    """Which object of which cluster manages a cloud identity."""

    cluster: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name} of cluster {self.cluster}"


@dataclass(frozen=True, slots=True)
class Desired:
    """What the manifest asks for, references resolved.

    A field that is not in `fields` is not managed. `unresolved` has one sentence per reference that
    is not ready: what it names is neither given nor, as it may be there already, taken away.
    """

    cloud_name: str
    fields: Mapping[str, FieldValue]
    unresolved: tuple[str, ...] = ()
    additive: frozenset[str] = frozenset()
    """Fields whose foreign entries stay."""
    referenced: frozenset[str] = frozenset()
    """Folded keys of entries that come from references to objects of the same namespace."""
    awaited: frozenset[str] = frozenset()
    """Places of the entries that references stand for which are not ready, as far as known."""
    nameless: frozenset[tuple[str, str]] = frozenset()
    """(field, type) of references to what does not exist: nobody knows what they stand for."""
    ended: frozenset[str] = frozenset()
    """Places of entries whose end has come: they go, whatever else is not known."""


@dataclass(frozen=True, slots=True)
class Options:
    """The part of a manifest that says how to manage, not what."""

    account: str
    deletion: DeletionPolicy
    adoption: AdoptionPolicy
    drift: DriftPolicy
    suspend: bool
    interval: float | None
    """Seconds between looks; None takes the account's."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """What one namespace may manage in an account."""

    namespace: str
    kinds: frozenset[str]
    prefixes: tuple[str, ...]
    policies: tuple[tuple[str, str], ...]
    """(type, name or prefix*) that its roles may have attached."""
    adoption: bool


@dataclass(frozen=True, slots=True)
class Account:
    """The settings of one RamAccount that decisions depend on."""

    name: str
    account_id: str
    mode: Mode
    suspend: bool
    tenants: Mapping[str, Tenant]
    protected_names: frozenset[str]
    protected_prefixes: tuple[str, ...]
    trusted_accounts: frozenset[str]
    interval: float
    records_lost: bool = False
    """Records of the account are gone: what was held before cannot be told any more."""
    own_principal: str = ""  # ARN of the identity that the operator itself runs as
    trusted_services: frozenset[str] | None = None  # in lower case; None without a list
    trusted_providers: frozenset[str] | None = None  # ARNs in lower case; None without a list
    trusted_subjects: tuple[str, ...] = ()  # patterns, see `documents.binds_subject`
    hold_indirect: bool = False  # on every identity, see `documents.indirect`


@dataclass(frozen=True, slots=True)
class Applied:
    """What was last written, from the object's status: tells intent from drift, nothing more.

    `known` False (a new object, or a lost status) means that nothing can be told apart, and so
    nothing that exists is overwritten or removed.
    """

    known: bool = False
    digests: Mapping[str, str] = field(default_factory=_nothing)
    entries: Mapping[str, frozenset[str]] = field(default_factory=_nothing)
    """Field → entries that we added: folded key, for tags followed by a digest of the value."""
    excess: Mapping[str, frozenset[str]] = field(default_factory=_nothing)
    """Field → folded keys that were there when the identity was adopted; left alone."""


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
    ends: Mapping[str, str] = field(default_factory=_nothing)
    """Until when grants were agreed on, by place, see `expiry`."""
    providers: Mapping[str, str] = field(default_factory=_nothing)
    """What the identity providers of the trust were when that was agreed on, see `providers`."""
    given_up_by: str = ""
    """The owner that let go of the identity, in words, if that was the last thing that happened."""
    latest: str = ""
    """The highest time that the record knows of: it is not earlier than that."""


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
    context: Mapping[str, Any] = field(default_factory=_nothing)
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
    values: Mapping[str, Any] = field(default_factory=_nothing)
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
    blind: bool = False
    """It is not known who is behind names in the trust, or what is drift: nothing is offered."""
    unsure: tuple[str, ...] = ()
    """Sentences: what is not known, or not believed yet. No offer ends by such a look."""
    unread: frozenset[str] = frozenset()
    """Parts that could not be read, or are not believed yet, as `status.drift` names them: of them
    nothing new is known.
    """
    there: str = ""
    """Digest of the trust that the cloud has, or has once the identity is created."""
    error: RamOperatorError | None = None
    """Why something that a trust names could not be looked at."""
    providers: Mapping[str, str] = field(default_factory=_nothing)
    """What the first record is to say of identity providers, see `RecordFacts.providers`."""
    noticed: tuple[tuple[str, Finding], ...] = ()  # of what needed no approval, by place

    @property
    def drift_lasting(self) -> tuple[Drift, ...]:
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
    shows: Mapping[str, str] = field(default_factory=_nothing)  # field → where status lists it
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
    def drift_lasting(self) -> tuple[Drift, ...]:
        """Drift that is still there: left alone, or its correction was not carried out."""
        if self.plan is None:
            return ()
        corrected = self.drift_corrected
        found = (entry for entry in self.plan.drift if entry not in corrected)
        return (*found, *(entry for entry in self.kept if entry.action != RESPELLED))


class CloudCalls(Protocol):
    """One signed call to the cloud: parameters in, body out, or a typed error."""

    def call(self, action: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]: ...


class Observer(Protocol):
    """Looks at one identity. A sweep can serve the same answers from its own lists later."""

    def look(self, kind: str, cloud_name: str) -> Live: ...

    def glance(self, kind: str, cloud_name: str) -> Live: ...
