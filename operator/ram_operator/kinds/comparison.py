"""How two values of a field are compared: one Change, or one for each entry that differs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .. import documents
from ..model.changes import Change
from ..model.objects import FieldValue
from ..model.records import NOT_READ, RecordFacts
from ..model.vocabulary import Direction
from .schema import PLAIN, Escalation, Field, Shape

_FROM_VERDICT = {
    documents.Verdict.SAME: Direction.NEUTRAL,
    documents.Verdict.NARROWER: Direction.NARROWER,
    documents.Verdict.WIDER: Direction.WIDER,
    documents.Verdict.MIXED: Direction.MIXED,
    documents.Verdict.UNKNOWN: Direction.UNKNOWN,
}


def compare(field: Field, before: FieldValue, after: FieldValue) -> tuple[Change, ...]:
    """The differences between two values of one field."""
    return _COMPARE[field.shape](field, before, after)


def _plain(field: Field, before: FieldValue, after: FieldValue) -> tuple[Change, ...]:
    if before == after:
        return ()
    direction = Direction.NEUTRAL
    if field.larger_is_wider and isinstance(before, int) and isinstance(after, int):
        direction = Direction.WIDER if after > before else Direction.NARROWER
    if field.widest:
        direction = Direction.WIDER if after == field.widest else Direction.NARROWER
    return (Change(field.name, before, after, direction),)


def _document(field: Field, before: FieldValue, after: FieldValue) -> tuple[Change, ...]:
    if isinstance(before, documents.Trust) and isinstance(after, documents.Trust):
        comparison = documents.compare_trust(before, after)
    elif isinstance(before, documents.Policy) and isinstance(after, documents.Policy):
        comparison = documents.compare_policy(before, after)
    else:
        raise TypeError(f"{field.name} is no document")
    if comparison.verdict is documents.Verdict.SAME:
        return ()
    direction = _FROM_VERDICT[comparison.verdict]
    return (Change(field.name, before, after, direction, comparison=comparison),)


def _entries(field: Field, before: FieldValue, after: FieldValue) -> tuple[Change, ...]:
    assert isinstance(before, Mapping)
    assert isinstance(after, Mapping)
    out: list[Change] = []
    for key in sorted(before.keys() | after.keys()):
        was, wanted = before.get(key), after.get(key)
        if was is not None and wanted is not None and was.value == wanted.value:
            continue
        direction = Direction.NEUTRAL
        if field.entries_widen:
            direction = Direction.WIDER if was is None else Direction.NARROWER
        out.append(Change(field.name, was, wanted, direction, entry=key))
    return tuple(out)


_COMPARE = {
    Shape.TEXT: _plain,
    Shape.NUMBER: _plain,
    Shape.TRUST: _document,
    Shape.POLICY: _document,
    Shape.ENTRIES: _entries,
}


NOTHING: Final = documents.Policy('{"Statement":[],"Version":"1"}', ())
"""A document that lets nobody do anything: agreed on where nobody knows what was."""


def within(field: Field, base: FieldValue, value: FieldValue) -> bool:
    """Whether a value of a gated field gives nothing that was not agreed on."""
    if field.gated:
        assert isinstance(base, documents.Trust)
        assert isinstance(value, documents.Trust)
        moved = documents.compare_trust(base, value)
        less = moved.verdict in (documents.Verdict.SAME, documents.Verdict.NARROWER)
        return less or moved.respelled
    assert isinstance(base, documents.Policy)
    assert isinstance(value, documents.Policy)
    return not documents.exceeds_rights(base, value)


def wider(field: Field, before: FieldValue, after: FieldValue) -> bool:
    """Whether the one value gives more than the other; nothing else may be true of it as well."""
    return any(change.direction is Direction.WIDER for change in compare(field, before, after))


def agreed_value(field: Field, record: RecordFacts) -> FieldValue | None:
    """What was agreed on of a value that is no list and no document; None where that is not known.

    Of what was never made nothing is, and what cannot be read says the same.
    """
    if field.escalates not in PLAIN:
        return None
    text = record.agreed.values.get(field.name, "")
    if text in ("", NOT_READ):
        return field.least if record.never_made else None
    if field.shape is not Shape.NUMBER:
        return text
    return int(text) if text.isdecimal() else field.least


def asks_more(field: Field, change: Change, record: RecordFacts) -> bool:
    """Whether what is asked for exceeds what the record has: of a document, or of one value."""
    if field.escalates is Escalation.DOCUMENT:
        assert isinstance(change.after, documents.Policy)
        agreed = record.agreed.document
        return agreed is not None and documents.exceeds_rights(agreed, change.after)
    base = agreed_value(field, record)
    if base is None:
        return False
    assert isinstance(change.after, str | int)
    return wider(field, base, change.after)
