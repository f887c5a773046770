"""Ways to sign in that nobody agreed on: held, told, and what the record says of them. Pure.

None is ever taken away. What was there when the user was met is agreed on where its manifest leaves
it unmanaged; where it is to be left so later, what is there takes somebody's word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..constants import AccessMode, Severity
from ..kinds import sign_in
from ..kinds.entries import only_reads
from ..kinds.sign_in import FIELD, MODE, Access, identifier, state
from ..model import sentences
from ..model.changes import Change, Held, Judged
from ..model.objects import Entries, UnknownPart
from ..model.records import NO_RIGHTS, NOT_READ
from ..model.vocabulary import Cause, Direction, Disposition, HeldKind
from .inputs import Inputs
from .said import begun
from .verdicts import Allow, Hold, Verdict


def evaluate(inputs: Inputs, item: Judged) -> Verdict:
    """What is there and is to count as agreed on from now on."""
    if item.cause is not Cause.FOUND:
        return Allow()
    change = item.change
    return Hold(Held(HeldKind.FOUND, "", (sentences.found(change),), changes=(change,)))


def found(inputs: Inputs) -> list[Judged]:
    """What takes somebody's word: it was there before the manifest left it unmanaged."""
    changes = _wishes(inputs)
    told = (c for c in changes if not begun(inputs.memory.record, c))
    return [Judged(c, Cause.FOUND, Disposition.HOLD, Severity.CRITICAL) for c in told]


def said(inputs: Inputs) -> Mapping[str, str]:
    """What the record is to say without anybody's word, or by one that was given and begun."""
    known, memory = _of(inputs), inputs.memory
    if known is None:
        first = sign_in.met(memory.record, completing=memory.completing)
        unread = isinstance(inputs.live.fields.get(FIELD), UnknownPart)
        return sign_in.unread(inputs.desired) if first and unread else {}
    agreed = [c.entry for c in _wishes(inputs) if begun(memory.record, c)]
    return {**known.news, **agrees(inputs, {key: known.live[key] for key in agreed})}


def created(inputs: Inputs) -> Mapping[str, str]:
    """The same of a user that is made now, who has no way to sign in."""
    record = inputs.memory.record
    if FIELD not in inputs.desired.modes:
        return {}
    mode = sign_in.wanted(inputs.desired, record, first=False)
    return {MODE: mode} if mode is AccessMode.UNMANAGED or FIELD in record.agreed.entries else {}


def agrees(inputs: Inputs, entries: Entries) -> dict[str, str]:
    """What the record is to say once these are approved."""
    if not entries:
        return {}
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
    if known is None or known.mode is AccessMode.NONE or item.severity is not Severity.CRITICAL:
        return item
    return item if _may_change_rights(inputs) else replace(item, severity=Severity.WARNING)


def _may_change_rights(inputs: Inputs) -> bool:
    memory = inputs.memory
    if memory.attached is None or inputs.live.fields.get("groups") != {}:
        return True
    agreed = memory.record.agreed.entries.get("policies", {})
    others = [key for key in memory.attached if not only_reads(key)]
    return any(memory.texts.get(key, agreed.get(key)) != NO_RIGHTS for key in others)


def _wishes(inputs: Inputs) -> list[Change]:
    known = _of(inputs)
    listed = sorted(known.unsettled.items()) if known is not None else []
    return [Change(FIELD, None, entry, Direction.WIDER, key) for key, entry in listed]


def _of(inputs: Inputs) -> Access | None:
    memory = inputs.memory
    return sign_in.of(inputs.desired, inputs.live, memory.record, completing=memory.completing)
