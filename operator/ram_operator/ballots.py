"""What an approval is about and how an offer stands: digests, annotations, expiry. Pure.

Called by `approval`, which alone turns a ballot into a permit, and by `gatedwrite`, which keeps the
offer in the record. A digest stands for one change of one identity at one sequence of its record,
so it opens that change once and nothing else, ever.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from . import documents, wording
from .constants import Reason
from .model import Change, Entry, FieldValue, Held, RecordFacts, place
from .pending import Pending

FORMAT: Final = "ram-operator/approval/1"
VALID: Final = timedelta(days=7)
"""How long an offer stands, from when it was first seen."""
SIDE_LIMIT: Final = 16_000
LOST: Final = "RecordsLost"
"""Kind of what is held because there is no record that could say what was held before."""
PROVIDERS: Final = "providers"
"""The place of changes that became of an identity provider, see `providers`."""
CHANGED: Final = "ProviderChange"
"""Kind of what is held because an identity provider is not what was agreed on."""
_REJECT: Final = re.compile(r"(sha256:[0-9a-f]{64})(?:\s+(.*))?", re.DOTALL)
NO_REASON: Final = "no reason was given"


class Guard(StrEnum):
    """Whether the admission policies are in place that make an annotation mean something."""

    INTACT = "intact"
    MISSING = "missing"
    WAIVED = "waived"
    """By the flag --unguarded-approvals: annotations are believed as they are."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an approval is good for, besides the change itself."""

    cluster: str = ""
    account_id: str = ""
    kind: str = ""
    name: str = ""
    """Folded name of the identity."""
    cloud_id: str = ""
    namespace: str = ""
    object: str = ""


NOWHERE: Final = Scope()


@dataclass(frozen=True, slots=True)
class Ballot:
    """What people say about the object's change, and under which circumstances.

    `now` is RFC 3339 in UTC, `milliseconds` the same since the epoch.
    """

    scope: Scope = NOWHERE
    approve: str = ""
    reject: str = ""
    approver: str = ""
    author: str = ""
    guard: Guard = Guard.MISSING
    now: str = ""
    milliseconds: int = 0

    @property
    def honoured(self) -> bool:
        """Whether approvals are believed now."""
        return self.guard is not Guard.MISSING

    def rejects(self, digest: str) -> str:
        """The reason for which that change was rejected; empty when it was not."""
        found = _REJECT.fullmatch(self.reject.strip())
        if found is None or found[1] != digest:
            return ""
        return " ".join((found[2] or NO_REASON).split())[:512]


NO_BALLOT: Final = Ballot()
"""Nobody said anything, and nothing would be believed."""


def _canonical(value: FieldValue | Entry | None) -> Any:
    """Stands for the value by meaning, as JSON."""
    if isinstance(value, (documents.Trust, documents.Policy)):
        return {"document": value.digest}
    if isinstance(value, Entry):
        entry = {"entry": value.display.lower(), "value": value.value}
        return {**entry, "until": value.until} if value.until else entry
    if isinstance(value, Mapping):
        return {key: _canonical(entry) for key, entry in sorted(value.items())}
    return value


def _changes(held: Held) -> list[Any]:
    rows = [
        [place(c.field, c.entry), _canonical(c.before), _canonical(c.after)] for c in held.changes
    ]
    return sorted(rows, key=_text)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _sha(value: Any) -> str:
    return "sha256:" + hashlib.sha256(_text(value).encode()).hexdigest()


def change_digest(held: Held) -> str:
    """Stands for what is changed, whatever the sequence: tells a begun write from another."""
    return _sha([FORMAT, _changes(held)])


def digest(held: Held, scope: Scope, sequence: int) -> str:
    """What an approval has to say, letter by letter."""
    return _sha(
        {
            "format": FORMAT,
            "cluster": scope.cluster,
            "account": scope.account_id,
            "kind": scope.kind,
            "name": scope.name,
            "cloudId": scope.cloud_id or None,
            "object": [scope.namespace, scope.object],
            "sequence": sequence,
            "held": held.kind,
            "changes": _changes(held),
            "context": {name: _canonical(value) for name, value in held.context.items()},
            "findings": sorted({finding.id for finding in held.findings}),
        }
    )


