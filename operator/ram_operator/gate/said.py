"""What people have said of one part of an identity: no, or yes to a write that was begun. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection

from .. import documents
from ..model.changes import Change, Held, place
from ..model.records import RecordFacts
from ..model.vocabulary import HeldKind
from . import approvals
from .inputs import Memory


def rejected(record: RecordFacts, wish: Change) -> bool:
    """Whether somebody said no to this very part."""
    stands = approvals.refused(Held(HeldKind.FOUND, "", changes=(wish,)))
    return any(stands & set(each.wishes) for each in record.rejections)


def begun(record: RecordFacts, wish: Change) -> bool:
    """Whether people approved exactly this part, and its write was begun: it may be done, although
    the process ended before the record said so.
    """
    flight = record.in_flight
    if flight is None or not flight.approval:
        return False
    if flight.sends >= approvals.SENDS and rejected(record, wish):
        # It is not sent once more, and somebody said no since.
        return False
    if isinstance(wish.after, documents.Trust) and flight.digest == wish.after.digest:
        return True
    if flight.wishes:
        (stands,) = approvals.wishes(Held(HeldKind.FOUND, "", changes=(wish,)))
        return stands in flight.wishes
    return bool(wish.entry) and place(wish.field, wish.entry) in _in_words(flight.after)


def carried_out(memory: Memory, wish: Change) -> bool:
    """The same of an entry that is there: a policy that lets do something else by now than the
    approver has seen is not what he approved.
    """
    if not begun(memory.record, wish):
        return False
    flight, lets = memory.record.in_flight, memory.lets.get(wish.entry)
    seen = flight.seen.get(place(approvals.GRANTS, wish.entry)) if flight is not None else None
    if lets is None or flight is None or not (flight.parts or flight.seen):
        # One that an older version began says nothing of what was seen.
        return seen is None
    return seen == approvals.short(approvals.canonical(approvals.lets(wish.entry, lets)))


def _in_words(after: str) -> Collection[str]:
    """The parts that a record of 0.1.0 says were sent; of what was too long it says nothing."""
    try:
        found = json.loads(after)
    except ValueError:
        return ()
    return found.keys() if isinstance(found, dict) else ()
