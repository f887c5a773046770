"""What an approval does to a plan: what was held is written, and carries the permit. Pure.

Called by `plan`. The executor asks for the permit again, see `cloud.execute`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from . import approval
from .kinds import Kind
from .model import (
    Cause,
    Desired,
    Direction,
    Disposition,
    FieldValue,
    Held,
    Judged,
    Live,
    Step,
    UnknownPart,
)


def context(row: Kind, desired: Desired) -> Mapping[str, FieldValue]:
    """What else the approver has seen: attachments and session as they are asked for."""
    return {
        field.name: desired.fields[field.name]
        for field in row.fields
        if field.name in desired.fields
        and (field.larger_is_wider or (field.entries_widen and field.add and not field.carries))
    }


def verdict(held: Held) -> str:
    """In one word: what is granted beside a trust that loses something makes both."""
    if not held.verdict:
        return Direction.WIDER.value
    grants = any(change.entry for change in held.changes)
    narrows = held.verdict == Direction.NARROWER.value
    return Direction.MIXED.value if grants and narrows else held.verdict


def released(item: Judged, permit: approval.Permit | None) -> Judged:
    """What was held and is approved is written. The trust has a step of its own."""
    change = item.change
    if permit is None or not permit.covers(change.field, change.entry):
        return item
    held = item.disposition is Disposition.HOLD
    return replace(item, disposition=Disposition.WRITE) if held else item


def carried(step: Step, permit: approval.Permit | None) -> Step:
    """What rests on an approval carries it."""
    if permit is None or "cleared" in step.values:
        return step
    keys = step.values.get("keys", ("",))
    pairs = [(name, key) for name in step.field.split(", ") for key in keys]
    if not any(permit.covers(name, key) for name, key in pairs):
        return step
    return replace(step, values={**step.values, "permit": permit})


def trust_step(row: Kind, live: Live, cleared: approval.Cleared) -> Step:
    """Carries the attributes that the same call writes as they are: it gives nothing back."""
    gated = row.gated_field
    assert gated is not None
    names = {field.name for field in row.fields if field.write == "attributes"}
    attributes: dict[str, Any] = {
        field: value
        for field, value in live.fields.items()
        if field in names and not isinstance(value, UnknownPart)
    }
    values = {**attributes, "cleared": cleared}
    if cleared.permit is None:
        text = "take back what was added to the trust by hand"
        return Step("trust", text, Cause.DRIFT, Direction.NARROWER, values, gated.name)
    text, direction = "change the trust as approved", approval.direction(cleared)
    return Step("trust", text, Cause.INTENT, direction, values, gated.name)
