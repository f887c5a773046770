"""Ways to sign in that nobody agreed on: held, told, and what the record says of them. Pure.

None is ever taken away. What was there when the user was met is agreed on where its manifest leaves
it unmanaged; where it is to be left so later, what is there takes somebody's word. That keys are
made does, too, where the user may have rights to change rights, or was not made by the operator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..constants import AccessMode, Severity
from ..kinds import sign_in
from ..kinds.entries import only_reads
from ..kinds.sign_in import FIELD, ISSUE, MODE, Access, identifier, state
from ..model import sentences
from ..model.changes import Change, Held, Judged
from ..model.objects import Entries, Entry, UnknownPart
from ..model.records import CLAIMED, CREATED, NO_RIGHTS, NOT_READ
from ..model.vocabulary import Cause, Direction, Disposition, HeldKind
from .inputs import Inputs
from .said import begun
from .verdicts import Allow, Hold, Verdict


def evaluate(inputs: Inputs, item: Judged) -> Verdict:
    """What is there and is to count as agreed on from now on."""
    if item.cause is not Cause.FOUND:
        return Allow()
    change = item.change
    if change.entry == ISSUE:
        return Hold(Held(HeldKind.GRANT, "", (_handed_out(change),), changes=(change,)))
    return Hold(Held(HeldKind.FOUND, "", (sentences.found(change),), changes=(change,)))


def found(inputs: Inputs) -> list[Judged]:
    """What takes somebody's word: it was there before the manifest left it unmanaged."""
    changes = [*_wishes(inputs), *_issue(inputs)] if _needs_word(inputs) else _wishes(inputs)
    told = (c for c in changes if not begun(inputs.memory.record, c))
    return [Judged(c, Cause.FOUND, Disposition.HOLD, Severity.CRITICAL) for c in told]


def said(inputs: Inputs) -> Mapping[str, str]:
    """What the record is to say without anybody's word, or by one that was given and begun."""
    known, memory = _of(inputs), inputs.memory
    if known is None:
        first = sign_in.met(memory.record, completing=memory.completing)
        unread = isinstance(inputs.live.fields.get(FIELD), UnknownPart)
        return sign_in.unread(inputs.desired) if first and unread else {}
    for wish in _issue(inputs):
        if not _needs_word(inputs) or begun(memory.record, wish):
            assert isinstance(wish.after, Entry)
            return agrees(inputs, {ISSUE: wish.after})
    agreed = [c.entry for c in _wishes(inputs) if begun(memory.record, c)]
    return {**known.news, **agrees(inputs, {key: known.live[key] for key in agreed})}


def created(inputs: Inputs) -> Mapping[str, str]:
    """The same of a user that is made now, who has no way to sign in."""
    record = inputs.memory.record
    if FIELD not in inputs.desired.modes:
        return {}
    mode = sign_in.wanted(inputs.desired, record, first=False)
    if mode is AccessMode.ACCESS_KEY:
        # Once there is a user, and it is known what it may.
        return {}
    return {MODE: mode} if mode is AccessMode.UNMANAGED or FIELD in record.agreed.entries else {}


def agrees(inputs: Inputs, entries: Entries) -> dict[str, str]:
    """What the record is to say once these are approved."""
    if not entries:
        return {}
    if (issue := entries.get(ISSUE)) is not None:
        return dict(sign_in.entitles(issue))
    unread = inputs.memory.record.agreed.entries.get(FIELD, {}).keys() & {NOT_READ}
    ids = {identifier(entry): state(entry) for entry in entries.values()}
    return {MODE: AccessMode.UNMANAGED, **ids, **dict.fromkeys(unread, "")}


def moved(inputs: Inputs) -> tuple[str, ...]:
    """Where something that was agreed on looks gone: that may be an old answer."""
    known = _of(inputs)
    if known is None or known.first or known.switched or not known.news:
        return ()
    return (FIELD,)


def weighed(inputs: Inputs, item: Judged) -> Judged:
    """A way that came later is grave where the user may have rights to change rights. What it has
    by its groups is not known here.
    """
    known = _of(inputs) if item.change.field == FIELD else None
    if (
        known is None
        or known.mode is not AccessMode.UNMANAGED
        or item.severity is not Severity.CRITICAL
    ):
        return item
    return item if _may_change_rights(inputs) else replace(item, severity=Severity.WARNING)


def _may_change_rights(inputs: Inputs) -> bool:
    memory = inputs.memory
    if memory.attached is None or inputs.live.fields.get("groups") != {}:
        return True
    agreed = memory.record.agreed.entries.get("policies", {})
    others = [key for key in memory.attached if not only_reads(key)]
    return any(memory.texts.get(key, agreed.get(key)) != NO_RIGHTS for key in others)


def _issue(inputs: Inputs) -> list[Change]:
    """That keys are made, where the record does not say yet that they may be."""
    known, where = _of(inputs), inputs.desired.keeps
    if known is None or known.mode is not AccessMode.ACCESS_KEY or where is None:
        return []
    if not where.value or sign_in.entitled(inputs.desired, inputs.memory.record):
        return []
    return [Change(FIELD, None, where, Direction.WIDER, ISSUE)]


def _needs_word(inputs: Inputs) -> bool:
    """Whether whoever reads the Secret might come by more than what this object gave the user."""
    return not _made_here(inputs) or _may_change_rights(inputs) or _has_more(inputs)


def _has_more(inputs: Inputs) -> bool:
    """Whether it has a policy that its manifest does not name, and nobody may have meant for it."""
    named = inputs.desired.fields["policies"]
    assert isinstance(named, Mapping)
    return not named.keys() >= (inputs.memory.attached or frozenset())


def _made_here(inputs: Inputs) -> bool:
    """Whether the operator made the user. What the record does not say any more is no."""
    memory = inputs.memory
    turn = memory.record.turn
    # Its mark alone says that it was managed, be it as one that was taken over.
    return turn == CLAIMED if memory.completing else inputs.known and turn == CREATED


def _handed_out(change: Change) -> str:
    assert isinstance(change.after, Entry)
    return (
        f"an access key of the user would be kept in Secret {change.after.value}: whoever reads"
        " that can do all that the user may"
    )


def _wishes(inputs: Inputs) -> list[Change]:
    known = _of(inputs)
    listed = sorted(known.unsettled.items()) if known is not None else []
    return [Change(FIELD, None, entry, Direction.WIDER, key) for key, entry in listed]


def _of(inputs: Inputs) -> Access | None:
    memory = inputs.memory
    return sign_in.of(inputs.desired, inputs.live, memory.record, completing=memory.completing)
