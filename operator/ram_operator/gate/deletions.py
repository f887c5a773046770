"""Deletions: what of them is held, in words and as an approval has to cover it. Pure.

Called by the pass over an object that is being deleted. Held are those of users and roles where the
account says so, and those of whatever keeps somebody from a right to change rights: he would have
it again. What takes nothing in the cloud away, like a policy that is kept, is no deletion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .. import documents
from ..kinds.schema import Escalation, Field, Kind
from ..model import sentences
from ..model.changes import NAME, Change, Held
from ..model.objects import Account, Entry
from ..model.permissions import Passed, Permit
from ..model.records import DELETION, RecordFacts
from ..model.state import Live
from ..model.vocabulary import Direction, HeldKind, HeldVerdict
from . import approvals, checks, clearance, rules
from .inputs import Approval

NAMED: Final = 10
"""Members that one sentence names."""
NOBODY_ASKED: Final = "nobody is known to have asked for it"


@dataclass(frozen=True, slots=True)
class Case:
    """What a deletion is judged by. All parts of `live` that it takes away have to be known.

    `denials` are rights to change rights that the policies of the identity deny, by folded key.
    `asked_by` is who asked for it as admission stamped that, "" where nobody is known.
    """

    row: Kind
    account: Account
    live: Live
    record: RecordFacts
    denials: Mapping[str, tuple[str, ...]]
    asked_by: str = ""


def judge(case: Case) -> Held | None:
    """What is held of the deletion, all of it at once; None where nothing is."""
    freed = _freed(case)
    if not (freed or _acts(case) or _rejected(case)):
        return None
    who = _members(case)
    gains = tuple(f"{who}: not kept any more {text}" for text in freed)
    what = f"{case.row.noun} {case.live.cloud_name}"
    grants = tuple(checks.Grant(f"the deletion of {what}", text) for text in freed)
    findings = rules.judge(checks.Case(case.account, grants=grants), rules.On.GRANT)
    by = f"{case.asked_by} asked for it" if case.asked_by else NOBODY_ASKED
    return Held(
        HeldKind.DELETION,
        f"the deletion of {what} waits, {by}",
        gains,
        _losses(case),
        findings,
        _changes(case, Direction.MIXED if freed else Direction.NARROWER),
        HeldVerdict.MIXED if freed else HeldVerdict.NARROWER,
        context=_seen(case),
    )


def passing(case: Case) -> Passed | None:
    """What it takes away, where nobody has to agree; None where somebody has."""
    if judge(case) is not None:
        return None
    return clearance.passing(_changes(case, Direction.NARROWER))


def permit(held: Held, approval: Approval, record: RecordFacts) -> Permit | None:
    """The approval of it, if there is one."""
    return clearance.weigh(held, approval, record)


def last(entries: Mapping[str, Entry], denials: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The keys of what is taken away, in order: what denies something goes last, so that nobody has
    more for a moment, or for as long as the rest is refused.
    """
    return sorted(entries, key=lambda key: (key in denials, key))


def _acts(case: Case) -> bool:
    """Users and roles, where the account says so, and where it was said once: other settings do not
    release what is held, nor what comes to it after it was begun.
    """
    record = case.record
    known = [each.asked for each in (record.pending, record.in_flight) if each is not None]
    waited = any(DELETION in asked for asked in known)
    return bool(case.row.trusted_as) and (case.account.hold_deletions or waited)


def _rejected(case: Case) -> bool:
    """Whether somebody said no to it and nobody overruled that: whatever is set by now."""
    alone = Held(HeldKind.DELETION, "", changes=(_itself(case, Direction.NARROWER),))
    return bool(approvals.knowing(alone, case.record.rejections).rejections)


def _freed(case: Case) -> tuple[str, ...]:
    """Which rights to change rights are denied to the members, and would be no more. Users and
    roles go with what is denied to them, and a policy is not deleted while anybody has it.
    """
    if not any(_entries(case, field.name) for field in _member_fields(case.row)):
        return ()
    return tuple(sorted({text for texts in case.denials.values() for text in texts}))


def _member_fields(row: Kind) -> list[Field]:
    return [field for field in row.fields if field.escalates is Escalation.MEMBERSHIP]


def _members(case: Case) -> str:
    parts = [_entries(case, field.name) for field in _member_fields(case.row)]
    names = [entry.display for part in parts for _, entry in sorted(part.items())]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _entries(case: Case, name: str) -> Mapping[str, Entry]:
    part = case.live.fields.get(name)
    assert part is None or isinstance(part, Mapping)
    return part or {}


def _itself(case: Case, direction: Direction) -> Change:
    return Change(NAME, case.live.cloud_name, None, direction)


def _changes(case: Case, direction: Direction) -> tuple[Change, ...]:
    """The identity and all that is taken away before it can go."""
    taken = [
        Change(name, entry, None, direction, key)
        for name, _ in case.row.clears
        for key, entry in sorted(_entries(case, name).items())
    ]
    return (_itself(case, direction), *taken)


def _losses(case: Case) -> tuple[str, ...]:
    found: list[str] = []
    for document in _seen(case).values():
        found += documents.compare_trust(document, documents.NOBODY).loss_sentences
    if case.live.last_logon:
        found.append(
            f"{case.row.noun} {case.live.cloud_name}, who last logged on {case.live.last_logon}"
        )
    for name, _ in case.row.clears:
        shown = [sentences.value(entry) for _, entry in sorted(_entries(case, name).items())]
        if shown:
            found.append(f"{name}: {', '.join(shown)}")
    return tuple(found)


def _seen(case: Case) -> Mapping[str, documents.Trust]:
    """The trust as it is: another one is another offer."""
    gated = case.row.gated_field
    trust = case.live.fields.get(gated.name) if gated is not None else None
    return {gated.name: trust} if gated is not None and isinstance(trust, documents.Trust) else {}
