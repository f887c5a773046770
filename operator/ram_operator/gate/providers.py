"""Identity providers behind the names in a trust: what they were agreed to be, and are. Pure.

A trust names a provider; the provider's certificates and client ids decide who that is. Who may
change those changes who may assume the role, and the trust's text stays the same. So the record
keeps what each provider was when its trust was agreed on, and another one waits for a person,
see `RecordFacts`. Called by `plan`, `review` and `gated_write`; `trust_lookups` looks
them up.

A provider goes by its name as the trust spells it, `oidc-provider/git`: whether RAM heeds case is
not documented. So it is looked at under that name, and compared with what was agreed on of any name
that differs in letters alone. What it is is a text of JSON, equal for providers that let in the
same, so texts are compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from .. import documents
from ..constants import Severity
from ..errors import RamOperatorError, Retry
from ..kinds.schema import Kind
from ..model.changes import PROVIDERS, Change, Held, Judged, place
from ..model.objects import Entry, FieldValue, UnknownPart
from ..model.permissions import Permit
from ..model.provider_states import ABSENT, LISTS, facts, named, sentences
from ..model.steps import Agree, Note
from ..model.vocabulary import (
    Cause,
    Direction,
    Disposition,
    HeldKind,
    HeldVerdict,
    Presence,
)
from . import checks, rules
from .inputs import Inputs
from .rule import On
from .verdicts import Allow, Hold, Verdict

FIELD: Final = PROVIDERS


def _asked(inputs: Inputs) -> tuple[str, ...]:
    gated = inputs.row.gated_field
    if gated is None:
        return ()
    return named(inputs.desired.fields[gated.name], inputs.account.account_id)


def _live(inputs: Inputs) -> tuple[str, ...]:
    gated = inputs.row.gated_field
    trust = inputs.live.fields.get(gated.name) if gated is not None else None
    return named(trust, inputs.account.account_id)


def _agreed(inputs: Inputs, key: str) -> str | None:
    """What the provider was agreed to be; None where the record knows it in no letters."""
    known = inputs.memory.record.providers
    alike = (text for name, text in sorted(known.items()) if name.lower() == key.lower())
    return known.get(key, next(alike, None))


def moved(inputs: Inputs) -> list[Judged]:
    """Providers that are trusted and are not what was agreed on. They wait for a person.

    On a creation those that an earlier identity of that name trusted, and the new one would.
    """
    found = []
    for key in _live(inputs) or _asked(inputs):
        now, agreed = inputs.providers.get(key), _agreed(inputs, key)
        if isinstance(now, Entry) and agreed is not None and now.value != agreed:
            before = Entry(now.display, agreed)
            change = Change(FIELD, before, now, _direction(before, now), key)
            found.append(Judged(change, Cause.DRIFT, Disposition.HOLD, Severity.CRITICAL))
    return found


def unread(inputs: Inputs) -> tuple[str, ...] | None:
    """One sentence per provider that could not be read: nobody knows whom it lets in."""
    found = [
        f"{key} to be read, so that it is known whom it lets in: {part.error.message}"
        for key, part in sorted(inputs.providers.items())
        if isinstance(part, UnknownPart)
    ]
    return tuple(found) or None


def places(inputs: Inputs) -> frozenset[str]:
    """Where drift of those that could not be read would be shown."""
    unknown = [k for k, part in inputs.providers.items() if isinstance(part, UnknownPart)]
    return frozenset(place(FIELD, key) for key in unknown)


def error(inputs: Inputs) -> RamOperatorError | None:
    """Why a provider could not be read; what a person has to mend comes first."""
    parts = inputs.providers.values()
    errors = [part.error for part in parts if isinstance(part, UnknownPart)]
    return min(errors, key=lambda each: isinstance(each, Retry), default=None)


def wanted_unknown(inputs: Inputs) -> bool:
    """Whether nobody knows now whom the wanted trust would let in, so that it cannot be approved.

    What is about to be trusted no more need not be known.
    """
    asked = _asked(inputs)
    return any(isinstance(inputs.providers.get(key), UnknownPart) for key in asked)


def missing(inputs: Inputs) -> list[str]:
    """One sentence per provider that a new identity is to trust and that does not exist.

    Whoever makes it later would decide whom it lets in.
    """
    return [
        f"{key}, which the trust names, to exist"
        for key in _asked(inputs)
        if isinstance(part := inputs.providers.get(key), Entry) and part.value == ABSENT
    ]


def evaluate(inputs: Inputs, item: Judged) -> Verdict:
    """Another provider behind a name that is trusted waits, whatever it is."""
    if item.change.field != FIELD:
        return Allow()
    gains, losses = map(tuple, sentences(item.change))
    case = checks.Case(inputs.account, moved=(*gains, *losses))
    findings = rules.judge(case, On.PROVIDER)
    kind, verdict = HeldKind.PROVIDER_CHANGE, HeldVerdict(item.change.direction)
    return Hold(Held(kind, _CHANGED, gains, losses, findings, (item.change,), verdict))


_CHANGED: Final = "an identity provider that is trusted was changed"


def together(row: Kind, helds: list[Held]) -> Held:
    """All providers that were changed."""
    changes = tuple(change for held in helds for change in held.changes)
    directions = {change.direction for change in changes}
    verdict = directions.pop() if len(directions) == 1 else Direction.UNKNOWN
    return replace(
        helds[0],
        gains=tuple(text for held in helds for text in held.gains),
        losses=tuple(text for held in helds for text in held.losses),
        findings=rules.merged(finding for held in helds for finding in held.findings),
        changes=changes,
        verdict=HeldVerdict(verdict),
    )


def context(inputs: Inputs) -> dict[str, FieldValue]:
    """What the approver of a trust has seen of the providers in it: it is in the digest."""
    known = {
        key: part for key in _asked(inputs) if isinstance(part := inputs.providers.get(key), Entry)
    }
    return {FIELD: known} if known else {}


def first_seen(inputs: Inputs) -> dict[str, str]:
    """What the providers are that a new trust names, or that were trusted before that was kept."""
    asked = _asked(inputs)
    if inputs.live.presence is Presence.PRESENT:
        asked = tuple(key for key in asked if key in _live(inputs))
    return {
        key: part.value
        for key in asked
        if isinstance(part := inputs.providers.get(key), Entry) and _agreed(inputs, key) is None
    }


def notes(inputs: Inputs) -> list[Note]:
    """What the record is to say of providers without anybody's approval: those that it knows
    nothing of yet, and no more of those that nobody names. What was agreed on goes along to a name
    in other letters.
    """
    row, record = inputs.row, inputs.memory.record
    gated = row.gated_field
    if gated is None or not isinstance(inputs.live.fields.get(gated.name), documents.Trust):
        return []
    if record.owner is None:
        # There is no record of ours yet, and the first one says it.
        return []
    still = {*_asked(inputs), *_live(inputs)}
    changes = {key: "" for key in record.providers if key not in still} | first_seen(inputs)
    alike = {key: _agreed(inputs, key) for key in still if key not in record.providers}
    changes |= {key: text for key, text in alike.items() if text is not None}
    if not changes:
        return []
    text = f"note what {', '.join(sorted(changes))} is"
    narrower = Direction.NARROWER
    return [Note(summary=text, cause=Cause.INTENT, direction=narrower, providers=changes)]


def acceptance(moves: Iterable[Judged], permit: Permit | None) -> list[Agree]:
    """The step that notes what was approved; nothing is written to the cloud."""
    found = {item.change.entry: item.change.after for item in moves}
    entries = {key: entry for key, entry in found.items() if isinstance(entry, Entry)}
    if not entries:
        return []
    assert permit is not None
    return [
        Agree(
            summary=f"trust {', '.join(entries)} as it is now",
            cause=Cause.INTENT,
            direction=Direction.NEUTRAL,
            field=FIELD,
            entries=entries,
            permit=permit,
        )
    ]


def _direction(before: Entry, after: Entry) -> Direction:
    was, now = facts(before), facts(after)
    if not now:
        return Direction.NARROWER
    plain = all(isinstance(side.get(name), list) for side in (was, now) for name in LISTS)
    rest = [{k: v for k, v in side.items() if k not in LISTS} for side in (was, now)]
    if not plain or rest[0] != rest[1]:
        return Direction.UNKNOWN
    more = any(set(now[name]) - set(was[name]) for name in LISTS)
    less = any(set(was[name]) - set(now[name]) for name in LISTS)
    return Direction.MIXED if more and less else Direction.WIDER if more else Direction.NARROWER
