"""Changes, dispositions and gate → one Plan: ordered steps, what is held, what has drifted. Pure.

Narrow first, widen last, so that a crash in the middle never leaves more access than the larger of
before and after. While a change that takes trust away is held, everything that widens the same role
waits with it; otherwise those who are about to lose the role would gain by it first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from .. import documents
from ..gate.inputs import Inputs
from ..gate.review import (
    Changes,
    Review,
    additions,
    before_creation,
    created_record,
    creation,
    deletion,
    first_record,
    follows,
    in_time,
    looks_moved,
    overdue,
    permitted,
    released,
    review,
)
from ..kinds.schema import Field, Kind
from ..model import sentences
from ..model.changes import Change, Held, Judged, Part, place
from ..model.objects import UnknownPart
from ..model.outcome import Plan
from ..model.records import NOT_READ, Agreed
from ..model.state import Applied, Desired, Live
from ..model.steps import Step
from ..model.vocabulary import Cause, Direction, Disposition, Presence
from . import bases, diff, drift, drift_shown, last_applied, steps_of

_SECOND_LOOK: Final = "a second look that shows the same drift"
_NAMED: Final = 5
"""Roles that a waiting policy names."""
_WIDENING: Final = frozenset({Direction.WIDER, Direction.MIXED, Direction.UNKNOWN})


def create(inputs: Inputs) -> Plan:
    """The identity does not exist: create it, then add what creation cannot carry."""
    row, desired = inputs.row, inputs.desired
    if (waits := _cannot_create(inputs)) is not None:
        return waits
    step = creation(inputs)
    if isinstance(step, Held):
        return Plan(held=step, in_sync=False)
    gate = additions(inputs, _additions(row, desired))
    steps: list[Step] = [step]
    for field in row.fields:
        entries = desired.fields.get(field.name)
        if field.entries_widen:
            added = [item for item in gate.judged if item.change.field == field.name]
            steps += steps_of.entries(row, added)
        elif field.after_create and isinstance(entries, Mapping):
            assert field.add is not None
            steps.append(steps_of.together(field.add, field.name, entries, Cause.CREATE))
    left = _unwritten(row, gate.judged)
    applied = last_applied.after_steps(Applied(), last_applied.created(row, desired), left)
    record = created_record(inputs, step)
    trust = record.baseline
    return Plan(
        steps=tuple(bases.on(inputs, permitted(inputs, gate, steps), trust)),
        held=gate.held,
        applied=applied,
        baseline=trust,
        agreed=record.agreed,
        live_digest=trust.digest if trust is not None else "",
        providers=record.providers,
        noticed=gate.noticed,
        remarks=gate.remarks,
        in_sync=False,
    )


def _cannot_create(inputs: Inputs) -> Plan | None:
    """What a creation waits for; None where it need not wait."""
    desired = inputs.desired
    if desired.unresolved:
        # Nothing half made: a role without the policies that define it helps nobody.
        return Plan(waiting=desired.unresolved, in_sync=False)
    gate = before_creation(inputs)
    if not gate.reads:
        return None
    return Plan(waiting=gate.reads, in_sync=False, unread=gate.places, error=gate.error)


def _additions(row: Kind, desired: Desired) -> list[Change]:
    """What a creation cannot carry and widens: entry by entry, in the order of the fields."""
    found: list[Change] = []
    for field in row.fields:
        entries = desired.fields.get(field.name)
        if field.entries_widen and isinstance(entries, Mapping):
            pairs = sorted(entries.items())
            found += (Change(field.name, None, e, Direction.WIDER, key) for key, e in pairs)
    return found


def delete(inputs: Inputs) -> Plan:
    """The identity is to go with all that it has: what of it is held, or the steps in order. All
    that goes has to be known; nothing of `desired` is asked for.
    """
    gate = deletion(inputs)
    if gate.held is not None:
        return Plan(held=gate.held, in_sync=False)
    return Plan(steps=tuple(released(gate, steps_of.deletion(inputs))), in_sync=False)


def update(inputs: Inputs, doubted: frozenset[str] = frozenset()) -> Plan:
    """The identity exists: judge every difference and order what may be written.

    What looks like drift at a `doubted` place, one of those that `drifted` gives, is neither
    written nor shown: shortly after a write of ours it may be nothing but an old answer.
    """
    inputs, ending = in_time(inputs)
    desired = inputs.desired
    gate = review(inputs, _changes(inputs, doubted))
    steps = _in_order(inputs, gate)
    unread = dict.fromkeys((*_unread(inputs), *gate.reads))
    waiting = [*desired.unresolved, *unread, *ending]
    postponed = [step for step in steps if gate.exceeds and step.direction in _WIDENING]
    waiting += [f"{_trust_of(inputs)} to be as asked: {s.summary}" for s in postponed]
    waiting += _meanwhile(gate.judged)
    undone = frozenset(name for step in postponed for name in step.settles)
    done = drift_shown.Done(gate.after, bool(gate.steps), undone)
    shown = [item for item in (*gate.judged, *gate.moved) if not _awaits(inputs, item)]
    apart = drift_shown.apart(shown, done)
    record = first_record(inputs)
    as_asked = all(map(drift_shown.as_asked, gate.judged))
    return Plan(
        steps=tuple(step for step in steps if step not in postponed),
        held=gate.held,
        drift=(*apart.drift, *drift_shown.disabled(inputs)),
        respelled=apart.respelled,
        acknowledged=apart.acknowledged,
        acknowledgeable=gate.acknowledgeable,
        waiting=tuple(waiting),
        applied=_applied(inputs, list(gate.judged), postponed),
        baseline=record.baseline,
        agreed=record.agreed,
        in_sync=as_asked and not waiting and not gate.suspects,
        live_digest=_live_digest(inputs),
        incomplete=gate.incomplete,
        unsure=(*desired.unresolved, *unread, *([_SECOND_LOOK] if doubted else [])),
        unread=_not_known(inputs, gate),
        error=gate.error,
        providers=record.providers,
        noticed=gate.noticed,
        remarks=gate.remarks,
    )


def _meanwhile(judged: tuple[Judged, ...]) -> list[str]:
    """What the manifest asks for and is offered only once what is acknowledged there has ended."""
    edits = [item for item in judged if item.acknowledged and item.cause is Cause.INTENT]
    places = sorted({sentences.clip(place(i.change.field, i.change.entry)) for i in edits})
    if not places:
        return []
    text = "the end of what is acknowledged: only then is the manifest's"
    return [f"{text} {', '.join(places)} offered for approval"]


def _awaits(inputs: Inputs, item: Judged) -> bool:
    """Whether it was there from the first, and may be what a reference stands for that is not
    ready: what waits is said, and it is no excess before that is known.
    """
    there = item.cause is Cause.ADOPTION and item.change.after is None
    return there and last_applied.stays(
        inputs.row, inputs.desired, item.change.field, item.change.entry
    )


def _changes(inputs: Inputs, doubted: frozenset[str] = frozenset()) -> Changes:
    return Changes(diff.changes(inputs.row, inputs.desired, inputs.live), proposed, doubted)


def proposed(inputs: Inputs, change: Change) -> list[Judged]:
    """A difference with its cause; for an edit of what is gated also what moved behind it."""
    row, desired, memory = inputs.row, inputs.desired, inputs.memory
    found = (
        drift.judge(row, desired, change, memory),
        drift.behind(row, desired, change, memory),
    )
    return [item for item in found if item is not None]


def _unwritten(row: Kind, items: tuple[Judged, ...]) -> list[Part]:
    """What is held, as parts that are not written: the memory of what was applied stays as it was.

    Otherwise the next look would take what is missing for something that was taken away by hand.
    """
    return [
        (item.change.field, item.change.entry)
        for item in items
        if item.disposition is Disposition.HOLD and not row.is_gated(item.change.field)
    ]


def _applied(inputs: Inputs, judged: list[Judged], postponed: list[Step]) -> Applied:
    row, memory = inputs.row, inputs.memory
    wanted = last_applied.updated(row, inputs.desired, judged, memory, inputs.live)
    left = [part for step in postponed for part in step.parts]
    left += _unwritten(row, tuple(judged))
    # Once the cloud tells it, that is no move of the cloud.
    left += [(field.name, "") for field in _untold(inputs)]
    return last_applied.after_steps(memory.applied, wanted, left)


def _in_order(inputs: Inputs, gate: Review) -> list[Step]:
    """All that may be written, what widens last."""
    judged, left = list(gate.judged), list(gate.left)
    # What has to wait must not keep waiting what the same call could write beside it.
    later = [item for item in judged if gate.exceeds and item.change.direction in _WIDENING]
    now = [item for item in judged if item not in later]
    steps: list[Step] = [
        *gate.notes,
        *gate.steps,
        *steps_of.entries(inputs.row, judged),
        *gate.agreements,
        *steps_of.values(inputs, now, [*left, *(item.change for item in later)]),
        *steps_of.values(inputs, later, left),
    ]
    steps = steps_of.carrying(sorted(steps, key=lambda step: steps_of.ORDER[step.direction]))
    return bases.on(inputs, permitted(inputs, gate, steps), gate.after)


def ended(inputs: Inputs, decision: Plan) -> tuple[Step, ...]:
    """The steps that take away what was agreed on to end by now, and nothing else."""
    over = in_time(inputs)[0].desired.ended
    return tuple(step for step in decision.steps if step.settles and step.settles <= over)


def endings(inputs: Inputs) -> Plan:
    """What is there beyond its agreed end, by the record alone: of an object that may not be
    managed, or cannot be read. Nothing of `desired` is asked for.
    """
    gate = overdue(inputs)
    steps = steps_of.entries(inputs.row, list(gate.judged))
    return Plan(steps=tuple(permitted(inputs, gate, steps)), in_sync=False)


def _trust_of(inputs: Inputs) -> str:
    roles = inputs.memory.narrowing[:_NAMED]
    return f"the trust of {', '.join(roles)}" if roles else "the trust"


def _unknown(row: Kind, desired: Desired, live: Live) -> dict[str, UnknownPart]:
    """The managed parts that could not be read."""
    parts = [(field.name, live.fields.get(field.name)) for field in row.fields]
    return {n: p for n, p in parts if isinstance(p, UnknownPart) and n in desired.fields}


def _not_known(inputs: Inputs, gate: Review) -> frozenset[str]:
    """Where something could not be read, or may be an old answer."""
    unknown = _unknown(inputs.row, inputs.desired, inputs.live)
    doubted = {place(item.change.field, item.change.entry) for item in gate.doubted}
    return frozenset({*unknown, *gate.places, *doubted})


def _unread(inputs: Inputs) -> list[str]:
    """One sentence per managed part that could not be read."""
    unknown = _unknown(inputs.row, inputs.desired, inputs.live)
    untold = [sentences.UNTOLD.format(field.spec) for field in _untold(inputs)]
    return [*(sentences.unread_part(name, part) for name, part in unknown.items()), *untold]


def _untold(inputs: Inputs) -> list[Field]:
    """What is asked for and the cloud does not tell."""
    untold = inputs.row.untold(inputs.live.fields)
    present = inputs.live.presence is Presence.PRESENT
    return [field for field in untold if present and field.name in inputs.desired.fields]


def told(row: Kind, decision: Plan, live: Live) -> Plan:
    """A creation that was carried out, without what the cloud did not tell: it may not know such a
    setting, so nobody knows what became of it.
    """
    untold = [field.name for field in row.untold(live.fields)]
    values = {name: NOT_READ for name in untold if name in decision.agreed.values}
    return replace(
        decision,
        applied=last_applied.without(decision.applied, untold),
        agreed=decision.agreed.joined(Agreed(values=values)),
    )


def agreed(inputs: Inputs) -> bool:
    """Whether manifest and cloud have the same trust, narrower than what was agreed on: the record
    follows.
    """
    return follows(inputs)


def _live_digest(inputs: Inputs) -> str:
    gated = inputs.row.gated_field
    live = inputs.live.fields.get(gated.name) if gated is not None else None
    return live.digest if isinstance(live, documents.Trust) else ""


def drifted(inputs: Inputs) -> frozenset[str]:
    """The places of the differences that look like drift."""
    return looks_moved(inputs, _changes(inputs))
