"""What is there, is asked for, and was never agreed on. Pure; called by the planner.

Live may be what the manifest says and still not what the record does: somebody who may write both
has made them alike. Then nothing differs, and all the same somebody has more than people agreed on.
Judged is the direction from the record's baseline to what is live:
- narrower or other spelling: nothing to do, the baseline follows by itself;
- wider, while the operator was looking: excess, which a manifest that asks for it does not protect.
  It is taken back, and the wish is held like any other;
- wider, and nobody looked in between (the object is new, was suspended, its account in Observe, or
  nothing is ever taken back by its drift policy): found in the cloud. It stays, is told as critical
  drift, and held until somebody agrees, or rejects it: then it is excess.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final, TypeVar

from .. import documents
from ..constants import Severity
from ..kinds import comparison
from ..kinds.comparison import NOTHING, within
from ..kinds.entries import only_reads
from ..kinds.schema import PLAIN, Escalation, Field
from ..kinds.sign_in import FIELD
from ..model import applied_marks
from ..model.changes import NAME, Change, Judged, Ungated, place
from ..model.objects import Entry, FieldValue, UnknownPart
from ..model.records import (
    NO_RIGHTS,
    NOT_READ,
    NOTHING_AGREED,
    UNKNOWN_RIGHTS,
    Agreed,
    RecordFacts,
)
from ..model.steps import (
    Agree,
    AgreeDocument,
    AgreeValue,
    Attach,
    Created,
    CreateWithDocument,
    Detach,
    Expel,
    Join,
    Note,
    Step,
    WriteAttributes,
    WriteDocument,
    permit_of,
)
from ..model.vocabulary import Cause, Direction, Disposition
from . import acknowledgements, denials, excess, values, ways_in
from .inputs import Inputs
from .said import begun, carried_out

S = TypeVar("S", bound=Step)
_ENTRIES: Final = (Escalation.ATTACHMENT, Escalation.MEMBERSHIP)
_PARTS: Final = (*_ENTRIES, Escalation.DOCUMENT)


def beyond(inputs: Inputs, moved: Collection[str]) -> list[Judged]:
    """What goes beyond what was agreed on, of parts that manifest and cloud have alike.

    `moved` are the places of those that differ: they are judged as a change.
    """
    found: list[Judged] = []
    name = Change(NAME, None, inputs.desired.cloud_name, Direction.WIDER)
    if inputs.memory.record.never_made and not isinstance(inputs.row.creation, Ungated):
        # What is there in place of a creation that was offered, whatever it has.
        found += [] if begun(inputs.memory.record, name) else [excess.found(name)]
    found += ways_in.found(inputs)
    for field in inputs.row.fields:
        wanted, live = inputs.desired.fields.get(field.name), inputs.live.fields.get(field.name)
        if live is None or isinstance(live, UnknownPart):
            continue
        if wanted is None:
            found += values.unasked(inputs, field, live) if field.escalates in PLAIN else ()
        elif field.escalates in _ENTRIES:
            found += _entries(inputs, field, wanted, live, moved)
            found += excess.widened(inputs, field)
        elif field.escalates in PLAIN:
            found += values.beyond(inputs, field, wanted, live) if field.name not in moved else ()
        elif field.name not in moved and (base := _base(inputs.memory.record, field)) is not None:
            found += _document(inputs, field, base, wanted, live)
    return found


def _base(record: RecordFacts, field: Field) -> FieldValue | None:
    if field.gated:
        absent: FieldValue | None = documents.NOBODY if record.never_made else None
        return record.baseline or absent
    if field.escalates is not Escalation.DOCUMENT:
        return None
    return record.agreed.document or (NOTHING if record.never_made else None)


def _agreed(record: RecordFacts, field: Field) -> Mapping[str, str] | None:
    """What is agreed on of the entries of a field; None where there is no baseline."""
    known = record.agreed.of(field.name)
    return {} if known is None and record.never_made else known


def _document(
    inputs: Inputs, field: Field, base: FieldValue, wanted: FieldValue, live: FieldValue
) -> Iterator[Judged]:
    """Of a trust, or of a document that others have attached: all of it, or its rights alone."""
    back = comparison.compare(field, live, base)
    if not back or within(field, base, live):
        return
    if begun(inputs.memory.record, Change(field.name, base, live, Direction.WIDER)):
        return
    # To nothing at all a document cannot be put back.
    restorable = base != NOTHING
    if restorable and excess.taken_back(inputs, Change(field.name, base, live, Direction.WIDER)):
        yield excess.back(back[0])
        wish = comparison.compare(field, base, wanted)[0]
        yield Judged(wish, Cause.INTENT, Disposition.HOLD, Severity.INFO)
    else:
        yield excess.found(comparison.compare(field, base, live)[0])


def _entries(
    inputs: Inputs, field: Field, wanted: FieldValue, live: FieldValue, moved: Collection[str]
) -> Iterator[Judged]:
    agreed = _agreed(inputs.memory.record, field)
    if agreed is None:
        return
    assert isinstance(wanted, Mapping)
    assert isinstance(live, Mapping)
    for key in sorted(wanted.keys() & live.keys() - agreed.keys()):
        where = place(field.name, key)
        if where in moved or not excess.surely_gives_rights(inputs, field, key):
            continue
        wish = Change(field.name, None, wanted[key], Direction.WIDER, key)
        if carried_out(inputs.memory, wish):
            continue
        if excess.taken_back(inputs, wish):
            yield excess.back(Change(field.name, live[key], None, Direction.NARROWER, key))
            yield Judged(wish, Cause.INTENT, Disposition.HOLD, Severity.INFO)
        else:
            yield excess.found(wish)


def first(inputs: Inputs) -> Agreed:
    """What a record is to say without anybody's word; all of it where it knows nothing yet of the
    identity, or an older version wrote it last.
    """
    entries: dict[str, Mapping[str, str]] = dict(notes(inputs))
    document, record = _first_document(inputs), inputs.memory.record
    whole = not inputs.known or record.outdated
    for field in inputs.row.fields:
        read = field.name in entries or document is not None
        if whole and field.escalates in _PARTS and not read:
            entries[field.name] = {} if record.never_made else {NOT_READ: UNKNOWN_RIGHTS}
        elif document is not None and field.name in record.agreed.entries:
            entries[field.name] = {NOT_READ: ""}
    if access_says := ways_in.said(inputs):
        entries[FIELD] = access_says
    entries.update(denials.says(inputs))
    holders = _holders(inputs) if _approved(inputs, document) else {}
    return Agreed(entries, document, values.first(inputs, whole=whole), holders, whole)


def _holders(inputs: Inputs) -> Mapping[str, Entry]:
    holders = inputs.memory.holders
    return holders if isinstance(holders, Mapping) else {}


def _approved(inputs: Inputs, document: documents.Policy | None) -> bool:
    """Whether exactly this document was approved, and its write begun."""
    names = [f.name for f in inputs.row.fields if f.escalates is Escalation.DOCUMENT]
    return document is not None and any(
        begun(inputs.memory.record, Change(name, None, document, Direction.WIDER)) for name in names
    )


def created(inputs: Inputs, step: Created) -> Agreed:
    """What a record is to say of an identity that is made now, beside what other steps add."""
    rows = (field for field in inputs.row.fields if field.escalates in _ENTRIES)
    entries: dict[str, Mapping[str, str]] = {field.name: {} for field in rows}
    if says := ways_in.created(inputs):
        entries[FIELD] = says
    return Agreed(entries, values=values.sent(inputs.row, step.new.attributes), whole=True)


def noted(inputs: Inputs) -> list[Note]:
    """What the record of the identity is told without anybody's word."""
    if not inputs.known:
        return []
    agreed = first(inputs)
    if agreed == NOTHING_AGREED:
        return []
    text = "note what was agreed on"
    step = Note(summary=text, cause=Cause.INTENT, direction=Direction.NARROWER, agrees=agreed)
    return [step]


