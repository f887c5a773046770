"""Sentences that conditions and events share. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..constants import OWNER_TAG_CLUSTER, OWNER_TAG_NAME, OWNER_TAG_NAMESPACE, Reason
from ..model.changes import Held
from ..model.steps import EntryStep, Mark, Note, Step, Tag
from ..model.vocabulary import HeldKind


def held_reason(held: Held) -> Reason:
    """Why it waits still."""
    if held.rejections:
        return Reason.APPROVAL_REJECTED
    if held.voided == Reason.ADMISSION_POLICY_MISSING:
        return Reason.ADMISSION_POLICY_MISSING
    if held.kind == HeldKind.RECORDS_LOST:
        return Reason.RECORDS_LOST
    if held.kind == HeldKind.FOUND:
        return Reason.FOUND_IN_CLOUD
    return Reason.APPROVAL_REQUIRED


_OURS: Final = frozenset({OWNER_TAG_CLUSTER, OWNER_TAG_NAMESPACE, OWNER_TAG_NAME})


def would_do(steps: Iterable[Step]) -> list[str]:
    """What would be done, a sentence each; not that the identity would be told whose it is."""
    told = (_of(step) for step in steps if not isinstance(step, Note))
    return [text for text in told if text]


def _of(step: Step) -> str:
    if not isinstance(step, Tag | Mark):
        return step.summary
    assert isinstance(step, EntryStep)
    others = [key for key in step.entries if key not in _OURS]
    return f"{step.verb} {', '.join(others)}" if others else ""
