"""Drift that a person has acknowledged: it stays as it is for a while, and is judged then. Pure.

Called by the door, which lets such drift be, and by `loop.acknowledging`, which keeps in the record
what may be acknowledged and what was. An acknowledgement is for exactly the differences that its
digest covers: it writes nothing, agrees on nothing and opens nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from .. import documents, legible, times
from ..constants import Reason, Severity
from ..kinds import comparison
from ..kinds.entries import only_reads
from ..kinds.schema import Escalation, Field
from ..model import sentences
from ..model.changes import Change, Judged, place
from ..model.objects import Entry, FieldValue, UnknownPart
from ..model.records import Acknowledgement, DriftEntry, DriftOffer, RecordFacts
from ..model.vocabulary import Cause, Direction, Disposition
from . import approvals
from .inputs import Approval, Inputs, Scope

FORMAT: Final = "ram-operator/acknowledgement/1"
"""Of the digest: no digest of an approval begins like this, so neither counts as the other."""
LONGEST: Final = times.DAY
"""Seconds that an acknowledgement lasts from when it was first seen, whatever it says."""
WARNS: Final = 900.0
"""Seconds before its end from which people are warned, and may acknowledge the drift anew."""
VALID: Final = approvals.VALID
MOST: Final = 50
"""Differences of one offer, as many as a status lists: beyond that the gravest."""
FIELD: Final = 512
SAYS: Final = 512
"""Characters of what one difference is, in words."""
_SAID: Final = re.compile(r"(sha256:[0-9a-f]{64}) until (\S+)")


@dataclass(frozen=True, slots=True)
class Said:
    """What the annotation says; `until` in RFC 3339, UTC."""

    digest: str
    until: str


def said(text: str) -> Said | None:
    """None for what is no acknowledgement."""
    found = _SAID.fullmatch(text.strip())
    at = times.seconds_or_none(found[2]) if found is not None else None
    # Before 1970 and after 9999 there is no time that could be written.
    if found is None or at is None or not 0 <= at < times.LAST / 1e6:
        return None
    return Said(found[1], times.stamp(at))


class Turn(StrEnum):
    """What an annotation makes of what the record says."""

    STAYS = "stays"
    BEGINS = "begins"
    ENDS = "ends"


def turn(facts: RecordFacts, text: str, uid: str, now: str) -> Turn:
    """What becomes of the acknowledgement; where one begins, another one ends with it. What was
    said to another object of that name, by its uid, is over.
    """
    if facts.owner_uid != uid:
        return Turn.STAYS if facts.acknowledged is None else Turn.ENDS
    if _begins(facts.drift_offer, said(text), max(now, facts.latest)):
        return Turn.BEGINS
    known = facts.acknowledged
    if known is not None and (known.said != text.strip() or over(known, facts.latest, now)):
        return Turn.ENDS
    return Turn.STAYS


def over(known: Acknowledgement, latest: str, now: str) -> bool:
    """Whether its time is over. One that began in the future was seen by a clock that was ahead, or
    the clock was set back since: either would make it last for longer than a day.
    """
    ahead = times.seconds(known.since) - times.seconds(now)
    return known.until <= max(now, latest) or ahead > WARNS


def _begins(offer: DriftOffer | None, wanted: Said | None, now: str) -> bool:
    """Exactly what is offered, for a time to come, while it is offered."""
    if offer is None or wanted is None or wanted.digest != offer.digest:
        return False
    return now < min(offer.expires, wanted.until)


def begun(offer: DriftOffer, text: str, by: str, guard: str, now: str) -> Acknowledgement:
    """The offer as it is acknowledged by that text, which `turn` says begins it."""
    wanted = said(text)
    assert wanted is not None
    assert wanted.digest == offer.digest
    until = min(wanted.until, times.stamp(times.seconds(now) + LONGEST))
    by = by[:256] or approvals.UNKNOWN
    return Acknowledgement(offer.digest, text.strip(), by, guard, now, until, offer.entries)


def ending(holds: Acknowledgement, now: str) -> bool:
    """Whether it ends so soon that people have to know."""
    return times.seconds(holds.until) - times.seconds(now) <= WARNS


def holding(inputs: Inputs) -> Acknowledgement | None:
    """The acknowledgement that counts now: of this very identity, as its object still says it."""
    record, now = inputs.memory.record, inputs.approval.now
    holds = record.acknowledged
    if holds is None or not inputs.known or not now:
        return None
    same = holds.said == inputs.approval.acknowledge.strip()
    return holds if same and not over(holds, record.latest, now) else None


def counted(inputs: Inputs, item: Judged) -> Judged:
    """Drift that was acknowledged is left as it is; all else is what it was."""
    holds = holding(inputs)
    if holds is None or not _is_drift(item):
        return item
    known = {each.stands for each in holds.entries if each.stands}
    if stands(inputs, item.change) not in known:
        return item
    return replace(item, disposition=Disposition.REPORT, acknowledged=True)


def covers(inputs: Inputs, wish: Change) -> bool:
    """Whether what is there, and is asked for by now, is acknowledged: it came while somebody
    looked, whatever lies between.
    """
    holds = holding(inputs)
    if holds is None:
        return False
    live = inputs.live.fields[wish.field]
    assert not isinstance(live, UnknownPart)
    agreed: FieldValue | Entry | None = wish.before
    there: FieldValue | Entry | None = live
    if wish.entry:
        assert isinstance(live, Mapping)
        agreed, there = None, live.get(wish.entry)
    back = Change(wish.field, there, agreed, Direction.NARROWER, wish.entry)
    return stands(inputs, back) in {each.stands for each in holds.entries if each.stands}


def wished(item: Judged) -> Judged:
    """What the manifest asks for of that which was done by hand and is acknowledged: it is offered
    once that has ended, since until then nobody could tell whose it is.
    """
    return replace(item, disposition=Disposition.HOLD, acknowledged=True)


def asked(inputs: Inputs, items: list[Judged]) -> list[Judged]:
    """All that is to be done about one difference. An edit that keeps a part of a document as it is
    acknowledged waits for its end: beside what is there, nobody would see that part as given.
    """
    known = [each.change for each in items if each.acknowledged]
    return [
        wished(item)
        if item.cause is Cause.INTENT and any(_keeps(inputs, there, item.change) for there in known)
        else item
        for item in items
    ]


def _keeps(inputs: Inputs, there: Change, wish: Change) -> bool:
    """Whether the edit asks for something that is `there` and was never agreed on."""
    field = inputs.row.field(wish.field)
    beyond, news = (_gains(field, side, wish.after) for side in (there.after, there.before))
    return any(grant not in news for grant in beyond)


def _gains(
    field: Field, before: FieldValue | Entry | None, after: FieldValue | Entry | None
) -> tuple[documents.Grant, ...]:
    """Of documents alone: all else is told from what was agreed on."""
    document = documents.Trust | documents.Policy
    if not isinstance(before, document) or not isinstance(after, document):
        return ()
    moves = comparison.compare(field, before, after)
    found = [move.comparison for move in moves if move.comparison is not None]
    return tuple(grant for each in found for grant in each.gains)


def _is_drift(item: Judged) -> bool:
    """Who moved it was the cloud. What was found there waits for people in any case."""
    return item.cause is Cause.DRIFT


def stands(inputs: Inputs, change: Change) -> str:
    """Stands for one difference: where it is, what was agreed on, and what is there instead. A
    policy counts with what it says, so one that comes to say more is another difference; "" for one
    that cannot be read: nobody knows what he would let be.
    """
    field = inputs.row.field(change.field)
    agreed, baseline = change.after, inputs.memory.record.baseline
    if isinstance(agreed, documents.Trust) and baseline is not None:
        agreed = baseline
    sides = [approvals.canonical(agreed), approvals.canonical(change.before)]
    says = ""
    if field.escalates is Escalation.ATTACHMENT:
        says = inputs.memory.says.get(change.entry, "")
        # One that the manifest comes to ask for is judged by what it says.
        says = says or " ".join(sorted(inputs.memory.judged.get(change.entry, ())))
        if not says and change.before is not None and not only_reads(change.entry):
            return ""
    return _sha([FORMAT, place(change.field, change.entry), *sides, says])


def entries(inputs: Inputs, judged: Iterable[Judged]) -> tuple[DriftEntry, ...]:
    """What of a look may be acknowledged, the gravest first: nothing where all of it is, until that
    is about to end.
    """
    drift = [item for item in judged if _is_drift(item) and not _spelling(item)]
    holds = holding(inputs)
    soon = holds is not None and ending(holds, max(inputs.approval.now, holds.since))
    if all(item.acknowledged for item in drift) and not soon:
        return ()
    found = {_field(item.change): _entry(inputs, item) for item in drift}
    known = (each for each in found.values() if each.stands)
    order = sorted(known, key=lambda each: (_RANK[each.severity], each.field))
    return tuple(order[:MOST])


_RANK: Final = {each.value: -rank for rank, each in enumerate(Severity)}


def _spelling(item: Judged) -> bool:
    found = item.change.comparison
    return found is not None and found.respelled and bool(found.gains)


def _field(change: Change) -> str:
    return sentences.clip(place(change.field, change.entry), FIELD)


def _entry(inputs: Inputs, item: Judged) -> DriftEntry:
    _, now = sentences.drift_values(item.change)
    says = sentences.clip(legible.line(now), SAYS)
    return DriftEntry(_field(item.change), stands(inputs, item.change), item.severity.value, says)


def offered(
    found: tuple[DriftEntry, ...], scope: Scope, record: RecordFacts, now: str
) -> DriftOffer | None:
    """What the record is to offer from now on; what it offers where that stands."""
    known = record.drift_offer
    if known is not None and max(now, known.since) >= known.expires:
        known = None
    if not found or (known is not None and _same(known.entries, found)):
        return known
    return DriftOffer(
        digest(found, scope, record.sequence, now),
        now,
        times.stamp(times.seconds(now) + VALID),
        found,
    )


def _same(one: Iterable[DriftEntry], other: Iterable[DriftEntry]) -> bool:
    sides = [{(each.field, each.stands) for each in side} for side in (one, other)]
    return sides[0] == sides[1]


def digest(found: Iterable[DriftEntry], scope: Scope, sequence: int, since: str) -> str:
    """What an acknowledgement has to say. When it was offered is part of it: drift that comes again
    once an offer has ended is offered under another digest.
    """
    about: Mapping[str, object] = {
        "format": FORMAT,
        "cluster": scope.cluster,
        "account": scope.account_id,
        "kind": scope.kind,
        "name": scope.name,
        "cloudId": scope.cloud_id or None,
        "object": [scope.namespace, scope.object],
        "sequence": sequence,
        "since": since,
        "drift": sorted([each.field, each.stands] for each in found),
    }
    return _sha(about)


def _sha(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def voided(record: RecordFacts, approval: Approval) -> str:
    """Why the acknowledgement on the object does not count; "" where there is none, or it does, or
    has had its time.
    """
    wanted, holds = said(approval.acknowledge), record.acknowledged
    if not approval.acknowledge or (
        holds is not None and holds.said == approval.acknowledge.strip()
    ):
        return ""
    used = {entry.acknowledgement for entry in record.history if entry.acknowledgement}
    if wanted is not None and wanted.digest in used:
        return ""
    if not approval.honoured:
        return Reason.ADMISSION_POLICY_MISSING.value
    return Reason.ACKNOWLEDGEMENT_STALE.value
