"""Desired and live → the differences, field by field. Pure; says nothing of cause or remedy.

A part that could not be read yields no change at all: unknown is neither equal nor different.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from .. import documents
from ..kinds.comparison import compare
from ..kinds.table import Kind
from ..model.objects import Change, Desired, Entry, FieldValue, Live, UnknownPart

_ESCAPES: Final = (("%", "%25"), ("#", "%23"), ("~", "%7E"))


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
