"""The door of the gate: what of the changes may be written, what is held, what was approved. Pure.

Called by `plan`. What is held is offered as one; an approval opens all of it or nothing, and what
rests on it carries the permit. The executor asks for the permit again, see `cloud.execute`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from .. import documents
from ..kinds.schema import Escalation, Kind
from ..model import changes
from ..model.changes import NAME, Change, Held, Judged
from ..model.objects import Entry, FieldValue, UnknownPart
from ..model.permissions import Cleared, Permit
from ..model.provider_states import accepted
from ..model.state import Desired, Live
from ..model.steps import (
    Approvable,
    Create,
    Created,
    CreateWithDocument,
    CreateWithTrust,
    NewIdentity,
    Step,
    WriteAttributes,
    WriteTrust,
    plain,
)
from ..model.vocabulary import (
    Cause,
    Direction,
    Disposition,
    HeldKind,
    HeldVerdict,
    Presence,
)
from . import approvals, checks, clearance, grants, providers, rules
from .inputs import Inputs

TAKE_BACK: Final = "take back what was added to the trust by hand"
APPROVED: Final = "change the trust as approved"
HAD: Final = "attached"
"""In the context of an offer: policies that are attached and not asked for."""
HOLDERS: Final = "holders"
"""In the context of an offer: who has the policy."""


def creation(inputs: Inputs) -> Held | Created:
    """The step that creates it, or what is held of that: its trust, its name, or both."""
    row, desired = inputs.row, inputs.desired
    held = _name(inputs)
    verdict: Cleared | Held | None = None
    if (gated := row.gated_field) is not None:
        trust = desired.fields[gated.name]
        assert isinstance(trust, documents.Trust)
        case = checks.Case(inputs.account, trust)
        moved = providers.held(providers.moved(inputs), case)
        record = inputs.memory.record
        verdict = clearance.judge_creation(trust, inputs.account, record, moved)
        if isinstance(verdict, Held):
            held = grants.joined(grants.joined(verdict, moved), held)
    permit = None
    if held is not None:
        held = replace(held, context=context(inputs, held))
        permit = weigh(held, inputs)
        if permit is None:
            return held
        if gated is not None and permit.covers(gated.name):
            verdict = clearance.clear(permit, gated.name)
    assert not isinstance(verdict, Held)
    return _created(inputs, verdict, permit if permit is not None and permit.covers(NAME) else None)


def _created(inputs: Inputs, cleared: Cleared | None, permit: Permit | None) -> Created:
    """The creation with all that one call can carry; `permit` is the approval of its name."""
    row, desired = inputs.row, inputs.desired
    summary = f"{Create.verb} {row.noun} {desired.cloud_name}"
    tags = desired.fields.get(row.tag_field)
    new = NewIdentity(
        desired.cloud_name, plain(desired.fields), tags if isinstance(tags, Mapping) else {}
    )
    if cleared is not None:
        return CreateWithTrust(summary=summary, new=new, permit=permit, cleared=cleared)
    for value in desired.fields.values():
        if isinstance(value, documents.Policy):
            return CreateWithDocument(summary=summary, new=new, permit=permit, document=value)
    return Create(summary=summary, new=new, permit=permit)


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
    return Held(HeldKind.NAME_TRUSTED, summary, gains, (), findings, (change,), HeldVerdict.NEW)


def _lost(new: Inputs) -> Held | None:
    """Without records nobody knows which names are trusted. What has a trust is held for that."""
    if new.row.gated_field is not None or not clearance.lost(new.account, new.memory.record):
        return None
    name = new.desired.cloud_name
    gains = (f"{new.row.noun} {name} would be trusted where a forgotten role names it",)
    summary = "records of this account were lost: a role may trust that name already"
    return Held(
        HeldKind.RECORDS_LOST, summary, gains, (), (), (Change(NAME, None, name, Direction.WIDER),)
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
    return {**asked, **members, **_lets(inputs, held), **providers.context(inputs)}


def _lets(inputs: Inputs, held: Held) -> Mapping[str, FieldValue]:
    """What the policies let do that the sentences speak of: another document behind an approved
    name is another offer.
    """
    lets, ways = inputs.memory.lets, {f.name: f.escalates for f in inputs.row.fields}
    keys: set[str] = set()
    for change in held.changes:
        way = ways.get(change.field)
        if way is Escalation.ATTACHMENT:
            keys.add(change.entry)
        elif way in (Escalation.MEMBERSHIP, Escalation.SESSION):
            keys |= lets.keys()
    found = {key: Entry(key, " ".join(lets[key])) for key in keys & lets.keys()}
    return {approvals.GRANTS: found} if found else {}


def getting(held: Held, inputs: Inputs) -> Mapping[str, FieldValue | UnknownPart | None]:
    """Who else gets a right to change rights that is held: the members of a group, if any. And what
    is had beside what is asked for by whoever joins, or by a role whose sessions get longer.
    """
    row, moved = inputs.row, {change.field for change in held.changes}
    policies = {f.name for f in row.fields if f.escalates is Escalation.ATTACHMENT}
    if inputs.live.presence is not Presence.PRESENT:
        return {}
    found: dict[str, FieldValue | UnknownPart | None] = {}
    for field in row.fields:
        if field.escalates is Escalation.DOCUMENT and field.name in moved:
            found[HOLDERS] = inputs.memory.holders
        if field.escalates is Escalation.MEMBERSHIP and moved & policies:
            found[field.name] = inputs.live.fields.get(field.name)
        if field.carries and field.name in moved:
            found[HAD] = _beside(inputs, field.carries)
    return {name: part for name, part in found.items() if part != {}}


def _beside(inputs: Inputs, name: str) -> FieldValue | UnknownPart | None:
    """The entries of the field that the cloud has and the manifest does not ask for."""
    has, asked = inputs.live.fields.get(name), inputs.desired.fields.get(name)
    if not isinstance(has, Mapping) or not isinstance(asked, Mapping):
        return has
    return {key: entry for key, entry in has.items() if key not in asked}


def weigh(held: Held, inputs: Inputs) -> Permit | None:
    """The approval of what is held, if there is one and all that it lets in are known.

    What is sent once more is sent to the providers that were approved the first time.
    """
    record = inputs.memory.record
    if not all_known(held, inputs):
        return None
    permit = clearance.weigh(held, inputs.approval, record)
    flight = record.in_flight
    if permit is None or flight is None or flight.approval != permit.digest:
        return permit
    same = flight.providers == accepted(held.context, held.changes)
    return permit if same else None


def all_known(held: Held | None, inputs: Inputs) -> bool:
    """Whether all is known that an approval of it has to cover; what is not is never offered."""
    if providers.wanted_unknown(inputs):
        return False
    parts = getting(held, inputs).values() if held is not None else ()
    return all(isinstance(part, Mapping) for part in parts)


def session_change(row: Kind, desired: Desired, live: Live) -> tuple[int, int] | None:
    """How long a session may last now and is to last, in seconds; None where it stays."""
    for field in row.fields:
        if field.larger_is_wider:
            before, after = live.fields.get(field.name), desired.fields.get(field.name)
            if isinstance(before, int) and isinstance(after, int) and before != after:
                return before, after
    return None


def verdict(held: Held) -> HeldVerdict:
    """In one word: what is granted beside a trust that loses something makes both."""
    if held.verdict == HeldVerdict.UNSAID:
        return HeldVerdict.WIDER
    grants = any(c.entry and c.direction is not Direction.NARROWER for c in held.changes)
    narrows = held.verdict == HeldVerdict.NARROWER
    return HeldVerdict.MIXED if grants and narrows else held.verdict


def released(items: list[Judged], permit: Permit | None) -> list[Judged]:
    """What was held and is approved is written. The trust has a step of its own."""
    return [_released(item, permit) for item in items]


def _released(item: Judged, permit: Permit | None) -> Judged:
    change = item.change
    if permit is None or not permit.covers(change.field, change.entry):
        return item
    held = item.disposition is Disposition.HOLD
    return replace(item, disposition=Disposition.WRITE) if held else item


def carried(step: Step, permit: Permit | None) -> Step:
    """What rests on an approval carries it."""
    if permit is None or not isinstance(step, Approvable):
        return step
    if not any(permit.covers(*part) for part in step.parts):
        return step
    return replace(step, permit=permit)


def trust_step(row: Kind, live: Live, cleared: Cleared) -> WriteTrust:
    """Carries the attributes that the same call writes as they are: it gives nothing back."""
    gated = row.gated_field
    assert gated is not None
    names = {field.name for field in row.fields if field.write is WriteAttributes}
    drift = cleared.permit is None
    return WriteTrust(
        summary=TAKE_BACK if drift else APPROVED,
        cause=Cause.DRIFT if drift else Cause.INTENT,
        direction=Direction.NARROWER if drift else clearance.direction(cleared),
        field=gated.name,
        cleared=cleared,
        attributes=plain({name: v for name, v in live.fields.items() if name in names}),
    )


@dataclass(frozen=True, slots=True)
class Changes:
    """What is judged together: all differences `found`, those of them that count now, and identity
    providers that look changed. `believed`: differences that look like drift are no old answers.
    """

    found: list[Judged]
    judged: list[Judged]
    suspects: list[Judged]
    believed: bool = True


@dataclass(frozen=True, slots=True)
class Review:
    """`after` is the trust once the steps are done; `exceeds`: it may give more than is asked.

    `moved` are identity providers that wait for an approval, `accepted` those that have it.
    """

    steps: tuple[WriteTrust, ...] = ()
    held: Held | None = None
    after: documents.Trust | None = None
    exceeds: bool = False
    permit: Permit | None = None
    moved: tuple[Judged, ...] = ()
    accepted: tuple[Judged, ...] = ()


def review(inputs: Inputs, changes: Changes) -> Review:
    """What is held, and whether it was approved: all of it at once, or nothing."""
    found, judged = changes.found, changes.judged
    suspects, believed = changes.suspects, changes.believed
    moved = suspects if believed else []
    gate = replace(_trust_change(inputs, found, judged, moved), moved=tuple(moved))
    # Who comes in by a provider that nobody agreed on, or nobody knows, gets no more meanwhile.
    strange = bool(suspects or providers.unread(inputs))
    if gate.held is None:
        return replace(gate, exceeds=gate.exceeds or strange)
    held = replace(
        gate.held,
        verdict=verdict(gate.held),
        context=context(inputs, gate.held),
    )
    # What takes a stranger out goes first and alone: the offer is about what is left then. And
    # while a provider may be another one, it is not known yet what the offer has to say.
    sure = not gate.steps and not _taken_back(gate.held, judged) and (believed or not suspects)
    permit = weigh(held, inputs) if sure else None
    if permit is None:
        return replace(gate, held=held, exceeds=gate.exceeds or strange)
    gate = replace(gate, held=None, permit=permit, moved=(), accepted=tuple(moved))
    gated = inputs.row.gated_field
    if gated is None or not permit.covers(gated.name):
        return replace(gate, exceeds=gate.exceeds and gated is not None)
    cleared = clearance.clear(permit, gated.name)
    if any(item.cause is Cause.FOUND and item.change.field == gated.name for item in judged):
        # It is in the cloud already.
        return replace(gate, after=cleared.trust, exceeds=False)
    step = trust_step(inputs.row, inputs.live, cleared)
    return replace(gate, steps=(step,), after=cleared.trust, exceeds=False)


def _taken_back(held: Held, judged: list[Judged]) -> bool:
    """Whether something goes that the same object asks for."""
    wished = {(change.field, change.entry) for change in held.changes}
    excess = (item for item in judged if changes.writes(item) and item.cause is Cause.DRIFT)
    return any((item.change.field, item.change.entry) in wished for item in excess)


def _trust_change(
    inputs: Inputs, found: list[Judged], judged: list[Judged], moved: list[Judged]
) -> Review:
    """The trust change, if there is one: a step, or held, or both."""
    row, gated = inputs.row, inputs.row.gated_field
    case = grants.case(row, inputs.account, inputs.desired, inputs.live)
    waiting = grants.joined(providers.held(moved, case), grants.held(inputs, judged, case))
    if gated is None:
        return Review(held=waiting, exceeds=bool(inputs.memory.narrowing))
    live, wanted = inputs.live.fields.get(gated.name), inputs.desired.fields[gated.name]
    if not isinstance(live, documents.Trust):
        # What is not known may trust anybody, so nobody gets more through it.
        return Review(held=waiting, exceeds=True)
    assert isinstance(wanted, documents.Trust)
    if all(item.change.field != gated.name for item in found):
        return Review(held=waiting, after=live)
    items = [item for item in judged if item.change.field == gated.name]
    steps: list[WriteTrust] = []
    held: Held | None = None
    after = live
    for item in (item for item in items if changes.writes(item)):
        baseline = item.change.after
        assert isinstance(baseline, documents.Trust)
        verdict = clearance.judge_take_back(live, baseline, inputs.account)
        if isinstance(verdict, Cleared):
            after = verdict.trust
            steps.append(trust_step(row, inputs.live, verdict))
        else:
            held = verdict
    found_here = next((item.change for item in items if item.cause is Cause.FOUND), None)
    if found_here is not None:
        found_held = clearance.hold_found(found_here, inputs.account)
        return Review(held=grants.joined(found_held, waiting), after=live, exceeds=True)
    if any(item.disposition is Disposition.HOLD for item in items):
        lasts = session_change(row, inputs.desired, inputs.live)
        held = clearance.hold_change(after, wanted, inputs.account, lasts)
    verdict_after = documents.compare_trust(clearance.in_force(after), wanted).verdict
    exceeds = verdict_after not in (documents.Verdict.SAME, documents.Verdict.WIDER)
    return Review(tuple(steps), grants.joined(held, waiting), after, exceeds)
