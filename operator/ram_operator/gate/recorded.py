"""What the record of an identity is told: with an approval, and of what needs none. Pure; called by
`review`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .. import documents
from ..kinds.comparison import within
from ..model.changes import NAME, Change, Judged, moves_end, writes
from ..model.objects import Entry
from ..model.permissions import Permit
from ..model.records import Agreed
from ..model.steps import (
    Agree,
    AgreeDocument,
    AgreeGone,
    Agreement,
    AgreeName,
    AgreeValue,
    Created,
    Note,
)
from ..model.vocabulary import Cause, Direction
from . import baseline, expiry, providers, said
from .inputs import Inputs


@dataclass(frozen=True, slots=True)
class FirstRecord:
    """What a record says that knows nothing of the identity yet."""

    baseline: documents.Trust | None
    agreed: Agreed
    providers: dict[str, str]


def first(inputs: Inputs) -> FirstRecord:
    """At first contact, or once the record is to follow what is there."""
    return FirstRecord(_baseline(inputs), baseline.first(inputs), providers.first_seen(inputs))


def of_creation(inputs: Inputs, step: Created) -> FirstRecord:
    """Of an identity that is made now by that step, beside what the others add."""
    gated = inputs.row.gated_field
    trust = inputs.desired.fields[gated.name] if gated is not None else None
    assert trust is None or isinstance(trust, documents.Trust)
    return FirstRecord(trust, baseline.created(inputs, step), providers.first_seen(inputs))


def notes(inputs: Inputs, *, believed: bool) -> list[Note]:
    """What is agreed on without anybody's word. Nobody agrees on what may be an old answer."""
    return [
        *(baseline.noted(inputs) if believed else ()),
        *(expiry.gone(inputs) if believed else ()),
        *expiry.notes(inputs),
        *providers.notes(inputs),
    ]


def agreements(judged: Iterable[Judged], permit: Permit | None) -> list[Agreement]:
    """For the record: what stays as it is in the cloud, or until another time than before.

    Only an approval lets one be written at all.
    """
    steps: list[Agreement] = []
    for item in judged:
        change = item.change
        if permit is None or not permit.covers(change.field, change.entry) or not writes(item):
            continue
        if item.cause is Cause.FOUND or moves_end(change):
            steps.append(_agreement(item, permit))
    return steps


def _agreement(item: Judged, permit: Permit) -> Agreement:
    change, after = item.change, item.change.after
    found = f"agree on {change.field} as it was found"
    if isinstance(after, documents.Trust | documents.Policy):
        return AgreeDocument(
            summary=found,
            cause=item.cause,
            direction=change.direction,
            field=change.field,
            document=after,
            permit=permit,
        )
    if change.field == NAME:
        assert isinstance(after, str)
        return AgreeName(
            summary=found, cause=item.cause, direction=change.direction, name=after, permit=permit
        )
    if isinstance(after, str | int):
        return AgreeValue(
            summary=found,
            cause=item.cause,
            direction=change.direction,
            field=change.field,
            value=after,
            permit=permit,
        )
    return _of_entry(item, permit)


def _of_entry(item: Judged, permit: Permit) -> Agree | AgreeGone:
    """That it is there as it is, or that it is gone."""
    change = item.change
    there, kind = (change.after, Agree) if change.after is not None else (change.before, AgreeGone)
    assert isinstance(there, Entry)
    gone = f"agree that {there.display} is gone"
    return kind(
        summary=gone if change.after is None else f"{Agree.verb} {there.display}",
        cause=item.cause,
        direction=change.direction,
        field=change.field,
        entries={change.entry: there},
        permit=permit,
    )


def follows(inputs: Inputs) -> bool:
    """Whether manifest and cloud have the same trust, and it gives nothing that the record has not.

    Who takes something away in both needs nobody's word. From then on the narrower one is what
    counts as agreed on, and what is added to it is drift.
    """
    gated, base = inputs.row.gated_field, inputs.memory.record.baseline
    if gated is None or base is None:
        return False
    live, wanted = inputs.live.fields.get(gated.name), inputs.desired.fields[gated.name]
    if not isinstance(live, documents.Trust):
        return False
    assert isinstance(wanted, documents.Trust)
    same = documents.Verdict.SAME
    wish = Change(gated.name, base, live, Direction.WIDER)
    return (
        documents.compare_trust(live, wanted).verdict is same
        and documents.compare_trust(base, wanted).verdict is not same
        and (within(gated, base, live) or said.begun(inputs.memory.record, wish))
    )


def _baseline(inputs: Inputs) -> documents.Trust | None:
    """The record keeps its baseline; an adopted identity starts with what it has."""
    record = inputs.memory.record
    if record.never_made or (record.baseline is not None and not follows(inputs)):
        return record.baseline
    gated = inputs.row.gated_field
    live = inputs.live.fields.get(gated.name) if gated is not None else None
    return live if isinstance(live, documents.Trust) else None
