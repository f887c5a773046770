"""Short texts for values and changes, shared by the plan and the report. Pure; holds no secret."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from .. import documents, legible
from ..constants import Reason, Severity
from .changes import NAME, Change, Drift, Held, place
from .objects import Entry, FieldValue, UnknownPart
from .outcome import Plan
from .records import Acknowledgement, DriftEntry
from .vocabulary import DriftAction, HeldKind

SIDE_LIMIT: Final = 16_000


def sides(changes: Iterable[Change]) -> tuple[str, str]:
    """The changed parts before and after, for people: JSON texts, "" where one is too long."""
    listed = list(changes)
    before = {place(c.field, c.entry): _readable(c.before) for c in listed}
    after = {place(c.field, c.entry): _readable(c.after) for c in listed}
    texts = [
        legible.line(json.dumps(side, ensure_ascii=False, sort_keys=True))
        for side in (before, after)
    ]
    return tuple(  # type: ignore[return-value] # two texts give two
        text if len(text) <= SIDE_LIMIT else "" for text in texts
    )


def _readable(value: FieldValue | Entry | None) -> Any:
    if isinstance(value, (documents.Trust, documents.Policy)):
        try:
            return documents.tree_of(value.to_json())
        except ValueError:
            return "not readable"
    if isinstance(value, Entry):
        shown = f"{value.display}={value.value}" if value.value else value.display
        return " ".join(filter(None, (shown, until(value))))
    if isinstance(value, Mapping):
        return [_readable(entry) for _, entry in sorted(value.items())]
    return value


LIMIT: Final = 256
SAYS: Final = 1024
"""Characters of who gains and who loses by a change, in the history of a record."""
NOTHING: Final = "(none)"
APPLIED: Final = "as applied"
"""In place of a document, which is too long for a sentence; its digest tells nobody anything."""
SPELLING: Final = "spelled otherwise than was agreed on, and most likely the same"
SETTLE: Final = "to settle it, write it in the manifest as the cloud has it"
NOBODY_ASKED: Final = "nobody is known to have asked for it"
UNTOLD: Final = (
    "{} to be told by the cloud, which does not: leave it out of the manifest until this account"
    " has that setting"
)
SIDE: Final = 400
"""Characters of what was and of what is, in one sentence."""


def clip(text: str, limit: int = LIMIT) -> str:
    """A text for people, see `legible`: at most `limit` characters, cut with an ellipsis."""
    text = legible.line(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def value(item: FieldValue | Entry | None) -> str:
    """A value as shown in `status.drift`; documents as their digest."""
    if item is None:
        return NOTHING
    if isinstance(item, Entry):
        return clip(f"{item.display}={item.value}" if item.value else item.display)
    if isinstance(item, (documents.Trust, documents.Policy)):
        return item.digest[:15]
    return clip(str(item)) or '""'


def drift_values(change: Change) -> tuple[str, str]:
    """(was, now): what the manifest says, and what the cloud says; of documents, what moved."""
    wanted, live = change.after, change.before
    if isinstance(wanted, documents.Trust) and isinstance(live, documents.Trust):
        moved = documents.compare_trust(wanted, live)
    elif isinstance(wanted, documents.Policy) and isinstance(live, documents.Policy):
        moved = documents.compare_policy(wanted, live)
    else:
        return value(wanted), value(live)
    sentences = "; ".join((*_unlike(live), *moved.gain_sentences, *moved.loss_sentences))
    return (APPLIED, clip(sentences, 1024)) if sentences else (value(wanted), value(live))


def _unlike(live: documents.Trust | documents.Policy) -> list[str]:
    """What is there in place of a document, where it is none."""
    with contextlib.suppress(ValueError, RecursionError):
        if isinstance(json.loads(live.text), dict):
            return []
    return [f"what is there is no document and cannot be read: {clip(json.dumps(live.text))}"]


def respelled(change: Change) -> Drift:
    """The entry for what differs only in a spelling that is assumed to be equal."""
    was, now = drift_values(change)
    text = f"{SPELLING}: {now}; {SETTLE}"
    return Drift(change.field, was, clip(text, 1024), Severity.INFO, DriftAction.RESPELLED)


def given_back(change: Change) -> str:
    """One sentence for an entry or field that would be given back."""
    what = value(change.after)
    return f"{change.field}: {what} would be given back"


def found(change: Change) -> str:
    """One sentence for an entry or a document that is there without anybody's word."""
    if isinstance(change.after, documents.Policy):
        return given(change)
    if change.after is None:
        return f"{change.field}: {value(change.before)} denied, is gone, and nobody agreed on that"
    if change.before is not None and change.entry:
        return f"{change.field}: {value(change.after)} lets do more than was agreed on"
    where = " in place of a creation that was never made" if change.field == NAME else ""
    return f"{change.field}: {value(change.after)} is there{where}, and nobody agreed on it"


