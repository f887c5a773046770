"""Manifest → Desired and Options. Pure; called by the loop with references already looked up.

What the schema cannot say is judged here and ends as InvalidSpec with the place and the remedy.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as data_field
from typing import Any, Final, TypeVar

from .. import documents, times
from ..constants import (
    ANNOTATION_REJECT,
    HANDLED_REJECTION,
    OWNER_TAG_CLUSTER,
    OWNER_TAG_NAME,
    OWNER_TAG_NAMESPACE,
    AccessMode,
    AdoptionPolicy,
    DeletionPolicy,
    DriftPolicy,
    Mode,
)
from ..errors import InvalidSpec, UnknownValue
from ..model import digests
from ..model.changes import place
from ..model.objects import Entry, FieldValue, Key, Options, Owner, Suppression
from ..model.state import Desired
from ..model.vocabulary import PolicyType
from .schema import UNTIL, Escalation, Field, Kind, Reference

_DAYS: Final = re.compile(r"[1-9][0-9]{0,2}d")
DIGEST: Final = 80
"""Letters of a digest, at most."""


def cloud_name(row: Kind, name: str, spec: Mapping[str, Any]) -> str:
    """The name in the cloud: spec's own, or the object's. Raises InvalidSpec if it does not fit."""
    wanted = spec.get(row.name_field) or name
    if not row.name_pattern.fullmatch(wanted):
        raise InvalidSpec(
            f"spec.{row.name_field}: {wanted!r} does not fit RAM's pattern"
            f" {row.name_pattern.pattern}; set spec.{row.name_field} to a name that does"
        )
    return str(wanted)


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a reference names, and why it is not ready yet."""

    cloud_name: str
    """"" where nobody can tell."""
    problem: str = ""


def duration(text: str, field: str = "driftInterval") -> float:
    """`1h30m`, `45s` → seconds. Raises InvalidSpec, which names the field."""
    try:
        return times.duration(text)
    except ValueError:
        example = "write for example 10m or 1h30m"
        raise InvalidSpec(f"{field}: {text!r} is no duration; {example}") from None


_E = TypeVar("_E", DeletionPolicy, AdoptionPolicy, DriftPolicy, Mode, AccessMode)


def choice(spec: Mapping[str, Any], name: str, default: _E) -> _E:
    value = spec.get(name, default)
    kind = type(default)
    try:
        return kind(value)
    except ValueError:
        allowed = ", ".join(kind)
        text = f"spec.{name}: {value!r} is unknown to this version of the operator, whose kinds are"
        raise UnknownValue(
            f"{text} older than those in the cluster; upgrade it, or write one of {allowed}"
        ) from None


def options(spec: Mapping[str, Any]) -> Options:
    """How to manage the object. An unknown value raises UnknownValue: it never means `write`."""
    interval = spec.get("driftInterval")
    return Options(
        account=(spec.get("accountRef") or {}).get("name", "default"),
        deletion=choice(spec, "deletionPolicy", DeletionPolicy.RETAIN),
        adoption=choice(spec, "adoptionPolicy", AdoptionPolicy.NEVER),
        drift=choice(spec, "driftPolicy", DriftPolicy.REVERT_EXCESS),
        suspend=bool(spec.get("suspend", False)),
        interval=duration(interval) if interval is not None else None,
        suppressed=tuple(
            Suppression(str(item["rule"]), str(item["reason"]), str(item["until"]))
            for item in spec.get("suppressedFindings") or ()
        ),
    )


def references(row: Kind, namespace: str, spec: Mapping[str, Any]) -> tuple[Key, ...]:
    """The objects that the manifest names, in its own namespace, without duplicates."""
    found: dict[Key, None] = {}
    for reference in row.references:
        for item in spec.get(reference.spec) or ():
            if item.get("type") == reference.type:
                found[Key(reference.kind, namespace, item["name"])] = None
    return tuple(found)


def custom_policies(row: Kind, spec: Mapping[str, Any]) -> tuple[str, ...]:
    """Folded names of the custom policies that the manifest attaches by names of the cloud."""
    attached = (f.spec for f in row.fields if f.escalates is Escalation.ATTACHMENT)
    entries = (item for name in attached for item in spec.get(name) or ())
    named = (str(i["name"]).lower() for i in entries if i.get("type") == PolicyType.CUSTOM)
    return tuple(dict.fromkeys(named))


def owner_tags(owner: Owner) -> dict[str, Entry]:
    """Our mark in the cloud: lets a rebuilt cluster know what is its own."""
    pairs = {
        OWNER_TAG_CLUSTER: owner.cluster,
        OWNER_TAG_NAMESPACE: owner.namespace,
        OWNER_TAG_NAME: owner.name,
    }
    return {key: Entry(key, value) for key, value in pairs.items()}


