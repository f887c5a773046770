"""The evaluator of deletions: what of them is held, in words and as an approval covers it. Pure.

Held are those of users and roles where the account says so, and those of whatever keeps somebody
from a right to change rights: he would have it again. What takes nothing in the cloud away, like a
policy that is kept, is no deletion. A deletion is judged as a whole, with all that goes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .. import documents
from ..kinds.schema import Escalation, Field, Kind
from ..model import sentences
from ..model.changes import NAME, Change, Held, Judged
from ..model.objects import Entry
from ..model.records import DELETION, denying
from ..model.vocabulary import Direction, HeldKind, HeldVerdict
from . import approvals, checks, rules
from .inputs import Inputs
from .rule import On
from .verdicts import Allow, Hold, Verdict

NAMED: Final = 10
"""Members that one sentence names."""


def evaluate(inputs: Inputs, item: Judged) -> Verdict:
    """All of it at once. All parts of `live` that it takes away have to be known; `denials` are
    those of the identity's own policies, and the author of the approval is who asked for it, ""
    where nobody is known.
    """
    freed = _freed(inputs)
    if not (freed or _acts(inputs) or _rejected(inputs)):
        return Allow()
    who = _members(inputs)
    gains = tuple(f"{who}: not kept any more {text}" for text in freed)
    what = f"{inputs.row.noun} {inputs.live.cloud_name}"
    grants = tuple(checks.Grant(f"the deletion of {what}", text) for text in freed)
    findings = rules.judge(checks.Case(inputs.account, grants=grants), On.GRANT)
    author = inputs.approval.author
    by = f"{author} asked for it" if author else sentences.NOBODY_ASKED
    held = Held(
        HeldKind.DELETION,
        f"the deletion of {what} waits, {by}",
        gains,
        _losses(inputs),
        findings,
        changes(inputs, Direction.MIXED if freed else Direction.NARROWER),
        HeldVerdict.MIXED if freed else HeldVerdict.NARROWER,
        context=_seen(inputs),
    )
    return Hold(held)


def together(row: Kind, helds: list[Held]) -> Held:
    """There is one identity."""
    return helds[-1]


def itself(inputs: Inputs, direction: Direction = Direction.NARROWER) -> Change:
    """That the identity goes."""
    return Change(NAME, inputs.live.cloud_name, None, direction)


def changes(inputs: Inputs, direction: Direction = Direction.NARROWER) -> tuple[Change, ...]:
    """The identity and all that is taken away before it can go."""
    taken = [
        Change(name, entry, None, direction, key)
        for name, _ in inputs.row.clears
        for key, entry in sorted(_entries(inputs, name).items())
    ]
    return (itself(inputs, direction), *taken)


def _acts(inputs: Inputs) -> bool:
    """Users and roles, where the account says so, and where it was said once: other settings do not
    release what is held, nor what comes to it after it was begun.
    """
    record = inputs.memory.record
    known = [each.asked for each in (record.pending, record.in_flight) if each is not None]
    waited = any(DELETION in asked for asked in known)
    return bool(inputs.row.trusted_as) and (inputs.account.hold_deletions or waited)


def _rejected(inputs: Inputs) -> bool:
    """Whether somebody said no to it and nobody overruled that: whatever is set by now."""
    alone = Held(HeldKind.DELETION, "", changes=(itself(inputs),))
    return bool(approvals.knowing(alone, inputs.memory.record.rejections).rejections)


def _freed(inputs: Inputs) -> tuple[str, ...]:
    """Which rights to change rights are denied to the members, and would be no more; also to those
    of whom nobody agreed that they are none any more, as long as they are users. Users and roles
    go with what is denied to them, and a policy is not deleted while anybody has it.
    """
    if not _kept(inputs):
        return ()
    return tuple(sorted({text for texts in inputs.memory.denials.values() for text in texts}))


def _member_fields(row: Kind) -> list[Field]:
    return [field for field in row.fields if field.escalates is Escalation.MEMBERSHIP]


def _kept(inputs: Inputs) -> dict[str, str]:
    """Who is in the group, and who is agreed to be kept from something by it; by folded name."""
    agreed, found = inputs.memory.record.agreed.entries, dict[str, str]()
    for field in _member_fields(inputs.row):
        noted = agreed.get(denying(field.name), {})
        found |= {key: key for key in noted if key not in inputs.memory.no_users}
        found |= {key: entry.display for key, entry in _entries(inputs, field.name).items()}
    return found


def _members(inputs: Inputs) -> str:
    names = [name for _, name in sorted(_kept(inputs).items())]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _entries(inputs: Inputs, name: str) -> Mapping[str, Entry]:
    part = inputs.live.fields.get(name)
    assert part is None or isinstance(part, Mapping)
    return part or {}


def _losses(inputs: Inputs) -> tuple[str, ...]:
    found: list[str] = []
    for document in _seen(inputs).values():
        found += documents.compare_trust(document, documents.NOBODY).loss_sentences
    if inputs.live.last_logon:
        found.append(
            f"{inputs.row.noun} {inputs.live.cloud_name}, who last logged on"
            f" {inputs.live.last_logon}"
        )
    for name, _ in inputs.row.clears:
        shown = [sentences.value(entry) for _, entry in sorted(_entries(inputs, name).items())]
        if shown:
            found.append(f"{name}: {', '.join(shown)}")
    return tuple(found)


def _seen(inputs: Inputs) -> Mapping[str, documents.Trust]:
    """The trust as it is: another one is another offer."""
    gated = inputs.row.gated_field
    trust = inputs.live.fields.get(gated.name) if gated is not None else None
    return {gated.name: trust} if gated is not None and isinstance(trust, documents.Trust) else {}