def _first_document(inputs: Inputs) -> documents.Policy | None:
    """A document where the record has none, or where a narrower one is in the cloud and asked for;
    None where there is nothing to say.
    """
    for field in inputs.row.fields:
        if field.escalates is not Escalation.DOCUMENT:
            continue
        live, base = inputs.live.fields.get(field.name), inputs.memory.record.agreed.document
        wanted = inputs.desired.fields.get(field.name)
        if not isinstance(live, documents.Policy) or not live.text:
            return None
        if base is None and inputs.memory.record.never_made:
            return None
        assert isinstance(wanted, documents.Policy)
        if base is None:
            return _in_common(inputs, field, wanted, live)
        if live.digest == base.digest or not documents.documents_equal_policy(live, wanted):
            return None
        wish = Change(field.name, base, live, Direction.WIDER)
        follows = within(field, base, live) or begun(inputs.memory.record, wish)
        return live if follows else None
    return None


def _in_common(
    inputs: Inputs, field: Field, wanted: documents.Policy, live: documents.Policy
) -> documents.Policy:
    """What is agreed of a document that the record has no baseline of."""
    known = inputs.memory.applied.digests.get(field.name)
    if known == applied_marks.digest(wanted):
        # What an older version applied is asked for still: what is live beyond it is drift.
        return wanted
    if not inputs.known or not inputs.memory.record.outdated:
        return live
    # It is as it was applied, or gives nobody a right; of anything else nobody knows who agreed.
    same = known == applied_marks.digest(live) or not documents.exceeds_rights(NOTHING, live)
    return live if same else NOTHING


