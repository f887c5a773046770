"""Changes, dispositions and gate → one Plan: ordered steps, what is held, what has drifted. Pure.

Tighten first, widen last, so that a crash in the middle never leaves more access than the larger of
before and after. While a change that takes trust away is held, everything that widens the same role
waits with it; otherwise those who are about to lose the role would gain by it first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from . import approval, diff, documents, drift, memory_after, wording
from .drift import Memory
from .kinds import Kind, Shape
from .model import (
    Account,
    Cause,
    Desired,
    Direction,
    Disposition,
    Drift,
    Entry,
    FieldValue,
    Held,
    Judged,
    Live,
    Plan,
    Step,
    UnknownPart,
)

_ORDER: Final = {
    Direction.NARROWER: 0,
    Direction.NEUTRAL: 1,
    Direction.UNKNOWN: 2,
    Direction.MIXED: 2,
    Direction.WIDER: 3,
}
_WIDENING: Final = frozenset({Direction.WIDER, Direction.MIXED, Direction.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a decision depends on."""

    row: Kind
    account: Account
    desired: Desired
    live: Live
    memory: Memory


def create(situation: Situation) -> Plan:
    """The identity does not exist: create it, then add what creation cannot carry."""
    row, desired = situation.row, situation.desired
    if desired.unresolved:
        # Nothing half made: a role without the policies that define it helps nobody.
        return Plan(waiting=desired.unresolved, in_sync=False)
    values: dict[str, Any] = dict(desired.fields)
    gated = row.gated_field
    baseline = None
    if gated is not None:
        trust = desired.fields[gated.name]
        assert isinstance(trust, documents.Trust)
        verdict = approval.judge_creation(trust, situation.account, situation.memory.record)
        if isinstance(verdict, Held):
            return Plan(held=verdict, in_sync=False)
        values[gated.name] = verdict
        baseline = trust
    summary = f"create {row.noun} {desired.cloud_name}"
    steps = [Step("create", summary, Cause.CREATE, Direction.WIDER, values)]
    for field in row.fields:
        entries = desired.fields.get(field.name)
        if field.entries_widen and isinstance(entries, Mapping):
            steps += [
                _entry_step(field.add, field.name, (key, entry), Cause.CREATE, Direction.WIDER)
                for key, entry in sorted(entries.items())
            ]
    applied = memory_after.created(row, desired)
    return Plan(tuple(steps), applied=applied, baseline=baseline, in_sync=False)


def update(situation: Situation, *, believe_drift: bool = True) -> Plan:
    """The identity exists: judge every difference and order what may be written.

    With `believe_drift` False, differences that look like drift are neither written nor shown:
    shortly after a write of ours they may be nothing but an old answer.
    """
    row, desired, live = situation.row, situation.desired, situation.live
    judged = [
        verdict
        for change in diff.changes(row, desired, live)
        if (verdict := drift.judge(row, desired, change, situation.memory)) is not None
    ]
    if not believe_drift:
        judged = [item for item in judged if item.cause is not Cause.DRIFT]
    gate = _gate(situation, judged)
    steps = [*gate.steps, *_entry_steps(situation, judged), *_value_steps(situation, judged)]
    steps.sort(key=lambda step: _ORDER[step.direction])
    waiting = [*desired.unresolved]
    postponed: list[Step] = []
    if gate.held is not None and gate.narrowing_held:
        postponed = [step for step in steps if step.direction in _WIDENING]
        steps = [step for step in steps if step.direction not in _WIDENING]
        waiting += [f"{step.summary}: waits for the held trust change" for step in postponed]
    unmanaged = any(isinstance(value, UnknownPart) for value in live.fields.values())
    return Plan(
        steps=tuple(steps),
        held=gate.held,
        drift=tuple(_drift_entry(item, gate) for item in judged if _shown(item)),
        waiting=tuple(waiting),
        applied=memory_after.after_steps(
            situation.memory.applied,
            memory_after.updated(row, desired, judged),
            tuple(postponed),
        ),
        adopting=not situation.memory.record.exists,
        baseline=_baseline(situation),
        in_sync=not judged and not waiting and not unmanaged,
    )


@dataclass(frozen=True, slots=True)
class _Gate:
    steps: tuple[Step, ...] = ()
    held: Held | None = None
    narrowing_held: bool = False


def _gate(situation: Situation, judged: list[Judged]) -> _Gate:
    """The trust change, if there is one: a step, or held."""
    gated = situation.row.gated_field
    item = next((j for j in judged if gated is not None and j.change.field == gated.name), None)
    if item is None:
        held = _held_entries(judged)
        return _Gate(held=held)
    live, wanted = item.change.before, item.change.after
    assert isinstance(live, documents.Trust)
    assert isinstance(wanted, documents.Trust)
    if item.disposition is Disposition.WRITE and item.cause is Cause.DRIFT:
        verdict = approval.judge_take_back(live, wanted, situation.account)
        if isinstance(verdict, approval.Cleared):
            step = Step(
                "trust",
                "take back what was added to the trust by hand",
                Cause.DRIFT,
                Direction.NARROWER,
                {**_siblings(situation, "attributes"), "cleared": verdict},
                item.change.field,
            )
            return _Gate(steps=(step,), held=_held_entries(judged))
    if item.disposition is Disposition.REPORT:
        return _Gate(held=_held_entries(judged))
    held = approval.hold_change(live, wanted, situation.account)
    narrowing = item.change.direction is not Direction.WIDER
    return _Gate(held=held, narrowing_held=narrowing)


