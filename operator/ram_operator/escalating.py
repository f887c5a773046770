"""Escalating grants: what is held of them, in words and as an approval has to cover it. Pure.

Called by `plan` once `drift` has said what waits. An escalating grant lets its holder change rights
or become somebody else: a policy attached, a membership of a group that has one, a document.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from . import documents, risk, wording
from .drift import Memory
from .kinds import Escalation, Field, Kind
from .model import (
    Account,
    Cause,
    Change,
    Desired,
    Direction,
    Disposition,
    Entry,
    Held,
    Judged,
    Live,
    Step,
)

GRANT: Final = "EscalatingGrant"
GIVEN_BACK: Final = "EscalatingRight"
NEW: Final = "new"
"""The verdict on what is created."""
UNKNOWN: Final = "what it allows is not known"


def case(row: Kind, account: Account, desired: Desired, live: Live) -> risk.Case:
    """What rules may look at: who is and who will be trusted, where the kind has a trust."""
    gated = row.gated_field
    trusts = [
        fields.get(gated.name) if gated is not None else None
        for fields in (desired.fields, live.fields)
    ]
    wanted, found = (trust if isinstance(trust, documents.Trust) else None for trust in trusts)
    return risk.Case(account, wanted, found)


def held(row: Kind, items: Iterable[Judged], memory: Memory, case: risk.Case) -> Held | None:
    """The escalating changes among `items` that wait, as one offer; None if there is none.

    `case` is what is known of the identity besides.
    """
    waiting = [
        item
        for item in items
        if item.disposition is Disposition.HOLD and not row.field(item.change.field).gated
    ]
    if not waiting:
        return None
    back = all(item.cause is Cause.DRIFT for item in waiting)
    summary = "rights taken away by hand wait" if back else "rights to change rights wait"
    gains = tuple(
        wording.given_back(item.change) if item.cause is Cause.DRIFT else wording.given(item.change)
        for item in waiting
    )
    changes = tuple(item.change for item in waiting)
    case = replace(case, grants=_grants(row, changes, memory))
    findings = risk.judge(case, risk.On.GRANT)
    kind = GIVEN_BACK if back else GRANT
    return Held(kind, summary, gains, (), findings, changes)


def without(row: Kind, item: Judged | None, memory: Memory) -> Memory:
    """The memory once a policy is detached as asked for, which comes before anybody joins."""
    if item is None or memory.attached is None or item.cause is not Cause.INTENT:
        return memory
    removed = item.change.after is None
    if not removed or row.field(item.change.field).escalates is not Escalation.ATTACHMENT:
        return memory
    return replace(memory, attached=memory.attached - {item.change.entry})


def joined(first: Held | None, second: Held | None) -> Held | None:
    """One offer out of two. An approval opens all that is held of an object, or nothing."""
    if first is None or second is None:
        return first or second
    verdicts = {each.verdict for each in (first, second) if each.verdict}
    known = verdicts - {Direction.UNKNOWN.value}
    verdict = first.verdict
    if len(verdicts) > 1 and first.verdict != NEW:
        verdict = Direction.MIXED.value if known == verdicts else Direction.UNKNOWN.value
    return replace(
        first,
        verdict=verdict or second.verdict,
        summary=f"{first.summary}; {second.summary}",
        gains=(*first.gains, *second.gains),
        losses=(*first.losses, *second.losses),
        findings=tuple(dict.fromkeys((*first.findings, *second.findings))),
        changes=(*first.changes, *second.changes),
    )


def unwritten(row: Kind, items: Iterable[Judged]) -> tuple[Step, ...]:
    """What is held, as steps that are not done: the memory of what was applied stays as it was.

    Otherwise the next look would take what is missing for something that was taken away by hand.
    """
    return tuple(
        _step(item)
        for item in items
        if item.disposition is Disposition.HOLD and not row.field(item.change.field).gated
    )


def _step(item: Judged) -> Step:
    change = item.change
    values = {"keys": (change.entry,)} if change.entry else {}
    return Step("hold", "held", item.cause, change.direction, values, change.field)


def _grants(row: Kind, changes: Iterable[Change], memory: Memory) -> tuple[risk.Grant, ...]:
    return tuple(
        risk.Grant(_what(change), reason, change.entry in memory.itself)
        for change in changes
        for reason in _reasons(row.field(change.field), change, memory)
    )


def _what(change: Change) -> str:
    return change.after.display if isinstance(change.after, Entry) else change.field


def _reasons(field: Field, change: Change, memory: Memory) -> tuple[str, ...]:
    if field.escalates is Escalation.DOCUMENT:
        assert isinstance(change.after, documents.Policy)
        return documents.escalates(change.after)
    if field.escalates is Escalation.ATTACHMENT:
        return memory.reasons.get(change.entry, (UNKNOWN,))
    return ("its group has rights to change rights",)
