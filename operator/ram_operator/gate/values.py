"""What was agreed on of one value: how long sessions last, whether the console is open. Pure.

Called by `baseline`, `evaluating` and `review`. Such a value needs somebody's word only where the
role is more than an ordinary one, see `privileges`: what an ordinary one has is agreed on as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ..constants import DriftPolicy, Severity
from ..kinds.comparison import agreed_value, wider
from ..kinds.schema import PLAIN, Field, Kind
from ..model import applied_marks
from ..model.changes import Change, Judged
from ..model.objects import FieldValue, UnknownPart
from ..model.records import NOT_READ
from ..model.steps import AgreeValue, Attributes, WriteAttributes
from ..model.vocabulary import Cause, Direction, Disposition
from . import excess, privileges
from .inputs import Inputs
from .said import begun


def _plain(row: Kind) -> list[Field]:
    return [field for field in row.fields if field.escalates in PLAIN]


def _privileged(inputs: Inputs, field: Field) -> bool:
    return privileges.privileged(field, inputs.desired, inputs.memory.then)


def beyond(inputs: Inputs, field: Field, wanted: FieldValue, live: FieldValue) -> Iterator[Judged]:
    """What goes beyond what was agreed on, of a value that manifest and cloud have alike."""
    base = agreed_value(field, inputs.memory.record)
    if base is None or not wider(field, base, live) or not privileges.presumably(inputs):
        return
    wish = Change(field.name, base, wanted, Direction.WIDER)
    if begun(inputs.memory.record, wish):
        return
    if excess.taken_back(inputs, wish):
        yield excess.back(Change(field.name, live, base, Direction.NARROWER))
        yield Judged(wish, Cause.INTENT, Disposition.HOLD, Severity.INFO)
    else:
        yield excess.found(wish)


def unasked(inputs: Inputs, field: Field, live: FieldValue) -> Iterator[Judged]:
    """What goes beyond what was agreed on, of a value that no manifest speaks of: leaving it out
    asks for nothing, and lets nobody in. What is asked for besides, and waits, makes no more of the
    role. Where it is not known whether it is more than an ordinary one, that is said, and nothing
    is taken away for it.
    """
    record, base = inputs.memory.record, _base(inputs, field)
    if base is None or not wider(field, base, live):
        return
    there = Change(field.name, base, live, Direction.WIDER)
    if begun(record, there) or not privileges.perhaps(inputs):
        return
    back = excess.back(Change(field.name, live, base, Direction.NARROWER))
    if not privileges.surely(inputs):
        yield replace(back, disposition=Disposition.REPORT)
    elif record.baseline is not None and excess.taken_back(inputs, there):
        yield back
    else:
        # Of a role that nobody has agreed on as such nothing is closed: others may live on it.
        yield excess.found(there)


def from_agreed(inputs: Inputs, item: Judged) -> list[Judged]:
    """A difference with what moved behind it. Where both sides go beyond what was agreed on, what
    is there goes back to that, and what is asked for is judged from there: less than somebody took
    by hand is still more than people gave.
    """
    field, change = inputs.row.field(item.change.field), item.change
    base = agreed_value(field, inputs.memory.record)
    if base is None:
        return [item]
    live, wanted = change.before, change.after
    assert isinstance(live, str | int)
    assert isinstance(wanted, str | int)
    if not (wider(field, base, live) and wider(field, base, wanted)):
        return [item]
    there = Change(field.name, base, live, Direction.WIDER)
    if not privileges.presumably(inputs) or begun(inputs.memory.record, there):
        return [item]
    back = excess.back(Change(field.name, live, base, Direction.NARROWER))
    if inputs.memory.options.drift is DriftPolicy.REPORT:
        return [replace(back, disposition=Disposition.REPORT), item]
    return [back, replace(item, change=Change(field.name, base, wanted, Direction.WIDER))]


def on_creation(inputs: Inputs) -> list[Change]:
    """What a new identity is asked to have that is more than the least."""
    asked = [(field, inputs.desired.fields.get(field.name)) for field in _plain(inputs.row)]
    return [
        Change(field.name, field.least, wanted, Direction.WIDER)
        for field, wanted in asked
        if wanted is not None and wider(field, field.least, wanted)
    ]


def sent(row: Kind, attributes: Attributes) -> dict[str, str]:
    """What a record is to say of an identity that is made with these attributes."""
    return {f.name: str(attributes[f.name]) for f in _plain(row) if f.name in attributes}


def agrees(inputs: Inputs, step: WriteAttributes | AgreeValue) -> dict[str, str]:
    """What a record is to say once the step is done, as far as it does not say so yet."""
    known = inputs.memory.record.agreed.values
    texts = {part[0]: str(value) for part, value in step.sent.items()}
    judged = {field.name for field in _plain(inputs.row)}
    return {n: text for n, text in texts.items() if n in judged and known.get(n) != text}


def first(inputs: Inputs, *, whole: bool) -> Mapping[str, str]:
    """What a record is to say without anybody's word; `whole`: of every value, as it knows none."""
    found: dict[str, str] = {}
    for field in _plain(inputs.row):
        value = _first(inputs, field)
        if value is None and whole:
            value = field.least if inputs.memory.record.never_made else NOT_READ
        if value is not None:
            found[field.name] = str(value)
    return found


def _base(inputs: Inputs, field: Field) -> FieldValue | None:
    """What was agreed on of this identity: of one that is gone it says nothing of another."""
    record = inputs.memory.record
    return agreed_value(field, record) if inputs.known or record.never_made else None


def _first(inputs: Inputs, field: Field) -> FieldValue | None:
    """What counts as agreed from now on; None where that is as it was, or not known."""
    live, wanted = inputs.live.fields.get(field.name), inputs.desired.fields.get(field.name)
    if live is None or isinstance(live, UnknownPart):
        return None
    record = inputs.memory.record
    base = _base(inputs, field)
    if base is None:
        return _in_common(inputs, field, wanted, live)
    if live == base or wanted not in (None, live):
        return None
    if not wider(field, base, live):
        return live
    there = Change(field.name, base, live, Direction.WIDER)
    follows = not _privileged(inputs, field) or begun(record, there)
    return live if follows else None


def _in_common(
    inputs: Inputs, field: Field, wanted: FieldValue | None, live: FieldValue
) -> FieldValue:
    """What is agreed of a value that the record has no baseline of."""
    memory = inputs.memory
    if memory.completing and not inputs.known:
        # It was made by us, and with no more than that.
        return field.least if _privileged(inputs, field) else live
    known = memory.applied.digests.get(field.name, applied_marks.KEPT)
    if wanted is not None and known == applied_marks.digest(wanted):
        # What was applied is asked for still: what is live beyond it is drift.
        return wanted
    same = known.startswith(applied_marks.KEPT) or known == applied_marks.digest(live)
    # As it was applied, or nobody's business so far. Of anything else nobody knows who agreed.
    return live if same or not memory.record.outdated else field.least