def _held_entries(judged: list[Judged]) -> Held | None:
    """Escalating rights that somebody took away and that Revert may not give back by itself."""
    gains = tuple(
        wording.given_back(item.change) for item in judged if item.disposition is Disposition.HOLD
    )
    return Held("EscalatingRight", "rights taken away by hand wait", gains) if gains else None


def _siblings(situation: Situation, verb: str) -> dict[str, FieldValue]:
    """All fields that one call writes together, as wanted or else as they are.

    RAM may reset what a call omits, so nothing that the call could carry is left out.
    """
    values: dict[str, FieldValue] = {}
    for field in situation.row.fields:
        if field.write != verb:
            continue
        value = situation.desired.fields.get(field.name, situation.live.fields.get(field.name))
        if value is not None and not isinstance(value, UnknownPart):
            values[field.name] = value
    return values


def _value_steps(situation: Situation, judged: list[Judged]) -> list[Step]:
    """One step per verb: the fields that one call writes are written together or not at all."""
    by_verb: dict[str, list[Judged]] = {}
    for item in judged:
        field = situation.row.field(item.change.field)
        if field.shape in (Shape.ENTRIES, Shape.TRUST) or item.disposition is not Disposition.WRITE:
            continue
        by_verb.setdefault(field.write, []).append(item)
    steps = []
    for verb, items in by_verb.items():
        values = dict(_siblings(situation, verb))
        for other in judged:
            kept = other.disposition is not Disposition.WRITE
            if kept and other.change.field in values:
                assert other.change.before is not None
                assert not isinstance(other.change.before, Entry)
                values[other.change.field] = other.change.before
        names = ", ".join(item.change.field for item in items)
        direction = max((item.change.direction for item in items), key=_ORDER.__getitem__)
        steps.append(Step(verb, f"update {names}", items[0].cause, direction, values, names))
    return steps


def _entry_steps(situation: Situation, judged: list[Judged]) -> list[Step]:
    """Attachments one call each; tags all in one call per direction."""
    steps: list[Step] = []
    grouped: dict[tuple[str, str], list[Judged]] = {}
    for item in judged:
        field = situation.row.field(item.change.field)
        if field.shape is not Shape.ENTRIES or item.disposition is not Disposition.WRITE:
            continue
        verb = field.remove if item.change.after is None else field.add
        entry = item.change.after if item.change.after is not None else item.change.before
        assert isinstance(entry, Entry)
        if field.entries_widen:
            member = (item.change.entry, entry)
            steps.append(_entry_step(verb, field.name, member, item.cause, item.change.direction))
        else:
            grouped.setdefault((verb, field.name), []).append(item)
    for (verb, name), items in grouped.items():
        keys = tuple(item.change.entry for item in items)
        summary = f"{verb} {', '.join(keys)}"
        entries = tuple(item.change.after or item.change.before for item in items)
        values = {"entries": entries, "keys": keys}
        steps.append(Step(verb, summary, items[0].cause, Direction.NEUTRAL, values, name))
    return steps


def _entry_step(
    verb: str, field: str, member: tuple[str, Entry], cause: Cause, direction: Direction
) -> Step:
    key, entry = member
    values = {"entries": (entry,), "keys": (key,)}
    return Step(verb, f"{verb} {entry.display}", cause, direction, values, field)


def _shown(item: Judged) -> bool:
    """What `status.drift` lists: moves of the cloud, and what adoption left as it was."""
    if item.cause is Cause.DRIFT:
        return True
    return item.cause is Cause.ADOPTION and item.disposition is Disposition.REPORT


def _drift_entry(item: Judged, gate: _Gate) -> Drift:
    action = {
        Disposition.WRITE: "corrected",
        Disposition.REPORT: "reported",
        Disposition.HOLD: "held",
    }[item.disposition]
    if action == "corrected" and isinstance(item.change.after, documents.Trust) and not gate.steps:
        action = "held"
    was, now = wording.drift_values(item.change)
    name = f"{item.change.field}[{item.change.entry}]" if item.change.entry else item.change.field
    return Drift(name, was, now, item.severity, action)


def _baseline(situation: Situation) -> documents.Trust | None:
    """The record keeps its baseline; an adopted identity starts with what it has."""
    if situation.memory.record.baseline is not None:
        return situation.memory.record.baseline
    gated = situation.row.gated_field
    live = situation.live.fields.get(gated.name) if gated is not None else None
    return live if isinstance(live, documents.Trust) else None


def drifted(situation: Situation) -> bool:
    """Whether any difference looks like drift."""
    row, desired, memory = situation.row, situation.desired, situation.memory
    return any(
        verdict is not None and verdict.cause is Cause.DRIFT
        for change in diff.changes(row, desired, situation.live)
        for verdict in [drift.judge(row, desired, change, memory)]
    )
