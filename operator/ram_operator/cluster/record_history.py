"""What the history of a record says of decisions and writes, and how much of it there is room for.

Called by `record_writer`. An entry keeps who asked, who approved or rejected, when, by which digest
and under which guard; decided is nothing by it but which approvals were used, and whose namespace
has left what was never made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from .. import documents
from ..model.records import (
    DELETED,
    REJECTED,
    HistoryEntry,
    InFlight,
    Pending,
    RecordFacts,
    Rejection,
)

HISTORY: Final = 20
"""Entries that a record has room for; the oldest are dropped."""
BY: Final = 256
"""Characters of whose an identity was."""
WORDS: Final = 6144
"""Characters of what all of them say in words; the oldest say it no more."""


def entry(now: str, operation: str, trust: documents.Trust | None) -> HistoryEntry:
    return HistoryEntry(now, operation, trust.digest if trust is not None else "")


def history(before: RecordFacts, now: str, *entries: HistoryEntry) -> tuple[HistoryEntry, ...]:
    """The record's history with these entries, and before them the write that was begun, if any.

    It may have taken effect although its process ended: it is not forgotten.
    """
    flight = before.in_flight
    if flight is None:
        return kept(before, *entries)
    begun = HistoryEntry(
        now,
        flight.operation,
        flight.digest,
        flight.approval,
        flight.by,
        author=flight.author,
        offered=flight.offered,
        says=flight.says,
        guard=flight.guard,
    )
    return kept(before, begun, *entries)


def told(flight: InFlight, offered: Pending | InFlight) -> InFlight:
    """The write with what its offer says of it: for the history alone."""
    if isinstance(offered, Pending):
        says = offered.says or offered.summary
        return replace(flight, author=offered.by, offered=offered.since, says=says)
    said = (offered.author, offered.offered, offered.says)
    return replace(flight, author=said[0], offered=said[1], says=said[2])


def approved(flight: InFlight, before: RecordFacts) -> InFlight:
    """An approved write with what its offer says of it. Where it is the rest of one that was begun,
    the record goes on to speak of all of that.
    """
    begun = before.in_flight
    if begun is not None and begun.approval == flight.approval and begun.change != flight.change:
        return replace(begun, by=flight.by, sends=flight.sends, guard=flight.guard)
    offered = before.pending or begun or InFlight("")
    flight = replace(flight, asked=offered.asked, wishes=offered.wishes)
    return told(flight, offered)


def rejected(before: RecordFacts, known: Sequence[Rejection]) -> tuple[HistoryEntry, ...]:
    """The history with what was rejected now; nothing where that is known already."""
    said = told(InFlight(""), before.pending or before.in_flight or InFlight(""))
    digest = before.pending.digest if before.pending is not None else ""
    if not digest and before.in_flight is not None:
        digest = before.in_flight.approval
    had = {(each.change, each.by, each.at) for each in before.rejections}
    entries = [
        HistoryEntry(
            each.at,
            REJECTED,
            by=each.by,
            author=said.author,
            offered=said.offered,
            says=said.says,
            rejection=digest,
            reason=each.reason,
        )
        for each in known
        if each.change and (each.change, each.by, each.at) not in had
    ]
    return kept(before, *entries) if entries else ()


def left(before: RecordFacts, now: str, operation: str) -> tuple[HistoryEntry, ...]:
    """Its owner is done with the identity. Of one that stays, or was never made, it says whose it
    was.
    """
    told = entry(now, operation, None)
    if operation != DELETED and before.owner is not None:
        told = replace(told, by=str(before.owner)[:BY])
    return history(before, now, told)


def kept(before: RecordFacts, *entries: HistoryEntry) -> tuple[HistoryEntry, ...]:
    """As much as there is room for: who decided what and when stays longer than the words."""
    found = list((*before.history, *entries)[-HISTORY:])
    left = WORDS
    for index in range(len(found) - 1, -1, -1):
        left -= len(found[index].says) + len(found[index].reason)
        if left < 0:
            found[index] = replace(found[index], says="", reason="")
    return tuple(found)
