"""What is there beyond what was agreed on: taken back, or told as found in the cloud. Pure.

Called by `baseline` and `values`, which say what goes beyond it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..constants import DriftPolicy, Severity
from ..kinds.entries import only_reads
from ..kinds.schema import Escalation, Field
from ..model.changes import Change, Judged
from ..model.records import NO_RIGHTS, UNKNOWN_RIGHTS
from ..model.vocabulary import Cause, Direction, Disposition
from . import acknowledgements
from .inputs import Inputs
from .said import carried_out, rejected


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


def surely_gives_rights(inputs: Inputs, field: Field, key: str) -> bool:
    """Whether the entry gives a right to change rights that is in force. Of a membership only where
    the group has one by agreement: until then the record does not say who joined, and he who did
    is no stranger for what becomes of a policy; that is judged where the policy is. By agreement it
    has one, too, whose approved attachment was begun: before it was sent, the record was told who
    was there.
    """
    if field.escalates is Escalation.ATTACHMENT:
        return key not in inputs.memory.not_in_force and gives_rights(inputs, field, key)
    memory, carries = inputs.memory, inputs.row.field(field.carries)
    agreed = memory.record.agreed.of(carries.name) or {}
    known = {**dict(_begun(inputs, carries, agreed)), **agreed}
    there = known.keys() & (memory.attached or frozenset()) - memory.not_in_force
    says = (memory.texts.get(key, known[key]) for key in there if known[key] != NO_RIGHTS)
    return any(text not in (NO_RIGHTS, UNKNOWN_RIGHTS) for text in says)


def _begun(inputs: Inputs, carries: Field, agreed: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Attachments that were approved and begun, of which the record does not say yet that they
    are there.
    """
    asked = inputs.desired.fields[carries.name]
    assert isinstance(asked, Mapping)
    for key in asked.keys() - agreed.keys():
        if carried_out(inputs.memory, Change(carries.name, None, asked[key], Direction.WIDER, key)):
            yield key, UNKNOWN_RIGHTS


def gives_rights(inputs: Inputs, field: Field, key: str) -> bool:
    """Whether the entry gives a right to change rights, or is about to. What could not be read is
    no proof: that is said, and nothing is taken away for it.
    """
    memory = inputs.memory
    if field.escalates is Escalation.ATTACHMENT:
        return memory.texts.get(key, NO_RIGHTS) != NO_RIGHTS
    agreed = memory.record.agreed.entries.get(inputs.row.field(field.carries).name, {})
    return any(_right(inputs, agreed, other) for other in memory.attached or ())


def _right(inputs: Inputs, agreed: Mapping[str, str], key: str) -> bool:
    return (
        not only_reads(key)
        and inputs.memory.texts.get(key, agreed.get(key, NO_RIGHTS)) != NO_RIGHTS
    )
