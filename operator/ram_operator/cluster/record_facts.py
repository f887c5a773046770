"""Which RamRecord an identity has, one per account, kind and folded name, and what it says.

Read from the store for ordinary decisions and from the API server before a trust is written.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from .. import documents
from ..kinds.table import RECORD
from ..model.objects import Key, Owner
from ..model.records import InFlight, Pending, RecordFacts, Rejection
from . import agreed
from .agreed import ENDS, PROVIDERS

_DNS: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_HASHED: Final = re.compile(r"(.*\.)?[0-9a-f]{16}")
"""What the key of a name with a hash looks like: no readable name may pass for one."""
CLAIMED: Final = "Claimed"
"""The operation that says: about to be created, cannot be marked by the creation itself."""
ABANDONED: Final = "Abandoned"
"""The operation that says: given up by its owner, so that another one may take it over."""
_FLIGHT: Final = ("operation", "change", "approval", "by", "digest", "expires")
_TEXTS: Final = tuple(each.name for each in fields(Pending) if each.type == "str")


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
        settled=settled(body),
        pending=_pending(record.get("pending")),
        rejections=rejections(record),
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


def settled(body: Mapping[str, Any]) -> bool:
    """Whether a record bears its own uid: a new one does not yet, and a restored one another's."""
    uid = (body.get("record") or {}).get("uid")
    return bool(uid) and uid == (body.get("metadata") or {}).get("uid")


def _pending(block: Mapping[str, Any] | None) -> Pending | None:
    """None too for one that names no digest: nothing can be approved by it."""
    if not block or not block.get("digest"):
        return None
    return Pending(
        **{name: str(block.get(name) or "") for name in _TEXTS},
        wishes=tuple(map(str, block.get("wishes") or ())),
        asked=agreed.texts(block, "asked"),
        parts=agreed.texts(block, "parts"),
    )


def rejections(record: Mapping[str, Any]) -> tuple[Rejection, ...]:
    """What the record remembers of changes that were rejected, the latest last."""
    return tuple(
        Rejection(
            wishes=tuple(map(str, item.get("wishes") or ())),
            **{name: str(item.get(name) or "") for name in ("change", "at", "by", "reason")},
        )
        for item in record.get("rejections") or ()
    )


def _in_flight(block: Mapping[str, Any] | None) -> InFlight | None:
    if not block:
        return None
    texts = {name: str(block.get(name) or "") for name in _FLIGHT}
    return InFlight(
        **texts,
        sends=int(block.get("sends", 1)),
        providers=agreed.texts(block, PROVIDERS),
        asked=agreed.texts(block, "asked"),
        wishes=tuple(map(str, block.get("wishes") or ())),
    )


def _baseline(record: Mapping[str, Any]) -> tuple[documents.Trust | None, bool]:
    text = (record.get("baseline") or {}).get("trust")
    if not text:
        return None, False
    try:
        return documents.parse_trust(text, lenient=True), False
    except documents.DocumentError:
        return None, True


CREATED: Final = "Created"
PENDING: Final = tuple(each.name for each in fields(Pending))
