"""Why desired and live differ, and what is done about it. Pure.

Three questions per change: did the manifest move or the cloud (or is that not known); does the
change give access, take it away or neither; and what does the drift policy say. What somebody took
away by hand is never given back under RevertExcess: in an incident that would hand a compromised
identity its access back.
"""

from __future__ import annotations

from .. import documents
from ..constants import AdoptionPolicy, DriftPolicy, Severity
from ..gate.inputs import WHATEVER, Memory
from ..kinds import comparison
from ..kinds.comparison import NOTHING, within
from ..kinds.schema import Escalation, Field, Kind, Shape
from ..model import applied_marks
from ..model.applied_marks import KEPT
from ..model.changes import Change, Judged, place
from ..model.objects import Entry
from ..model.records import RecordFacts
from ..model.state import Applied, Desired
from ..model.vocabulary import Cause, Direction, Disposition
from .last_applied import stays


def judge(row: Kind, desired: Desired, change: Change, memory: Memory) -> Judged | None:
    """Cause and disposition of one change, were it not for the gate; None when it is none of our
    business.
    """
    cause = _cause(row, desired, change, memory)
    return None if cause is None else _judged(row, desired, change, cause, memory)


def _judged(row: Kind, desired: Desired, change: Change, cause: Cause, memory: Memory) -> Judged:
    if cause is Cause.DRIFT and respelled(change):
        # Nobody knows that it is another, and nobody that it is not: neither taken back nor agreed.
        return Judged(change, cause, Disposition.REPORT, Severity.INFO)
    disposition = _disposition(row, desired, change, cause, memory)
    severity = _severity(row.field(change.field), change, cause)
    return Judged(change, cause, disposition, severity)


def respelled(change: Change) -> bool:
    """Whether a document differs, if at all, in spellings that are assumed to be equal.

    Not one that only has a spelling more: without that it is letter by letter what it was.
    """
    comparison = change.comparison
    return comparison is not None and comparison.respelled and bool(comparison.gains)


def _cause(row: Kind, desired: Desired, change: Change, memory: Memory) -> Cause | None:
    field = row.field(change.field)
    if field.shape is Shape.TRUST:
        return _trust_cause(change, memory.record)
    if field.shape is Shape.ENTRIES:
        if change.after is None:
            return _removal_cause(row, desired, change, memory)
        return _addition_cause(field, change, memory.applied)
    known = memory.applied.digests.get(field.name)
    if not memory.applied.known:
        return Cause.ADOPTION
    assert change.after is not None
    assert not isinstance(change.after, Entry)
    wanted = applied_marks.digest(change.after)
    if known == KEPT + wanted:
        return Cause.ADOPTION
    if comparison.asks_more(field, change, memory.record):
        # Whatever the status says was applied: to ask for more than the record has is an edit.
        return Cause.INTENT
    return Cause.DRIFT if known == wanted else Cause.INTENT


def behind(row: Kind, desired: Desired, change: Change, memory: Memory) -> Judged | None:
    """What moved in the cloud while an edit of a gated field is held; `change` is that edit.

    The edit must not shield what was added by hand, so the live document is compared with the
    record as well. None when it is what the record says.
    """
    field = row.field(change.field)
    if field.escalates is Escalation.DOCUMENT:
        return _document_behind(field, change, memory)
    baseline = memory.record.baseline
    if not field.gated or baseline is None or _trust_cause(change, memory.record) is Cause.DRIFT:
        return None
    assert isinstance(change.before, documents.Trust)
    moved = comparison.compare(field, change.before, baseline)
    if not moved:
        return None
    return _judged(row, desired, moved[0], Cause.DRIFT, memory)


def _document_behind(field: Field, change: Change, memory: Memory) -> Judged | None:
    """A document that gives rights which nobody agreed on goes back to the agreed one while the
    edit that asks for them, or for others, waits.
    """
    agreed = memory.record.agreed.document
    assert isinstance(change.before, documents.Policy)
    assert isinstance(change.after, documents.Policy)
    if agreed is None or within(field, agreed, change.before):
        return None
    back = comparison.compare(field, change.before, agreed)
    if within(field, agreed, change.after) or not back:
        # What is asked for takes them away itself.
        return None
    report = memory.options.drift is DriftPolicy.REPORT or agreed == NOTHING
    disposition = Disposition.REPORT if report else Disposition.WRITE
    return Judged(back[0], Cause.DRIFT, disposition, Severity.CRITICAL)


