"""What an approval is about and how an offer stands: digests, annotations, expiry. Pure.

Called by `clearance`, which alone turns an approval into a permit, and by `gated_write`, which
keeps the offer in the record. A digest stands for one change of one identity at one sequence of its
record, so it opens that change once and nothing else, ever.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from .. import documents, legible, times
from ..constants import Reason
from ..model import digests, sentences
from ..model.changes import PROVIDERS, Change, Held, place
from ..model.objects import Entry, FieldValue
from ..model.records import InFlight, Offer, Pending, RecordFacts, Rejection, Why
from ..model.vocabulary import HeldKind
from .inputs import Approval, Scope

FORMAT: Final = "ram-operator/approval/3"
CHANGE_FORMAT: Final = "ram-operator/approval/1"
"""Of the change alone. It moves only with a reason: writes that were begun and rejections are known
by it. What 0.1.0 began covers less, so it is offered anew.
"""
VALID: Final = 7 * times.DAY
"""How long an offer stands, from when it was first seen; seconds."""
FOUND_SAYS: Final = "what is in the cloud and asked for was never agreed on"
SENDS: Final = 2
"""A gated write whose end is not known may be sent once more, to what it was judged against."""
UNKNOWN: Final = "(unknown)"
ACCOUNTS: Final = "system:serviceaccount:"
"""What the names of ServiceAccounts begin with."""
REMEMBERED: Final = 20
"""Rejections that a record has room for. What is beyond counts against any change."""
WISHES: Final = 64
"""Parts of a rejected change that are told apart."""
PARTS: Final = 512
"""The same of one that is offered, or was begun: what is left of it is known by that."""


def canonical(value: FieldValue | Entry | None) -> Any:
    """Stands for the value by meaning, as JSON."""
    if isinstance(value, (documents.Trust, documents.Policy)):
        return {"document": value.digest}
    if isinstance(value, Entry):
        entry = {"entry": value.display.lower(), "value": value.value}
        return {**entry, "until": value.until} if value.until else entry
    if isinstance(value, Mapping):
        return {key: canonical(entry) for key, entry in sorted(value.items())}
    return value


def _changes(held: Held) -> list[Any]:
    rows = [
        [place(c.field, c.entry), canonical(c.before), canonical(c.after)] for c in held.changes
    ]
    return sorted(rows, key=_text)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _sha(value: Any) -> str:
    return "sha256:" + hashlib.sha256(_text(value).encode()).hexdigest()


def change_digest(held: Held) -> str:
    """Stands for what is changed and what else was seen, whatever the sequence: tells a begun write
    from another. Who came into a group since is nobody whom the approver has seen.
    """
    return _sha([CHANGE_FORMAT, _changes(held), _context(held)])


def _context(held: Held) -> Mapping[str, Any]:
    return {name: canonical(value) for name, value in held.context.items()}


def wishes(held: Held) -> tuple[str, ...]:
    """Stands for each part of the change as it is to become, whatever it was before."""
    return tuple(sorted({short(wish) for wish in _wishes(held)})[:PARTS])


def _wishes(held: Held) -> list[Any]:
    return [[place(c.field, c.entry), canonical(c.after)] for c in held.changes]


def refused(held: Held) -> frozenset[str]:
    """By what a rejection knows the parts of a change again, also as an earlier version noted them:
    what somebody was against stays so.
    """
    texts = [_text(wish) for wish in _wishes(held)]
    return frozenset(f(text) for text in texts for f in (digests.compact, digests.as_before))


def short(value: Any) -> str:
    """Stands for a value that `canonical` gave, where room is scarce."""
    return digests.compact(_text(value))


def parts(held: Held, scope: Scope) -> dict[str, str]:
    """A short digest of each thing that the digest is about, by what people call it."""
    names = sorted({change.field for change in held.changes})
    rows: dict[str, Any] = {
        f"{name} {side}": [[c.entry, canonical(value(c))] for c in _of(held, name)]
        for name in names
        for side, value in _SIDES.items()
    }
    rows |= {_SEEN.get(name, f"{name} as asked for"): v for name, v in _context(held).items()}
    rows["the identity"] = [scope.account_id, scope.kind, scope.name, scope.cloud_id]
    rows["the rules that it breaks"] = _findings(held)
    rows["what was rejected"] = _rejected(held)
    return {name: short(value) for name, value in rows.items()}


_SIDES: Final[Mapping[str, Callable[[Change], Any]]] = {
    "as it is": lambda change: change.before,
    "as it is to be": lambda change: change.after,
}


GRANTS: Final = "identityGrants"
"""The place in the context of what the policies let do that are spoken of."""
_SEEN: Final = {GRANTS: "what its policies let do"}


def lets(key: str, documented: Iterable[str]) -> Entry:
    """What a policy lets do, as the context of an offer has it; by the digests of that."""
    return Entry(key, " ".join(documented))


def _of(held: Held, name: str) -> list[Change]:
    return sorted((c for c in held.changes if c.field == name), key=lambda change: change.entry)


def _findings(held: Held) -> list[Any]:
    """Which rules, as they are meant now, and by what: another account or principal is another
    finding, another wording is none.
    """
    rows = {(finding.id, finding.revision, finding.facts) for finding in held.findings}
    return [[name, revision, list(facts)] for name, revision, facts in sorted(rows)]


def _rejected(held: Held) -> list[Any]:
    return [[r.change, r.at, r.by, r.reason] for r in held.rejections]


def knowing(held: Held, known: Iterable[Rejection]) -> Held:
    """The change with what was said against it, or against a part of it; the latest first."""
    mine = refused(held)
    against = [each for each in known if not each.wishes or mine & set(each.wishes)]
    return replace(held, rejections=tuple(reversed(against)))


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
            "context": {name: canonical(value) for name, value in held.context.items()},
            "findings": _findings(held),
            "rejections": _rejected(held),
        }
    )


def expired(pending: Pending, now: str) -> bool:
    """Clock set back or not: an offer is never younger than it was."""
    return max(now, pending.since) >= pending.expires


def goes_on(begun: InFlight, approval: Approval) -> bool:
    """Whether the write that was begun may be sent once more by the approval on the object: it is
    the one that it was begun by, of the same identity, and neither has ended.
    """
    same = begun.approval == approval.approve and begun.identity == approval.scope.cloud_id
    return same and begun.sends < SENDS and approval.now < begun.expires


def quiet(offered: Pending, now: str, seconds: float) -> str:
    """Until when an offer is not replaced once more by what moves elsewhere, in RFC 3339; "" where
    it may be. Whoever moves it all the time would else have people approve what they have not read.
    """
    if not offered.replaced:
        return ""
    until = times.stamp(times.seconds(offered.replaced) + seconds)
    # A clock that was set back makes nobody wait for longer.
    return until if offered.replaced <= now < until else ""


def _expiry(since: str) -> str:
    return times.stamp(times.seconds(since) + VALID)


def rejection(offered: Pending | InFlight, approval: Approval) -> Rejection | None:
    """What the object says against an offer, or against a write that was begun with it; None where
    it says nothing.
    """
    digest = offered.digest if isinstance(offered, Pending) else offered.approval
    if not digest or not (reason := approval.rejects(digest)):
        return None
    by = approval.rejecter[:256] or UNKNOWN
    return Rejection(offered.change, offered.wishes[:WISHES], approval.now, by, reason)


def remembered(known: Iterable[Rejection], new: Rejection) -> tuple[Rejection, ...]:
    """All rejections with one more. Who says the same once more takes nobody else's word away."""
    found = [each for each in known if (each.change, each.by) != (new.change, new.by)]
    found.append(new)
    any_change = [each for each in found if not each.wishes]
    told = [each for each in found if each.wishes]
    while len(told) + len(any_change) > REMEMBERED:
        # What it was about is forgotten, that it was said is not.
        any_change = [replace(told.pop(0), change="", wishes=())]
    return (*any_change, *told)


