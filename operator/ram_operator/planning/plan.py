"""Changes, dispositions and gate → one Plan: ordered steps, what is held, what has drifted. Pure.

Narrow first, widen last, so that a crash in the middle never leaves more access than the larger of
before and after. While a change that takes trust away is held, everything that widens the same role
waits with it; otherwise those who are about to lose the role would gain by it first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .. import documents
from ..constants import Severity
from ..gate import baseline, expiry, grants, providers
from ..gate.inputs import Inputs
from ..gate.review import Changes, Review, all_known, carried, creation, released, review
from ..kinds.comparison import within
from ..kinds.schema import Field, Kind
from ..model import changes
from ..model.changes import Change, Held, Judged, place
from ..model.objects import Entry, UnknownPart
from ..model.outcome import Plan
from ..model.state import Applied, Desired, Live
from ..model.steps import Step
from ..model.vocabulary import Cause, Direction, Disposition
from . import bases, diff, drift, drift_shown, last_applied, steps_of

_SECOND_LOOK: Final = "a second look that shows the same drift"
_NAMED: Final = 5
"""Roles that a waiting policy names."""
_WIDER: Final = Direction.WIDER
_WIDENING: Final = frozenset({Direction.WIDER, Direction.MIXED, Direction.UNKNOWN})


def create(inputs: Inputs) -> Plan:
    """The identity does not exist: create it, then add what creation cannot carry."""
    row, desired = inputs.row, inputs.desired
    if (waits := _cannot_create(inputs)) is not None:
        return waits
    step = creation(inputs)
    if isinstance(step, Held):
        return Plan(held=step, in_sync=False)
    trust = desired.fields[row.gated_field.name] if row.gated_field is not None else None
    assert trust is None or isinstance(trust, documents.Trust)
    steps: list[Step] = [step]
    items: list[Judged] = []
    for field in row.fields:
        entries = desired.fields.get(field.name)
        if field.entries_widen and isinstance(entries, Mapping):
            added = [_addition(inputs, field, pair) for pair in sorted(entries.items())]
            items += added
            steps += steps_of.entries(row, added)
        elif field.after_create and isinstance(entries, Mapping):
            assert field.add is not None
            steps.append(steps_of.together(field.add, field.name, entries, Cause.CREATE))
    unwritten = grants.unwritten(row, items)
    applied = last_applied.after_steps(Applied(), last_applied.created(row, desired), unwritten)
    case = grants.case(row, inputs.account, desired, inputs.live)
    held = grants.held(inputs, items, case)
    return Plan(
        steps=tuple(bases.on(inputs, baseline.agreeing(inputs, steps), trust)),
        held=held,
        applied=applied,
        baseline=trust,
        agreed=baseline.created(row),
        live_digest=trust.digest if trust is not None else "",
        providers=providers.first_seen(inputs),
        noticed=grants.noticed(inputs, items),
        in_sync=False,
    )


def _cannot_create(inputs: Inputs) -> Plan | None:
    """What a creation waits for; None where it need not wait."""
    desired = inputs.desired
    if desired.unresolved:
        # Nothing half made: a role without the policies that define it helps nobody.
        return Plan(waiting=desired.unresolved, in_sync=False)
    waiting = (*providers.missing(inputs), *providers.unread(inputs))
    if not waiting:
        return None
    return Plan(
        waiting=waiting,
        in_sync=False,
        unread=_nothing_known(inputs),
        error=providers.error(inputs),
    )


def _addition(inputs: Inputs, field: Field, pair: tuple[str, Entry]) -> Judged:
    """An entry of a new identity. What escalates waits: the identity is created without it."""
    change = Change(field.name, None, pair[1], Direction.WIDER, pair[0])
    waits = grants.escalating(field, inputs.desired, change, inputs.memory)
    disposition = Disposition.HOLD if waits else Disposition.WRITE
    return Judged(change, Cause.CREATE, disposition, Severity.INFO)


def update(inputs: Inputs, *, believe_drift: bool = True) -> Plan:
    """The identity exists: judge every difference and order what may be written.

    With `believe_drift` False, differences that look like drift are neither written nor shown:
    shortly after a write of ours they may be nothing but an old answer.
    """
    inputs, ending = expiry.kept(inputs)
    desired = inputs.desired
    found = _judgements(inputs)
    found += _beyond(inputs, found) if believe_drift else []
    judged = [item for item in found if believe_drift or item.cause is not Cause.DRIFT]
    moved = providers.moved(inputs)
    gate = review(inputs, Changes(found, judged, moved, believe_drift))
    noticed = grants.noticed(inputs, judged)
    found, judged = (released(items, gate.permit) for items in (found, judged))
    left = [item.change for item in found if item not in judged or not changes.writes(item)]
    steps = _in_order(inputs, gate, (judged, left), believe_drift)
    waiting = [*desired.unresolved, *_unread(inputs), *ending]
    postponed = [step for step in steps if gate.exceeds and step.direction in _WIDENING]
    waiting += [f"{_trust_of(inputs)} to be as asked: {s.summary}" for s in postponed]
    undone = frozenset(name for step in postponed for name in step.settles)
    done = drift_shown.Done(gate.after, bool(gate.steps), undone)
    drifted, respelled = drift_shown.apart([*judged, *gate.moved], done)
    return Plan(
        steps=tuple(step for step in steps if step not in postponed),
        held=gate.held,
        drift=drifted,
        respelled=respelled,
        waiting=tuple(waiting),
        applied=_applied(inputs, judged, postponed),
        baseline=_baseline(inputs),
        agreed=baseline.first(inputs),
        in_sync=all(map(drift_shown.as_asked, judged)) and not waiting and not moved,
        live_digest=_live_digest(inputs),
        incomplete=not (believe_drift and all_known(gate.held, inputs)),
        unsure=(
            *desired.unresolved,
            *_unread(inputs),
            *([] if believe_drift else [_SECOND_LOOK]),
        ),
        unread=_not_known(inputs, [] if believe_drift else [*found, *moved]),
        error=providers.error(inputs),
        providers=providers.first_seen(inputs),
        noticed=noticed,
    )


def _applied(inputs: Inputs, judged: list[Judged], postponed: list[Step]) -> Applied:
    row, memory = inputs.row, inputs.memory
    wanted = last_applied.updated(row, inputs.desired, judged, memory, inputs.live)
    left = [part for step in postponed for part in step.parts]
    left += grants.unwritten(row, judged)
    return last_applied.after_steps(memory.applied, wanted, left)


def _in_order(
    inputs: Inputs, gate: Review, found: tuple[list[Judged], list[Change]], believed: bool
) -> list[Step]:
    """All that may be written, what widens last; `found` is what was judged, and what is left as it
    is. What may be an old answer is agreed on by nobody.
    """
    judged, left = found
    # What has to wait must not keep waiting what the same call could write beside it.
    later = [item for item in judged if gate.exceeds and item.change.direction in _WIDENING]
    now = [item for item in judged if item not in later]
    steps: list[Step] = [
        *(baseline.noted(inputs) if believed else ()),
        *expiry.notes(inputs),
        *providers.notes(inputs),
        *providers.acceptance(gate.accepted, gate.permit),
        *gate.steps,
        *steps_of.entries(inputs.row, judged),
        *steps_of.agreements(judged, gate.permit),
        *steps_of.values(inputs, now, [*left, *(item.change for item in later)]),
        *steps_of.values(inputs, later, left),
    ]
    steps = [carried(step, gate.permit) for step in steps]
    steps = sorted(steps, key=lambda step: steps_of.ORDER[step.direction])
    return bases.on(inputs, baseline.agreeing(inputs, steps), gate.after)


def ended(inputs: Inputs, decision: Plan) -> tuple[Step, ...]:
    """The steps that take away what was agreed on to end by now, and nothing else."""
    over = expiry.kept(inputs)[0].desired.ended
    return tuple(step for step in decision.steps if step.settles and step.settles <= over)


def _trust_of(inputs: Inputs) -> str:
    roles = inputs.memory.narrowing[:_NAMED]
    return f"the trust of {', '.join(roles)}" if roles else "the trust"


def _judgements(inputs: Inputs) -> list[Judged]:
    """Every difference with its cause; for an edit of the trust also what moved behind it."""
    row, desired, memory = inputs.row, inputs.desired, inputs.memory
    found = []
    for change in diff.changes(row, desired, inputs.live):
        found.append(drift.judge(row, desired, change, memory))
        memory = drift.without(row, found[-1], memory)
        found.append(drift.behind(row, desired, change, memory))
    return [*(item for item in found if item is not None), *expiry.extensions(inputs)]


def _beyond(inputs: Inputs, found: list[Judged]) -> list[Judged]:
    """What nobody agreed on although nothing differs."""
    return baseline.beyond(inputs, {place(i.change.field, i.change.entry) for i in found})


def _unknown(row: Kind, desired: Desired, live: Live) -> dict[str, UnknownPart]:
    """The managed parts that could not be read."""
    parts = [(field.name, live.fields.get(field.name)) for field in row.fields]
    return {n: p for n, p in parts if isinstance(p, UnknownPart) and n in desired.fields}


def _nothing_known(inputs: Inputs) -> frozenset[str]:
    """Where a creation cannot be judged at all, so that what was held of it may be held still."""
    gated, unread = inputs.row.gated_field, providers.places(inputs)
    return unread | {gated.name} if gated is not None and unread else unread


def _not_known(inputs: Inputs, suspects: list[Judged]) -> frozenset[str]:
    """Where something could not be read, or may be an old answer."""
    unknown = _unknown(inputs.row, inputs.desired, inputs.live)
    changes = [item.change for item in suspects if item.cause is Cause.DRIFT]
    suspected = {place(change.field, change.entry) for change in changes}
    return frozenset({*unknown, *providers.places(inputs), *suspected})


def _unread(inputs: Inputs) -> list[str]:
    """One sentence per managed part or identity provider that could not be read."""
    unknown = _unknown(inputs.row, inputs.desired, inputs.live)
    return [
        *(f"{name}, which could not be read: {p.error.message}" for name, p in unknown.items()),
        *providers.unread(inputs),
    ]


def agreed(inputs: Inputs) -> bool:
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
    return (
        documents.compare_trust(live, wanted).verdict is same
        and documents.compare_trust(base, wanted).verdict is not same
        and (
            within(gated, base, live)
            or baseline.begun(inputs.memory.record, Change(gated.name, base, live, _WIDER))
        )
    )


def _baseline(inputs: Inputs) -> documents.Trust | None:
    """The record keeps its baseline; an adopted identity starts with what it has."""
    if inputs.memory.record.baseline is not None and not agreed(inputs):
        return inputs.memory.record.baseline
    gated = inputs.row.gated_field
    live = inputs.live.fields.get(gated.name) if gated is not None else None
    return live if isinstance(live, documents.Trust) else None


def _live_digest(inputs: Inputs) -> str:
    gated = inputs.row.gated_field
    live = inputs.live.fields.get(gated.name) if gated is not None else None
    return live.digest if isinstance(live, documents.Trust) else ""


def drifted(inputs: Inputs) -> bool:
    """Whether any difference looks like drift."""
    found = _judgements(inputs)
    looks = (item.cause is Cause.DRIFT for item in (*found, *providers.moved(inputs)))
    return any(looks) or bool(_beyond(inputs, found))
