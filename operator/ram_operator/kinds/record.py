"""RamRecord: which one an identity has, its JSON, and the frozen `RecordFacts` in it. Pure.

The only module that knows the names in the JSON of a record: what reads each of them stands beside
what writes it. `cluster.record_writer` decides what a write changes and sends it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, TypeVar

from .. import documents
from ..constants import API_VERSION, Reason
from ..errors import Retry
from ..model.objects import Key, Owner
from ..model.records import (
    ABANDONED,
    CLAIMED,
    NOTHING_AGREED,
    Agreed,
    HistoryEntry,
    InFlight,
    Pending,
    RecordFacts,
    Rejection,
)
from .table import RECORD

_DNS: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_HASHED: Final = re.compile(r"(.*\.)?[0-9a-f]{16}")
"""What the key of a name with a hash looks like: no readable name may pass for one."""
SIDE: Final = 16_384
"""Characters of each side of a write that was begun."""
_RECORD: Final = "record"
"""Of a RamRecord: all that the operator knows, as others have a spec."""
_PENDING: Final = tuple(each.name for each in fields(Pending))
_PENDING_TEXTS: Final = tuple(each.name for each in fields(Pending) if each.type == "str")
_FLIGHT_TEXTS: Final = tuple(each.name for each in fields(InFlight) if each.type == "str")
_HISTORY_TEXTS: Final = tuple(each.name for each in fields(HistoryEntry))


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


class Part(StrEnum):
    """What a write can take out of a record."""

    OWNER = "owner"
    CLOUD_ID = "cloudId"
    DELETED_AT = "deletedAt"
    LOST_AT = "lostAt"
    PENDING = "pending"
    IN_FLIGHT = "inFlight"
    REJECTIONS = "rejections"
    BRAKE = "brake"


@dataclass(frozen=True, slots=True)
class RecordChange:
    """What a write changes of a record. What it does not name stays as it is."""

    clear: frozenset[Part] = frozenset()
    sequence: int | None = None
    owner: Owner | None = None
    owner_uid: str = ""
    """Of the owner that is named."""
    cloud_id: str | None = None
    baseline: documents.Trust | None = None
    deleted_at: str = ""
    lost_at: str = ""
    pending: Pending | None = None
    rejections: tuple[Rejection, ...] = ()
    """All that are known from now on."""
    in_flight: InFlight | None = None
    sends: int | None = None
    """How often the write counts as sent that was begun before."""
    history: tuple[HistoryEntry, ...] = ()
    """All of it."""
    ends: Mapping[str, str] = field(default_factory=dict)
    """By name; "" removes one."""
    providers: Mapping[str, str] = field(default_factory=dict)
    """By name; "" removes one."""
    agreed: Agreed = NOTHING_AGREED
    brake_engaged_at: str = ""


# Reading


def facts_of(body: Mapping[str, Any] | None, identity: Identity) -> RecordFacts:
    """What the gate needs. A record of another identity under this name counts as unreadable."""
    if body is None:
        return RecordFacts()
    record = _record(body)
    expected = (identity.account_id, identity.kind, identity.folded)
    if (record.get("accountId"), record.get("kind"), record.get("name")) != expected:
        return RecordFacts(exists=True, baseline_unreadable=True)
    return stored(body)


def stored(body: Mapping[str, Any]) -> RecordFacts:
    """What the record says, whatever identity it is about."""
    record = _record(body)
    owner: Mapping[str, Any] = record.get("owner") or {}
    baseline, unreadable = _baseline(record)
    history = tuple(_entry(item) for item in record.get("history") or ())
    claims = [entry.at for entry in history if entry.operation == CLAIMED]
    given_up = bool(history) and history[-1].operation == ABANDONED
    return RecordFacts(
        exists=True,
        owner=_owner(owner) if owner else None,
        owner_uid=str(owner.get("uid", "")),
        cloud_id=str(record.get("cloudId") or ""),
        claimed_at=claims[-1] if claims else "",
        deleted=bool(record.get("deletedAt")),
        baseline=baseline,
        baseline_unreadable=unreadable,
        sequence=int(record.get("sequence") or 0),
        settled=_settled(body),
        pending=_pending(record.get("pending")),
        rejections=tuple(_rejection(item) for item in record.get("rejections") or ()),
        in_flight=_in_flight(record.get("inFlight")),
        used=frozenset(entry.approval for entry in history if entry.approval),
        ends=_texts(record, "ends"),
        providers=_texts(record, "providers"),
        given_up_by=history[-1].by if given_up else "",
        latest=max((entry.at for entry in history), default=""),
        lost=bool(record.get("lostAt")),
        agreed=_agreed(record),
        brake_engaged_at=str((record.get("brake") or {}).get("engagedAt") or ""),
        history=history,
    )


def identity_of(body: Mapping[str, Any] | None) -> Identity:
    """Which identity the record says that it is about; empty names where it says none."""
    record = _record(body or {})
    return Identity(*(str(record.get(name) or "") for name in ("accountId", "kind", "cloudName")))


def holder(body: Mapping[str, Any]) -> Key | None:
    """The object that manages the identity of the record."""
    record = _record(body)
    if not record.get("owner"):
        return None
    owner = _owner(record["owner"])
    return Key(str(record.get("kind") or ""), owner.namespace, owner.name)


def _record(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return body.get(_RECORD) or {}


def _settled(body: Mapping[str, Any]) -> bool:
    """Whether a record bears its own uid: a new one does not yet, and a restored one another's."""
    uid = _record(body).get("uid")
    return bool(uid) and uid == (body.get("metadata") or {}).get("uid")


