"""Writes of RamRecords: each is a compare-and-swap on the record's resourceVersion."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any, Final

from .. import documents, times
from ..kinds import forgotten, record, sign_in
from ..kinds.record import Identity
from ..kinds.table import RECORD
from ..model.objects import Key, Owner
from ..model.record_changes import Part, RecordChange
from ..model.records import (
    ADOPTED,
    CREATED,
    DELETED,
    NOTHING_AGREED,
    OFFERED,
    UPGRADED,
    WITHDRAWN,
    Agreed,
    HistoryEntry,
    InFlight,
    Offer,
    RecordFacts,
    Rejection,
    instead_of_creation,
)
from . import record_drift, record_history
from .api import ClusterApi

FORGOTTEN: Final = "its creation was offered before, and nobody knows any more what was said of it"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a record is to say about who manages the identity and in which gated state."""

    owner: Owner
    owner_uid: str
    cloud_id: str
    baseline: documents.Trust | None
    operation: str
    providers: Mapping[str, str] = field(default_factory=dict)
    """What identity providers are that it knew nothing of, see `RecordFacts.providers`."""
    live_digest: str = ""
    """Digest of the trust that the cloud has."""
    agreed: Agreed = NOTHING_AGREED
    lost_at: str = ""
    """Of an account: when it was found that its records are gone."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a gated write is going to do."""

    flight: InFlight
    creates: bool = False
    ends: Mapping[str, str] = field(default_factory=dict)
    """Until when what is granted was agreed on, see `RecordFacts.ends`."""
    agreed: Agreed = NOTHING_AGREED
    """What is agreed on whether or not the write comes to pass."""


