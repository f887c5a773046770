"""What `status.written` says, is to say after a pass, and how it is written and read. Pure.

The counterpart of `drift`'s causes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from .. import legible
from ..gate.inputs import WHATEVER, Memory
from ..kinds.schema import Kind, Shape
from ..model.applied_marks import KEPT, digest, entry_mark, plain_key
from ..model.changes import Judged, Part, place
from ..model.objects import UnknownPart
from ..model.state import Applied, Desired, Live
from ..model.vocabulary import Cause, Disposition, Presence


def stays(row: Kind, desired: Desired, name: str, key: str) -> bool:
    """Whether a reference that is not ready may stand for exactly this entry of the field `name`.

    Then it stays as it is until that is known. What has ended goes all the same.
    """
    where = place(name, key)
    if where in desired.ended:
        return False
    return where in desired.awaited or any(
        (name, reference.type) in desired.nameless and reference.may_name(key)
        for reference in row.references
        if reference.spec == name
    )


def created(row: Kind, desired: Desired) -> Applied:
    """After a creation everything asked for is ours."""
    return _collect(row, desired, {}, {}, Applied(known=True))


def updated(
    row: Kind, desired: Desired, judged: list[Judged], memory: Memory, live: Live
) -> Applied:
    """After an update: what was left as found stays marked as such.

    Of a part that could not be read the old memory stays, and so does that of entries which are
    left alone because a reference is not ready.
    """
    before = memory.applied
    wanted = _judged(row, desired, judged)
    digests, entries = dict(wanted.digests), dict(wanted.entries)
    excess = dict(wanted.excess)
    for field in row.fields:
        name = field.name
        value = desired.fields.get(name)
        if isinstance(live.fields.get(name), UnknownPart):
            _forget_nothing(name, memory, digests, entries, excess)
        elif name in entries and isinstance(value, Mapping):
            old = {mark: plain_key(mark) for mark in before.entries.get(name, frozenset())}
            left = {m for m, key in old.items() if stays(row, desired, name, key)}
            entries[name] |= {mark for mark in left if old[mark] not in value}
    return Applied(True, digests, entries, excess)


def _forget_nothing(
    name: str,
    memory: Memory,
    digests: dict[str, str],
    entries: dict[str, frozenset[str]],
    excess: dict[str, frozenset[str]],
) -> None:
    """Memory of a part that is unknown: as it was; without any, as of something adopted.

    What we began to create ourselves was not found: whatever it lacks is still to be written.
    """
    before = memory.applied
    if memory.completing and not before.known:
        digests.pop(name, None)
        if entries.pop(name, None) is not None:
            excess[name] = frozenset({WHATEVER})
    elif name in digests:
        kept = KEPT + digests[name] if not before.known else before.digests.get(name)
        digests.pop(name)
        digests.update({name: kept} if kept is not None else {})
    elif name in entries and before.known:
        entries[name] = before.entries.get(name, frozenset())
        excess[name] = before.excess.get(name, frozenset())
    elif name in entries:
        entries[name] = frozenset(KEPT + mark for mark in entries[name])
        excess[name] = frozenset({WHATEVER})


def _judged(row: Kind, desired: Desired, judged: list[Judged]) -> Applied:
    kept: dict[str, bool] = {}
    kept_entries: dict[str, set[str]] = {}
    excess: dict[str, set[str]] = {}
    for item in judged:
        if item.cause is not Cause.ADOPTION or item.disposition is not Disposition.REPORT:
            continue
        change = item.change
        if not change.entry:
            kept[change.field] = True
        elif change.after is None:
            excess.setdefault(change.field, set()).add(change.entry)
        else:
            kept_entries.setdefault(change.field, set()).add(change.entry)
    base = Applied(known=True, excess={name: frozenset(keys) for name, keys in excess.items()})
    return _collect(row, desired, kept, kept_entries, base)


def _collect(
    row: Kind,
    desired: Desired,
    kept: Mapping[str, bool],
    kept_entries: Mapping[str, set[str]],
    base: Applied,
) -> Applied:
    digests: dict[str, str] = {}
    entries: dict[str, frozenset[str]] = {}
    for field in row.fields:
        value = desired.fields.get(field.name)
        if value is None or field.gated or not (field.write or field.add):
            continue
        if field.shape is not Shape.ENTRIES:
            digests[field.name] = (KEPT if kept.get(field.name) else "") + digest(value)
            continue
        assert isinstance(value, Mapping)
        untouched = kept_entries.get(field.name, set())
        entries[field.name] = frozenset(
            (KEPT if key in untouched else "") + entry_mark(key, entry)
            for key, entry in value.items()
        )
    return Applied(True, digests, entries, base.excess)


def without(applied: Applied, names: Iterable[str]) -> Applied:
    """The memory, with nothing of these fields."""
    left = {n: text for n, text in applied.digests.items() if n not in set(names)}
    return replace(applied, digests=left)


def lacking(applied: Applied, parts: Iterable[Part]) -> Applied:
    """The memory, without these entries."""
    gone = frozenset(parts)
    left = {
        name: frozenset(mark for mark in marks if (name, plain_key(mark)) not in gone)
        for name, marks in applied.entries.items()
    }
    return replace(applied, entries=left)


def after_steps(before: Applied, wanted: Applied, missing: Iterable[Part]) -> Applied:
    """As `wanted`, except for the parts that were not written: there the old memory stays.

    A field or entry that is in neither memory counts as newly asked for, and is written next time.
    """
    digests = dict(wanted.digests)
    entries = dict(wanted.entries)
    for name, key in missing:
        _restore(digests, before.digests, name)
        if name in entries:
            old = before.entries.get(name, frozenset())
            new = {m for m in entries[name] if plain_key(m) != key}
            entries[name] = frozenset(new | {m for m in old if plain_key(m) == key})
    return Applied(wanted.known, digests, entries, wanted.excess)


def _restore(digests: dict[str, str], before: Mapping[str, str], name: str) -> None:
    if name in digests:
        digests.pop(name)
        if name in before:
            digests[name] = before[name]


def made(wanted: Desired, facts: Mapping[str, Any]) -> Live:
    """What is known of an identity that was just created; `facts` is what the cloud answered."""
    return Live(
        Presence.PRESENT,
        cloud_name=wanted.cloud_name,
        cloud_id=str(facts.get("cloudId", "")),
        arn=str(facts.get("arn", "")),
        default_version=str(facts.get("defaultVersion", "")),
        fields={name: value for name, value in facts.items() if name not in _OF_ITSELF},
    )


_OF_ITSELF: Final = ("cloudId", "arn", "defaultVersion")
"""What an answer says of an identity; anything else in it is the value of a field."""


OLDER_NAME: Final = "applied"
"""What 0.1.0 calls `written`. Where both are there that version wrote last, for this one takes the
older name away with its first word."""


def noted(status: Mapping[str, Any]) -> Any:
    """What a status says of it, unread; nothing where nothing was ever written."""
    return status.get(OLDER_NAME) or status.get("written")


def applied_block(applied: Applied) -> dict[str, Any]:
    """What a status says of it. Keys of the cloud's are masked: people see them, too.

    Its name is the last one of a status, so that who describes an object reads sentences first.
    """
    block: dict[str, Any] = {"fields": dict(sorted(applied.digests.items()))}
    block.update({name: _masked(marks) for name, marks in sorted(applied.entries.items())})
    excess = {name: _masked(keys) for name, keys in sorted(applied.excess.items()) if keys}
    return {"written": block, "excess": excess}


def _masked(marks: Iterable[str]) -> list[str]:
    return sorted(map(legible.masked, marks))


def _unmasked(marks: Iterable[str] | None) -> frozenset[str]:
    return frozenset(map(legible.unmasked, marks or ()))


def applied_from(status: Mapping[str, Any], entry_fields: Sequence[str]) -> Applied:
    """The inverse of what `applied_block` gives; a status without it means `not known`."""
    block = noted(status)
    if not isinstance(block, Mapping):
        return Applied()
    excess = status.get("excess") or {}
    return Applied(
        known=True,
        digests=dict(block.get("fields") or {}),
        entries={name: _unmasked(block.get(name)) for name in entry_fields},
        excess={name: _unmasked(excess.get(name)) for name in entry_fields},
    )
