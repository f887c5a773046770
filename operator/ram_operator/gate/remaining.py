"""What is left of an approved write that was begun, and whose end is not known. Pure.

Called by `clearance` and `offering`. One answer that was lost leaves part of what was approved
written. The rest of it goes on by the same approval, and only so: each part of it is one that was
approved, from what was there to what is to be, and all else that the approver has seen is as it
was, but for what the write itself has done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model.changes import Change, Held, place
from ..model.records import Agreed, InFlight
from ..model.vocabulary import Direction, HeldKind
from . import approvals

Told = Mapping[str, str]
"""By place, what stands for what is there."""


def told(held: Held) -> tuple[Told, Told]:
    """The parts of a change, and what else the approver has seen. Where that is too much to tell,
    it is what the policies let do alone: then nothing goes on by itself.
    """
    parts, seen = _parts(held), _seen(held.context)
    if len(parts) + len(seen) <= approvals.PARTS:
        return parts, seen
    # What is found attached is judged by that.
    lets = {label: text for label, text in seen.items() if _split(label)[0] == approvals.GRANTS}
    return {}, dict(sorted(lets.items())[: approvals.PARTS])


def _parts(held: Held) -> Told:
    canonical = approvals.canonical
    return {
        place(c.field, c.entry): approvals.short([canonical(c.before), canonical(c.after)])
        for c in held.changes
    }


def _seen(context: Mapping[str, Any]) -> Told:
    found: dict[str, str] = {}
    for name, value in context.items():
        entries = value if isinstance(value, Mapping) else {"": value}
        for key, entry in entries.items():
            found[place(name, key)] = approvals.short(approvals.canonical(entry))
    return found


def begun(flight: InFlight) -> Held:
    """All that was begun, by its places alone: whoever would see it now sees what beside it."""
    split = [_split(label) for label in sorted(flight.parts)]
    changes = tuple(Change(name, None, None, Direction.UNKNOWN, entry) for name, entry in split)
    return Held(HeldKind(flight.operation), "", changes=changes)


def _split(label: str) -> tuple[str, str]:
    name, _, entry = label.partition("[")
    return name, entry.removesuffix("]")


def is_left(held: Held, whole: Mapping[str, Any], flight: InFlight, agreed: Agreed) -> bool:
    """Whether it is what is left of what was begun. `whole` is what an approver of all of that
    would see beside it now.
    """
    if held.kind not in (flight.operation, HeldKind.GRANT):
        return False
    left, now = _parts(held), _seen(whole)
    if not left.items() <= flight.parts.items():
        return False
    done = {_split(label)[1] for label in flight.parts.keys() - left.keys()} - {""}
    moved = {label for label, _ in now.items() ^ flight.seen.items()}
    return all(
        _split(label)[1] in done and _by_itself(label, now, flight, agreed) for label in moved
    )


def _by_itself(label: str, now: Told, flight: InFlight, agreed: Agreed) -> bool:
    """Whether the write itself has moved it: who was to join is in the group now. What a policy
    lets do moves by no write of its holder; it is not looked up any more once it was agreed on, for
    as long as it is asked for.
    """
    name, entry = _split(label)
    if name == approvals.GRANTS:
        asked = any(place(field, entry) in now for field in agreed.entries)
        known = any(entry in entries for entries in agreed.entries.values())
        return label not in now and asked and known
    if label in flight.seen:
        # A part that was seen as well is asked for, and no write moves what is asked for.
        return label not in now and label not in flight.parts
    return True
