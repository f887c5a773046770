"""What each step of a plan rests on, so that the job that writes it can look once more. Pure.

Called by `plan` once all steps are there: a step may rest on what those before it leave behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from .. import documents
from ..gate.inputs import Inputs
from ..kinds.schema import Escalation, Field
from ..model.basis import Basis
from ..model.objects import UnknownPart
from ..model.steps import Addition, EntryStep, Removal, Step
from ..model.vocabulary import Presence


def on(inputs: Inputs, steps: Iterable[Step], trust: documents.Trust | None) -> list[Step]:
    """The steps with what they rest on; `trust` is what the role trusts when all are done."""
    listed = list(steps)
    bases = _bases(inputs, listed, trust)
    return [replace(step, rests=bases[_field(inputs, step)]) for step in listed]


def _field(inputs: Inputs, step: Step) -> str:
    """The field whose kind of gain the step makes; "" where it makes none."""
    for field in inputs.row.fields:
        gains = field.write if field.escalates is Escalation.DOCUMENT else field.add
        if field.escalates and step.fields == (field.name,) and type(step) is gains:
            return field.name
    return ""


def _bases(
    inputs: Inputs, steps: list[Step], trust: documents.Trust | None
) -> Mapping[str, Basis | None]:
    found: dict[str, Basis | None] = {"": None}
    for field in inputs.row.fields:
        if field.escalates is Escalation.ATTACHMENT:
            found[field.name] = _attachment(inputs, steps, trust)
        elif field.escalates is Escalation.MEMBERSHIP:
            found[field.name] = _membership(inputs, steps, field)
        elif field.escalates is Escalation.DOCUMENT:
            found[field.name] = _document(inputs, field)
    return found


def _attachment(inputs: Inputs, steps: list[Step], trust: documents.Trust | None) -> Basis:
    """What the policies say, and who gets it: who may assume the role, who is in the group."""
    members = None
    for field in inputs.row.fields:
        if field.escalates is Escalation.MEMBERSHIP:
            members = _keys(inputs, field.name)
            if members is not None:
                members |= _moved(steps, field.name, field.add)
    return Basis(inputs.memory.judged, members=members, trusts=_trusts(inputs, trust))


def _trusts(inputs: Inputs, after: documents.Trust | None) -> frozenset[str] | None:
    """Before and after a trust that the same plan writes: an answer may still be the old one."""
    gated = inputs.row.gated_field
    live = inputs.live.fields.get(gated.name) if gated is not None else None
    if not isinstance(live, documents.Trust) or after is None:
        return None
    return frozenset({live.digest, after.digest})


def _membership(inputs: Inputs, steps: list[Step], field: Field) -> Basis:
    """What the group has when the member joins, and what that says."""
    carries = inputs.row.field(field.carries)
    has = _keys(inputs, carries.name)
    wanted = inputs.desired.fields.get(carries.name)
    if has is not None:
        asked = frozenset(wanted) if isinstance(wanted, Mapping) else frozenset()
        has = (has | asked) - _moved(steps, carries.name, carries.remove)
    return Basis(inputs.memory.judged, attached=has, read_at=inputs.live.read_at)


def _document(inputs: Inputs, field: Field) -> Basis:
    live = inputs.live.fields.get(field.name)
    if not isinstance(live, documents.Policy):
        return Basis()
    digests = {document.digest for document in (live, *inputs.memory.sent)}
    has = inputs.memory.holders
    holders = frozenset(has) if isinstance(has, Mapping) else None
    return Basis(documents=frozenset(digests), holders=holders, identity=inputs.live.cloud_id)


def _keys(inputs: Inputs, name: str) -> frozenset[str] | None:
    """The entries that the cloud has; None where they could not be read."""
    if inputs.live.presence is Presence.ABSENT:
        return frozenset()
    part = inputs.live.fields.get(name)
    if isinstance(part, UnknownPart) or not isinstance(part, Mapping):
        return None
    return frozenset(part)


def _moved(
    steps: Iterable[Step], name: str, kind: type[Addition] | type[Removal] | None
) -> frozenset[str]:
    moves = (s for s in steps if isinstance(s, EntryStep) and type(s) is kind and s.field == name)
    return frozenset(key for step in moves for key in step.entries)
