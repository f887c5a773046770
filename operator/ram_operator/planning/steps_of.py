"""Judged changes → the steps that write them. Pure.

Called by `plan`, which puts them in order: narrow first, widen last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from .. import documents
from ..gate.inputs import Inputs
from ..kinds.schema import Kind, Shape
from ..model.changes import Change, Judged, moves_end, writes
from ..model.objects import Entries, Entry
from ..model.steps import (
    Addition,
    Attributes,
    Delete,
    Removal,
    Step,
    Taken,
    WriteAttributes,
    WriteDocument,
    WriteTrust,
    Written,
    plain,
)
from ..model.vocabulary import Cause, Direction

ORDER: Final = {
    Direction.NARROWER: 0,
    Direction.NEUTRAL: 1,
    Direction.UNKNOWN: 2,
    Direction.MIXED: 2,
    Direction.WIDER: 3,
}


def values(
    inputs: Inputs, judged: list[Judged], left: list[Change]
) -> list[WriteAttributes | WriteDocument]:
    """One step for all attributes that one call writes: they are written together or not at all.

    What is to be `left` as it is in the cloud is written as it is.
    """
    grouped: dict[type[Written] | None, list[Judged]] = {}
    for item in judged:
        field = inputs.row.field(item.change.field)
        if field.shape in (Shape.ENTRIES, Shape.TRUST) or not _sent(item):
            continue
        grouped.setdefault(field.write, []).append(item)
    return [
        _document(items) if kind is WriteDocument else _attributes(inputs, items, left)
        for kind, items in grouped.items()
    ]


def _document(items: list[Judged]) -> WriteDocument:
    (item,) = items
    document = item.change.after
    assert isinstance(document, documents.Policy)
    return WriteDocument(
        summary=f"update {item.change.field}",
        cause=item.cause,
        direction=item.change.direction,
        field=item.change.field,
        document=document,
    )


def _attributes(inputs: Inputs, items: list[Judged], left: list[Change]) -> WriteAttributes:
    names = tuple(item.change.field for item in items)
    # Of what waits its change may begin at what was agreed on, and not at what is there.
    kept = {change.field: inputs.live.fields.get(change.field) for change in left}
    sent = plain({item.change.field: item.change.after for item in items})
    known = _known(inputs)
    return WriteAttributes(
        summary=f"update {', '.join(names)}",
        cause=items[0].cause,
        direction=max((item.change.direction for item in items), key=ORDER.__getitem__),
        names=names,
        attributes={**known, **plain({n: v for n, v in kept.items() if n in known}), **sent},
    )


def _known(inputs: Inputs) -> Attributes:
    """All attributes, as wanted or else as they are.

    RAM may reset what a call omits, so nothing that the call could carry is left out, but for what
    the cloud does not tell: nobody can judge what that would open.
    """
    fields = {
        field.name: inputs.desired.fields.get(field.name, inputs.live.fields.get(field.name))
        for field in inputs.row.fields
        if field.write is WriteAttributes
    }
    untold = [field for field in inputs.row.untold(inputs.live.fields) if field.name in fields]
    opened = {f.name for f in untold if fields[f.name] == f.widest}
    return plain({name: value for name, value in fields.items() if name not in opened})


def entries(row: Kind, judged: list[Judged]) -> list[Addition | Removal]:
    """Attachments one call each; tags all in one call per direction."""
    steps: list[Addition | Removal] = []
    grouped: dict[tuple[type[Addition] | type[Removal], str], list[Judged]] = {}
    for item in judged:
        field, change = row.field(item.change.field), item.change
        if field.shape is not Shape.ENTRIES or not _sent(item) or moves_end(change):
            continue
        kind = field.remove if change.after is None else field.add
        assert kind is not None
        if field.entries_widen:
            entry = _entry(change)
            steps.append(
                kind(
                    summary=f"{kind.verb} {entry.display}",
                    cause=item.cause,
                    direction=change.direction,
                    field=field.name,
                    entries={change.entry: entry},
                )
            )
        else:
            grouped.setdefault((kind, field.name), []).append(item)
    for (kind, name), items in grouped.items():
        found = {item.change.entry: _entry(item.change) for item in items}
        steps.append(together(kind, name, found, items[0].cause))
    return steps


def together(
    kind: type[Addition] | type[Removal], field: str, entries: Entries, cause: Cause
) -> Addition | Removal:
    """One step for all entries of a field that gives nothing."""
    return kind(
        summary=f"{kind.verb} {', '.join(entries)}",
        cause=cause,
        direction=Direction.NEUTRAL,
        field=field,
        entries=entries,
    )


def deletion(inputs: Inputs) -> list[Taken | Delete]:
    """All that an identity has first, then the identity. What denies something goes last, so that
    nobody has more for a moment, or for as long as the rest is refused.
    """
    steps: list[Taken | Delete] = []
    for name, kind in inputs.row.clears:
        part = inputs.live.fields.get(name)
        assert isinstance(part, Mapping)
        for key in sorted(part, key=lambda key: (key in inputs.memory.denials, key)):
            steps.append(
                kind(
                    summary=f"{kind.verb} {part[key].display}",
                    cause=Cause.INTENT,
                    direction=Direction.NARROWER,
                    field=name,
                    entries={key: part[key]},
                )
            )
    last = Delete(summary=Delete.verb, cause=Cause.INTENT, direction=Direction.NARROWER)
    return [*steps, last]


def carrying(steps: Iterable[Step]) -> list[Step]:
    """The steps in their order. The call of a trust carries the attributes as they are by then, and
    gives nothing back that one before it took away.
    """
    found: list[Step] = []
    sent: dict[str, str | int] = {}
    for step in _in_one_call(list(steps)):
        if isinstance(step, WriteTrust):
            step = replace(step, attributes={**step.attributes, **sent})
        if isinstance(step, WriteAttributes | WriteTrust):
            sent |= {name: step.attributes[name] for name in step.names}
        found.append(step)
    return found


def _in_one_call(steps: list[Step]) -> list[Step]:
    """A trust that is taken back, with the attributes that are: whoever edits a trust by hand may
    open the console by what he leaves out. What is asked for has a call of its own: RAM may refuse
    it, and the stranger would stay.
    """
    backs = [s for s in steps if isinstance(s, WriteTrust) and s.cause is Cause.DRIFT]
    closing = [s for s in steps if isinstance(s, WriteAttributes) and _takes_back(s)]
    if not (backs and closing):
        return steps
    first, closes = backs[0], closing[0]
    both = replace(
        first,
        summary=f"{first.summary}, and {closes.summary}",
        attributes={**first.attributes, **{n: closes.attributes[n] for n in closes.names}},
        names=closes.names,
    )
    return [both if s is first else s for s in steps if s is not closes]


def _takes_back(step: WriteAttributes) -> bool:
    return step.cause is Cause.DRIFT and step.direction is Direction.NARROWER


def _sent(item: Judged) -> bool:
    """Whether the cloud has to be written; what was found there is as it is to be."""
    return writes(item) and item.cause is not Cause.FOUND


def _entry(change: Change) -> Entry:
    entry = change.after if change.after is not None else change.before
    assert isinstance(entry, Entry)
    return entry
