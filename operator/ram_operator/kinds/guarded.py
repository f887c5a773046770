"""The one list of annotations: what people say by them, on which kinds, who may, and what admission
stamps. Pure.

`scripts/guarded_lists.py` writes from it what the admission policies, the roles for people and the
pages for users name of kinds and annotations; the operator probes its guard by it. A kind or an
annotation that is not here is guarded by nobody, which tests/structure/test_guarded.py refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ..constants import (
    ANNOTATION_ABANDON,
    ANNOTATION_ACKNOWLEDGE,
    ANNOTATION_ACKNOWLEDGED_BY,
    ANNOTATION_APPROVE,
    ANNOTATION_APPROVE_REASON,
    ANNOTATION_APPROVED_BY,
    ANNOTATION_CHANGED_BY,
    ANNOTATION_DELETE_REQUESTED,
    ANNOTATION_DELETE_REQUESTED_BY,
    ANNOTATION_RECONCILE,
    ANNOTATION_REJECT,
    ANNOTATION_REJECTED_BY,
    ANNOTATION_RESUME_DELETIONS,
    ANNOTATION_ROTATE_KEY,
    ANNOTATION_SUSPENDED_BY,
)
from .table import ACCOUNT, KINDS
from .user import USER

GATED: Final = ("RamRole", "RamUser", "RamGroup", "RamPolicy")
"""Kinds of which something may have to be approved."""
_OURS: Final = (*GATED, ACCOUNT)
HELD_DELETIONS: Final = tuple(kind for kind in GATED if KINDS[kind].trusted_as)
"""Kinds whose deletion `spec.gate.holdDeletions` holds: those that can act."""


class Verb(StrEnum):
    """Verbs of RBAC that nothing else uses."""

    APPROVE = "approve"
    CONFIGURE = "configure"


class Writer(StrEnum):
    """Who may write an annotation."""

    EDITOR = "every editor"
    APPROVER = "who has the verb approve and is no author"
    """Every editor takes it away."""
    REJECTER = "every editor, and who has the verb approve changes it"
    CONFIGURER = "who has the verb configure"
    ADMISSION = "admission alone"


VERB: Final[Mapping[Writer, Verb]] = MappingProxyType(
    {
        Writer.APPROVER: Verb.APPROVE,
        Writer.REJECTER: Verb.APPROVE,
        Writer.CONFIGURER: Verb.CONFIGURE,
    }
)
"""The verb that writing, or taking back what was written, takes."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotation. `said` is its name among the variables of the admission policies."""

    name: str
    kinds: tuple[str, ...]
    writer: Writer
    said: str = ""


@dataclass(frozen=True, slots=True)
class Stamp:
    """An annotation that admission alone writes: who said something.

    `of` is the annotation that it is about, or a field of the manifest; `who` its name among the
    variables of the admission policies.
    """

    annotation: str
    of: str
    who: str


STAMPS: Final = (
    Stamp(ANNOTATION_CHANGED_BY, "spec", "authors"),
    Stamp(ANNOTATION_APPROVED_BY, ANNOTATION_APPROVE, "approver"),
    Stamp(ANNOTATION_REJECTED_BY, ANNOTATION_REJECT, "rejecter"),
    Stamp(ANNOTATION_SUSPENDED_BY, "spec.suspend", "suspender"),
    Stamp(ANNOTATION_DELETE_REQUESTED_BY, ANNOTATION_DELETE_REQUESTED, "deleter"),
    Stamp(ANNOTATION_ACKNOWLEDGED_BY, ANNOTATION_ACKNOWLEDGE, "acknowledger"),
)
ANNOTATIONS: Final = (
    Annotation(ANNOTATION_RECONCILE, _OURS, Writer.EDITOR),
    Annotation(ANNOTATION_APPROVE, GATED, Writer.APPROVER, "approval"),
    Annotation(ANNOTATION_APPROVE_REASON, GATED, Writer.EDITOR),
    Annotation(ANNOTATION_REJECT, GATED, Writer.REJECTER, "rejection"),
    Annotation(ANNOTATION_DELETE_REQUESTED, GATED, Writer.EDITOR, "deletion"),
    Annotation(ANNOTATION_ACKNOWLEDGE, GATED, Writer.APPROVER, "acknowledgement"),
    *(Annotation(stamp.annotation, GATED, Writer.ADMISSION) for stamp in STAMPS),
    Annotation(ANNOTATION_ROTATE_KEY, (USER.kind,), Writer.EDITOR),
    Annotation(ANNOTATION_ABANDON, _OURS, Writer.EDITOR),
    Annotation(ANNOTATION_RESUME_DELETIONS, (ACCOUNT,), Writer.CONFIGURER, "resumed"),
)


def kinds_of(verb: Verb) -> tuple[str, ...]:
    """The kinds on which that verb means something, in the order of the list."""
    found = [kind for row in ANNOTATIONS if VERB.get(row.writer) is verb for kind in row.kinds]
    return tuple(dict.fromkeys(found))