def given(change: Change) -> str:
    """One sentence for an entry or a document that is asked for and not given yet."""
    if isinstance(change.after, documents.Policy):
        assert isinstance(change.before, documents.Policy)
        moved = documents.compare_policy(change.before, change.after)
        return clip(f"{change.field}: " + "; ".join(moved.gain_sentences), 1024)
    if change.after is None:
        return f"{change.field}: {value(change.before)} would be taken away, which denies"
    text = f"{change.field}: {value(change.after)}"
    before, after = change.before, change.after
    if isinstance(after, int):
        return f"{text} instead of {value(before)}"
    end = until(after) if isinstance(after, Entry) else ""
    if isinstance(before, Entry):
        return f"{text} would stay {end or 'for ever'} and not {until(before)}"
    return " ".join(filter(None, (text, "would be added", end)))


def holders(entries: Mapping[str, Entry]) -> str:
    """Who has a policy, each with the object that manages it, groups with their members."""
    found = []
    for key, entry in entries.items():
        noun, _, name = key.partition("/")
        if "/" in name:
            continue
        inside = [e.display for k, e in entries.items() if k.startswith(f"{key}/")]
        who = f" with {', '.join(inside)}" if inside else ""
        found.append(f"{noun} {entry.display} ({entry.value}){who}")
    return f"whoever has it: {'; '.join(found)}" if found else ""


def members(entries: Mapping[str, Entry]) -> str:
    """Who is in a group already, and so gets what the group is given; their number first, as there
    may be more than a status has room for.
    """
    names = ", ".join(entry.display for _, entry in sorted(entries.items()))
    return f"who is in the group has it then, {len(entries)} by now: {names}" if entries else ""


def until(entry: Entry) -> str:
    """When an entry ends, in words; empty when it does not."""
    return f"until {entry.until}" if entry.until else ""


def as_asked(what: str, plan: Plan) -> str:
    """One line for what needs nothing done, and for what is spelled otherwise than agreed on."""
    spelled = "".join(f"; {entry.field} is {entry.now}" for entry in plan.respelled)
    known = f" but for acknowledged drift: {drift(plan.acknowledged)}" if plan.acknowledged else ""
    return f"{what} is as asked{known}{spelled}"


def drift(entries: Iterable[Drift]) -> str:
    """One line for a condition: what the cloud says now."""
    return "; ".join(f"{entry.field} ({entry.severity}): {entry.now}" for entry in entries)


def acknowledged(holds: Acknowledgement | None, entries: Iterable[Drift]) -> str:
    """One line for what stays for a while, by whose word and until when."""
    who = f" by {clip(holds.by)} until {holds.until}" if holds is not None else ""
    return f"acknowledged{who}: {drift(entries)}"


def acknowledgeable(entry: DriftEntry) -> str:
    """One sentence for what may be acknowledged."""
    return clip(f"{entry.field} ({entry.severity}): {entry.says}", 1024)


def moved(entry: Drift) -> str:
    """One sentence for an event: which field, from what was applied to what the cloud says."""
    what = f"{entry.field} ({entry.severity}, {entry.action})"
    return f"{what}: {clip(entry.was, SIDE)} → {clip(entry.now, SIDE)}"


def moves(offer: Held) -> list[str]:
    """One line for who gains, one for who loses."""
    found = []
    if offer.gains:
        there = offer.kind is HeldKind.FOUND
        found.append(("Gives: " if there else "Would gain: ") + "; ".join(offer.gains))
    if offer.losses:
        found.append("Would lose: " + "; ".join(offer.losses))
    return found


def held(offer: Held) -> str:
    """One line for conditions and events: what waits, who gains, who loses."""
    parts = [f"Rejected by {each.by} at {each.at}: {each.reason}" for each in offer.rejections[:3]]
    parts += [offer.summary, *moves(offer)]
    critical = [f for f in offer.findings if f.severity is Severity.CRITICAL]
    parts += [f"{f.id} {f.message} (remedy: {f.remedy})" for f in critical]
    if offer.voided:
        parts.append(_VOIDED[offer.voided])
    if offer.missing:
        parts.append("Not offered anew before this is known: " + "; ".join(offer.missing))
    return ". ".join(parts)


_VOIDED: Final[Mapping[str, str]] = {
    Reason.ADMISSION_POLICY_MISSING: "The approval on the object is not honoured: the admission"
    " policies that guard approvals are missing, altered, or not what answers for this object"
    " (remedy: the operator's log says which; apply deploy/admission, then approve the digest in"
    " status.pending; on a cluster without MutatingAdmissionPolicy approvals count where the"
    " RamAccount says gate.fourEyes false)",
    Reason.APPROVAL_STALE: "The approval on the object is for something else than what is held now"
    " (remedy: look at status.pending and approve its digest)",
    Reason.APPROVAL_REJECTED: "The approval on the object is that of a ServiceAccount, and does not"
    " open what somebody rejected (remedy: let a person with the right approve it)",
}


def unread_part(name: str, part: UnknownPart) -> str:
    """What something waits for that nobody could read."""
    return f"{name}, which could not be read: {part.error.message}"
