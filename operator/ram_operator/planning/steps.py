"""Judged changes → the calls that write them. Pure.

Called by `plan`, which puts them in order: narrow first, widen last.
"""

from __future__ import annotations

from typing import Final

from ..gate.inputs import Inputs
from ..kinds.schema import Kind, Shape
from ..model import changes
from ..model.changes import Change, Judged, Step, writes
from ..model.objects import Entry, FieldValue, UnknownPart
from ..model.vocabulary import Cause, Direction

ORDER: Final = {
    Direction.NARROWER: 0,
    Direction.NEUTRAL: 1,
    Direction.UNKNOWN: 2,
    Direction.MIXED: 2,
    Direction.WIDER: 3,
}


def _siblings(inputs: Inputs, verb: str) -> dict[str, FieldValue]:
    """All fields that one call writes together, as wanted or else as they are.

    RAM may reset what a call omits, so nothing that the call could carry is left out.
    """
    values: dict[str, FieldValue] = {}
    for field in inputs.row.fields:
        if field.write != verb:
            continue
        value = inputs.desired.fields.get(field.name, inputs.live.fields.get(field.name))
        if value is not None and not isinstance(value, UnknownPart):
            values[field.name] = value
    return values


def values(inputs: Inputs, judged: list[Judged], left: list[Change]) -> list[Step]:
    """One step per verb: the fields that one call writes are written together or not at all.

    What is to be `left` as it is in the cloud is written as it is.
    """
    by_verb: dict[str, list[Judged]] = {}
    for item in judged:
        field = inputs.row.field(item.change.field)
        if field.shape in (Shape.ENTRIES, Shape.TRUST) or not writes(item):
            continue
        by_verb.setdefault(field.write, []).append(item)
    steps = []
    for verb, items in by_verb.items():
        values = dict(_siblings(inputs, verb))
        for change in left:
            if change.field in values:
                assert change.before is not None
                assert not isinstance(change.before, Entry)
                values[change.field] = change.before
        names = ", ".join(item.change.field for item in items)
        direction = max((item.change.direction for item in items), key=ORDER.__getitem__)
        steps.append(Step(verb, f"update {names}", items[0].cause, direction, values, names))
    return steps


def entries(row: Kind, judged: list[Judged]) -> list[Step]:
    """Attachments one call each; tags all in one call per direction."""
    steps: list[Step] = []
    grouped: dict[tuple[str, str], list[Judged]] = {}
    for item in judged:
        field = row.field(item.change.field)
        if field.shape is not Shape.ENTRIES or not writes(item):
            continue
        verb = field.remove if item.change.after is None else field.add
        verb = changes.NOTE if changes.moves_end(item.change) else verb
        entry = item.change.after if item.change.after is not None else item.change.before
        assert isinstance(entry, Entry)
        if field.entries_widen:
            member = (item.change.entry, entry)
            steps.append(_entry_step(verb, field.name, member, item.cause, item.change.direction))
        else:
            grouped.setdefault((verb, field.name), []).append(item)
    for (verb, name), items in grouped.items():
        keys = tuple(item.change.entry for item in items)
        summary = f"{verb} {', '.join(keys)}"
        entries = tuple(item.change.after or item.change.before for item in items)
        values = {"entries": entries, "keys": keys}
        steps.append(Step(verb, summary, items[0].cause, Direction.NEUTRAL, values, name))
    return steps


def _entry_step(
    verb: str, field: str, member: tuple[str, Entry], cause: Cause, direction: Direction
) -> Step:
    key, entry = member
    values = {"entries": (entry,), "keys": (key,)}
    return Step(verb, f"{verb} {entry.display}", cause, direction, values, field)
