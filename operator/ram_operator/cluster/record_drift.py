"""What a write makes of drift that may be acknowledged, or is: who ends it, and what is told of it.

Called by `record_writer`, through which every write of a record goes, and by `loop.acknowledging`.
"""

from __future__ import annotations

from dataclasses import replace

from ..model.record_changes import Part, RecordChange
from ..model.records import (
    ACKNOWLEDGED,
    NOT_ACKNOWLEDGED,
    Acknowledgement,
    DriftOffer,
    HistoryEntry,
    RecordFacts,
)
from . import record_history

_BOTH = frozenset({Part.DRIFT_OFFER, Part.ACKNOWLEDGED})


def offer(offered: DriftOffer | None) -> RecordChange:
    """What people may acknowledge from now on."""
    if offered is None:
        return RecordChange(frozenset({Part.DRIFT_OFFER}))
    return RecordChange(drift_offer=offered)


def begin(before: RecordFacts, holds: Acknowledgement) -> RecordChange:
    """Somebody has acknowledged the drift that is offered; what held before has ended."""
    known = before.acknowledged
    ended = [_ended(known, holds.since, "another one took its place")] if known else []
    begun = HistoryEntry(
        holds.since,
        ACKNOWLEDGED,
        by=holds.by,
        offered=before.drift_offer.since if before.drift_offer is not None else "",
        says="; ".join(f"{each.field}: {each.says}" for each in holds.entries)[:1024],
        guard=holds.guard,
        reason=f"until {holds.until}",
        acknowledgement=holds.digest,
    )
    return RecordChange(acknowledged=holds, history=record_history.kept(before, *ended, begun))


def end(before: RecordFacts, now: str, why: str) -> RecordChange:
    """Whatever was acknowledged is judged again, and whatever was offered is void."""
    known = before.acknowledged
    told = record_history.kept(before, _ended(known, now, why)) if known is not None else ()
    return RecordChange(_BOTH, history=told)


def _ended(known: Acknowledgement, now: str, why: str) -> HistoryEntry:
    return HistoryEntry(
        now, NOT_ACKNOWLEDGED, by=known.by, reason=why, acknowledgement=known.digest
    )


def settled(before: RecordFacts, change: RecordChange) -> RecordChange:
    """The change with what it ends besides: an acknowledgement is of this identity for this object,
    and of one that is the operator's own record.
    """
    other = change.owner is not None and (
        change.owner != before.owner or change.owner_uid != before.owner_uid
    )
    another = change.cloud_id is not None and change.cloud_id != before.cloud_id
    gone = {Part.OWNER, Part.CLOUD_ID} & change.clear or change.deleted_at
    stale = not before.settled or before.outdated
    if not (other or another or gone or stale):
        return change
    clear = change.clear | (_BOTH if stale or before.acknowledged or before.drift_offer else set())
    return replace(change, clear=frozenset(clear), drift_offer=None, acknowledged=None)


def counts(before: RecordFacts, change: RecordChange) -> bool:
    """Whether the sequence goes up for it: an acknowledgement is used, ends or is taken back, or
    one that was offered is void.
    """
    ends = before.acknowledged is not None and Part.ACKNOWLEDGED in change.clear
    void = before.drift_offer is not None and change.clear >= _BOTH
    return change.acknowledged is not None or ends or void


def voiding(before: RecordFacts, change: RecordChange) -> RecordChange:
    """The change where it raises the sequence: what is offered under the old one has ended."""
    clear = set(change.clear)
    if before.pending is not None and change.pending is None:
        clear.add(Part.PENDING)
    if before.drift_offer is not None and change.drift_offer is None:
        clear.add(Part.DRIFT_OFFER)
    return replace(change, clear=frozenset(clear))