def rejection(body: Mapping[str, Any]) -> tuple[str, str]:
    """The digest that the object's rejection names, and the one that was carried out last; "" where
    there is none.
    """
    said = (body["metadata"].get("annotations") or {}).get(ANNOTATION_REJECT)
    handled = (body.get("status") or {}).get(HANDLED_REJECTION)
    return str(said or "").split(" ")[0][:DIGEST], str(handled or "")


def asked(row: Kind, name: str, spec: Mapping[str, Any]) -> dict[str, str]:
    """What the manifest asks for where the gate judges it, a digest by field. Never raises.

    By the object alone, so that it can be told whatever else is not known. Documents go by their
    meaning where they have one.
    """
    judged = [
        field
        for field in row.fields
        if field.spec
        and (field.gated or field.larger_is_wider or field.escalates is not Escalation.NEVER)
    ]
    values = {field.name: _meaning(field, spec) for field in judged}
    modes = (field for field in row.fields if field.as_found)
    values.update({field.name: spec.get(field.as_found, "") for field in modes})
    values[row.name_field] = str(spec.get(row.name_field) or name).lower()
    return {
        field: digests.compact(json.dumps(value, sort_keys=True)) for field, value in values.items()
    }


def _meaning(field: Field, spec: Mapping[str, Any]) -> Any:
    raw = spec.get(field.spec, field.default)
    if isinstance(raw, list):
        return sorted(json.dumps(item, sort_keys=True) for item in raw)
    try:
        value = field.parse(raw)
    except (documents.DocumentError, TypeError, ValueError, KeyError, AttributeError):
        return raw
    return value.digest if isinstance(value, (documents.Trust, documents.Policy)) else raw


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a manifest is read under: who owns what it makes, and the time (epoch seconds)."""

    owner: Owner
    now: float


def build(
    row: Kind,
    key: Key,
    spec: Mapping[str, Any],
    resolved: Mapping[Key, Resolved],
    circumstances: Circumstances,
) -> Desired:
    """The desired state. Raises InvalidSpec with the field's path.

    Entries whose `expiresAt` has come are not in it.
    """
    fields: dict[str, FieldValue] = {}
    found = _Found()
    for field in row.fields:
        raw = _raw(field, spec)
        if raw is None:
            continue
        try:
            if types := _types(row, field, key.namespace):
                raw = _current(field, raw, types, resolved, circumstances.now, found)
                raw = _resolve(field, raw, types, resolved, found)
            fields[field.name] = field.parse(raw)
        except documents.DocumentError as error:
            raise InvalidSpec(f"spec.{field.spec}.{error}") from None
        except (TypeError, ValueError, KeyError, AttributeError):
            raise InvalidSpec(f"spec.{field.spec} has an unexpected shape") from None
    if row.tag_field:
        tags = fields.get(row.tag_field)
        assert isinstance(tags, Mapping)
        fields[row.tag_field] = {**tags, **owner_tags(circumstances.owner)}
    return Desired(
        cloud_name=cloud_name(row, key.name, spec),
        fields=fields,
        unresolved=tuple(found.unresolved),
        referenced=_referenced(row, resolved),
        additive=frozenset(
            field.name for field in row.fields if field.mode and spec.get(field.mode) == "Additive"
        ),
        awaited=frozenset(found.awaited),
        nameless=frozenset(found.nameless),
        ended=frozenset(found.ended),
        modes={field.name: _as_found(field, spec) for field in row.fields if field.as_found},
    )


def keeping(desired: Desired, spec: Mapping[str, Any], uid: str) -> Desired:
    """The same with where an access key goes, of a kind that may have some."""
    if not desired.modes:
        return desired
    block: Mapping[str, Any] = spec.get("accessKey") or {}
    name = str(block.get("secretName") or "")
    keeps = Entry(f"access key in Secret {name}", name, handle=uid)
    return replace(desired, keeps=keeps, rotate_after=rotation(spec))


def rotation(spec: Mapping[str, Any]) -> float | None:
    """At which age in seconds an access key is replaced; None for never. Raises InvalidSpec."""
    block: Mapping[str, Any] = spec.get("accessKey") or {}
    age = str(block.get("rotateAfter") or "")
    if not age:
        return None
    if not _DAYS.fullmatch(age):
        raise InvalidSpec(f"spec.accessKey.rotateAfter: {age!r} is no number of days; write 90d")
    return int(age[:-1]) * times.DAY


def _as_found(field: Field, spec: Mapping[str, Any]) -> str:
    """ "" where the manifest leaves it out, which is no mode. Raises UnknownValue."""
    if field.as_found not in spec:
        return ""
    return choice(spec, field.as_found, AccessMode.NONE).value


@dataclass(slots=True)
class _Found:
    """What the items of a manifest's lists say besides the entries, see `Desired`."""

    unresolved: list[str] = data_field(default_factory=list)
    awaited: set[str] = data_field(default_factory=set)
    nameless: set[tuple[str, str]] = data_field(default_factory=set)
    ended: set[str] = data_field(default_factory=set)


