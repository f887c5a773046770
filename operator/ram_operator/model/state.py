"""What is asked for, what one look found, what was last applied; and the cloud's two Protocols.

Frozen values. Unknown is a value of its own, and never empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..errors import RamOperatorError
from .basis import NEVER
from .objects import Entry, FieldValue, Owner, UnknownPart, nothing
from .vocabulary import Presence


@dataclass(frozen=True, slots=True)
class Live:
    """What one look at the cloud found."""

    presence: Presence
    cloud_name: str = ""
    cloud_id: str = ""
    arn: str = ""
    fields: Mapping[str, FieldValue | UnknownPart] = field(default_factory=nothing)
    service_linked: bool = False
    default_version: str = ""
    created_at: str = ""  # as the cloud writes it
    last_logon: str = ""  # likewise; of a user who has logged on to the console
    owner: Owner | None = None
    error: RamOperatorError | None = None
    read_at: float = NEVER  # when the look began, in monotonic seconds

    def value(self, name: str) -> FieldValue | UnknownPart | None:
        return self.fields.get(name)

    def unknown_parts(self) -> tuple[UnknownPart, ...]:
        return tuple(part for part in self.fields.values() if isinstance(part, UnknownPart))

    @property
    def unknown_fields(self) -> frozenset[str]:
        """Their names."""
        return frozenset(n for n, part in self.fields.items() if isinstance(part, UnknownPart))


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
    modes: Mapping[str, str] = field(default_factory=nothing)
    """What the manifest says of fields that may be left as they were found, "" where it does not.
    """
    keeps: Entry | None = None
    """Where an access key of a user goes: `value` is the name of the Secret, "" where the manifest
    has none, and `handle` the object that it is made for.
    """
    rotate_after: float | None = None
    """Age in seconds at which that key is replaced; None for never."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What was last written, from the object's status: tells intent from drift, nothing more.

    `known` False (a new object, or a lost status) means that nothing can be told apart, and so
    nothing that exists is overwritten or removed.
    """

    known: bool = False
    digests: Mapping[str, str] = field(default_factory=nothing)
    entries: Mapping[str, frozenset[str]] = field(default_factory=nothing)
    """Field → entries that we added: folded key, for tags followed by a digest of the value."""
    excess: Mapping[str, frozenset[str]] = field(default_factory=nothing)
    """Field → folded keys that were there when the identity was adopted; left alone."""


class CloudCalls(Protocol):
    """One signed call to the cloud: parameters in, body out, or a typed error."""

    def call(self, action: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]: ...


class Observer(Protocol):
    """Looks at one identity. A sweep can serve the same answers from its own lists later."""

    def look(self, kind: str, cloud_name: str) -> Live: ...

    def glance(self, kind: str, cloud_name: str) -> Live: ...