def sides(changes: Iterable[Change]) -> tuple[str, str]:
    """The changed parts before and after, for people: JSON texts, "" where one is too long."""
    listed = list(changes)
    before = {place(c.field, c.entry): _readable(c.before) for c in listed}
    after = {place(c.field, c.entry): _readable(c.after) for c in listed}
    texts = [json.dumps(side, ensure_ascii=False, sort_keys=True) for side in (before, after)]
    return tuple(  # type: ignore[return-value] # two texts give two
        text if len(text) <= SIDE_LIMIT else "" for text in texts
    )


def _readable(value: FieldValue | Entry | None) -> Any:
    if isinstance(value, (documents.Trust, documents.Policy)):
        try:
            return json.loads(value.to_json())
        except (documents.DocumentError, ValueError):
            return "not readable"
    if isinstance(value, Entry):
        shown = f"{value.display}={value.value}" if value.value else value.display
        return " ".join(filter(None, (shown, wording.until(value))))
    if isinstance(value, Mapping):
        return [_readable(entry) for _, entry in sorted(value.items())]
    return value


def expired(pending: Pending, now: str) -> bool:
    """Clock set back or not: an offer is never younger than it was."""
    return max(now, pending.since) >= pending.expires


def _expiry(since: str) -> str:
    end = datetime.fromisoformat(since) + VALID
    return end.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Offer:
    """What the record has to say about a held change. `sequence` is the one in the digest."""

    sequence: int
    pending: Pending


def offer(held: Held, ballot: Ballot, record: RecordFacts) -> Offer:
    """The offer for a held change: as the record has it, or anew.

    The sequence is raised, so that whatever was approved before is void, when the record is new or
    was restored, when the offer has expired, and when it was approved while nobody guarded that.
    """
    pending = record.pending
    stands = digest(held, ballot.scope, record.sequence)
    same = record.settled and pending is not None and pending.digest == stands
    ended = same and pending is not None and expired(pending, ballot.now)
    unguarded = ballot.approve == stands and not ballot.honoured
    sequence = record.sequence
    if not record.settled or ended or unguarded:
        sequence = max(record.sequence + 1, ballot.milliseconds)
        stands = digest(held, ballot.scope, sequence)
        same = False
    since = pending.since if same and pending is not None else ballot.now
    where = f"{ballot.scope.namespace}/{ballot.scope.object}"
    return Offer(
        sequence,
        Pending(
            digest=stands,
            since=since,
            expires=_expiry(since),
            verdict=held.verdict,
            by=(", ".join(ballot.author.split("\n")) or where)[:512],
            summary=held.summary[:2048],
            rejected=ballot.rejects(stands),
            trust=_trust(held),
            providers=_providers(held),
        ),
    )


def _providers(held: Held) -> str:
    changed = sorted(change.entry for change in held.changes if change.field == PROVIDERS)
    return ", ".join(changed)[:2048]


def _trust(held: Held) -> str:
    """The trust that stays held whatever else becomes of it.

    Not what waits for something that can end by itself: records were lost and a person says that
    this is over, or a provider is put back.
    """
    if held.kind in (LOST, CHANGED):
        return ""
    trusts = [c.after.digest for c in held.changes if isinstance(c.after, documents.Trust)]
    return trusts[0] if trusts else ""


def offered(held: Held, ballot: Ballot, record: RecordFacts, pending: Pending) -> Held:
    """The held change as it is shown: with its offer, and with what became of an approval."""
    return replace(
        held,
        digest=pending.digest,
        since=pending.since,
        expires=pending.expires,
        rejected=pending.rejected,
        voided=_voided(ballot, record, pending.digest),
    )


def _voided(ballot: Ballot, record: RecordFacts, stands: str) -> str:
    """Why the approval on the object opens nothing. One that did its work is no news."""
    used = record.used | ({record.in_flight.approval} if record.in_flight else set())
    if not ballot.approve or ballot.approve in used:
        return ""
    if not ballot.honoured:
        return Reason.ADMISSION_POLICY_MISSING.value
    return "" if ballot.approve == stands else Reason.APPROVAL_STALE.value
