"""The door of the gate, the only way from a change to a write. Pure; called by `plan`.

Each change that would be written goes through the evaluators that the row of its kind names, see
`evaluators`. What they hold is offered as one; an approval opens all of it or nothing. What passes
is a sealed permission that the steps carry; `loop.gated_write` asks for it, see `step_evaluators`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from .. import documents
from ..constants import Severity
from ..errors import RamOperatorError
from ..model import changes
from ..model.changes import NAME, Change, Finding, Held, Judged
from ..model.objects import FieldValue
from ..model.permissions import Passed, Permit
from ..model.records import DriftEntry
from ..model.steps import (
    Agreement,
    Approvable,
    Created,
    RecordStep,
    Step,
    WriteTrust,
)
from ..model.vocabulary import Cause, Direction, Disposition
from . import (
    acknowledgements,
    baseline,
    clearance,
    creating,
    deletions,
    evaluating,
    expiry,
    grants,
    providers,
    recorded,
    remarks,
    trusts,
    values,
    ways_in,
)
from .evaluating import Changes
from .evaluators import EVALUATORS
from .inputs import Inputs
from .offering import all_known, context, verdict, weigh
from .recorded import FirstRecord
from .step_evaluators import insist
from .verdicts import Table

__all__ = ["Changes", "FirstRecord", "Review", "insist"]

S = TypeVar("S", bound=Step)


@dataclass(frozen=True, slots=True)
class Review:
    """What may be written, what waits, and what the record is told."""

    judged: tuple[Judged, ...] = ()
    """What counts now, with what is done about it."""
    left: tuple[Change, ...] = ()
    """What stays in the cloud as it is."""
    steps: tuple[WriteTrust, ...] = ()
    notes: tuple[RecordStep, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    held: Held | None = None
    after: documents.Trust | None = None
    """The trust once the steps are done."""
    exceeds: bool = False
    """It may give more than is asked for, so that whatever widens has to wait."""
    permit: Permit | None = None
    passed: Passed | None = None
    moved: tuple[Judged, ...] = ()
    """Identity providers that wait for an approval."""
    suspects: tuple[Judged, ...] = ()
    """All that look changed."""
    noticed: tuple[tuple[str, Finding], ...] = ()
    remarks: tuple[Finding, ...] = ()
    """What the rules say of what is there when the pass is over, and waits for nobody."""
    reads: tuple[str, ...] = ()
    """What has to be read, a sentence each."""
    places: frozenset[str] = frozenset()
    """Where drift of what could not be read would be shown."""
    error: RamOperatorError | None = None
    """Why it could not be read."""
    doubted: tuple[Judged, ...] = ()
    """What looks like drift and is not believed yet."""
    incomplete: bool = False
    """What an approval has to cover, or what is drift, is not all known: nothing is offered."""
    acknowledgeable: tuple[DriftEntry, ...] = ()
    """Drift that people may acknowledge, see `acknowledgements`."""


def review(inputs: Inputs, asked: Changes, table: Table = EVALUATORS) -> Review:
    """What may be written, what is held, and whether it was approved: all at once, or nothing."""
    every = evaluating.every(inputs, asked, table)
    counts = [each for each in every if not asked.doubts(each.item)]
    found, judged = ([each.item for each in side] for side in (every, counts))
    suspects = evaluating.suspects(inputs, table)
    moved = [each for each in suspects if not asked.doubts(each.item)]
    trust = evaluating.trust_change(inputs, found, judged, table)
    judged = evaluating.waiting(inputs, trust, judged)
    reads = evaluating.unread(inputs, table)
    unknown = bool(reads or any(each.reads for each in counts))
    holds = [*trust.held, *(held for each in (*moved, *counts) for held in each.held)]
    gate = Review(
        judged=tuple(judged),
        steps=trust.steps,
        held=evaluating.joined(inputs, holds, table),
        after=trust.after,
        exceeds=trust.exceeds,
        moved=tuple(each.item for each in moved),
        suspects=tuple(each.item for each in suspects),
        noticed=grants.noticed(inputs, judged),
        reads=(*reads, *(text for each in counts for text in each.reads)),
        places=providers.places(inputs),
        error=providers.error(inputs),
    )
    gate = _weighed(inputs, gate, unknown)
    return _finished(inputs, gate, found, asked)


def _weighed(inputs: Inputs, gate: Review, unknown: bool) -> Review:
    """With what an approval opens. Who comes in by a provider that nobody agreed on, or nobody
    knows, gets no more meanwhile.
    """
    strange = bool(gate.suspects or unknown)
    if gate.held is None:
        return replace(gate, exceeds=gate.exceeds or strange)
    held = replace(
        gate.held,
        verdict=verdict(gate.held),
        context=context(inputs, gate.held),
    )
    # What takes a stranger out goes first and alone: the offer is about what is left then. And
    # while a provider may be another one, it is not known yet what the offer has to say.
    goes = bool(gate.steps) or _taken_back(inputs, held, gate.judged)
    sure = not goes and len(gate.moved) == len(gate.suspects)
    permit = weigh(held, inputs) if sure else None
    if permit is None:
        return replace(gate, held=held, exceeds=gate.exceeds or strange)
    gate = replace(gate, held=None, permit=permit)
    gated = inputs.row.gated_field
    if gated is None or not permit.covers(gated.name):
        return replace(gate, exceeds=gate.exceeds and gated is not None)
    cleared = clearance.clear(permit, gated.name)
    if any(item.cause is Cause.FOUND and item.change.field == gated.name for item in gate.judged):
        # It is in the cloud already.
        return replace(gate, after=cleared.trust, exceeds=False)
    step = trusts.step(inputs, cleared)
    return replace(gate, steps=(step,), after=cleared.trust, exceeds=False)


def _taken_back(inputs: Inputs, held: Held, judged: Iterable[Judged]) -> bool:
    """Whether something goes that the same object asks for. Excess of a trust that can go has a
    step of its own; what cannot go by itself is what is offered.
    """
    wished = {(c.field, c.entry) for c in held.changes if not inputs.row.is_gated(c.field)}
    excess = (item for item in judged if changes.writes(item) and item.cause is Cause.DRIFT)
    return any((item.change.field, item.change.entry) in wished for item in excess)


def _finished(inputs: Inputs, gate: Review, found: list[Judged], asked: Changes) -> Review:
    """With what was approved released, what passes, what is left, and what the record is told."""
    permit, accepted = gate.permit, gate.moved if gate.permit is not None else ()
    judged = [_released(item, permit) for item in gate.judged]
    aside = [item for item in found if asked.doubts(item)]
    believed = not asked.doubted
    left = [item.change for item in (*judged, *aside) if item in aside or not changes.writes(item)]
    return replace(
        gate,
        judged=tuple(judged),
        left=tuple(left),
        doubted=(*aside, *(item for item in gate.suspects if asked.doubts(item))),
        moved=() if permit is not None else gate.moved,
        incomplete=not (believed and all_known(gate.held, inputs)),
        passed=_passed(judged, permit),
        remarks=remarks.findings(inputs, gate.after),
        acknowledgeable=acknowledgements.entries(inputs, judged),
        notes=(
            *recorded.notes(inputs, believed=believed),
            *providers.acceptance(accepted, permit),
        ),
        agreements=tuple(recorded.agreements(judged, permit)),
    )


def _released(item: Judged, permit: Permit | None) -> Judged:
    """What was held and is approved is written. The trust has a step of its own."""
    change = item.change
    if permit is None or not permit.covers(change.field, change.entry):
        return item
    held = item.disposition is Disposition.HOLD
    return replace(item, disposition=Disposition.WRITE) if held else item


def _passed(judged: Iterable[Judged], permit: Permit | None) -> Passed:
    """What may be written without anybody's approval."""
    return clearance.passing(
        item.change
        for item in judged
        if changes.writes(item)
        and not (permit is not None and permit.covers(item.change.field, item.change.entry))
    )


