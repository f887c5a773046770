"""Writes of RamRecords: each is a compare-and-swap on the record's resourceVersion."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from .. import documents, times
from ..constants import API_VERSION
from ..kinds.table import RECORD
from ..model.objects import Key, Owner
from ..model.records import InFlight, Offer, Rejection
from . import agreed
from .agreed import ENDS, PROVIDERS
from .api import ClusterApi
from .record_facts import ABANDONED, CREATED, PENDING, Identity, settled

HISTORY: Final = 20
SIDE: Final = 16_384


def _baseline_block(trust: documents.Trust | None) -> dict[str, Any]:
    return {"trust": trust.to_json(), "digest": trust.digest} if trust is not None else {}


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
    lost_at: str = ""
    """Of an account: when it was found that its records are gone."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a gated write is going to do. `digest` is that of the trust, where one is sent."""

    flight: InFlight
    digest: str
    before: str
    after: str
    creates: bool = False
    ends: Mapping[str, str] = field(default_factory=dict)
    """Until when what is granted was agreed on, see `RecordFacts.ends`."""

    def block(self) -> dict[str, Any]:
        block: dict[str, Any] = {
            **asdict(self.flight),
            "digest": self.digest,
            "before": self.before[:SIDE],
            "after": self.after[:SIDE],
        }
        # A merge patch keeps what it does not name.
        return {k: value if value not in ("", {}, ()) else None for k, value in block.items()}


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
        everything: dict[str, Any] = {
            "accountId": identity.account_id,
            "kind": identity.kind,
            "name": identity.folded,
            "cloudName": identity.cloud_name,
            "cloudId": claim.cloud_id,
            "owner": _owner_block(claim),
            "sequence": sequence,
            "baseline": _baseline_block(claim.baseline),
            "lostAt": claim.lost_at,
            PROVIDERS: dict(claim.providers),
            "history": [_history(now, claim.operation, claim.baseline)],
        }
        record = {k: v for k, v in everything.items() if v not in ("", {}, None)}
        body = {
            "apiVersion": API_VERSION,
            "kind": RECORD,
            "metadata": {"name": identity.key.name},
            "record": record,
        }
        written = self._api.create(identity.key, body)
        agreed.check(record, written["record"])
        return written

    def update(self, body: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        """Compare-and-swap `changes` (merge patch of `record`) onto the record that was read.

        An offer that is dropped or replaced has ended for good: the sequence is raised with it,
        whoever writes, so that its digest stands for nothing any more.

        The first write to a record that is new, or was restored, makes it one of our own. With that
        everything is void that was approved before, whatever the write is about.
        """
        meta = body["metadata"]
        if "sequence" not in changes and _ends_offer(body, changes):
            changes = {**changes, "sequence": self._next(body)}
        if not settled(body) and "sequence" not in changes:
            changes = {"pending": None, **changes, "sequence": self._next(body)}
        patch = {
            "metadata": {"resourceVersion": meta["resourceVersion"]},
            "record": {**changes, "uid": meta["uid"]},
        }
        written = self._api.merge(Key(RECORD, "", meta["name"]), patch)
        agreed.check(changes, written["record"])
        return written

    def _next(self, body: Mapping[str, Any]) -> int:
        sequence = int((body.get("record") or {}).get("sequence") or 0) + 1
        return sequence if settled(body) else max(sequence, int(self._clock() * 1000))

    def renew(self, body: Mapping[str, Any], claim: Claim, now: str) -> dict[str, Any]:
        """The identity is managed (again): owner, cloud id and baseline as claimed."""
        changes: dict[str, Any] = {
            "cloudId": claim.cloud_id,
            "owner": _owner_block(claim),
            "deletedAt": None,
            "inFlight": None,
            "history": append(body, now, claim.operation, claim.baseline),
        }
        if claim.operation == CREATED:
            # What was held of it before it existed is decided; what still is comes in a new offer.
            changes["pending"] = None
            changes |= _overruled(body["record"])
        if claim.baseline is not None:
            changes["baseline"] = _baseline_block(claim.baseline)
        done = agreed.carried_out(body["record"], claim.live_digest)
        seen = {**agreed.unknown(body, claim.providers), **done}
        return self.update(body, {**changes, **agreed.block({PROVIDERS: seen})})

    def begin(self, body: Mapping[str, Any], start: Start, now: str) -> dict[str, Any]:
        """Note a gated write before it is sent, and raise the sequence where it was approved.

        From here on the approval that it rests on can open nothing else. What needs none, like
        taking a stranger out, leaves an offer as it is: that is about what is there then.
        """
        record = body["record"]
        flight = record.get("inFlight")
        block = start.block()
        if block[PROVIDERS]:
            block[PROVIDERS] = {
                **dict.fromkeys(agreed.texts(flight or {}, PROVIDERS)),
                **block[PROVIDERS],
            }
        changes: dict[str, Any] = {"inFlight": block}
        if start.flight.approval:
            offered, before = (
                record.get("pending") or flight or {},
                (flight or {}).get("asked") or {},
            )
            block["asked"] = {**dict.fromkeys(before), **(offered.get("asked") or {})} or None
            block["wishes"] = offered.get("wishes")
            changes |= {"sequence": self._next(body), "pending": None}
        mine = (start.flight.approval, start.digest)
        if flight and (flight.get("approval", ""), flight.get("digest", "")) != mine:
            # What it was about is over; that it was begun is not forgotten.
            changes["history"] = [*(record.get("history") or []), _ended(body, now)][-HISTORY:]
        if start.creates:
            changes |= {"cloudId": None, "deletedAt": None}
        return self.update(body, {**changes, **agreed.block({ENDS: start.ends})})

    def agree(
        self, body: Mapping[str, Any], notes: Mapping[str, Mapping[str, str]]
    ) -> dict[str, Any]:
        """What holds from now on without anybody's approval, under ENDS and PROVIDERS by name; ""
        for what no more does. What is known of a provider stays.
        """
        noted = {**notes, PROVIDERS: agreed.unknown(body, notes.get(PROVIDERS, {}))}
        return self.update(body, agreed.block(noted))

    def complete(
        self, body: Mapping[str, Any], now: str, baseline: documents.Trust | None = None
    ) -> dict[str, Any]:
        """The gated write is done and was looked at; `baseline` is what holds from now on."""
        record = body["record"]
        history = [*(record.get("history") or []), _ended(body, now)][-HISTORY:]
        changes: dict[str, Any] = {"inFlight": None, "history": history, **_overruled(record)}
        if baseline is not None:
            changes["baseline"] = _baseline_block(baseline)
        seen = agreed.texts(record.get("inFlight") or {}, PROVIDERS)
        return self.update(body, {**changes, **agreed.block({PROVIDERS: seen})})

    def unsent(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The cloud refused the write: that try does not count, it may be sent again."""
        return self.update(body, {"inFlight": {"sends": 0}})

    def spend(
        self, body: Mapping[str, Any], sends: int, rejections: Sequence[Rejection] = ()
    ) -> dict[str, Any]:
        """The write that was begun is not sent again: it counts as sent so often."""
        return self.update(body, {"inFlight": {"sends": sends}, **_rejections(rejections)})

    def end(self, body: Mapping[str, Any], rejections: Sequence[Rejection] = ()) -> dict[str, Any]:
        """The offer has ended, for good; `rejections` are all that are known, where one is new."""
        return self.update(body, {"pending": None, **_rejections(rejections)})

    def offer(self, body: Mapping[str, Any], offered: Offer, now: str) -> dict[str, Any]:
        """What is held, for people to decide on.

        A write that was begun for another change, or may not be sent again, is void by this.
        """
        record = body["record"]
        block = {name: value for name, value in asdict(offered.pending).items() if value}
        before = (record.get("pending") or {}).get("parts") or {}
        # A merge patch keeps what it does not name.
        block = {**dict.fromkeys(PENDING), **block}
        block["parts"] = {**dict.fromkeys(before), **offered.pending.parts}
        changes: dict[str, Any] = {"pending": block, **_rejections(offered.rejections)}
        if offered.sequence != int(record["sequence"]):
            changes["sequence"] = offered.sequence
        if record.get("inFlight"):
            history = [*(body["record"].get("history") or []), _ended(body, now)][-HISTORY:]
            changes |= {"inFlight": None, "history": history}
        return self.update(body, changes)

    def disown(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The claim of an object that is gone, on an identity that never came to be."""
        return self.update(body, {"owner": None, "pending": None})

    def void(self, body: Mapping[str, Any], sequence: int) -> dict[str, Any]:
        """Whatever was approved so far opens nothing. A write that was begun is not sent again."""
        changes: dict[str, Any] = {"sequence": sequence, "pending": None, "lostAt": None}
        record = body["record"]
        if record.get("inFlight"):
            ended = _ended(body, times.stamp(sequence / 1000))
            history = [*(record.get("history") or []), ended][-HISTORY:]
            changes |= {"inFlight": None, "history": history}
        return self.update(body, changes)

    def deleted(self, body: Mapping[str, Any], now: str, operation: str) -> dict[str, Any]:
        """The owner is done with the identity; the baseline stays, for who comes next."""
        history = append(body, now, operation, None)
        owner = body["record"].get("owner")
        if operation == ABANDONED and owner:
            former = Owner(owner["cluster"], owner["namespace"], owner["name"])
            history[-1] = {**history[-1], "by": str(former)[:256]}
        changes = {
            "owner": None,
            "deletedAt": now if operation == "Deleted" else None,
            "inFlight": None,
            "pending": None,
            "history": history,
        }
        return self.update(body, changes)


def _ends_offer(body: Mapping[str, Any], changes: Mapping[str, Any]) -> bool:
    """Whether the digest that is offered is offered no more."""
    digest = ((body.get("record") or {}).get("pending") or {}).get("digest")
    if not digest or "pending" not in changes:
        return False
    return bool((changes["pending"] or {}).get("digest") != digest)


def _rejections(known: Sequence[Rejection]) -> dict[str, Any]:
    listed = [{k: v for k, v in asdict(each).items() if v} for each in known]
    return {"rejections": listed} if listed else {}


def _overruled(record: Mapping[str, Any]) -> dict[str, Any]:
    """Without the rejections of the change that was approved all the same."""
    flight = record.get("inFlight") or {}
    known = record.get("rejections") or []
    left = [item for item in known if item.get("change") != flight.get("change")]
    overruled = flight.get("approval") and len(left) < len(known)
    return {"rejections": left or None} if overruled else {}


def _owner_block(claim: Claim) -> dict[str, str]:
    owner = claim.owner
    return {
        "cluster": owner.cluster,
        "namespace": owner.namespace,
        "name": owner.name,
        "uid": claim.owner_uid,
    }


def _history(now: str, operation: str, trust: documents.Trust | None) -> dict[str, str]:
    entry = {"at": now, "operation": operation}
    return {**entry, "digest": trust.digest} if trust is not None else entry


def append(
    body: Mapping[str, Any], now: str, operation: str, trust: documents.Trust | None
) -> list[dict[str, str]]:
    """The record's history with one more entry, the oldest dropped.

    A write that was under way when its process ended may have taken effect: it is not forgotten.
    """
    record = body.get("record") or {}
    begun = [_ended(body, now)] if record.get("inFlight") else []
    return [*(record.get("history") or []), *begun, _history(now, operation, trust)][-HISTORY:]


def _ended(body: Mapping[str, Any], now: str) -> dict[str, str]:
    """The write that was begun, as one line of the history."""
    flight = body["record"].get("inFlight") or {}
    names = ("operation", "digest", "approval", "by")
    return {"at": now, **{name: str(flight[name]) for name in names if flight.get(name)}}