def offer(held: Held, approval: Approval, record: RecordFacts) -> Offer:
    """The offer for a held change: as the record has it, or anew.

    The sequence is raised where there was another one, where the record is new or was restored, and
    where the offer was approved while nobody guarded that: whatever was approved before is void.
    """
    said = _said(held, approval, record)
    known = remembered(record.rejections, said) if said else record.rejections
    held = knowing(held, known)
    why = _why(held, approval, record, said)
    sequence, pending = record.sequence, record.pending
    if why in (Why.ENDED, Why.MOVED):
        sequence = max(record.sequence + 1, approval.milliseconds)
    stands = why is Why.STANDS and pending is not None
    since = pending.since if stands and pending is not None else approval.now
    replaced = pending.replaced if stands and pending is not None else ""
    where = f"{approval.scope.namespace}/{approval.scope.object}"
    made = Pending(
        digest=digest(held, approval.scope, sequence),
        since=since,
        expires=_expiry(since),
        verdict=str(held.verdict),
        by=(", ".join(approval.author.split("\n")) or where)[:512],
        summary=legible.line(held.summary)[:2048],
        trust=_trust(held),
        providers=_providers(held),
        change=change_digest(held),
        wishes=wishes(held),
        asked=approval.asked,
        says=sentences.clip("; ".join(sentences.moves(held)), sentences.SAYS),
        replaced=approval.now if why is Why.MOVED else replaced,
        parts=parts(held, approval.scope),
    )
    creates = not approval.scope.cloud_id
    return Offer(sequence, made, known if said else (), why, creates)


