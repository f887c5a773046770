"""The table: one row per managed kind, one entry per field. The loop has no branch on a kind.

A row says where a field stands in the manifest, how it is parsed and compared, which read yields
it, which verb writes it and whether the gate judges it. `cloud.observe` and `cloud.execute` hold
the reads and verbs that the rows name. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from .. import documents
from ..model.objects import Entry, FieldValue
from ..model.vocabulary import Lends

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
    write: str = ""
    add: str = ""
    remove: str = ""
    default: FieldValue | None = None
    required: bool = False
    gated: bool = False
    larger_is_wider: bool = False
    entries_widen: bool = False
    escalates: Escalation = Escalation.NEVER
    foreign: bool = False
    mode: str = ""
    """Where the manifest says Exclusive or Additive."""
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
    """Field of the status that lists the live entries."""


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
    noun: str
    """The cloud's own resource type, as in ARNs and tag calls: `role`, `policy`."""
    name_field: str
    name_pattern: re.Pattern[str]
    trusted_as: str
    """`user` as in the `acs:ram::1:user/ann` of a trust, "" where no trust can name the kind."""
    lends: Lends
    """Whether the operator's own rights may hang on such an identity."""
    fields: tuple[Field, ...]
    references: tuple[Reference, ...] = ()
    tag_field: str = ""
    """The field that carries our ownership tags, where the cloud can tag the kind."""
    reads: tuple[str, ...] = ()
    """Reads of one look besides the first, in order."""
    clears: tuple[tuple[str, str], ...] = ()
    """(field, verb) that empty what keeps the identity from being deleted, in order."""
    claim_first: bool = False
    """The cloud cannot mark the kind when it creates it, so the record comes first."""

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)

    def optional(self, read: str) -> bool:
        """Whether the fields of a read may be done without."""
        return all(field.optional for field in self.fields if field.read == read)

    def arn(self, account_id: str, name: str) -> str:
        """By which a trust names such an identity, in lower case; empty where none can."""
        return f"acs:ram::{account_id}:{self.trusted_as}/{name.lower()}" if self.trusted_as else ""

    @property
    def gated_field(self) -> Field | None:
        return next((field for field in self.fields if field.gated), None)


def _text(value: Any) -> str:
    return str(value)


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("expected a whole number")
    return value


def _trust(value: Any) -> documents.Trust:
    return documents.parse_trust(value)


def _policy(value: Any) -> documents.Policy:
    return documents.parse_policy(value)


def policy_key(policy_type: str, name: str) -> str:
    """Folded key of an attachment; RAM looks names up without regard to case."""
    return f"{policy_type}/{name.lower()}"


def policy_entries(value: Any) -> dict[str, Entry]:
    """`[{type, name}]` with references resolved → entries."""
    return {
        policy_key(item["type"], item["name"]): Entry(
            f"{item['type']}/{item['name']}", until=item.get(UNTIL, "")
        )
        for item in value
    }


def custom_key(name: str) -> str:
    return policy_key("Custom", name)


def is_custom(key: str) -> bool:
    return key.startswith(custom_key(""))


def member_entries(value: Any) -> dict[str, Entry]:
    """`[{type, name}]` with references resolved → users by folded name."""
    return {
        str(item["name"]).lower(): Entry(str(item["name"]), until=item.get(UNTIL, ""))
        for item in value
    }


def names_entries(value: Any) -> dict[str, Entry]:
    """A list of names → entries."""
    return {str(name).lower(): Entry(str(name)) for name in value}


def tag_entries(value: Mapping[str, Any]) -> dict[str, Entry]:
    """`{key: value}` → entries; tag keys are case-sensitive."""
    return {str(key): Entry(str(key), str(text)) for key, text in value.items()}


_POLICY_REFERENCE: Final = Reference(
    "policies", "RamPolicy", "RamPolicy", "Custom", custom_key, is_custom
)


def _attribute(name: str) -> Field:
    """A text that the kind's `attributes` verb writes; unmanaged when the manifest lacks it."""
    return Field(name, name, Shape.TEXT, read="get", parse=_text, write="attributes")


_POLICIES: Final = Field(
    "policies",
    "policies",
    Shape.ENTRIES,
    read="attachments",
    parse=policy_entries,
    add="attach",
    remove="detach",
    default={},
    entries_widen=True,
    escalates=Escalation.ATTACHMENT,
    mode="policyMode",
)
_TAGS: Final = Field(
    "tags",
    "tags",
    Shape.ENTRIES,
    read="tags",
    parse=tag_entries,
    add="tag",
    remove="untag",
    default={},
    foreign=True,
)

