"""Until when a right to change rights was agreed on. Pure.

Who approves a grant approves it with its end, so the manifest alone may not move that later: RAM
knows no end, and to the cloud the grant is the same before and after. The record keeps the agreed
end of each such entry, see `RecordFacts`. Called by `plan` and by `gated_write`.

An end is a time of RFC 3339 in UTC, "" for none; these are in order as texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from ..constants import Severity
from ..kinds.schema import Field, Kind
from ..model.changes import Change, Judged, place
from ..model.objects import Entry, UnknownPart
from ..model.records import RecordFacts
from ..model.state import Desired, Live
from ..model.steps import Note
from ..model.vocabulary import Cause, Direction, Disposition
from . import grants
from .inputs import Inputs, Memory


def later(end: str, agreed: str) -> bool:
    """Whether a grant that ends at `end` lasts longer than one that ends at `agreed`."""
    return bool(agreed) and (not end or end > agreed)


def extensions(inputs: Inputs) -> list[Judged]:
    """The grants that are there and are to last longer than was agreed. They wait, as they are."""
    found = []
    for field, key, entry, agreed in _agreed(inputs.row, inputs.desired, inputs.memory):
        if key in _present(inputs.live, field.name) and later(entry.until, agreed):
            before = replace(entry, until=agreed)
            change = Change(field.name, before, entry, Direction.WIDER, key)
            found.append(Judged(change, Cause.INTENT, Disposition.HOLD, Severity.INFO))
    return found


def kept(inputs: Inputs) -> tuple[Inputs, list[str]]:
    """Without the grants that are there although their agreed end has come, whatever is asked for.

    Once they are gone they are asked for anew, and wait like any other: one sentence for each. What
    a reference may stand for that is not ready goes as well.
    """
    desired = inputs.desired
    now = _now(inputs)
    ends = inputs.memory.record.ends
    # One that the manifest alone has moved to before now is no agreed end.
    fields, ended = dict(desired.fields), {n for n in desired.ended if ends.get(n, "") <= now}
    waiting = []
    for field, key, _, agreed in _agreed(inputs.row, desired, inputs.memory):
        if agreed > now or key not in _present(inputs.live, field.name):
            continue
        ended.add(place(field.name, key))
        waiting.append(f"{place(field.name, key)} to be gone, as its agreed end has come")
        entries = fields[field.name]
        assert isinstance(entries, Mapping)
        fields[field.name] = {other: entry for other, entry in entries.items() if other != key}
    ended |= _over(inputs, now)
    left = replace(desired, fields=fields, ended=frozenset(ended))
    return replace(inputs, desired=left), waiting


def _now(inputs: Inputs) -> str:
    """A clock that was set back gives nobody more."""
    return max(inputs.approval.now, inputs.memory.record.latest)


def overdue(inputs: Inputs) -> list[Judged]:
    """What is there beyond the end that the record has of it, whatever a manifest asks for."""
    ends = inputs.memory.record.ends
    now = _now(inputs)
    found = []
    for field in inputs.row.fields:
        entries = inputs.live.fields.get(field.name)
        for name, key in _named(inputs.memory.record, field):
            if isinstance(entries, Mapping) and key in entries and "" < ends[name] <= now:
                change = Change(field.name, entries[key], None, Direction.NARROWER, key)
                found.append(Judged(change, Cause.INTENT, Disposition.WRITE, Severity.INFO))
    return found


def _over(inputs: Inputs, now: str) -> set[str]:
    """What is there beyond its agreed end, and would stay because a reference may stand for it."""
    record, found = inputs.memory.record, set()
    for field in inputs.row.fields:
        for name, key in _named(record, field):
            wanted = _asked(inputs, field, key)
            if not wanted and record.ends[name] and record.ends[name] <= now:
                found.add(name)
    return found


def notes(inputs: Inputs) -> list[Note]:
    """What the record is to say of ends without anybody's approval: an earlier one, or none of an
    entry that is asked for and gives no right to change rights.
    """
    record: RecordFacts = inputs.memory.record
    agreed = {
        place(field.name, key): entry
        for field, key, entry, _ in _agreed(inputs.row, inputs.desired, inputs.memory)
    }
    changes: dict[str, str] = {}
    for field in inputs.row.fields:
        for name, key in _named(record, field):
            if name in agreed:
                end = agreed[name].until
                if later(record.ends[name], end) and not _frees(inputs, field, key, agreed[name]):
                    changes[name] = end
            elif _asked(inputs, field, key):
                changes[name] = ""
    return _note(changes)


def gone(inputs: Inputs) -> list[Note]:
    """No end of an entry that is neither there nor asked for any more. To be told a record only
    when the look is believed: where it was an old answer, nothing would end the entry any more.
    """
    record, found = inputs.memory.record, {}
    for field in inputs.row.fields:
        present = _present(inputs.live, field.name)
        for name, key in _named(record, field):
            if record.ends[name] and key not in present and not _asked(inputs, field, key):
                found[name] = ""
    return _note(found)


def _asked(inputs: Inputs, field: Field, key: str) -> bool:
    entries = inputs.desired.fields.get(field.name)
    return isinstance(entries, Mapping) and key in entries


def _note(ends: Mapping[str, str]) -> list[Note]:
    if not ends:
        return []
    text = f"note the end of {', '.join(sorted(ends))}"
    return [Note(summary=text, cause=Cause.INTENT, direction=Direction.NARROWER, ends=ends)]


def _frees(inputs: Inputs, field: Field, key: str, entry: Entry) -> bool:
    """Whether the end of the entry would be the end of a denial: that is nobody's to hasten."""
    gone = Change(field.name, entry, None, Direction.NARROWER, key)
    return bool(grants.freed(field, inputs.desired, gone, inputs.memory))


class _Everything(frozenset[str]):
    """The entries of a part that could not be read: any may be there."""

    def __contains__(self, key: object) -> bool:
        return True


EVERYTHING: Final = _Everything()


def _present(live: Live, name: str) -> Iterable[str]:
    entries = live.fields.get(name)
    if isinstance(entries, UnknownPart):
        return EVERYTHING
    return entries.keys() if isinstance(entries, Mapping) else frozenset()


def _named(record: RecordFacts, field: Field) -> Iterator[tuple[str, str]]:
    """(place, key) of the entries of this field that the record has an end of."""
    for name in record.ends:
        if name.startswith(f"{field.name}[") and name.endswith("]"):
            yield name, name[len(field.name) + 1 : -1]


def _agreed(row: Kind, desired: Desired, memory: Memory) -> Iterator[tuple[Field, str, Entry, str]]:
    """Each entry that is asked for, gives a right to change rights, and has an agreed end."""
    for field in row.fields:
        entries = desired.fields.get(field.name)
        if not isinstance(entries, Mapping):
            continue
        for name, key in _named(memory.record, field):
            if (entry := entries.get(key)) is None:
                continue
            change = Change(field.name, None, entry, Direction.WIDER, key)
            if grants.escalating(field, desired, change, memory):
                yield field, key, entry, memory.record.ends[name]
