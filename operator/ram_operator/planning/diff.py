"""Desired and live → the differences, field by field. Pure; says nothing of cause or remedy.

A part that could not be read yields no change at all: unknown is neither equal nor different.
"""

from __future__ import annotations

from ..kinds.comparison import compare
from ..kinds.schema import Kind
from ..model.changes import Change
from ..model.objects import UnknownPart
from ..model.state import Desired, Live


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
