"""What an offer says beside what is held, and whether it was approved. Pure; for `review`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..kinds.schema import Escalation, Kind
from ..model.changes import Held
from ..model.objects import FieldValue, UnknownPart
from ..model.permissions import Permit
from ..model.provider_states import accepted
from ..model.records import InFlight
from ..model.state import Desired, Live
from ..model.vocabulary import Direction, HeldVerdict, Presence
from . import approvals, clearance, providers, remaining
from .inputs import Inputs

HAD: Final = "attached"
"""In the context of an offer: policies that are attached and not asked for."""
HOLDERS: Final = "holders"
"""In the context of an offer: who has the policy."""


def context(inputs: Inputs, held: Held) -> Mapping[str, FieldValue]:
    """What else the approver has seen: attachments and session as they are asked for, who is in the
    group, and what the identity providers of the trust are.
    """
    row, desired = inputs.row, inputs.desired
    asked = {
        field.name: desired.fields[field.name]
        for field in row.fields
        if field.name in desired.fields
        and (
            field.larger_is_wider
            or field.widest
            or (field.entries_widen and field.add and not field.carries)
        )
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
        elif way in (Escalation.MEMBERSHIP, Escalation.SESSION, Escalation.CONSOLE):
            keys |= lets.keys()
    found = {key: approvals.lets(key, lets[key]) for key in keys & lets.keys()}
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
    flight = record.in_flight
    permit = clearance.weigh(held, inputs.approval, record, _whole(inputs, flight))
    if permit is None or flight is None or flight.approval != permit.digest:
        return permit
    # Of what is left of it they were compared with all that the approver has seen.
    all_of_it = permit.change == flight.change
    same = flight.providers == accepted(held.context, held.changes)
    return permit if same or not all_of_it else None


def _whole(inputs: Inputs, begun: InFlight | None) -> Mapping[str, FieldValue] | None:
    """What an approver would see now beside all that was begun; None where that is not known."""
    if begun is None or not begun.parts:
        return None
    asked = remaining.begun(begun)
    return context(inputs, asked) if all_known(asked, inputs) else None


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