def agreeing(inputs: Inputs, steps: Iterable[S]) -> list[S]:
    """The steps with what the record is to say once each of them is done."""
    listed = list(steps)
    rights = any(_brings_rights(inputs, step) for step in listed)
    there = Agreed(_who_stays(inputs, listed) if rights else {})
    said = [(step, _agrees(inputs, step, rights)) for step in listed]
    said = [(step, each.joined(Agreed(denials.of_step(inputs, step)))) for step, each in said]
    return [replace(s, agrees=there.joined(a) if permit_of(s) else a) for s, a in said]


def _brings_rights(inputs: Inputs, step: Step) -> bool:
    """Whether it is attached by it, or was found attached: who is there was nobody's business until
    then.
    """
    texts, moved = inputs.memory.texts, inputs.memory.moved
    return isinstance(step, Attach | Agree) and any(
        moved.get(key, texts.get(key, NO_RIGHTS)) != NO_RIGHTS for key in step.entries
    )


def _agrees(inputs: Inputs, step: Step, rights: bool) -> Agreed:
    if isinstance(step, Note):
        return step.agrees
    if isinstance(step, WriteAttributes | AgreeValue):
        return Agreed(values=values.agrees(inputs, step))
    if isinstance(step, WriteDocument):
        # Nobody has seen who has it where nobody had to agree.
        holders = _holders(inputs) if step.permit is not None else {}
        return Agreed({}, step.document, holders=holders)
    if isinstance(step, CreateWithDocument):
        return Agreed({}, step.document)
    if isinstance(step, AgreeDocument):
        document = step.document if isinstance(step.document, documents.Policy) else None
        return Agreed({}, document, holders=_holders(inputs))
    if not isinstance(step, Attach | Join | Agree | Detach | Expel):
        return NOTHING_AGREED
    field = next((each for each in inputs.row.fields if each.name == step.field), None)
    if isinstance(step, Agree) and step.field == FIELD:
        return Agreed({step.field: ways_in.agrees(inputs, step.entries)})
    if field is None or field.escalates not in _ENTRIES:
        return NOTHING_AGREED
    if isinstance(step, Detach | Expel):
        known = inputs.memory.record.agreed.entries.get(step.field, {})
        return Agreed({step.field: dict.fromkeys(known.keys() & step.entries.keys(), "")})
    rights = rights or inputs.memory.record.agreed.gives(field.carries)
    found = {key: _text(inputs, field, key, rights) for key in step.entries}
    return Agreed({step.field: {k: text for k, text in found.items() if text is not None}})


def _who_stays(inputs: Inputs, steps: Iterable[Step]) -> dict[str, dict[str, str]]:
    """Who is in the group when it gets its first right is whom the approver has seen. Who joins one
    that has a right is agreed on by his membership alone: he gets that one, too. Nobody agrees on
    whom somebody only lets be for a while.
    """
    agreed, live = inputs.memory.record.agreed, inputs.live.fields
    gone = {key for step in steps if isinstance(step, Expel) for key in step.entries}
    rows = [field for field in inputs.row.fields if field.escalates is Escalation.MEMBERSHIP]
    there = [(f.name, live.get(f.name)) for f in rows if not agreed.gives(f.carries)]
    listed = [(name, part.keys() - gone) for name, part in there if isinstance(part, Mapping)]
    guests = {f.name: _guests(inputs, f) for f in rows}
    return {n: dict.fromkeys(sorted(keys - guests[n]), NO_RIGHTS) for n, keys in listed}


