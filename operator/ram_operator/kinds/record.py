"""RamRecord: which one an identity has, its JSON, and the frozen `RecordFacts` in it. Pure.

The only module that knows the names in the JSON of a record: what reads each of them stands beside
what writes it. `cluster.record_writer` decides what a write changes and sends it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, fields, replace
from functools import lru_cache
from typing import Any, Final, TypeVar

from .. import __version__, documents
from ..constants import API_VERSION, AccessMode, Reason
from ..errors import Stalled
from ..model.objects import Key, Owner
from ..model.record_changes import Part, RecordChange
from ..model.records import (
    ABANDONED,
    CLAIMED,
    CREATED,
    OFFERED,
    WITHDRAWN,
    Agreed,
    HistoryEntry,
    InFlight,
    Pending,
    RecordFacts,
    Rejection,
)
from ..model.vocabulary import HeldKind, HeldVerdict
from . import record_acknowledged, record_brakes, record_keys, sign_in
from .dropped import RECORD_BLOCK
from .dropped import check as check
from .identity import Identity as Identity
from .table import ACCOUNT, RECORD

SIDE: Final = 16_384
"""Characters of each side of a write that was begun."""
FORMAT: Final = 2
"""Of what this version writes; 0 is what has none, and 1 lacks `agreedValues`. Raised when a part
comes or changes its meaning, so that what is missing only ever means an older format.
"""
_PENDING: Final = tuple(each.name for each in fields(Pending))
_PENDING_TEXTS: Final = tuple(each.name for each in fields(Pending) if each.type == "str")
_FLIGHT_TEXTS: Final = tuple(each.name for each in fields(InFlight) if each.type == "str")
_HISTORY_TEXTS: Final = tuple(each.name for each in fields(HistoryEntry))


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
    outdated = _outdated(body)
    items = record.get("history") or ()
    history = tuple(HistoryEntry(**_named(item, _HISTORY_TEXTS)) for item in items)
    claims = [each for each in history if each.operation in (CLAIMED, WITHDRAWN)]
    claimed = claims[-1].at if claims and claims[-1].operation == CLAIMED else ""
    given_up = bool(history) and history[-1].operation == ABANDONED
    return RecordFacts(
        exists=True,
        owner=_owner(owner) if owner else None,
        owner_uid=str(owner.get("uid", "")),
        cloud_id=str(record.get("cloudId") or ""),
        claimed_at=claimed,
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
        agreed=_agreed(record).only(sign_in.FIELD) if outdated else _agreed(record),
        brakes=record_brakes.read(record.get("brake") or {}),
        never_made=_never_made(record, history) if outdated else _said(record, "neverMade"),
        outdated=outdated,
        newer=_newer(record),
        history=history,
        forgotten=_said(record, "forgotten"),
        **record_acknowledged.read(record, own=_settled(body) and not outdated),
        keys=record_keys.read(record),
    )


def account_of(body: Mapping[str, Any]) -> str:
    """The id of the account that the record's identity lives in."""
    return str(_record(body).get("accountId") or "")


def understood(facts: RecordFacts) -> RecordFacts:
    """The same facts. Raises Stalled where a newer version wrote what this one does not know."""
    if facts.newer:
        text = (
            f"the record of the identity is {facts.newer}, which this version {__version__} does"
            " not know: nothing is written to either; run the newer version of the operator"
        )
        raise Stalled(Reason.NEWER_VERSION, text)
    return facts


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
    return body.get(RECORD_BLOCK) or {}


def _settled(body: Mapping[str, Any]) -> bool:
    """Whether a record bears its own uid: a new one does not yet, and a restored one another's."""
    uid = _record(body).get("uid")
    return bool(uid) and uid == (body.get("metadata") or {}).get("uid")


def _never_made(record: Mapping[str, Any], history: tuple[HistoryEntry, ...]) -> str:
    """The same where an older version wrote last, which neither notes nor ends it."""
    if since := _said(record, "neverMade"):
        made = any(each.operation == CREATED and each.at >= since for each in history)
        return "" if made else since
    offered = history[-1].at if history and history[-1].operation == OFFERED else ""
    offered = str((record.get("pending") or {}).get("since") or offered)
    exists = record.get("cloudId") and not record.get("deletedAt")
    return "" if exists else offered


def _said(record: Mapping[str, Any], name: str) -> str:
    return str(record.get(name) or "")


def _format(record: Mapping[str, Any]) -> int:
    return int(record.get("format") or 0)


def _outdated(body: Mapping[str, Any]) -> bool:
    """Whether an older version wrote it last: such a one leaves what it does not know as it was,
    but each write of whomever moves the generation.
    """
    record, now = _record(body), (body.get("metadata") or {}).get("generation")
    if _format(record) < FORMAT:
        return True
    written = int(record.get("revision") or 0)
    # What was restored from a backup begins anew with its generation.
    return _settled(body) and now is not None and written != int(now)


