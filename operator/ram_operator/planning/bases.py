"""What each step of a plan rests on, so that the job that writes it can look once more. Pure.

Called by `plan` once all steps are there: a step may rest on what those before it leave behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from .. import documents
from ..gate.inputs import Situation
from ..kinds.schema import Escalation, Field
from ..model.basis import Basis
from ..model.changes import Step
from ..model.objects import UnknownPart
from ..model.vocabulary import Presence


def on(situation: Situation, steps: Iterable[Step], trust: documents.Trust | None) -> list[Step]:
    """The steps with what they rest on; `trust` is what the role trusts when all are done."""
    listed = list(steps)
    bases = _bases(situation, listed, trust)
    return [replace(step, rests=bases[_field(situation, step)]) for step in listed]


def _field(situation: Situation, step: Step) -> str:
    """The field whose kind of gain the step makes; "" where it makes none."""
    for field in situation.row.fields:
        gains = field.write if field.escalates is Escalation.DOCUMENT else field.add
        if field.escalates and field.name == step.field and step.verb == gains:
            return field.name
    return ""


def _bases(
    situation: Situation, steps: list[Step], trust: documents.Trust | None
) -> Mapping[str, Basis | None]:
    found: dict[str, Basis | None] = {"": None}
    for field in situation.row.fields:
        if field.escalates is Escalation.ATTACHMENT:
            found[field.name] = _attachment(situation, steps, trust)
        elif field.escalates is Escalation.MEMBERSHIP:
            found[field.name] = _membership(situation, steps, field)
        elif field.escalates is Escalation.DOCUMENT:
            found[field.name] = _document(situation, field)
    return found


def _attachment(situation: Situation, steps: list[Step], trust: documents.Trust | None) -> Basis:
    """What the policies say, and who gets it: who may assume the role, who is in the group."""
    members = None
    for field in situation.row.fields:
        if field.escalates is Escalation.MEMBERSHIP:
            members = _keys(situation, field.name)
            if members is not None:
                members |= _moved(steps, field.name, field.add)
    return Basis(situation.memory.judged, members=members, trusts=_trusts(situation, trust))


def _trusts(situation: Situation, after: documents.Trust | None) -> frozenset[str] | None:
    """Before and after a trust that the same plan writes: an answer may still be the old one."""
    gated = situation.row.gated_field
    live = situation.live.fields.get(gated.name) if gated is not None else None
    if not isinstance(live, documents.Trust) or after is None:
        return None
    return frozenset({live.digest, after.digest})


def _membership(situation: Situation, steps: list[Step], field: Field) -> Basis:
    """What the group has when the member joins, and what that says."""
    carries = situation.row.field(field.carries)
    has = _keys(situation, carries.name)
    wanted = situation.desired.fields.get(carries.name)
    if has is not None:
        asked = frozenset(wanted) if isinstance(wanted, Mapping) else frozenset()
        has = (has | asked) - _moved(steps, carries.name, carries.remove)
    return Basis(situation.memory.judged, attached=has, read_at=situation.live.read_at)


def _document(situation: Situation, field: Field) -> Basis:
    live = situation.live.fields.get(field.name)
    if not isinstance(live, documents.Policy):
        return Basis()
    digests = {document.digest for document in (live, *situation.memory.sent)}
    return Basis(documents=frozenset(digests), identity=situation.live.cloud_id)


def _keys(situation: Situation, name: str) -> frozenset[str] | None:
    """The entries that the cloud has; None where they could not be read."""
    if situation.live.presence is Presence.ABSENT:
        return frozenset()
    part = situation.live.fields.get(name)
    if isinstance(part, UnknownPart) or not isinstance(part, Mapping):
        return None
    return frozenset(part)


def _moved(steps: Iterable[Step], name: str, verb: str) -> frozenset[str]:
    moves = (step for step in steps if step.field == name and step.verb == verb)
    return frozenset(key for step in moves for key in step.values.get("keys", ()))