def _why(held: Held, approval: Approval, record: RecordFacts, said: Rejection | None) -> Why:
    """What becomes of the offer that the record has."""
    pending = record.pending
    stands = digest(held, approval.scope, record.sequence)
    if not record.settled or said or (approval.approve == stands and not approval.honoured):
        return Why.ENDED
    if pending is None:
        return Why.MOVED if _interrupts(held, approval, record) else Why.FIRST
    if expired(pending, approval.now) or pending.asked != approval.asked:
        return Why.ENDED
    return Why.STANDS if pending.digest == stands else Why.MOVED


def _interrupts(held: Held, approval: Approval, record: RecordFacts) -> bool:
    """Whether it takes the place of a deletion that was approved and begun: one old answer that
    shows what is gone since, or one by mistake, does not end that.
    """
    begun = record.in_flight
    if begun is None or not held.kind == HeldKind.DELETION == begun.operation:
        return False
    return goes_on(begun, approval)


def _said(held: Held, approval: Approval, record: RecordFacts) -> Rejection | None:
    """A rejection that the record does not have yet: of an offer of an older version."""
    pending = record.pending
    reason = (approval.rejects(pending.digest) or pending.rejected) if pending is not None else ""
    if not reason:
        return None
    by = approval.rejecter[:256] or UNKNOWN
    return Rejection(change_digest(held), wishes(held)[:WISHES], approval.now, by, reason)


def _providers(held: Held) -> str:
    changed = sorted(change.entry for change in held.changes if change.field == PROVIDERS)
    return ", ".join(changed)[:2048]


def _trust(held: Held) -> str:
    """The trust that stays held whatever else becomes of it.

    Not what waits for something that can end by itself: records were lost and a person says that
    this is over, or a provider is put back.
    """
    if held.kind in (HeldKind.RECORDS_LOST, HeldKind.PROVIDER_CHANGE):
        return ""
    trusts = [c.after.digest for c in held.changes if isinstance(c.after, documents.Trust)]
    return trusts[0] if trusts else ""


def offered(held: Held, approval: Approval, record: RecordFacts, pending: Pending) -> Held:
    """The held change as it is shown: with its offer, and with what became of an approval."""
    return replace(
        held,
        digest=pending.digest,
        since=pending.since,
        expires=pending.expires,
        voided=_voided(held, approval, record, pending.digest),
    )


def _voided(held: Held, approval: Approval, record: RecordFacts, stands: str) -> str:
    """Why the approval on the object opens nothing. One that did its work is no news."""
    used = record.used | ({record.in_flight.approval} if record.in_flight else set())
    if not approval.approve or approval.approve in used:
        return ""
    if not approval.honoured:
        return Reason.ADMISSION_POLICY_MISSING.value
    if approval.approve != stands:
        return Reason.APPROVAL_STALE.value
    return "" if overrules(held, approval) else Reason.APPROVAL_REJECTED.value


def overrules(held: Held, approval: Approval) -> bool:
    """Whether the approver may open what somebody said no to: a person, and no account of git."""
    return not held.rejections or not approval.approver.startswith(ACCOUNTS)