def _texts(block: Mapping[str, Any], name: str) -> dict[str, str]:
    """A block of texts by name."""
    return {str(key): str(text) for key, text in (block.get(name) or {}).items()}


def _named(block: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    return {name: str(block.get(name) or "") for name in names}


def _wishes(block: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(map(str, block.get("wishes") or ()))


def _owner(block: Mapping[str, Any]) -> Owner:
    return Owner(*(str(block.get(name, "")) for name in ("cluster", "namespace", "name")))


def _entry(item: Mapping[str, Any]) -> HistoryEntry:
    return HistoryEntry(**_named(item, _HISTORY_TEXTS))


def _pending(block: Mapping[str, Any] | None) -> Pending | None:
    """None too for one that names no digest: nothing can be approved by it."""
    if not block or not block.get("digest"):
        return None
    return Pending(
        **_named(block, _PENDING_TEXTS),
        wishes=_wishes(block),
        asked=_texts(block, "asked"),
        parts=_texts(block, "parts"),
    )


def _rejection(item: Mapping[str, Any]) -> Rejection:
    return Rejection(wishes=_wishes(item), **_named(item, ("change", "at", "by", "reason")))


def _in_flight(block: Mapping[str, Any] | None) -> InFlight | None:
    if not block:
        return None
    return InFlight(
        **_named(block, _FLIGHT_TEXTS),
        sends=int(block.get("sends", 1)),
        providers=_texts(block, "providers"),
        asked=_texts(block, "asked"),
        wishes=_wishes(block),
    )


D = TypeVar("D", documents.Trust, documents.Policy)


def _parsed(parse: Callable[..., D], text: str) -> D:
    found: D = _remembered(parse, text)
    return found


@lru_cache(maxsize=64)
def _remembered(parse: Callable[..., Any], text: str) -> Any:
    """A pass reads its record several times. Few are kept, for documents are large in memory."""
    return parse(text, lenient=True)


def _baseline(record: Mapping[str, Any]) -> tuple[documents.Trust | None, bool]:
    text = (record.get("baseline") or {}).get("trust")
    if not text:
        return None, False
    try:
        return _parsed(documents.parse_trust, text), False
    except documents.DocumentError:
        return None, True


def _agreed(record: Mapping[str, Any]) -> Agreed:
    """A document that cannot be read any more is one in which nothing was agreed on."""
    blocks: Mapping[str, Any] = record.get("agreed") or {}
    text, document = (record.get("baseline") or {}).get("document"), None
    if text:
        try:
            document = _parsed(documents.parse_policy, text)
        except documents.DocumentError:
            document = documents.Policy("", ())
    return Agreed({name: _texts(blocks, name) for name in blocks}, document)


# Writing


def first(identity: Identity, says: RecordChange) -> dict[str, Any]:
    """The object to create for an identity that has no record yet."""
    record = {
        "accountId": identity.account_id,
        "kind": identity.kind,
        "name": identity.folded,
        "cloudName": identity.cloud_name,
        **_patch(says, RecordFacts()),
    }
    return {
        "apiVersion": API_VERSION,
        "kind": RECORD,
        "metadata": {"name": identity.key.name},
        _RECORD: record,
    }


def patch(body: Mapping[str, Any], change: RecordChange) -> dict[str, Any]:
    """The merge patch of the object that was read. It holds for that version, and settles it."""
    meta = body["metadata"]
    return {
        "metadata": {"resourceVersion": meta["resourceVersion"]},
        _RECORD: {**_patch(change, stored(body)), "uid": meta["uid"]},
    }


def _patch(change: RecordChange, before: RecordFacts) -> dict[str, Any]:
    """Of what a record says. A merge patch keeps what it does not name, null removes a name."""
    found: dict[str, Any] = {part.value: None for part in change.clear}
    owner = change.owner
    values: dict[str, Any] = {
        "sequence": change.sequence,
        "owner": {**asdict(owner), "uid": change.owner_uid} if owner is not None else None,
        "cloudId": change.cloud_id,
        "baseline": _baseline_block(change) or None,
        "deletedAt": change.deleted_at or None,
        "lostAt": change.lost_at or None,
        "pending": _pending_block(change.pending, before.pending) if change.pending else None,
        "rejections": [_without_empty(each) for each in change.rejections] or None,
        "inFlight": _flight_block(change, before.in_flight),
        "ends": _removing(change.ends) or None,
        "providers": _removing(change.providers) or None,
        "agreed": {name: _removing(keys) for name, keys in change.agreed.entries.items()} or None,
        "brake": {"engagedAt": change.brake_engaged_at} if change.brake_engaged_at else None,
        "history": [_without_empty(each) for each in change.history] or None,
    }
    return {**found, **{name: value for name, value in values.items() if value is not None}}


def _baseline_block(change: RecordChange) -> dict[str, str]:
    trust, document = change.baseline, change.agreed.document
    block = {"trust": trust.to_json(), "digest": trust.digest} if trust is not None else {}
    return block | ({"document": document.to_json()} if document is not None else {})


def _removing(texts: Mapping[str, str]) -> dict[str, str | None]:
    return {name: text or None for name, text in texts.items()}


def _without_empty(value: HistoryEntry | Rejection | Pending) -> dict[str, Any]:
    return {name: part for name, part in asdict(value).items() if part}


def _pending_block(after: Pending, before: Pending | None) -> dict[str, Any]:
    block = {**dict.fromkeys(_PENDING), **_without_empty(after)}
    if after.asked and before is not None:
        block["asked"] = {**dict.fromkeys(before.asked), **after.asked}
    parts = dict.fromkeys(before.parts) if before is not None else {}
    return {**block, "parts": {**parts, **after.parts}}


def _flight_block(change: RecordChange, before: InFlight | None) -> dict[str, Any] | None:
    after = change.in_flight
    if after is None:
        return None if change.sends is None else {"sends": change.sends}
    block = {**asdict(after), "before": after.before[:SIDE], "after": after.after[:SIDE]}
    for name in ("providers", "asked"):
        if block[name] and before is not None:
            block[name] = {**dict.fromkeys(getattr(before, name)), **block[name]}
    return {name: part if part not in ("", {}, ()) else None for name, part in block.items()}


_PLACES: Final = (
    ("ends",),
    ("providers",),
    ("inFlight", "providers"),
    ("pending", "providers"),
    ("pending", "asked"),
    ("rejections",),
    ("agreed",),
    ("baseline", "document"),
)
"""What kinds of older versions have no place for."""


def check(sent: Mapping[str, Any], written: Mapping[str, Any]) -> None:
    """Raises Retry where the API server dropped what was sent, as an older kind makes it do."""
    for path in _PLACES:
        if _at(_record(sent), path) and not _at(_record(written), path):
            text = (
                f"the kind RamRecord has no place for {'.'.join(path)}: it is older than this"
                " operator; apply the kinds of this version"
            )
            raise Retry(Reason.DEPENDENCY_NOT_READY, text, 60.0)


def _at(record: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    """Whether something is said there; null says nothing."""
    found: Any = record
    for name in path:
        found = (found or {}).get(name)
    return _says(found)


def _says(found: Any) -> bool:
    return any(map(_says, found.values())) if isinstance(found, Mapping) else bool(found)
