"""RamRecords: the operator's memory of one cloud identity, one per account, kind and folded name.

Read from the store for ordinary decisions and from the API server before a trust is written; every
write is a compare-and-swap on the record's resourceVersion.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Final

from .. import documents
from ..constants import API_VERSION
from ..kinds import RECORD
from ..model import Key, Owner, RecordFacts
from ..pending import InFlight, Pending
from . import agreed
from .agreed import ENDS, PROVIDERS
from .api import ClusterApi

_DNS: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_HASHED: Final = re.compile(r"(.*\.)?[0-9a-f]{16}")
"""What the key of a name with a hash looks like: no readable name may pass for one."""
HISTORY: Final = 20
CLAIMED: Final = "Claimed"
"""The operation that says: about to be created, cannot be marked by the creation itself."""
CREATED: Final = "Created"
ABANDONED: Final = "Abandoned"
"""The operation that says: given up by its owner, so that another one may take it over."""
SIDE: Final = 16_384
_FLIGHT: Final = ("operation", "change", "approval", "by", "digest", "expires")
_PENDING: Final = tuple(each.name for each in fields(Pending))


@dataclass(frozen=True, slots=True)
class Identity:
    """What a record is about."""

    account_id: str
    kind: str
    cloud_name: str

    @property
    def folded(self) -> str:
        return self.cloud_name.lower()

    @property
    def key(self) -> Key:
        """Readable where the name allows it; else with a hash, and the record tells which."""
        name = self.folded
        odd = ".." in name or ".-" in name or "-." in name
        if odd or not _DNS.fullmatch(name) or _HASHED.fullmatch(name):
            tail = hashlib.sha256(name.encode()).hexdigest()[:16]
            name = re.sub(r"[^a-z0-9]+", "-", name).strip("-") + "." + tail
        return Key(RECORD, "", f"{self.account_id}.{self.kind.lower()}.{name.lstrip('.')}")


def facts(body: Mapping[str, Any] | None, identity: Identity) -> RecordFacts:
    """What the gate needs. A record of another identity under this name counts as unreadable."""
    if body is None:
        return RecordFacts()
    record: Mapping[str, Any] = body.get("record") or {}
    expected = (identity.account_id, identity.kind, identity.folded)
    found = (record.get("accountId"), record.get("kind"), record.get("name"))
    if found != expected:
        return RecordFacts(exists=True, baseline_unreadable=True)
    owner = record.get("owner")
    baseline, unreadable = _baseline(record)
    history = record.get("history") or ()
    return RecordFacts(
        exists=True,
        owner=Owner(owner["cluster"], owner["namespace"], owner["name"]) if owner else None,
        owner_uid=str((owner or {}).get("uid", "")),
        cloud_id=str(record.get("cloudId") or ""),
        claimed_at=_claimed_at(record),
        deleted=bool(record.get("deletedAt")),
        baseline=baseline,
        baseline_unreadable=unreadable,
        sequence=int(record.get("sequence") or 0),
        settled=_settled(body),
        pending=_pending(record.get("pending")),
        in_flight=_in_flight(record.get("inFlight")),
        used=frozenset(str(entry["approval"]) for entry in history if entry.get("approval")),
        ends=agreed.texts(record, ENDS),
        providers=agreed.texts(record, PROVIDERS),
        given_up_by=_given_up_by(history),
        latest=max((str(entry.get("at") or "") for entry in history), default=""),
    )


def _claimed_at(record: Mapping[str, Any]) -> str:
    history = record.get("history") or []
    times = [str(entry["at"]) for entry in history if entry.get("operation") == CLAIMED]
    return times[-1] if times else ""


def _given_up_by(history: Sequence[Mapping[str, Any]]) -> str:
    last = history[-1] if history else {}
    return str(last.get("by") or "") if last.get("operation") == ABANDONED else ""


def _settled(body: Mapping[str, Any]) -> bool:
    """Whether it bears its own uid: a new one does not yet, and a restored one another's."""
    uid = (body.get("record") or {}).get("uid")
    return bool(uid) and uid == (body.get("metadata") or {}).get("uid")


def _pending(block: Mapping[str, Any] | None) -> Pending | None:
    """None too for one that names no digest: nothing can be approved by it."""
    if not block or not block.get("digest"):
        return None
    return Pending(**{name: str(block.get(name) or "") for name in _PENDING})


def _in_flight(block: Mapping[str, Any] | None) -> InFlight | None:
    if not block:
        return None
    texts = {name: str(block.get(name) or "") for name in _FLIGHT}
    return InFlight(
        **texts, sends=int(block.get("sends", 1)), providers=agreed.texts(block, PROVIDERS)
    )


def _baseline(record: Mapping[str, Any]) -> tuple[documents.Trust | None, bool]:
    text = (record.get("baseline") or {}).get("trust")
    if not text:
        return None, False
    try:
        return documents.parse_trust(text, lenient=True), False
    except documents.DocumentError:
        return None, True


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
    there: str = ""
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
        return {name: value if value not in ("", {}) else None for name, value in block.items()}


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

        The first write to a record that is new, or was restored, makes it one of our own. With that
        everything is void that was approved before, whatever the write is about.
        """
        meta = body["metadata"]
        if not _settled(body) and "sequence" not in changes:
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
        return sequence if _settled(body) else max(sequence, int(self._clock() * 1000))

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
        if claim.baseline is not None:
            changes["baseline"] = _baseline_block(claim.baseline)
        done = agreed.carried_out(body["record"], claim.there)
        seen = {**agreed.unknown(body, claim.providers), **done}
        return self.update(body, {**changes, **agreed.block({PROVIDERS: seen})})

    def begin(self, body: Mapping[str, Any], start: Start, now: str) -> dict[str, Any]:
        """Note a gated write before it is sent, and raise the sequence.

        From here on the approval that it rests on can open nothing else.
        """
        record = body["record"]
        flight = record.get("inFlight")
        block = start.block()
        if block[PROVIDERS]:
            block[PROVIDERS] = {
                **dict.fromkeys(agreed.texts(flight or {}, PROVIDERS)),
                **block[PROVIDERS],
            }
        changes: dict[str, Any] = {
            "sequence": self._next(body),
            "inFlight": block,
            "pending": None,
        }
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
        changes: dict[str, Any] = {"inFlight": None, "history": history}
        if baseline is not None:
            changes["baseline"] = _baseline_block(baseline)
        seen = agreed.texts(record.get("inFlight") or {}, PROVIDERS)
        return self.update(body, {**changes, **agreed.block({PROVIDERS: seen})})

    def unsent(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The cloud refused the write: that try does not count, it may be sent again."""
        return self.update(body, {"inFlight": {"sends": 0}})

    def offer(
        self, body: Mapping[str, Any], sequence: int, pending: Pending | None, now: str
    ) -> dict[str, Any]:
        """What is held, for people to decide on; None when nothing is held any more.

        A write that was begun for another change, or may not be sent again, is void by this.
        """
        block = {name: text for name, text in asdict(pending).items() if text} if pending else None
        # A merge patch keeps what it does not name.
        block = {**dict.fromkeys(_PENDING), **block} if block else None
        changes: dict[str, Any] = {"pending": block}
        if sequence != int(body["record"]["sequence"]):
            changes["sequence"] = sequence
        if body["record"].get("inFlight") and block:
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
            ended = _ended(body, _stamp(sequence))
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


def _stamp(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


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