_WRITES: Final = frozenset({"", *HeldKind})
_VERDICTS: Final = frozenset(HeldVerdict)
_MODES: Final = frozenset({"", *AccessMode})


def _newer(record: Mapping[str, Any]) -> str:
    """In words, what of the record only a newer version can have written; "" for nothing."""
    by = f", written by version {record.get('writtenBy') or 'unknown'}"
    if (found := _format(record)) > FORMAT:
        return f"in format {found}{by}"
    begun = str((record.get("inFlight") or {}).get("operation") or "")
    if begun not in _WRITES:
        return f"about the write {begun[:64]!r}{by}"
    mode = str(((record.get("agreed") or {}).get(sign_in.FIELD) or {}).get(sign_in.MODE) or "")
    if mode not in _MODES:
        return f"about the access mode {mode[:64]!r}{by}"
    verdict = str((record.get("pending") or {}).get("verdict") or "")
    return "" if verdict in _VERDICTS else f"about the verdict {verdict[:64]!r}{by}"


def _texts(block: Mapping[str, Any], name: str) -> dict[str, str]:
    return {str(key): str(text) for key, text in (block.get(name) or {}).items()}


def _named(block: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    return {name: str(block.get(name) or "") for name in names}


def _wishes(block: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(map(str, block.get("wishes") or ()))


def _owner(block: Mapping[str, Any]) -> Owner:
    return Owner(*(str(block.get(name, "")) for name in ("cluster", "namespace", "name")))


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
        parts=_texts(block, "parts"),
        seen=_texts(block, "seen"),
        wishes=_wishes(block),
    )


D = TypeVar("D", documents.Trust, documents.Policy)


def _parsed(parse: Callable[..., D], text: str) -> D:
    return _remembered(parse, text)  # type: ignore[no-any-return]


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
    entries = {name: _texts(blocks, name) for name in blocks}
    return Agreed(entries, document, _texts(record, "agreedValues"))


# Writing


def first(identity: Identity, says: RecordChange) -> dict[str, Any]:
    """The object to create for an identity that has no record yet."""
    record = {
        "accountId": identity.account_id,
        "kind": identity.kind,
        "name": identity.folded,
        "cloudName": identity.cloud_name,
        **_patch(says, RecordFacts()),
        **_stamp(0),
    }
    return {
        "apiVersion": API_VERSION,
        "kind": RECORD,
        "metadata": {"name": identity.key.name},
        RECORD_BLOCK: record,
    }


def patch(body: Mapping[str, Any], change: RecordChange) -> dict[str, Any]:
    """The merge patch of the object that was read. It holds for that version, and settles it.

    What is outdated stays so until one write has all that an older version does not know.
    """
    meta, before = body["metadata"], stored(body)
    version, stamp = meta["resourceVersion"], {}
    if not before.outdated or change.agreed.whole or _record(body).get("kind") == ACCOUNT:
        change = replace(change, agreed=_instead(body, before, change.agreed))
        stamp = _stamp(int(meta.get("generation") or 0))
        if before.outdated and not before.never_made:
            change = replace(change, clear=change.clear | {Part.NEVER_MADE})
    return {
        "metadata": {"resourceVersion": version},
        RECORD_BLOCK: {**_patch(change, before), "uid": meta["uid"], **stamp},
    }


def _stamp(generation: int) -> dict[str, Any]:
    """Who wrote it, in which format. A write raises the generation by one, since this moves."""
    return {"format": FORMAT, "writtenBy": __version__, "revision": generation + 1}


def _instead(body: Mapping[str, Any], before: RecordFacts, after: Agreed) -> Agreed:
    """Nothing is left of what the record says that an older version wrote last, but of ways to sign
    in, which such a one neither gives nor takes.
    """
    if not before.outdated:
        return after
    found = _agreed(_record(body))
    stale = {name: keys for name, keys in found.entries.items() if name != sign_in.FIELD}
    return nothing_of(replace(found, entries=stale)).joined(after)


def nothing_of(before: Agreed, stays: Collection[str] = ()) -> Agreed:
    """In a change: that nothing holds any more of what was agreed on, but for entries that stay."""
    told = before.entries.items()
    entries = {name: dict.fromkeys(keys.keys() - set(stays), "") for name, keys in told}
    return Agreed(entries, values=dict.fromkeys(before.values, ""))


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
        "agreedValues": _removing(change.agreed.values) or None,
        "brake": record_brakes.block(change.brakes) or None,
        "neverMade": change.never_made or None,
        "forgotten": change.forgotten or None,
        **record_acknowledged.blocks(change),
        **record_keys.block(change),
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
    for name in ("providers", "asked", "parts", "seen"):
        if block[name] and before is not None:
            block[name] = {**dict.fromkeys(getattr(before, name)), **block[name]}
    return {name: part if part not in ("", {}, ()) else None for name, part in block.items()}
