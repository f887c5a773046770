"""What is there beyond what was agreed on: taken back, or told as found in the cloud. Pure.

Called by `baseline` and `values`, which say what goes beyond it.
"""

from __future__ import annotations

from ..constants import DriftPolicy, Severity
from ..model.changes import Change, Judged
from ..model.vocabulary import Cause, Disposition
from .inputs import Inputs
from .said import rejected


def taken_back(inputs: Inputs, wish: Change) -> bool:
    """Whether it goes at once: the operator was looking when it came, or somebody said no to it."""
    if inputs.memory.options.drift is DriftPolicy.REPORT:
        return False
    watched = inputs.memory.watched and not inputs.memory.record.never_made
    return watched or rejected(inputs.memory.record, wish)


def back(change: Change) -> Judged:
    """What takes it away."""
    return Judged(change, Cause.DRIFT, Disposition.WRITE, Severity.CRITICAL)


def found(change: Change) -> Judged:
    """What stays until somebody agrees, or says no; from what was agreed on to what is there."""
    return Judged(change, Cause.FOUND, Disposition.HOLD, Severity.CRITICAL)