def _guests(inputs: Inputs, field: Field) -> set[str]:
    live = inputs.live.fields.get(field.name)
    there = live.items() if isinstance(live, Mapping) else ()
    moves = {key: Change(field.name, None, each, Direction.WIDER, key) for key, each in there}
    return {key for key, move in moves.items() if acknowledgements.covers(inputs, move)}


def notes(inputs: Inputs) -> dict[str, dict[str, str]]:
    """What the record is to say of entries without anybody's word, by field and folded key: those
    that give no right to change rights, or that the record has no baseline of yet; "" for what is
    neither there nor asked for any more. Only what is known is noted.
    """
    changes: dict[str, dict[str, str]] = {}
    for field in inputs.row.fields:
        wanted, live = inputs.desired.fields.get(field.name), inputs.live.fields.get(field.name)
        if field.escalates not in _ENTRIES or not isinstance(live, Mapping):
            continue
        asked = wanted if isinstance(wanted, Mapping) else {}
        agreed = _agreed(inputs.memory.record, field)
        if agreed is None and field.carries and inputs.memory.attached is None:
            # Nobody knows what the members have.
            continue
        said = inputs.memory.record.agreed.entries.get(field.name)
        found = dict.fromkeys((said or {}).keys() - live.keys() - asked.keys(), "")
        if field.escalates is Escalation.ATTACHMENT:
            found |= inputs.memory.less
        known = _first(inputs, field, asked, live) if agreed is None else frozenset()
        for key in (known | asked.keys()) & live.keys() - (agreed or {}).keys():
            text = _text(inputs, field, key, rights=False)
            if text is None and key in known:
                text = _unread(inputs, field, key)
            sure = text == NO_RIGHTS and field.escalates is Escalation.ATTACHMENT
            if not sure and key in asked:
                wish = Change(field.name, None, asked[key], Direction.WIDER, key)
                sure = carried_out(inputs.memory, wish)
            if text is not None and (sure or key in known):
                found[key] = text
        if found or said is None or agreed is None:
            changes[field.name] = found
    return changes


def _unread(inputs: Inputs, field: Field, key: str) -> str | None:
    """What is agreed of an entry at first contact whose policy, or whose group's, is not known: it
    was there, so it is nobody's excess later.
    """
    if field.escalates is Escalation.ATTACHMENT:
        return None if only_reads(key) else UNKNOWN_RIGHTS
    agreed = inputs.memory.record.agreed.entries.get(inputs.row.field(field.carries).name, {})
    texts = inputs.memory.texts
    others = [key for key in inputs.memory.attached or () if not only_reads(key)]
    return NO_RIGHTS if any(k not in texts and k not in agreed for k in others) else None


def _first(
    inputs: Inputs, field: Field, asked: Mapping[str, Entry], live: Mapping[str, Entry]
) -> AbstractSet[str]:
    """What counts as agreed where no record says so yet: at first contact all that is there, later
    what manifest, memory and cloud have in common; nothing where that memory is lost.
    """
    marks = inputs.memory.applied.entries.get(field.name, frozenset())
    known = inputs.known
    if not known and not inputs.memory.applied.known:
        return live.keys()
    if known and inputs.memory.record.outdated:
        # What was left as it was found was not there.
        marks = frozenset(mark for mark in marks if not mark.startswith(applied_marks.KEPT))
    return {applied_marks.plain_key(mark) for mark in marks} & asked.keys()


def _text(inputs: Inputs, field: Field, key: str, rights: bool) -> str | None:
    """What is agreed of an entry; None where that is not known, or nobody has to agree. `rights`:
    its group is about to get some.
    """
    if field.escalates is Escalation.MEMBERSHIP:
        return NO_RIGHTS if rights or excess.gives_rights(inputs, field, key) else None
    found = inputs.memory.moved.get(key, inputs.memory.texts.get(key))
    return None if only_reads(key) else found
