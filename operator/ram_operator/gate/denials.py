"""Denials of rights to change rights that are gone, although nobody agreed on that. Pure.

Who takes a policy that denies away by hand, and out of the manifest at once, leaves nothing that
differs, and somebody has more than before. The record knows what denied something: from there it is
judged by direction like all that is live, asked for, and was never agreed on, see `baseline`. What
denies and gives nothing is put back; what gives something as well, or is no more what it was, is
told as found in the cloud. Called by `evaluating`, and by `baseline` for what the record is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from ..constants import Severity
from ..kinds.entries import only_reads
from ..kinds.schema import Escalation, Field
from ..model.changes import Change, Judged, place
from ..model.objects import Entry
from ..model.records import NO_RIGHTS, NOT_READ, RecordFacts, denying
from ..model.steps import Agree, AgreeGone, Attach, Detach, Expel, Join, Step
from ..model.vocabulary import Cause, Direction, Disposition
from . import excess, grants
from .inputs import Inputs
from .said import begun

_ENTRIES: Final = (Escalation.ATTACHMENT, Escalation.MEMBERSHIP)
Said = dict[str, dict[str, str]]


def gone(inputs: Inputs) -> list[Judged]:
    """What denied something, and is neither there nor asked for."""
    return [item for field, key in _missing(inputs) for item in _judged(inputs, field, key)]


def _missing(inputs: Inputs) -> Iterator[tuple[Field, str]]:
    """Entries that the record has, and neither cloud nor manifest."""
    record = inputs.memory.record
    for field in inputs.row.fields:
        has, asked = inputs.live.fields.get(field.name), inputs.desired.fields.get(field.name)
        if field.escalates not in _ENTRIES or not inputs.known:
            continue
        if not isinstance(has, Mapping) or not isinstance(asked, Mapping):
            continue
        agreed = record.agreed.entries.get(field.name, {})
        keys = {*_noted(record, field), *agreed} - {NOT_READ} - has.keys() - asked.keys()
        yield from ((field, key) for key in sorted(keys))


def _noted(record: RecordFacts, field: Field) -> Mapping[str, str]:
    return record.agreed.entries.get(denying(field.name), {})


def _judged(inputs: Inputs, field: Field, key: str) -> Iterator[Judged]:
    there = Entry(key)
    wish = Change(field.name, there, None, Direction.WIDER, key)
    awaited = place(field.name, key) in inputs.desired.awaited
    if awaited or not _counts(inputs, field, wish):
        return
    back = Change(field.name, None, there, Direction.NARROWER, key)
    if not _read(inputs, field, key):
        # Whether it may be put back is not known yet.
        yield replace(excess.back(back), disposition=Disposition.REPORT)
    elif not _denies_alone(inputs, field, key):
        yield excess.found(replace(wish, direction=Direction.MIXED))
    elif excess.taken_back(inputs, wish):
        yield excess.back(back)
        yield Judged(wish, Cause.INTENT, Disposition.HOLD, Severity.INFO)
    else:
        yield excess.found(wish)


def _counts(inputs: Inputs, field: Field, wish: Change) -> bool:
    """Whether somebody has a right by it that he had not, and nobody has agreed on that."""
    record = inputs.memory.record
    if begun(record, wish):
        return False
    if field.escalates is Escalation.MEMBERSHIP and (
        wish.entry not in _noted(record, field) or wish.entry in inputs.memory.no_users
    ):
        return False
    return bool(grants.freed(field, inputs.desired, wish, inputs.memory))


def _carried(inputs: Inputs, field: Field, key: str) -> set[str] | None:
    """The policies that it stands for; None where that is not known."""
    if field.escalates is Escalation.ATTACHMENT:
        return {key}
    asked = inputs.desired.fields.get(field.carries)
    assert isinstance(asked, Mapping)
    attached = inputs.memory.attached
    return None if attached is None else {*asked, *attached}


def _read(inputs: Inputs, field: Field, key: str) -> bool:
    keys = _carried(inputs, field, key)
    return keys is not None and all(only_reads(k) or k in inputs.memory.judged for k in keys)


def _denies_alone(inputs: Inputs, field: Field, key: str) -> bool:
    """Whether what would be put back denies something still, and gives nothing."""
    keys = _carried(inputs, field, key) or set()
    return keys <= inputs.memory.gives_nothing and bool(keys & inputs.memory.denying.keys())


def says(inputs: Inputs) -> Said:
    """What the record is to say without anybody's word: what is there and asked for, and denies
    something; "" for what is gone and denied nothing any more, or was to go, or is no user any
    more. What is asked for and not ready is kept in mind.
    """
    record, found = inputs.memory.record, Said()
    if record.never_made:
        return {}
    for field in inputs.row.fields:
        has, asked = inputs.live.fields.get(field.name), inputs.desired.fields.get(field.name)
        if field.escalates in _ENTRIES and isinstance(has, Mapping) and isinstance(asked, Mapping):
            news = has.keys() & asked.keys() - _noted(record, field).keys()
            texts = {key: _text(inputs, field, key) for key in sorted(news)}
            found[field.name] = {key: text for key, text in texts.items() if text}
    for field, key in _missing(inputs):
        counts = _counts(inputs, field, Change(field.name, Entry(key), None, Direction.WIDER, key))
        if counts and key not in _noted(record, field):
            # An object that owned the policy said so until now.
            found[field.name][key] = inputs.memory.gone.get(key, "")
        elif not counts and key in _noted(record, field) and _read(inputs, field, key):
            found[field.name][key] = ""
    return {denying(name): texts for name, texts in found.items() if texts}


def _text(inputs: Inputs, field: Field, key: str) -> str:
    """What the record says of an entry that is there; "" of one that denies nothing."""
    denies = inputs.memory.denying
    if field.escalates is Escalation.ATTACHMENT:
        return denies.get(key, "")
    asked = inputs.desired.fields.get(field.carries)
    assert isinstance(asked, Mapping)
    return NO_RIGHTS if denies.keys() & {*asked, *(inputs.memory.attached or ())} else ""


def of_step(inputs: Inputs, step: Step) -> Said:
    """What the record is to say once the step is done."""
    if not isinstance(step, Attach | Join | Agree | Detach | Expel | AgreeGone):
        return {}
    field = next((each for each in inputs.row.fields if each.name == step.field), None)
    if field is None or field.escalates not in _ENTRIES:
        return {}
    known = _noted(inputs.memory.record, field)
    if isinstance(step, Detach | Expel | AgreeGone):
        texts = dict.fromkeys(step.entries, "")
    else:
        texts = {key: _text(inputs, field, key) for key in step.entries}
    news = {key: text for key, text in texts.items() if text != known.get(key, "")}
    return {denying(field.name): news} if news else {}
