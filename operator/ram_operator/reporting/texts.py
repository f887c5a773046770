"""Sentences that conditions and events share. Pure."""

from __future__ import annotations

from ..constants import Reason
from ..model.changes import Held
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
