"""What the gate lets through, as values that steps carry and that the gate alone makes. Pure.

Who makes one needs SEAL, and `gate.clearance` is the only module that knows it: a test holds the
tree to that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .. import documents
from ..errors import Bug
from .changes import Change, Part
from .objects import Entry, FieldValue
from .vocabulary import HeldKind

SEAL: Final = object()


@dataclass(frozen=True, slots=True)
class Permit:
    """A person's approval of exactly `changes`, good for one write of them.

    `digest` is what was approved, at `sequence` of the record; `by` is who approved it as admission
    stamped it. Making one outside the gate raises Bug.
    """

    seal: object
    digest: str
    sequence: int
    kind: HeldKind
    change: str
    """Digest of the changes alone."""
    changes: tuple[Change, ...]
    by: str = ""
    sends: int = 1
    expires: str = ""
    context: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """What else the approver has seen, see `Held`."""
    parts: Mapping[str, str] = field(default_factory=dict, compare=False)
    """This and `seen` as in `InFlight`."""
    seen: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if self.seal is not SEAL:
            raise Bug("a change was permitted outside the gate")

    def covers(self, field: str, entry: str = "") -> bool:
        """Whether this part of the identity is among what was approved."""
        return any((c.field, c.entry) == (field, entry) for c in self.changes)


@dataclass(frozen=True, slots=True)
class Cleared:
    """Permission to send exactly `trust`, for `operation`, while the live document is `before`.

    `before` is None for a creation. `permit` is the approval that it rests on, where it needs one.
    Making one outside the gate raises Bug.
    """

    seal: object
    operation: HeldKind
    trust: documents.Trust
    before: documents.Trust | None = None
    permit: Permit | None = None

    def __post_init__(self) -> None:
        if self.seal is not SEAL:
            raise Bug("a trust document was cleared outside the gate")


@dataclass(frozen=True, slots=True)
class Passed:
    """What the gate has judged and lets through without anybody's approval: exactly `parts`, as
    they are to become. Making one outside the gate raises Bug.
    """

    seal: object
    parts: Mapping[Part, FieldValue | Entry | None]

    def __post_init__(self) -> None:
        if self.seal is not SEAL:
            raise Bug("a change was let through outside the gate")
