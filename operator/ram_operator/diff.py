"""Desired and live → the differences, field by field. Pure; says nothing of cause or remedy.

A part that could not be read yields no change at all: unknown is neither equal nor different.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from . import documents
from .kinds import Field, Kind, Shape
from .model import Change, Desired, Direction, Entry, FieldValue, Live, UnknownPart

_ESCAPES: Final = (("%", "%25"), ("#", "%23"), ("~", "%7E"))
_FROM_VERDICT = {
    documents.Verdict.SAME: Direction.NEUTRAL,
    documents.Verdict.NARROWER: Direction.NARROWER,
    documents.Verdict.WIDER: Direction.WIDER,
    documents.Verdict.MIXED: Direction.MIXED,
    documents.Verdict.UNKNOWN: Direction.UNKNOWN,
}


def changes(row: Kind, desired: Desired, live: Live) -> tuple[Change, ...]:
    """All differences of the managed fields, in the row's order. `live` must be present."""
    out: list[Change] = []
    for field in row.fields:
        after = desired.fields.get(field.name)
        before = live.value(field.name)
        if after is None or before is None or isinstance(before, UnknownPart):
            continue
        out.extend(compare(field, before, after))
    return tuple(out)


def compare(field: Field, before: FieldValue, after: FieldValue) -> tuple[Change, ...]:
    """The differences between two values of one field."""
    return _COMPARE[field.shape](field, before, after)


def _plain(field: Field, before: FieldValue, after: FieldValue) -> tuple[Change, ...]:
    if before == after:
        return ()
    direction = Direction.NEUTRAL
    if field.larger_is_wider and isinstance(before, int) and isinstance(after, int):
        direction = Direction.WIDER if after > before else Direction.NARROWER
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


def digest(value: FieldValue) -> str:
    """8 hex digits that stand for a value in `status.applied`; not a security measure."""
    if isinstance(value, (documents.Trust, documents.Policy)):
        return value.digest.removeprefix("sha256:")[:8]
    if isinstance(value, Mapping):
        plain: object = {key: entry.value for key, entry in value.items()}
    else:
        plain = value
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def entry_mark(key: str, entry: Entry) -> str:
    """How an entry that we added is noted in `status.applied`; `marked_key` is the inverse.

    The marks of two keys never meet: what separates a mark's parts is escaped in the key.
    """
    for plain, escaped in _ESCAPES:
        key = key.replace(plain, escaped)
    return f"{key}#{hashlib.sha256(entry.value.encode()).hexdigest()[:8]}" if entry.value else key


def marked_key(mark: str) -> str:
    """The key that a mark stands for."""
    key = mark.partition("#")[0]
    for plain, escaped in reversed(_ESCAPES):
        key = key.replace(escaped, plain)
    return key
