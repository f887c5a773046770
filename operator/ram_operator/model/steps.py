"""The steps of a plan: a class for each thing that can be written, with all that it takes. Pure.

Made by `gate.review`, `planning` and the deletion; `cloud.execute` has the calls of each class, and
what is for the record alone is written by `loop.gated_write`. The rows of `kinds` name classes of
this module. What the gate clears or a person approves is a field of the step that rests on it: a
trust is not written without a Cleared, nor an agreement without a Permit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from .. import documents
from .basis import Basis
from .changes import NAME, Part, place
from .objects import Entries, Entry, FieldValue, nothing
from .permissions import Cleared, Passed, Permit
from .records import NOTHING_AGREED, Agreed
from .vocabulary import Cause, Direction, Verb

Attributes = Mapping[str, str | int]
"""Plain fields by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """What all steps have. `summary` is for people, `direction` what it does to access."""

    verb: ClassVar[Verb]
    """The word for it."""
    summary: str
    cause: Cause
    direction: Direction
    rests: Basis | None = None
    """What was judged in the cloud, for `cloud.write_checks`."""
    agrees: Agreed = NOTHING_AGREED
    """What the record is to say once it is done."""
    passed: Passed | None = field(default=None, compare=False, repr=False)
    """What of it needs nobody's approval: the gate has judged it, see `gate.step_evaluators`."""

    @property
    def sent(self) -> Mapping[Part, FieldValue | Entry | None]:
        """What is asked for in it, part by part, without what the call only carries along."""
        return {}

    @property
    def carried(self) -> frozenset[str]:
        """Fields that the call carries along as they were seen."""
        return frozenset()

    @property
    def parts(self) -> tuple[Part, ...]:
        return tuple(self.sent)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that it is about."""
        return tuple(dict.fromkeys(name for name, _ in self.parts))

    @property
    def settles(self) -> frozenset[str]:
        """The differences that it puts right, named as in `status.drift`."""
        return frozenset(place(*part) for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryStep(_Step):
    """Adds or removes entries of one set-like field."""

    field: str
    entries: Entries

    @property
    def sent(self) -> Mapping[Part, FieldValue | Entry | None]:
        return {(self.field, key): entry for key, entry in self.entries.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach(EntryStep):
    """Attaches one policy. With a `permit` where it may give a right to change rights."""

    verb: ClassVar[Verb] = Verb.ATTACH
    permit: Permit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Join(EntryStep):
    """Adds one member. With a `permit` where the group may have rights to change rights."""

    verb: ClassVar[Verb] = Verb.JOIN
    permit: Permit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag(EntryStep):
    verb: ClassVar[Verb] = Verb.TAG


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark(EntryStep):
    """Tags a user, whom the service of tags knows by `cloud_id` alone."""

    verb: ClassVar[Verb] = Verb.MARK
    cloud_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking(EntryStep):
    """Takes something away. With a `permit` where that denies a right to change rights, or where
    it is part of a deletion that was approved.
    """

    permit: Permit | None = None

    @property
    def sent(self) -> Mapping[Part, FieldValue | Entry | None]:
        return {(self.field, key): None for key in self.entries}


@dataclass(frozen=True, slots=True, kw_only=True)
class Detach(Taking):
    verb: ClassVar[Verb] = Verb.DETACH


@dataclass(frozen=True, slots=True, kw_only=True)
class Expel(Taking):
    """Takes members out of a group."""

    verb: ClassVar[Verb] = Verb.EXPEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave(Taking):
    """Takes a user out of groups."""

    verb: ClassVar[Verb] = Verb.LEAVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoke(Taking):
    """Removes ways to log in."""

    verb: ClassVar[Verb] = Verb.REVOKE


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbind(Taking):
    """Removes the second factor of a user."""

    verb: ClassVar[Verb] = Verb.UNBIND


@dataclass(frozen=True, slots=True, kw_only=True)
class Untag(EntryStep):
    verb: ClassVar[Verb] = Verb.UNTAG


@dataclass(frozen=True, slots=True, kw_only=True)
class Agree(EntryStep):
    """For the record alone: the entries are agreed on as they are, by an approval."""

    verb: ClassVar[Verb] = Verb.END
    permit: Permit


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreeGone(EntryStep):
    """For the record alone: that entries are gone, which denied something, is agreed on, by an
    approval.
    """

    verb: ClassVar[Verb] = Verb.END
    permit: Permit

    @property
    def sent(self) -> Mapping[Part, FieldValue | Entry | None]:
        return dict.fromkeys((self.field, key) for key in self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreeDocument(_Step):
    """For the record alone: a trust or a document is agreed on as it is in the cloud, by an
    approval.
    """

    verb: ClassVar[Verb] = Verb.END
    field: str
    document: documents.Trust | documents.Policy
    permit: Permit

    @property
    def sent(self) -> Mapping[Part, FieldValue | Entry | None]:
        return {(self.field, ""): self.document}


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreeValue(_Step):
    """For the record alone: how long sessions last, or that the console is open, is agreed on as it
    is in the cloud, by an approval.
    """

    verb: ClassVar[Verb] = Verb.END
    field: str
    value: str | int
    permit: Permit

    @property
    def sent(self) -> Mapping[Part, FieldValue | Entry | None]:
        return {(self.field, ""): self.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreeName(_Step):
    """For the record alone: what was found in place of a creation that was offered is agreed on, by
    an approval.
    """

    verb: ClassVar[Verb] = Verb.END
    name: str
    permit: Permit

    @property
    def sent(self) -> Mapping[Part, FieldValue | Entry | None]:
        return {(NAME, ""): self.name}


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(_Step):
    """For the record alone: what is agreed on without anybody's approval, "" for what no more is.

    `ends` are times by place, `providers` what identity providers are, see `RecordFacts`; what
    else is agreed on stands in `agrees`.
    """

    verb: ClassVar[Verb] = Verb.END
    ends: Mapping[str, str] = field(default_factory=nothing)
    providers: Mapping[str, str] = field(default_factory=nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteAttributes(_Step):
    """Writes the attributes `names`; RAM may reset what a call omits, so it carries all of them.

    With a `permit` where a longer session may keep rights to change rights.
    """

    verb: ClassVar[Verb] = Verb.ATTRIBUTES
    names: tuple[str, ...]
    attributes: Attributes
    permit: Permit | None = None

    @property
    def sent(self) -> Mapping[Part, FieldValue | Entry | None]:
        return {(name, ""): self.attributes.get(name) for name in self.names}

    @property
    def carried(self) -> frozenset[str]:
        return frozenset(self.attributes).difference(self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteDocument(_Step):
    """Writes a policy's document. With a `permit` where it may give a right to change rights."""

    verb: ClassVar[Verb] = Verb.DOCUMENT
    field: str
    document: documents.Policy
    permit: Permit | None = None

    @property
    def sent(self) -> Mapping[Part, FieldValue | Entry | None]:
        return {(self.field, ""): self.document}


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteTrust(_Step):
    """Writes a trust, which the gate has cleared, and `attributes` beside it: those in `names` as
    they are to be, the others as they are.
    """

    verb: ClassVar[Verb] = Verb.TRUST
    field: str
    cleared: Cleared
    attributes: Attributes
    names: tuple[str, ...] = ()

    @property
    def sent(self) -> Mapping[Part, FieldValue | Entry | None]:
        beside = {(name, ""): self.attributes.get(name) for name in self.names}
        return {(self.field, ""): self.cleared.trust, **beside}

    @property
    def carried(self) -> frozenset[str]:
        return frozenset(self.attributes).difference(self.names)


