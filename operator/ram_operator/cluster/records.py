"""RamRecords: the operator's memory of one cloud identity, one per account, kind and folded name.

Read from the store for ordinary decisions and from the API server before a trust is written; every
write is a compare-and-swap on the record's resourceVersion.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .. import documents
from ..constants import API_VERSION
from ..kinds import RECORD
from ..model import Key, Owner, RecordFacts
from .api import ClusterApi

_DNS: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_HASHED: Final = re.compile(r"(.*\.)?[0-9a-f]{16}")
"""What the key of a name with a hash looks like: no readable name may pass for one."""
HISTORY: Final = 20
CLAIMED: Final = "Claimed"
"""The operation that says: about to be created, cannot be marked by the creation itself."""


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
    return RecordFacts(
        exists=True,
        owner=Owner(owner["cluster"], owner["namespace"], owner["name"]) if owner else None,
        owner_uid=str((owner or {}).get("uid", "")),
        cloud_id=str(record.get("cloudId") or ""),
        claimed_at=_claimed_at(record),
        deleted=bool(record.get("deletedAt")),
        baseline=baseline,
        baseline_unreadable=unreadable,
    )


def _claimed_at(record: Mapping[str, Any]) -> str:
    history = record.get("history") or []
    times = [str(entry["at"]) for entry in history if entry.get("operation") == CLAIMED]
    return times[-1] if times else ""


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


class Records:
    """Writes of records. All raise errors.*; Conflicted means `read it again`."""

    def __init__(self, api: ClusterApi) -> None:
        self._api = api

    def read(self, identity: Identity) -> dict[str, Any] | None:
        """As it is now in the API server."""
        return self._api.get(identity.key)

    def claim(self, identity: Identity, claim: Claim, now: str, sequence: int) -> dict[str, Any]:
        """First record of an identity. `sequence` is the time in ms: older approvals are void."""
        record = {
            "accountId": identity.account_id,
            "kind": identity.kind,
            "name": identity.folded,
            "cloudName": identity.cloud_name,
            "cloudId": claim.cloud_id,
            "owner": _owner_block(claim),
            "sequence": sequence,
            "baseline": _baseline_block(claim.baseline),
            "history": [_history(now, claim.operation, claim.baseline)],
        }
        body = {
            "apiVersion": API_VERSION,
            "kind": RECORD,
            "metadata": {"name": identity.key.name},
            "record": {k: v for k, v in record.items() if v not in ("", {}, None)},
        }
        return self._api.create(identity.key, body)

    def update(self, body: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        """Compare-and-swap `changes` (merge patch of `record`) onto the record that was read."""
        meta = body["metadata"]
        patch = {
            "metadata": {"resourceVersion": meta["resourceVersion"]},
            "record": {**changes, "uid": meta["uid"]},
        }
        return self._api.merge(Key(RECORD, "", meta["name"]), patch)

    def renew(self, body: Mapping[str, Any], claim: Claim, now: str) -> dict[str, Any]:
        """The identity is managed (again): owner, cloud id and baseline as claimed."""
        changes: dict[str, Any] = {
            "cloudId": claim.cloud_id,
            "owner": _owner_block(claim),
            "deletedAt": None,
            "inFlight": None,
            "history": append(body, now, claim.operation, claim.baseline),
        }
        if claim.baseline is not None:
            changes["baseline"] = _baseline_block(claim.baseline)
        return self.update(body, changes)

    def begin(
        self,
        body: Mapping[str, Any],
        operation: str,
        before: documents.Trust,
        after: documents.Trust,
    ) -> dict[str, Any]:
        """Note a trust write before it is sent, and raise the sequence."""
        changes = {
            "sequence": int(body["record"]["sequence"]) + 1,
            "inFlight": {
                "operation": operation,
                "digest": after.digest,
                "before": before.to_json()[:8192],
                "after": after.to_json()[:8192],
            },
        }
        return self.update(body, changes)

    def complete(self, body: Mapping[str, Any], now: str) -> dict[str, Any]:
        """The trust write is done and was looked at."""
        entry = _begun(now, body["record"].get("inFlight") or {})
        history = [*(body["record"].get("history") or []), entry][-HISTORY:]
        return self.update(body, {"inFlight": None, "history": history})

    def deleted(self, body: Mapping[str, Any], now: str, operation: str) -> dict[str, Any]:
        """The owner is done with the identity; the baseline stays, for who comes next."""
        changes = {
            "owner": None,
            "deletedAt": now if operation == "Deleted" else None,
            "inFlight": None,
            "history": append(body, now, operation, None),
        }
        return self.update(body, changes)


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
    begun = [_begun(now, record["inFlight"])] if record.get("inFlight") else []
    return [*(record.get("history") or []), *begun, _history(now, operation, trust)][-HISTORY:]


def _begun(now: str, flight: Mapping[str, Any]) -> dict[str, str]:
    return {"at": now, **{k: str(flight[k]) for k in ("operation", "digest") if k in flight}}
