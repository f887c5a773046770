"""What a row of the table is: a kind, its fields, and how values are compared. Pure.

A row says where a field stands in the manifest, how it is parsed and compared, which read yields
it, which step writes it and whether the gate judges it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as data_field
from enum import StrEnum
from typing import Any, Final

from ..model.changes import NAME, Ungated
from ..model.objects import FieldValue
from ..model.steps import Addition, Removal, Taken, Written
from ..model.vocabulary import Evaluator, Lends

UNTIL: Final = "expiresAt"
"""Of an item of a list in the manifest: when it ends."""


class Shape(StrEnum):
    """How values of a field are compared."""

    TEXT = "text"
    NUMBER = "number"
    TRUST = "trust"
    POLICY = "policy"
    ENTRIES = "entries"


class Escalation(StrEnum):
    """By which way a field can give a right to change rights, or to become somebody else."""

    NEVER = ""
    ATTACHMENT = "attachment"
    """An entry is a policy, and has what its document allows."""
    MEMBERSHIP = "membership"
    """An entry gets what the policies in the field `carries` allow."""
    DOCUMENT = "document"
    """The value is what others have attached."""
    SESSION = "session"
    """A larger value leaves for longer what the policies in the field `carries` allow."""
    CONSOLE = "console"
    """A value opens another door to what the policies in the field `carries` allow."""
    SIGN_IN = "sign-in"
    """An entry is a way to use all that the identity may do."""


PLAIN: Final = (Escalation.SESSION, Escalation.CONSOLE)
"""Those of values that are no list and no document."""
Judging = tuple[Evaluator, ...] | Ungated
"""Who judges it in the gate, or why nobody does."""


@dataclass(frozen=True, slots=True)
class Field:
    """One managed field of a kind.

    `default` None means that the field is managed only if the manifest has it. `foreign` says that
    entries of others are none of our business (tags), so that only our own are ever removed.
    """

    name: str
    spec: str
    shape: Shape
    read: str
    parse: Callable[[Any], FieldValue]
    judged: Judging = data_field(kw_only=True)
    write: type[Written] | None = None
    """The step that writes it. What has the same one is written by one call."""
    add: type[Addition] | None = None
    remove: type[Removal] | None = None
    default: FieldValue | None = None
    required: bool = False
    gated: bool = False
    larger_is_wider: bool = False
    widest: str = ""
    """Of a text: the value that gives more than any other; "" where none does."""
    on_creation: str = ""
    """What a new identity gets where the manifest does not say; what exists is left as it is."""
    entries_widen: bool = False
    escalates: Escalation = Escalation.NEVER
    foreign: bool = False
    mode: str = ""
    """Where the manifest says Exclusive or Additive."""
    as_found: str = ""
    """Where the manifest says whether what existed when the identity was met is agreed on."""
    carries: str = ""
    """What is here has the rights of that other field: a member, or a session."""
    prefixed: bool = False
    """Entries are names in the account, and have to be inside the tenant's prefixes."""
    optional: bool = False
    """Where it is denied the field is not managed, instead of unknown."""
    after_create: bool = False
    """Creation cannot carry it: a step of its own follows."""
    shown_on: str = ""
    """Kind whose status shows the entries of this field from the other side."""
    show: str = ""
    """Field of the status that has the live value, or lists the live entries."""

    @property
    def least(self) -> FieldValue:
        """Of one value among `PLAIN`: what a new identity has that was given nothing."""
        found = self.on_creation or self.default
        assert found is not None
        return found


NAMED: Final = Field(NAME, "", Shape.TEXT, read="", parse=str, judged=(Evaluator.NAME,))
"""That an identity of the name is there: it can be found in the cloud, and agreed on."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A list in the manifest whose entries of type `type` name objects of kind `kind`."""

    spec: str
    type: str
    kind: str
    resolved_type: str
    entry_key: Callable[[str], str]
    """Cloud name of the object referred to → folded key of its entry."""
    may_name: Callable[[str], bool]
    """Whether an entry of that folded key can be what such a reference stands for."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One managed kind."""

    kind: str
    plural: str
    short: str
    """Its short name in the definition."""
    noun: str
    """The cloud's own resource type, as in ARNs and tag calls: `role`, `policy`."""
    name_field: str
    name_pattern: re.Pattern[str]
    trusted_as: str
    """`user` as in the `acs:ram::1:user/ann` of a trust, "" where no trust can name the kind."""
    lends: Lends
    """Whether the operator's own rights may hang on such an identity."""
    fields: tuple[Field, ...]
    creation: Judging = data_field(kw_only=True)
    """Of its name, when an identity is created."""
    deletion: Judging = data_field(kw_only=True)
    """Of an identity that is to go with all that it has."""
    references: tuple[Reference, ...] = ()
    tag_field: str = ""
    """The field that carries our ownership tags, where the cloud can tag the kind."""
    reads: tuple[str, ...] = ()
    """Reads of one look besides the first, in order."""
    clears: tuple[tuple[str, type[Taken]], ...] = ()
    """(field, step) that empty what keeps the identity from being deleted, in order."""
    claim_first: bool = False
    """The cloud cannot mark the kind when it creates it, so the record comes first."""

    def field(self, name: str) -> Field:
        """That of the table; the name of an identity is one that nothing reads or writes."""
        return next(field for field in (*self.fields, NAMED) if field.name == name)

    def untold(self, fields: Mapping[str, Any]) -> tuple[Field, ...]:
        """What the cloud may not know as a setting, and did not tell among these values."""
        return tuple(f for f in self.fields if f.on_creation and f.name not in fields)

    def optional(self, read: str) -> bool:
        """Whether the fields of a read may be done without."""
        return all(field.optional for field in self.fields if field.read == read)

    def arn(self, account_id: str, name: str) -> str:
        """By which a trust names such an identity, in lower case; empty where none can."""
        return f"acs:ram::{account_id}:{self.trusted_as}/{name.lower()}" if self.trusted_as else ""

    def own_arn(self, account_id: str, name: str) -> str:
        """What RAM calls such an identity, where its answers leave that out."""
        return f"acs:ram::{account_id}:{self.noun}/{name}"

    def is_gated(self, name: str) -> bool:
        """Whether it is the field whose every change of meaning waits, see `gated_field`."""
        gated = self.gated_field
        return gated is not None and gated.name == name

    @property
    def gated_field(self) -> Field | None:
        return next((field for field in self.fields if field.gated), None)