def creation(inputs: Inputs, table: Table = EVALUATORS) -> Held | Created:
    """The step that creates it, or what is held of that: its trust, its name, or both."""
    gated = inputs.row.gated_field
    asked = [Change(NAME, None, inputs.desired.cloud_name, Direction.WIDER)]
    if gated is not None:
        trust = inputs.desired.fields[gated.name]
        asked.append(Change(gated.name, None, trust, Direction.WIDER))
    found = [evaluating.evaluate(inputs, _new(change), table) for change in asked]
    cleared = next((each.cleared for each in found if each.cleared is not None), None)
    if gated is not None and cleared is None:
        found += evaluating.suspects(inputs, table)
    held = evaluating.joined(inputs, (held for each in found for held in each.held), table)
    permit = None
    if held is not None:
        held = replace(held, context=context(inputs, held))
        permit = weigh(held, inputs)
        if permit is None:
            return held
        if gated is not None and permit.covers(gated.name):
            cleared = clearance.clear(permit, gated.name)
    named = permit if permit is not None and permit.covers(NAME) else None
    return creating.created(inputs, (cleared, named), _withheld(inputs, table))


def _withheld(inputs: Inputs, table: Table) -> tuple[str, ...]:
    """Fields of one value that a new identity is not made with: what is asked for there waits."""
    found = [evaluating.evaluate(inputs, _new(c), table) for c in values.on_creation(inputs)]
    return tuple(each.item.change.field for each in found if each.held or each.reads)


