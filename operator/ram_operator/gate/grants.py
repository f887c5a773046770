"""Escalating grants: what is held of them, in words and as an approval has to cover it. Pure.

Called by `plan` once `drift` has said what waits. An escalating grant lets its holder change rights
or become somebody else: a policy attached, a membership of a group that has one, a document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from .. import documents
from ..kinds import comparison
from ..kinds.schema import PLAIN, Escalation, Field, Kind
from ..model import sentences
from ..model.changes import Change, Finding, Held, Judged, moves_end, place
from ..model.objects import Account, Entry
from ..model.state import Desired, Live
from ..model.vocabulary import (
    Cause,
    Direction,
    Disposition,
    HeldKind,
    HeldVerdict,
)
from . import approvals, checks, privileges, rules
from .inputs import Inputs, Memory
from .rule import On
from .verdicts import Allow, Hold, Verdict

_LOSES: Final = (Direction.NARROWER, Direction.NEUTRAL)


def escalating(field: Field, desired: Desired, change: Change, memory: Memory) -> bool:
    """Whether the change may give a right to change rights, or to become somebody else.

    Such a change always waits for a person. What is not known of a policy counts as the worst.
    """
    if freed(field, desired, change, memory):
        return True
    if field.escalates in PLAIN and not privileges.privileged(field, desired, memory):
        return False
    if comparison.asks_more(field, change, memory.record):
        # Narrower than what is there may be wider than what people agreed on.
        return True
    if change.entry and change.after is None:
        return False
    if change.direction in _LOSES and not _widens_sent(field, change, memory):
        return False
    if field.escalates is Escalation.ATTACHMENT:
        return not privileges.harmless(change.entry, memory)
    if field.escalates is Escalation.MEMBERSHIP:
        return bool(privileges.suspects(field, desired, memory))
    if field.escalates in PLAIN:
        return True
    if field.escalates is Escalation.DOCUMENT:
        assert isinstance(change.after, documents.Policy)
        ways = documents.indirect(change.after) if memory.holds_ways else ()
        return bool(documents.escalates(change.after) or ways)
    return False


def freed(field: Field, desired: Desired, change: Change, memory: Memory) -> tuple[str, ...]:
    """Which rights to change rights the change would deny no more, in words. Somebody may have them
    by another way, which nobody has to know.
    """
    if field.escalates is Escalation.DOCUMENT:
        assert isinstance(change.after, documents.Policy)
        sides = [comparison.compare(field, sent, change.after) for sent in memory.sent]
        moves = [change, *(move for side in sides for move in side)]
        found = [move.comparison for move in moves if move.comparison is not None]
        return tuple(sorted({text for each in found for text in documents.given_free(each)}))
    where = place(field.name, change.entry)
    if where in desired.ended and where in memory.record.ends:
        # That it ends then was agreed on.
        return ()
    keys = _going(field, desired, change, memory)
    return tuple(sorted({text for key in keys for text in memory.denials.get(key, ())}))


def _going(field: Field, desired: Desired, change: Change, memory: Memory) -> set[str]:
    """Folded keys of the policies that somebody has no more once the entry is gone."""
    if not change.entry or change.after is not None:
        return set()
    if field.escalates is Escalation.ATTACHMENT:
        return {change.entry}
    if field.escalates is not Escalation.MEMBERSHIP:
        return set()
    carried = desired.fields.get(field.carries)
    assert isinstance(carried, Mapping)
    return {*carried, *(memory.attached or ())}


def directed(inputs: Inputs, change: Change) -> Change:
    """With what the change does to access. Whoever loses what only denies has more than before, and
    whoever gets it has less.
    """
    memory = inputs.memory.then
    if _only_denies(inputs.row.field(change.field), inputs.desired, change, memory):
        return replace(change, direction=Direction.NARROWER)
    keys = _going(inputs.row.field(change.field), inputs.desired, change, memory)
    if keys and keys <= memory.gives_nothing:
        return replace(change, direction=Direction.WIDER)
    return replace(change, direction=Direction.MIXED) if keys & memory.denials.keys() else change


def _only_denies(field: Field, desired: Desired, change: Change, memory: Memory) -> bool:
    """Whether an entry that comes gives nothing, and takes something away."""
    if change.before is not None or not change.entry:
        return False
    if field.escalates is Escalation.ATTACHMENT:
        return change.entry in memory.gives_nothing
    if field.escalates is not Escalation.MEMBERSHIP or memory.attached is None:
        return False
    carried = desired.fields.get(field.carries)
    assert isinstance(carried, Mapping)
    keys = {*carried, *memory.attached}
    return bool(keys) and keys <= memory.gives_nothing


def without(inputs: Inputs, change: Change) -> Inputs:
    """What is known once the change is written: a policy that is detached is there no more."""
    memory = inputs.memory
    if change.after is not None or memory.attached is None:
        return inputs
    if inputs.row.field(change.field).escalates is not Escalation.ATTACHMENT:
        return inputs
    return replace(inputs, memory=replace(memory, leaving=memory.leaving | {change.entry}))


def _widens_sent(field: Field, change: Change, memory: Memory) -> bool:
    """Whether a document is wider than one that we wrote, which an old answer does not show."""
    if field.escalates is not Escalation.DOCUMENT:
        return False
    assert isinstance(change.after, documents.Policy)
    moves = [move for sent in memory.sent for move in comparison.compare(field, sent, change.after)]
    return any(move.direction not in _LOSES for move in moves)


UNKNOWN: Final = "what it allows is not known"
_GIVES_NOTHING: Final = (Direction.NARROWER, Direction.NEUTRAL)


def case(row: Kind, account: Account, desired: Desired, live: Live) -> checks.Case:
    """What rules may look at: who is and who will be trusted, where the kind has a trust."""
    gated = row.gated_field
    trusts = [
        fields.get(gated.name) if gated is not None else None
        for fields in (desired.fields, live.fields)
    ]
    wanted, found = (trust if isinstance(trust, documents.Trust) else None for trust in trusts)
    return checks.Case(account, wanted, found)


def attachment(inputs: Inputs, item: Judged) -> Verdict:
    """A policy that is attached."""
    return _verdict(inputs, item) if _added(item.change) else Allow()


def membership(inputs: Inputs, item: Judged) -> Verdict:
    """Who joins a group gets what its policies allow."""
    return _verdict(inputs, item) if _added(item.change) else Allow()


def document(inputs: Inputs, item: Judged) -> Verdict:
    """What others have attached: what it gives, and what it denies no more."""
    return _verdict(inputs, item)


def session(inputs: Inputs, item: Judged) -> Verdict:
    """How long the rights of a role last."""
    return _verdict(inputs, item)


def console(inputs: Inputs, item: Judged) -> Verdict:
    """Another door to the rights of a role."""
    return _verdict(inputs, item)


def denial(inputs: Inputs, item: Judged) -> Verdict:
    """An entry that goes, and may have kept somebody from a right."""
    return _verdict(inputs, item) if item.change.after is None else Allow()


def end(inputs: Inputs, item: Judged) -> Verdict:
    """An entry that is there, and is to last longer than was agreed on."""
    return _verdict(inputs, item) if moves_end(item.change) else Allow()


def _added(change: Change) -> bool:
    return change.after is not None and not moves_end(change)


def _verdict(inputs: Inputs, item: Judged) -> Verdict:
    """Whether it gives a right to change rights, and nobody has agreed on that yet. What is known
    to go beyond what was agreed on is told as held from the first, see `baseline`.
    """
    field = inputs.row.field(item.change.field)
    waits = item.disposition is Disposition.HOLD or (
        not _goes_back(inputs, field, item)
        and escalating(field, inputs.desired, item.change, inputs.memory.then)
    )
    return Hold(_held(inputs, field, item)) if waits else Allow()


def _goes_back(inputs: Inputs, field: Field, item: Judged) -> bool:
    """Whether it takes away what was added by hand. That goes at once, also where something comes
    back by it: a policy that denies, or what was agreed on of a document while an edit waits.
    """
    change = item.change
    if item.cause is not Cause.DRIFT:
        return False
    if change.direction in _LOSES:
        return True
    if change.entry and change.after is None:
        return change.direction is not Direction.WIDER
    return field.escalates is Escalation.DOCUMENT and change.after != inputs.desired.fields.get(
        field.name
    )


def _held(inputs: Inputs, field: Field, item: Judged) -> Held:
    """What is held of one change, in words: for somebody who sees what is there now."""
    desired, memory, change = inputs.desired, inputs.memory, item.change
    about = case(inputs.row, inputs.account, desired, inputs.live)
    about = replace(about, grants=tuple(_grants_of(field, desired, change, memory)))
    about = _with_session(field, desired, change, memory, about)
    if field.escalates is Escalation.ATTACHMENT and change.after is not None:
        about = _with_console(inputs, change, about)
    gains = [_GAINS.get(item.cause, sentences.given)(change)]
    if isinstance(memory.holders, Mapping) and (who := sentences.holders(memory.holders)):
        gains.append(who)
    if field.escalates is Escalation.ATTACHMENT and change.after is not None:
        gains += filter(None, [sentences.members(_members(inputs))])
    kind = _KINDS.get(item.cause, HeldKind.GRANT)
    return Held(kind, "", tuple(gains), (), rules.judge(about, On.GRANT), (change,))


def _members(inputs: Inputs) -> Mapping[str, Entry]:
    """Who is in the group, where it is one, whoever asked for that."""
    rows = [field for field in inputs.row.fields if field.escalates is Escalation.MEMBERSHIP]
    there = [inputs.live.fields.get(field.name) for field in rows]
    return {key: e for part in there if isinstance(part, Mapping) for key, e in part.items()}


_KINDS: Final = {Cause.DRIFT: HeldKind.GIVEN_BACK, Cause.FOUND: HeldKind.FOUND}
_GAINS: Final = {Cause.DRIFT: sentences.given_back, Cause.FOUND: sentences.found}


def _with_session(
    field: Field, desired: Desired, change: Change, memory: Memory, case: checks.Case
) -> checks.Case:
    """The case with what makes a longer session or console login dangerous, where the change is
    one.
    """
    before, after = change.before, change.after
    if field.escalates is Escalation.CONSOLE:
        return replace(case, console=True, privileged=privileges.sentences(field, desired, memory))
    if not isinstance(before, int) or not isinstance(after, int):
        return case
    why = privileges.sentences(field, desired, memory)
    return replace(case, session=(before, after), privileged=why)


def _with_console(inputs: Inputs, change: Change, case: checks.Case) -> checks.Case:
    """The same of a policy that comes to a role whose console is open, or is to be: whoever
    approves the one lets in by the other.
    """
    then = {**inputs.live.fields, **inputs.desired.fields}
    doors = [field for field in inputs.row.fields if field.escalates is Escalation.CONSOLE]
    if not any(then.get(door.name) == door.widest for door in doors):
        return case
    key, memory = change.entry, inputs.memory
    why = (*memory.reasons.get(key, ()), *memory.ways.get(key, ()))
    privileged = tuple(f"{key} {reason}" for reason in why or (privileges.UNKNOWN_OF,))
    return replace(case, console=True, privileged=privileged)


def together(row: Kind, helds: list[Held]) -> Held:
    """All rights that are held, in one summary."""
    kinds = {held.kind for held in helds}
    back = kinds == {HeldKind.GIVEN_BACK}
    kind = HeldKind.GIVEN_BACK if back else HeldKind.GRANT
    changes = tuple(change for held in helds for change in held.changes)
    gains = tuple(dict.fromkeys(text for held in helds for text in held.gains))
    findings = rules.merged(finding for held in helds for finding in held.findings)
    if HeldKind.FOUND in kinds:
        return Held(HeldKind.FOUND, approvals.FOUND_SAYS, gains, (), findings, changes)
    return Held(kind, _summary(row, changes, back=back), gains, (), findings, changes)


def _summary(row: Kind, changes: Iterable[Change], *, back: bool) -> str:
    if back:
        return "rights taken away by hand wait"
    ways = {row.field(change.field).escalates for change in changes}
    if ways == {Escalation.SESSION}:
        return "a longer session of a privileged role waits"
    if ways == {Escalation.SIGN_IN}:
        return "an access key waits"
    if ways == {Escalation.CONSOLE}:
        return "console login of a privileged role waits"
    return "rights to change rights wait"


def noticed(inputs: Inputs, items: Iterable[Judged]) -> tuple[tuple[str, Finding], ...]:
    """What the rules say of what is given without waiting: detours to other identities, by place.

    Only of what is asked for. What drift gives back was seen when it was asked for.
    """
    found: list[tuple[str, Finding]] = []
    about = case(inputs.row, inputs.account, inputs.desired, inputs.live)
    for item in items:
        change, gives = item.change, item.disposition is Disposition.WRITE
        gives = gives and change.after is not None
        if not gives or item.cause is Cause.DRIFT or change.direction in _GIVES_NOTHING:
            continue
        ways = _ways(inputs.row.field(change.field), inputs.desired, change, inputs.memory)
        if isinstance(change.before, documents.Policy):
            had = documents.indirect(change.before)
            ways = tuple(way for way in ways if way not in had)
        if ways:
            about = replace(about, grants=tuple(_detour(change, way) for way in ways))
            where = place(change.field, change.entry)
            found += [(where, finding) for finding in rules.judge(about, On.GRANT)]
    return tuple(found)


def joined(first: Held | None, second: Held | None) -> Held | None:
    """One offer out of two. An approval opens all that is held of an object, or nothing."""
    if first is None or second is None:
        return first or second
    verdicts = {first.verdict, second.verdict} - {HeldVerdict.UNSAID}
    verdict = first.verdict
    if len(verdicts) > 1 and first.verdict != HeldVerdict.NEW:
        unknown = HeldVerdict.UNKNOWN in verdicts
        verdict = HeldVerdict.UNKNOWN if unknown else HeldVerdict.MIXED
    kinds = (first.kind, second.kind)
    return replace(
        first,
        kind=HeldKind.FOUND if HeldKind.FOUND in kinds else first.kind,
        verdict=second.verdict if verdict == HeldVerdict.UNSAID else verdict,
        summary="; ".join(dict.fromkeys((first.summary, second.summary))),
        gains=(*first.gains, *second.gains),
        losses=(*first.losses, *second.losses),
        findings=tuple(dict.fromkeys((*first.findings, *second.findings))),
        changes=(*first.changes, *second.changes),
    )


def _what(change: Change) -> str:
    entry = change.after if change.after is not None else change.before
    return entry.display if isinstance(entry, Entry) else change.field


def _grants_of(
    field: Field, desired: Desired, change: Change, memory: Memory
) -> list[checks.Grant]:
    if change.entry and change.after is None:
        texts = freed(field, desired, change, memory)
        return [checks.Grant(_what(change), text) for text in texts]
    itself = change.entry in memory.itself
    ways = _ways(field, desired, change, memory)
    reasons = _reasons(field, change, memory, known=bool(ways))
    if field.escalates is Escalation.DOCUMENT:
        reasons = (*reasons, *freed(field, desired, change, memory))
    grants = [checks.Grant(_what(change), reason, itself) for reason in reasons]
    return grants + [_detour(change, way) for way in ways]


def _detour(change: Change, way: str) -> checks.Grant:
    return checks.Grant(_what(change), way, indirect=True)


def _reasons(field: Field, change: Change, memory: Memory, *, known: bool) -> tuple[str, ...]:
    """Why it is a right to change rights. `known`: it is one to act by a detour anyway."""
    if field.escalates is Escalation.DOCUMENT:
        assert isinstance(change.after, documents.Policy)
        return documents.escalates(change.after)
    if field.escalates is Escalation.ATTACHMENT:
        return memory.reasons.get(change.entry, () if known else (UNKNOWN,))
    if field.escalates is Escalation.MEMBERSHIP:
        return ("its group has rights to change rights",)
    return ()


def _ways(field: Field, desired: Desired, change: Change, memory: Memory) -> tuple[str, ...]:
    """How it lets act as another identity by a detour."""
    if field.escalates is Escalation.DOCUMENT:
        assert isinstance(change.after, documents.Policy)
        return documents.indirect(change.after)
    if field.escalates is Escalation.ATTACHMENT:
        return memory.ways.get(change.entry, ())
    if field.escalates is Escalation.MEMBERSHIP:
        carried = desired.fields.get(field.carries)
        assert isinstance(carried, Mapping)
        keys = sorted(carried.keys() | (memory.attached or frozenset()))
        return tuple(f"its group {way}" for key in keys for way in memory.ways.get(key, ()))
    return ()