_Types = Mapping[str, tuple[Reference, str]]
"""Type of an item → what such a reference names, and the namespace of the object."""


def _types(row: Kind, field: Field, namespace: str) -> _Types:
    return {r.type: (r, namespace) for r in row.references if r.spec == field.name}


def _target(
    item: Mapping[str, str], types: _Types, resolved: Mapping[Key, Resolved]
) -> tuple[Reference, Key, Resolved] | None:
    """What an item refers to; None for one that names the entry itself."""
    if item["type"] not in types:
        return None
    reference, namespace = types[item["type"]]
    key = Key(reference.kind, namespace, item["name"])
    return reference, key, resolved.get(key, Resolved("", "it does not exist"))


def _raw(field: Field, spec: Mapping[str, Any]) -> Any:
    """The manifest's value, or the default; None for a field that is not managed."""
    raw = spec.get(field.spec)
    if raw is not None:
        return raw
    if field.required:
        raise InvalidSpec(f"spec.{field.spec} is required")
    return {} if field.default == {} else field.default


def _referenced(row: Kind, resolved: Mapping[Key, Resolved]) -> frozenset[str]:
    return frozenset(
        reference.entry_key(target.cloud_name)
        for reference in row.references
        for key, target in resolved.items()
        if key.kind == reference.kind and not target.problem
    )


def _current(
    field: Field,
    items: Any,
    types: _Types,
    resolved: Mapping[Key, Resolved],
    now: float,
    found: _Found,
) -> list[Mapping[str, str]]:
    """The items that have not ended; `found` collects those that have."""
    current: list[Mapping[str, str]] = []
    for item in items or ():
        end = end_of(field, item)
        if end is not None and end <= now:
            found.ended.update(
                place(field.name, key) for key in _keys(field, item, types, resolved)
            )
            continue
        current.append(item if end is None else {**item, UNTIL: times.stamp(end)})
    return current


def _keys(
    field: Field, item: Mapping[str, str], types: _Types, resolved: Mapping[Key, Resolved]
) -> tuple[str, ...]:
    """The folded key of the entry that an item is about, where it is known."""
    target = _target(item, types, resolved)
    if target is not None:
        reference, _, named = target
        return (reference.entry_key(named.cloud_name),) if named.cloud_name else ()
    entries = field.parse([item])
    assert isinstance(entries, Mapping)
    return tuple(entries)


def end_of(field: Field, item: Mapping[str, Any]) -> float | None:
    """When an item of a list ends, in seconds since the epoch. Raises InvalidSpec."""
    text = item.get(UNTIL)
    return None if text is None else _epoch(f"spec.{field.spec}[].{UNTIL}", text)


def _epoch(where: str, text: str) -> float:
    try:
        return times.seconds(text)
    except ValueError:
        example = "write for example 2027-06-30T18:00:00Z"
        raise InvalidSpec(f"{where}: {text!r} is no time with a zone; {example}") from None


def _resolve(
    field: Field,
    items: list[Mapping[str, str]],
    types: _Types,
    resolved: Mapping[Key, Resolved],
    found: _Found,
) -> list[Mapping[str, str]]:
    out: list[Mapping[str, str]] = []
    for item in items:
        target = _target(item, types, resolved)
        if target is None:
            out.append(item)
            continue
        reference, key, named = target
        if not named.problem:
            out.append({**item, "type": reference.resolved_type, "name": named.cloud_name})
            continue
        found.unresolved.append(f"{key}: {named.problem}")
        if named.cloud_name:
            found.awaited.add(place(field.name, reference.entry_key(named.cloud_name)))
        else:
            found.nameless.add((field.name, reference.type))
    return out


def upcoming(row: Kind, spec: Mapping[str, Any], agreed: Iterable[str], now: float) -> float | None:
    """The next end after `now` that the manifest asks for or that was agreed on, as epoch seconds.

    Nothing of the cloud has to be known for it. What cannot be read is left out.
    """
    found: list[float] = []
    for text in agreed:
        with contextlib.suppress(ValueError):
            found.append(times.seconds(text))
    for field in row.fields:
        items = spec.get(field.spec) if field.entries_widen else None
        for item in items if isinstance(items, list) else ():
            with contextlib.suppress(InvalidSpec, TypeError, AttributeError):
                end = end_of(field, item)
                found += [end] if end is not None else []
    return min((end for end in found if end > now), default=None)