def _trust_cause(change: Change, record: RecordFacts) -> Cause:
    """Drift only when the manifest still says what the record holds, by meaning."""
    if record.baseline is None:
        return Cause.ADOPTION
    assert isinstance(change.after, documents.Trust)
    verdict = documents.compare_trust(record.baseline, change.after).verdict
    return Cause.DRIFT if verdict is documents.Verdict.SAME else Cause.INTENT


def _addition_cause(field: Field, change: Change, applied: Applied) -> Cause:
    assert isinstance(change.after, Entry)
    marks = applied.entries.get(field.name, frozenset())
    mark = applied_marks.entry_mark(change.entry, change.after)
    if not applied.known or KEPT + mark in marks:
        return Cause.ADOPTION
    return Cause.DRIFT if mark in marks else Cause.INTENT


def _removal_cause(row: Kind, desired: Desired, change: Change, memory: Memory) -> Cause | None:
    field, applied = row.field(change.field), memory.applied
    where = place(field.name, change.entry)
    if where in desired.ended and where in memory.record.ends:
        # The end was agreed on, whatever else is remembered of the entry.
        return Cause.INTENT
    marks = applied.entries.get(field.name, frozenset())
    ours = {applied_marks.marked_key(mark) for mark in marks if not mark.startswith(KEPT)}
    if change.entry in ours:
        return None if stays(row, desired, field.name, change.entry) else Cause.INTENT
    if field.foreign or field.name in desired.additive:
        return None
    excess = applied.excess.get(field.name, frozenset())
    if not applied.known or change.entry in excess or WHATEVER in excess:
        return Cause.ADOPTION
    # What is asked for by its name is nobody's excess, although it is not ready.
    return None if where in desired.awaited else Cause.DRIFT


def _disposition(
    row: Kind, desired: Desired, change: Change, cause: Cause, memory: Memory
) -> Disposition:
    field = row.field(change.field)
    removal = field.shape is Shape.ENTRIES and change.after is None
    if removal and (not field.remove or stays(row, desired, field.name, change.entry)):
        # Seen and shown, but not ours to take away, or not yet known to be in excess.
        return Disposition.REPORT
    if cause is Cause.INTENT:
        return Disposition.WRITE
    if cause is Cause.ADOPTION:
        return _on_adoption(field, change, memory)
    policy = memory.options.drift
    if policy is DriftPolicy.REPORT:
        return Disposition.REPORT
    if change.direction is Direction.WIDER and policy is DriftPolicy.REVERT_EXCESS:
        return Disposition.REPORT
    if policy is DriftPolicy.REVERT_EXCESS and _undecided(field, change, memory):
        return Disposition.REPORT
    # Excess may not stay. What lost something, too, can only be put right as a whole.
    return Disposition.WRITE


def _undecided(field: Field, change: Change, memory: Memory) -> bool:
    """Whether it was too much work to tell what would be given back, and nobody may change rights
    by what is there: what gives those is taken back in any case.
    """
    comparison = change.comparison
    undecided = comparison is not None and comparison.too_complex and bool(comparison.gains)
    # A trust that goes beyond what was agreed on is taken back whether or not it is understood.
    if not undecided or field.shape is not Shape.POLICY:
        return False
    assert isinstance(change.before, documents.Policy)
    return within(field, memory.record.agreed.document or NOTHING, change.before)


def _on_adoption(field: Field, change: Change, memory: Memory) -> Disposition:
    if field.gated:
        return Disposition.WRITE
    may_add = memory.completing or memory.options.adoption is AdoptionPolicy.IF_EXISTS
    if field.shape is Shape.ENTRIES:
        # What is added may deny something.
        takes_away = change.after is None
    else:
        takes_away = change.direction not in (Direction.WIDER, Direction.NEUTRAL)
    if takes_away or not may_add:
        return Disposition.REPORT
    return Disposition.WRITE


def _severity(field: Field, change: Change, cause: Cause) -> Severity:
    if change.direction is Direction.NEUTRAL or cause is not Cause.DRIFT:
        return Severity.WARNING if cause is Cause.DRIFT else Severity.INFO
    if field.gated or field.entries_widen or field.shape is Shape.POLICY:
        return Severity.CRITICAL
    return Severity.CRITICAL if change.direction is Direction.NARROWER else Severity.WARNING