def _new(change: Change) -> Judged:
    return Judged(change, Cause.CREATE, Disposition.WRITE, Severity.INFO)


def additions(inputs: Inputs, asked: Iterable[Change], table: Table = EVALUATORS) -> Review:
    """Entries of a new identity, and what one value gives of it. What escalates waits: the identity
    is created without it.
    """
    every = (*asked, *values.on_creation(inputs))
    found = [evaluating.evaluate(inputs, _new(change), table) for change in every]
    judged = [each.item for each in found]
    return Review(
        judged=tuple(judged),
        held=evaluating.joined(inputs, (held for each in found for held in each.held), table),
        passed=_passed(judged, None),
        noticed=grants.noticed(inputs, judged),
        remarks=remarks.findings(inputs, _created_trust(inputs)),
    )


def deletion(inputs: Inputs, table: Table = EVALUATORS) -> Review:
    """What is held of it that the identity goes with all that it has, or what lets it go. All parts
    that are taken away with it have to be known; nothing of `desired` is asked for.
    """
    item = Judged(deletions.itself(inputs), Cause.INTENT, Disposition.WRITE, Severity.INFO)
    found = evaluating.evaluate(inputs, item, table)
    held = evaluating.joined(inputs, found.held, table)
    if held is None:
        passed = None if found.reads else clearance.passing(deletions.changes(inputs))
        return Review(passed=passed, reads=found.reads)
    permit = clearance.weigh(held, inputs.approval, inputs.memory.record)
    return Review(held=None if permit is not None else held, permit=permit)


def _created_trust(inputs: Inputs) -> FieldValue | None:
    gated = inputs.row.gated_field
    return inputs.desired.fields[gated.name] if gated is not None else None


def permitted(inputs: Inputs, gate: Review, steps: Iterable[S]) -> list[S]:
    """The steps with what lets them be written, and with what the record is to say of them."""
    return baseline.agreeing(inputs, released(gate, steps))


def released(gate: Review, steps: Iterable[S]) -> list[S]:
    """The steps with what lets them be written."""
    carrying = [carried(step, gate.permit) for step in steps]
    return [
        step if isinstance(step, RecordStep) else replace(step, passed=step.passed or gate.passed)
        for step in carrying
    ]


def carried(step: S, permit: Permit | None) -> S:
    """What rests on an approval carries it."""
    if permit is None or not isinstance(step, Approvable):
        return step
    if not any(permit.covers(*part) for part in step.parts):
        return step
    return replace(step, permit=permit)


def in_time(inputs: Inputs) -> tuple[Inputs, list[str]]:
    """Without what is there although its agreed end has come, whatever is asked for; a sentence for
    each.
    """
    return expiry.kept(inputs)


def overdue(inputs: Inputs) -> Review:
    """What goes because its agreed end has come, and needs nobody: by record and cloud alone, and
    nothing of `desired` is asked for.
    """
    judged = expiry.overdue(inputs)
    return Review(judged=tuple(judged), passed=_passed(judged, None))


def looks_moved(inputs: Inputs, asked: Changes, table: Table = EVALUATORS) -> frozenset[str]:
    """Where it looks as if the cloud had moved: it may be an old answer."""
    found = [each.item for each in evaluating.every(inputs, asked, table)]
    moves = (Cause.DRIFT, Cause.FOUND)
    moved = (item for item in (*found, *providers.moved(inputs)) if item.cause in moves)
    ends = (name for note in expiry.gone(inputs) for name in note.ends)
    return frozenset((*map(evaluating.where, moved), *ends, *ways_in.moved(inputs)))


def before_creation(inputs: Inputs) -> Review:
    """What has to exist, and to be read, before an identity may be created."""
    places, gated = providers.places(inputs), inputs.row.gated_field
    return Review(
        reads=(*providers.missing(inputs), *(providers.unread(inputs) or ())),
        places=places | {gated.name} if gated is not None and places else places,
        error=providers.error(inputs),
    )


def first_record(inputs: Inputs) -> FirstRecord:
    """What a record is to say that knows nothing of the identity yet."""
    return recorded.first(inputs)


def created_record(inputs: Inputs, step: Created) -> FirstRecord:
    """The same of an identity that is made now by that step."""
    return recorded.of_creation(inputs, step)


def follows(inputs: Inputs) -> bool:
    """Whether the record is to follow a trust that became narrower in manifest and cloud alike."""
    return recorded.follows(inputs)