@dataclass(frozen=True, slots=True)
class NewIdentity:
    """What an identity is created with, as far as one call can carry it."""

    name: str
    attributes: Attributes
    tags: Entries = field(default_factory=nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation(_Step):
    """What all creations have; each kind is created by one of the classes below.

    `permit` is the approval of the name, where who bears it is trusted at once.
    """

    verb: ClassVar[Verb] = Verb.CREATE
    cause: Cause = Cause.CREATE
    direction: Direction = Direction.WIDER
    new: NewIdentity
    permit: Permit | None = None

    @property
    def sent(self) -> Mapping[Part, FieldValue | Entry | None]:
        return {(NAME, ""): self.new.name} if self.permit is not None else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Create(Creation):
    """Creates what has attributes alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateWithTrust(Creation):
    """Creates what is born with a trust, which the gate has cleared."""

    cleared: Cleared


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateWithDocument(Creation):
    """Creates a policy."""

    document: documents.Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete(_Step):
    """Deletes the identity. With a `permit` where that was held."""

    verb: ClassVar[Verb] = Verb.DELETE
    permit: Permit | None = None

    @property
    def sent(self) -> Mapping[Part, FieldValue | Entry | None]:
        return {(NAME, ""): None}


Addition = Attach | Join | Tag | Mark
Taken = Detach | Expel | Leave | Revoke | Unbind
"""What a deletion takes away first."""
Removal = Taken | Untag
Written = WriteAttributes | WriteDocument | WriteTrust
Created = Create | CreateWithTrust | CreateWithDocument
CloudStep = Created | Written | Addition | Removal | Delete
"""What `cloud.execute` carries out."""
Agreement = Agree | AgreeGone | AgreeDocument | AgreeName | AgreeValue
"""What is agreed on as it is, by an approval."""
RecordStep = Agreement | Note
"""What the record alone is told."""
Step = CloudStep | RecordStep

Approvable = Attach | Join | Taken | Delete | WriteAttributes | WriteDocument
"""What may rest on a person's approval, and need not."""
Trusting = CreateWithTrust | WriteTrust
"""What sends a trust."""


def plain(fields: Mapping[str, object]) -> Attributes:
    """Those of the fields that are attributes."""
    return {name: value for name, value in fields.items() if isinstance(value, str | int)}


def permit_of(step: Step) -> Permit | None:
    """The approval that a step rests on; None where it rests on none."""
    if isinstance(step, WriteTrust):
        return step.cleared.permit
    if isinstance(step, CreateWithTrust):
        return step.permit or step.cleared.permit
    if isinstance(step, Approvable | Created | Agreement):
        return step.permit
    return None