_ROLE: Final = Kind(
    kind="RamRole",
    plural="ramroles",
    noun="role",
    name_field="roleName",
    name_pattern=re.compile(r"[A-Za-z0-9.-]{1,64}"),
    trusted_as="role",
    lends=Lends.NOTHING,
    reads=("attachments", "tags"),
    tag_field="tags",
    references=(_POLICY_REFERENCE,),
    clears=(("policies", "detach"),),
    fields=(
        Field(
            "trustPolicy",
            "trustPolicy",
            Shape.TRUST,
            read="get",
            parse=_trust,
            write="trust",
            required=True,
            gated=True,
        ),
        _attribute("description"),
        _POLICIES,
        # Behind the policies: what is detached in the same edit makes no longer session dangerous.
        Field(
            "maxSessionDurationSeconds",
            "maxSessionDurationSeconds",
            Shape.NUMBER,
            read="get",
            parse=_number,
            write="attributes",
            default=3600,
            larger_is_wider=True,
            escalates=Escalation.SESSION,
            carries="policies",
        ),
        _TAGS,
    ),
)

_POLICY: Final = Kind(
    kind="RamPolicy",
    plural="rampolicies",
    noun="policy",
    name_field="policyName",
    name_pattern=re.compile(r"[A-Za-z0-9-]{1,128}"),
    trusted_as="",
    lends=Lends.ATTACHED,
    reads=("tags",),
    tag_field="tags",
    fields=(
        Field(
            "document",
            "document",
            Shape.POLICY,
            read="get",
            parse=_policy,
            write="document",
            required=True,
            escalates=Escalation.DOCUMENT,
        ),
        _attribute("description"),
        _TAGS,
    ),
)

_USER: Final = Kind(
    kind="RamUser",
    plural="ramusers",
    noun="user",
    name_field="userName",
    name_pattern=re.compile(r"[A-Za-z0-9._-]{1,64}"),
    trusted_as="user",
    lends=Lends.NOTHING,
    reads=("attachments", "groups", "access", "mfa", "user tags"),
    tag_field="tags",
    references=(_POLICY_REFERENCE,),
    clears=(("groups", "leave"), ("access", "revoke"), ("mfa", "unbind"), ("policies", "detach")),
    claim_first=True,
    fields=(
        _attribute("displayName"),
        _attribute("email"),
        _attribute("mobilePhone"),
        _attribute("comments"),
        _POLICIES,
        # A login profile or a key that nobody asked for: reported, for a person to decide.
        Field(
            "access",
            "",
            Shape.ENTRIES,
            read="access",
            parse=names_entries,
            default={},
            entries_widen=True,
            show="access",
        ),
        # Written on the group, shown here.
        Field("groups", "", Shape.ENTRIES, read="groups", parse=names_entries, show="groups"),
        Field("mfa", "", Shape.ENTRIES, read="mfa", parse=names_entries),
        # Our mark alone, through IMS: RAM has no tags for users.
        Field(
            "tags",
            "",
            Shape.ENTRIES,
            read="user tags",
            parse=tag_entries,
            add="mark",
            default={},
            foreign=True,
            optional=True,
            after_create=True,
        ),
    ),
)

_GROUP: Final = Kind(
    kind="RamGroup",
    plural="ramgroups",
    noun="group",
    name_field="groupName",
    name_pattern=re.compile(r"[A-Za-z0-9._-]{1,64}"),
    trusted_as="",
    lends=Lends.JOINED,
    reads=("attachments", "members"),
    references=(
        _POLICY_REFERENCE,
        Reference("members", "RamUser", "RamUser", "User", str.lower, bool),
    ),
    clears=(("members", "expel"), ("policies", "detach")),
    claim_first=True,
    fields=(
        _attribute("comments"),
        # Before the members: a group gets its rights first only where both are new anyway.
        _POLICIES,
        Field(
            "members",
            "members",
            Shape.ENTRIES,
            read="members",
            parse=member_entries,
            add="join",
            remove="expel",
            default={},
            entries_widen=True,
            escalates=Escalation.MEMBERSHIP,
            mode="memberMode",
            carries="policies",
            prefixed=True,
            shown_on="RamUser",
        ),
    ),
)

KINDS: Final[Mapping[str, Kind]] = {row.kind: row for row in (_POLICY, _ROLE, _USER, _GROUP)}
ACCOUNT: Final = "RamAccount"
ACCOUNT_PLURAL: Final = "ramaccounts"
RECORD: Final = "RamRecord"
RECORD_PLURAL: Final = "ramrecords"
PLURALS: Final[Mapping[str, str]] = {
    **{row.kind: row.plural for row in KINDS.values()},
    ACCOUNT: ACCOUNT_PLURAL,
    RECORD: RECORD_PLURAL,
}