class Records:
    """Writes of records. All raise errors.*; Conflicted means `read it again`."""

    def __init__(self, api: ClusterApi, clock: Callable[[], float] = time.time) -> None:
        """`clock` is in seconds since the epoch."""
        self._api = api
        self._clock = clock

    def read(self, identity: Identity) -> dict[str, Any] | None:
        """As it is now in the API server."""
        return self._api.get(identity.key)

    def claim(self, identity: Identity, claim: Claim, now: str, sequence: int) -> dict[str, Any]:
        """First record of an identity. `sequence` is the time in ms: older approvals are void."""
        says = RecordChange(
            sequence=sequence,
            owner=claim.owner,
            owner_uid=claim.owner_uid,
            cloud_id=claim.cloud_id or None,
            baseline=claim.baseline,
            lost_at=claim.lost_at,
            providers=claim.providers,
            agreed=claim.agreed,
            never_made=now if _to_be_made(claim) else "",
            history=(record_history.entry(now, claim.operation, claim.baseline),),
        )
        body = record.first(identity, says)
        written = self._api.create(identity.key, body)
        record.check(body, written)
        return written

    def _update(self, body: Mapping[str, Any], change: RecordChange) -> dict[str, Any]:
        """Compare-and-swap the change onto the record that was read.

        An offer that is dropped or replaced has ended for good: the sequence is raised with it,
        whoever writes, so that its digest stands for nothing any more.

        The first write to a record that is new, or was restored, makes it one of our own. With that
        everything is void that was approved before, whatever the write is about.

        Raises Stalled where a newer version wrote it.
        """
        before = record.understood(record.stored(body))
        change = record_drift.settled(before, change)
        ends = _ends_offer(before, change) or record_drift.counts(before, change)
        if change.sequence is None and ends:
            change = replace(change, sequence=self._next(before))
        if change.sequence is None and not before.settled:
            void = change.clear if change.pending is not None else {*change.clear, Part.PENDING}
            change = replace(change, clear=frozenset(void), sequence=self._next(before))
        if change.sequence is not None:
            change = record_drift.voiding(before, change)
        patch = record.patch(body, change)
        written = self._api.merge(Key(RECORD, "", str(body["metadata"]["name"])), patch)
        record.check(patch, written)
        return written

    def change(self, body: Mapping[str, Any], change: RecordChange) -> dict[str, Any]:
        """What `record_drift` says."""
        return self._update(body, change)

    def _next(self, before: RecordFacts) -> int:
        sequence = before.sequence + 1
        return sequence if before.settled else max(sequence, int(self._clock() * 1000))

    def renew(self, body: Mapping[str, Any], claim: Claim, now: str) -> dict[str, Any]:
        """The identity is managed (again): owner, cloud id and baseline as claimed."""
        before = record.stored(body)
        clear = {Part.DELETED_AT, Part.IN_FLIGHT}
        change = RecordChange(
            owner=claim.owner,
            owner_uid=claim.owner_uid,
            cloud_id=claim.cloud_id,
            baseline=claim.baseline,
            agreed=_instead(before, claim),
            history=record_history.history(
                before, now, record_history.entry(now, claim.operation, claim.baseline)
            ),
            providers={**_unknown(before, claim.providers), **_carried_out(before, claim)},
        )
        if claim.operation == CREATED:
            # What was held of it before it existed is decided; what still is comes in a new offer.
            clear |= {Part.PENDING, Part.NEVER_MADE}
            change = _overruling(change, before)
        elif _to_be_made(claim):
            change = replace(change, never_made=before.never_made or now)
        elif claim.operation == ADOPTED and _in_its_place(before, claim):
            # What is there in place of a creation that was offered: nothing of it is agreed on.
            clear.add(Part.BASELINE)
            change = replace(change, rejections=instead_of_creation(before))
        return self._update(body, replace(change, clear=change.clear | clear))

    def begin(self, body: Mapping[str, Any], start: Start, now: str) -> dict[str, Any]:
        """Note a gated write before it is sent, and raise the sequence where it was approved.

        From here on the approval that it rests on can open nothing else. What needs none, like
        taking a stranger out, leaves an offer as it is: that is about what is there then.
        """
        before, flight, clear = record.stored(body), start.flight, set()
        begun, sequence = before.in_flight, None
        if flight.approval:
            flight = record_history.approved(flight, before)
            sequence = self._next(before)
            clear.add(Part.PENDING)
        if start.creates:
            clear |= {Part.CLOUD_ID, Part.DELETED_AT}
        another = begun is not None and _mark(begun) != _mark(flight)
        change = RecordChange(
            clear=frozenset(clear),
            sequence=sequence,
            in_flight=flight,
            ends=start.ends,
            agreed=start.agreed,
            # What it was about is over; that it was begun is not forgotten.
            history=record_history.history(before, now) if another else (),
        )
        return self._update(body, change)

    def agree(
        self,
        body: Mapping[str, Any],
        *,
        ends: Mapping[str, str] | None = None,
        providers: Mapping[str, str] | None = None,
        agreed: Agreed = NOTHING_AGREED,
    ) -> dict[str, Any]:
        """What holds from now on without anybody's approval, by name; "" for what no more does.
        What is known of a provider stays.
        """
        before = record.stored(body)
        seen = _unknown(before, providers or {})
        upgraded: tuple[HistoryEntry, ...] = ()
        if before.outdated and agreed.whole:
            upgraded = record_history.kept(
                before, record_history.entry(times.stamp(self._clock()), UPGRADED, None)
            )
        change = RecordChange(ends=ends or {}, providers=seen, agreed=agreed, history=upgraded)
        return self._update(body, change)

    def complete(
        self,
        body: Mapping[str, Any],
        now: str,
        baseline: documents.Trust | None = None,
        agreed: Agreed = NOTHING_AGREED,
    ) -> dict[str, Any]:
        """The gated write is done and was looked at; `baseline` and `agreed` hold from now on."""
        before = record.stored(body)
        approved = before.in_flight is not None and bool(before.in_flight.approval)
        change = RecordChange(
            clear=frozenset({Part.IN_FLIGHT} | ({Part.NEVER_MADE} if approved else set())),
            baseline=baseline,
            agreed=agreed,
            history=record_history.history(before, now)
            if before.in_flight
            else record_history.kept(before, HistoryEntry(now)),
            providers=before.in_flight.providers if before.in_flight else {},
        )
        return self._update(body, _overruling(change, before))

    def unsent(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The cloud refused the write: that try does not count, it may be sent again."""
        return self._update(body, RecordChange(sends=0))

    def spend(
        self, body: Mapping[str, Any], sends: int, rejections: Sequence[Rejection] = ()
    ) -> dict[str, Any]:
        """The write that was begun is not sent again: it counts as sent so often."""
        told = record_history.rejected(record.stored(body), rejections)
        change = RecordChange(sends=sends, rejections=tuple(rejections), history=told)
        return self._update(body, change)

    def end(self, body: Mapping[str, Any], rejections: Sequence[Rejection] = ()) -> dict[str, Any]:
        """The offer has ended, for good; `rejections` are all that are known, where one is new."""
        told = record_history.rejected(record.stored(body), rejections)
        clear = frozenset({Part.PENDING})
        return self._update(body, RecordChange(clear, rejections=tuple(rejections), history=told))

    def offer(self, body: Mapping[str, Any], offered: Offer, now: str) -> dict[str, Any]:
        """What is held, for people to decide on.

        A write that was begun for another change, or may not be sent again, is void by this.
        """
        before = record.stored(body)
        change = RecordChange(
            clear=_flight_of(before),
            sequence=offered.sequence if offered.sequence != before.sequence else None,
            pending=offered.pending,
            never_made=(before.never_made or now) if offered.creates else "",
            rejections=offered.rejections,
            history=record_history.history(before, now)
            if before.in_flight
            else record_history.rejected(before, offered.rejections),
        )
        return self._update(body, change)

    def disown(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The claim of an object that is gone, on an identity that never came to be."""
        before = record.stored(body)
        says = record_history.left(before, times.stamp(self._clock()), WITHDRAWN)
        change = RecordChange(frozenset({Part.OWNER, Part.PENDING}), history=says)
        return self._update(body, change)

    def forget(self, body: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
        """Of an account: the records of these names are about to go."""
        known = record.stored(body).forgotten
        key = secrets.token_hex(forgotten.KEY)
        return self._update(body, RecordChange(forgotten=forgotten.added(known, names, key)))

    def drop(self, body: Mapping[str, Any]) -> Key:
        """Delete the record, if it is as it was read; its key."""
        meta = body["metadata"]
        key = Key(RECORD, "", str(meta["name"]))
        self._api.delete(key, str(meta["uid"]), str(meta["resourceVersion"]))
        return key

    def recall(self, identity: Identity, now: str, sequence: int) -> dict[str, Any]:
        """A record of what was offered and never made, in place of one that was let go. Somebody
        may have rejected it: that counts as said against whatever is offered.
        """
        said = (Rejection("", at=now, reason=FORGOTTEN),)
        says = RecordChange(sequence=sequence, never_made=now, rejections=said)
        body = record.first(identity, says)
        written = self._api.create(identity.key, body)
        record.check(body, written)
        return written

    def void(self, body: Mapping[str, Any], sequence: int) -> dict[str, Any]:
        """Whatever was approved so far opens nothing. A write that was begun is not sent again."""
        before = record.stored(body)
        change = RecordChange(
            clear=_flight_of(before) | {Part.PENDING, Part.LOST_AT, Part.ACKNOWLEDGED},
            sequence=sequence,
            history=record_history.history(before, times.stamp(sequence / 1000))
            if before.in_flight
            else (),
        )
        return self._update(body, change)

    def deleted(self, body: Mapping[str, Any], now: str, operation: str) -> dict[str, Any]:
        """The owner is done with the identity; the baseline stays, for who comes next."""
        before = record.stored(body)
        clear = {Part.OWNER, Part.IN_FLIGHT, Part.PENDING}
        change = RecordChange(
            clear=frozenset(clear if operation == DELETED else {*clear, Part.DELETED_AT}),
            deleted_at=now if operation == DELETED else "",
            history=record_history.left(before, now, operation),
        )
        return self._update(body, change)

    def stop_deletions(self, body: Mapping[str, Any], where: str, now: str) -> dict[str, Any]:
        """Of an account: nothing of that namespace is deleted until a person resumes; "" means all
        of them.
        """
        return self._update(body, RecordChange(brakes={where: now}))

    def resume_deletions(self, body: Mapping[str, Any], where: Iterable[str]) -> dict[str, Any]:
        """Of an account: a person has named the stops that end."""
        return self._update(body, RecordChange(brakes=dict.fromkeys(where, "")))


def _ends_offer(before: RecordFacts, change: RecordChange) -> bool:
    """Whether the digest that is offered is offered no more."""
    if before.pending is None:
        return False
    if change.pending is not None:
        return change.pending.digest != before.pending.digest
    return Part.PENDING in change.clear


def _overruling(change: RecordChange, before: RecordFacts) -> RecordChange:
    """Without the rejections of the change that was approved all the same."""
    flight, known = before.in_flight, before.rejections
    if flight is None or not flight.approval:
        return change
    told = bool(before.never_made)
    # Against what was never made they all were shown.
    left = tuple(r for r in known if r.change != flight.change and (r.wishes or not told))
    if len(left) == len(known):
        return change
    if not left:
        return replace(change, clear=change.clear | {Part.REJECTIONS})
    return replace(change, rejections=left)


def _unknown(before: RecordFacts, providers: Mapping[str, str]) -> dict[str, str]:
    """Of what was seen of providers that which the record knows nothing of, and what goes.

    What was agreed on is never overwritten by what a look has found.
    """
    known = before.providers
    return {name: text for name, text in providers.items() if not text or name not in known}


def _carried_out(before: RecordFacts, claim: Claim) -> Mapping[str, str]:
    """What was agreed on by the write that was begun, where the trust is there that it sends."""
    flight = before.in_flight
    sent = flight is not None and bool(claim.live_digest) and flight.digest == claim.live_digest
    return flight.providers if flight is not None and sent else {}


def _instead(before: RecordFacts, claim: Claim) -> Agreed:
    """What was agreed on of an identity of that name that is gone says nothing of a new one."""
    if claim.cloud_id == before.cloud_id and claim.operation != ADOPTED:
        return claim.agreed
    return record.nothing_of(before.agreed, _stays(before, claim)).joined(claim.agreed)


def _stays(before: RecordFacts, claim: Claim) -> AbstractSet[str]:
    """Of ways to sign in the mode stays, and of the same identity what was agreed on, too."""
    known = before.agreed.entries.get(sign_in.FIELD, {})
    return known.keys() if claim.cloud_id == before.cloud_id else {sign_in.MODE}


def _to_be_made(claim: Claim) -> bool:
    """Whether what is offered is the creation, and no deletion of what is there."""
    return claim.operation == OFFERED and not claim.cloud_id


def _in_its_place(before: RecordFacts, claim: Claim) -> bool:
    """Whether it is another identity than was known, in place of one that was never made."""
    return bool(before.never_made) and claim.cloud_id != before.cloud_id


def _mark(flight: InFlight) -> tuple[str, str]:
    """What tells one write that was begun from another."""
    return flight.approval, flight.digest


def _flight_of(before: RecordFacts) -> frozenset[Part]:
    return frozenset({Part.IN_FLIGHT} if before.in_flight is not None else ())
