"""What an approval does to a plan: what was held is written, and carries the permit. Pure.

Called by `plan`. The executor asks for the permit again, see `cloud.execute`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from .. import documents
from ..kinds.schema import Escalation, Kind
from ..model.changes import Change, Held, Judged, Step
from ..model.objects import FieldValue, UnknownPart
from ..model.state import Desired, Live
from ..model.vocabulary import Cause, Direction, Disposition, Presence
from . import checks, clearance, grants, providers, rules
from .inputs import Inputs

NAME: Final = "name"
TRUSTED: Final = "NameAlreadyTrusted"


def creation(inputs: Inputs) -> Held | Step:
    """The step that creates it, or what is held of that: its trust, its name, or both."""
    row, desired = inputs.row, inputs.desired
    values: dict[str, Any] = dict(desired.fields)
    held = _name(inputs)
    if (gated := row.gated_field) is not None:
        trust = desired.fields[gated.name]
        assert isinstance(trust, documents.Trust)
        case = checks.Case(inputs.account, trust)
        moved = providers.held(providers.moved(inputs), case)
        record = inputs.memory.record
        verdict = clearance.judge_creation(trust, inputs.account, record, moved)
        values[gated.name] = verdict
        if isinstance(verdict, Held):
            held = grants.joined(grants.joined(verdict, moved), held)
    summary = f"create {row.noun} {desired.cloud_name}"
    if held is None:
        return Step("create", summary, Cause.CREATE, Direction.WIDER, values)
    held = replace(held, context=context(inputs, held))
    permit = weigh(held, inputs)
    if permit is None:
        return held
    if gated is not None and permit.covers(gated.name):
        values[gated.name] = clearance.clear(permit, gated.name)
    if not permit.covers(NAME):
        return Step("create", summary, Cause.CREATE, Direction.WIDER, values)
    values |= {NAME: desired.cloud_name, "permit": permit}
    return Step("create", summary, Cause.CREATE, Direction.WIDER, values, NAME)


def _name(new: Inputs) -> Held | None:
    """RAM trusts by name: who gets a name that a role trusts is trusted from his first moment."""
    name = new.desired.cloud_name
    arn = new.row.arn(new.account.account_id, name)
    case = checks.Case(new.account, arn=arn, named=new.named)
    findings = rules.judge(case, rules.On.NAME)
    if not rules.dangerous(findings):
        return _lost(new) if arn else None
    gains = tuple(finding.message for finding in findings)
    change = Change(NAME, None, name, Direction.WIDER)
    summary = f"{new.row.noun} {name} would be trusted from its creation"
    return Held(TRUSTED, summary, gains, (), findings, (change,), "new")


def _lost(new: Inputs) -> Held | None:
    """Without records nobody knows which names are trusted. What has a trust is held for that."""
    if new.row.gated_field is not None or not clearance.lost(new.account, new.memory.record):
        return None
    name = new.desired.cloud_name
    gains = (f"{new.row.noun} {name} would be trusted where a forgotten role names it",)
    summary = "records of this account were lost: a role may trust that name already"
    return Held(
        clearance.LOST, summary, gains, (), (), (Change(NAME, None, name, Direction.WIDER),)
    )


def context(inputs: Inputs, held: Held) -> Mapping[str, FieldValue]:
    """What else the approver has seen: attachments and session as they are asked for, who is in the
    group, and what the identity providers of the trust are.
    """
    row, desired = inputs.row, inputs.desired
    asked = {
        field.name: desired.fields[field.name]
        for field in row.fields
        if field.name in desired.fields
        and (field.larger_is_wider or (field.entries_widen and field.add and not field.carries))
    }
    members = {n: part for n, part in getting(held, inputs).items() if isinstance(part, Mapping)}
    return {**asked, **members, **providers.context(inputs)}


def getting(held: Held, inputs: Inputs) -> Mapping[str, FieldValue | UnknownPart | None]:
    """Who else gets a right to change rights that is held: the members of a group, if any."""
    row = inputs.row
    policies = {f.name for f in row.fields if f.escalates is Escalation.ATTACHMENT}
    attaches = any(change.field in policies for change in held.changes)
    fields = [field for field in row.fields if field.escalates is Escalation.MEMBERSHIP]
    if not attaches or inputs.live.presence is not Presence.PRESENT:
        return {}
    found = {field.name: inputs.live.fields.get(field.name) for field in fields}
    return {name: part for name, part in found.items() if part != {}}


def weigh(held: Held, inputs: Inputs) -> clearance.Permit | None:
    """The approval of what is held, if there is one and all that it lets in are known.

    What is sent once more is sent to the providers that were approved the first time.
    """
    record = inputs.memory.record
    if providers.wanted_unknown(inputs):
        return None
    if not all(isinstance(part, Mapping) for part in getting(held, inputs).values()):
        return None
    permit = clearance.weigh(held, inputs.approval, record)
    flight = record.in_flight
    if permit is None or flight is None or flight.approval != permit.digest:
        return permit
    same = flight.providers == providers.accepted(held.context, held.changes)
    return permit if same else None


def session(row: Kind, desired: Desired, live: Live) -> tuple[int, int] | None:
    """How long a session may last now and is to last, in seconds; None where it stays."""
    for field in row.fields:
        if field.larger_is_wider:
            before, after = live.fields.get(field.name), desired.fields.get(field.name)
            if isinstance(before, int) and isinstance(after, int) and before != after:
                return before, after
    return None


def verdict(held: Held) -> str:
    """In one word: what is granted beside a trust that loses something makes both."""
    if not held.verdict:
        return Direction.WIDER.value
    grants = any(c.entry and c.direction is not Direction.NARROWER for c in held.changes)
    narrows = held.verdict == Direction.NARROWER.value
    return Direction.MIXED.value if grants and narrows else held.verdict


def released(items: list[Judged], permit: clearance.Permit | None) -> list[Judged]:
    """What was held and is approved is written. The trust has a step of its own."""
    return [_released(item, permit) for item in items]


def _released(item: Judged, permit: clearance.Permit | None) -> Judged:
    change = item.change
    if permit is None or not permit.covers(change.field, change.entry):
        return item
    held = item.disposition is Disposition.HOLD
    return replace(item, disposition=Disposition.WRITE) if held else item


def carried(step: Step, permit: clearance.Permit | None) -> Step:
    """What rests on an approval carries it."""
    if permit is None or "cleared" in step.values:
        return step
    keys = step.values.get("keys", ("",))
    pairs = [(name, key) for name in step.field.split(", ") for key in keys]
    if not any(permit.covers(name, key) for name, key in pairs):
        return step
    return replace(step, values={**step.values, "permit": permit})


def trust_step(row: Kind, live: Live, cleared: clearance.Cleared) -> Step:
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
    text, direction = "change the trust as approved", clearance.direction(cleared)
    return Step("trust", text, Cause.INTENT, direction, values, gated.name)
