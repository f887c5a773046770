"""What objects of the cluster say: keys, entries, owners, settings. Nothing here does I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from .. import documents
from ..constants import AdoptionPolicy, DeletionPolicy, DriftPolicy, Mode
from ..errors import RamOperatorError

EMPTY: Mapping[str, Any] = MappingProxyType({})


def nothing() -> Mapping[str, Any]:
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
    `since` is when it was made, as the cloud says, "" where that is not known; not compared either.
    """

    display: str
    value: str = ""
    handle: str = field(default="", compare=False, repr=False)
    until: str = field(default="", compare=False)
    since: str = field(default="", compare=False)


Entries = Mapping[str, Entry]
"""Folded key → entry. Policies: "System/readonlyaccess" → Entry("System/ReadOnlyAccess")."""

FieldValue = str | int | documents.Trust | documents.Policy | Entries


@dataclass(frozen=True, slots=True)
class UnknownPart:
    """A part that could not be read. Never treated as empty; nothing is written to it."""

    error: RamOperatorError


@dataclass(frozen=True, slots=True)
class Owner:
    """Which object of which cluster manages a cloud identity."""

    cluster: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name} of cluster {self.cluster}"


@dataclass(frozen=True, slots=True)
class Suppression:
    """A rule on good practice whose findings are accepted, why, and until when (RFC 3339)."""

    rule: str
    reason: str
    until: str


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
    suppressed: tuple[Suppression, ...] = ()


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
class IgnoreRule:
    """Which identities that nobody manages are left out of the inventory."""

    kind: str
    name: str
    """A pattern, see `reporting.inventory.matches`."""


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
    hold_deletions: bool = False  # of users and roles
    minimum_interval: float = 60.0  # seconds; an object that asks for less gets this
    interval_given: bool = True  # False where nobody said how often objects are looked at
    author_names: bool = True  # who made a difference is named in its status
    author_addresses: bool = False  # and from where
    four_eyes: bool = True  # no approval counts of which nobody knows who wrote the change
    ignored: tuple[IgnoreRule, ...] = field(default=(), compare=False)  # no news for its objects
