"""What is there beyond what was agreed on: taken back, or told as found in the cloud. Pure.

Called by `baseline` and `values`, which say what goes beyond it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..constants import DriftPolicy, Severity
from ..kinds.schema import Escalation, Field
from ..model.changes import Change, Judged
from ..model.vocabulary import Cause, Direction, Disposition
from . import acknowledgements
from .inputs import Inputs
from .said import rejected


def taken_back(inputs: Inputs, wish: Change) -> bool:
    """Whether it goes at once: the operator was looking when it came, as is known of what somebody
    acknowledged since, or somebody said no to it.
    """
    if inputs.memory.options.drift is DriftPolicy.REPORT:
        return False
    watched = inputs.memory.watched and not inputs.memory.record.never_made
    watched = watched or acknowledgements.covers(inputs, wish)
    return watched or rejected(inputs.memory.record, wish)


def back(change: Change) -> Judged:
    """What takes it away."""
    return Judged(change, Cause.DRIFT, Disposition.WRITE, Severity.CRITICAL)


def found(change: Change) -> Judged:
    """What stays until somebody agrees, or says no; from what was agreed on to what is there."""
    return Judged(change, Cause.FOUND, Disposition.HOLD, Severity.CRITICAL)


def widened(inputs: Inputs, field: Field) -> Iterator[Judged]:
    """Policies that others have widened since they were attached as agreed. They stay, whoever has
    them is told, and they go only once somebody says no.
    """
    asked = inputs.desired.fields[field.name]
    if field.escalates is not Escalation.ATTACHMENT or not isinstance(asked, Mapping):
        return
    for key in sorted(inputs.memory.moved.keys() & asked.keys()):
        wish = Change(field.name, asked[key], asked[key], Direction.WIDER, key)
        if rejected(inputs.memory.record, wish):
            yield back(Change(field.name, asked[key], None, Direction.NARROWER, key))
            yield Judged(wish, Cause.INTENT, Disposition.HOLD, Severity.INFO)
        else:
            yield found(wish)
