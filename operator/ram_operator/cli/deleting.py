"""An object from the API server → what a request for its deletion is about. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..constants import (
    ANNOTATION_DELETE_REQUESTED,
    ANNOTATION_DELETE_REQUESTED_BY,
    DeletionPolicy,
)
from ..model.vocabulary import HeldKind
from . import rendering, waiting
from .outcomes import Nothing
from .screen import Paint, plain
from .targets import Target
from .waiting import Waiting


@dataclass(frozen=True, slots=True)
class Deletable:
    """An object whose identity may be asked to be deleted; texts are empty where it lacks them."""

    target: Target
    uid: str
    version: str
    """The object's resourceVersion."""
    generation: Any
    account: str
    cloud_name: str
    policy: str
    """spec.deletionPolicy."""
    deleting: bool
    requested: str
    """The annotation as it stands."""
    requested_by: str
    held: Waiting | None
    """The deletion, where it waits already."""

    def is_same(self, other: Deletable) -> bool:
        """Whether whoever saw this has seen `other`."""
        mine, theirs = (
            (each.uid, each.generation, each.deleting, each.held is None) for each in (self, other)
        )
        if self.held is None or other.held is None:
            return mine == theirs
        return mine == theirs and self.held.is_same(other.held)


def read(item: Mapping[str, Any], target: Target) -> Deletable:
    """What the object says of its deletion."""
    meta, status, spec = (_mapping(item.get(name)) for name in ("metadata", "status", "spec"))
    notes = _mapping(meta.get("annotations"))
    held = waiting.read(item, target.kind)
    return Deletable(
        target=target,
        uid=_text(meta, "uid"),
        version=_text(meta, "resourceVersion"),
        generation=meta.get("generation"),
        account=_text(status, "accountId"),
        cloud_name=_text(status, "cloudName"),
        policy=_text(spec, "deletionPolicy") or DeletionPolicy.RETAIN,
        deleting="deletionTimestamp" in meta,
        requested=_text(notes, ANNOTATION_DELETE_REQUESTED),
        requested_by=_text(notes, ANNOTATION_DELETE_REQUESTED_BY),
        held=held if held is not None and held.pending.kind == HeldKind.DELETION else None,
    )


def check(found: Deletable) -> None:
    """Raises Nothing where there is nothing to ask for."""
    name = found.target.short
    if found.policy != DeletionPolicy.DELETE:
        raise Nothing(
            f"{name}: its deletionPolicy is {plain(found.policy)}, so the identity stays in the"
            " cloud and nobody has to be asked"
        )
    if found.requested and found.requested_by:
        raise Nothing(f"{name}: {plain(found.requested_by)} has asked for its deletion already")


def text(found: Deletable, now: float, paint: Paint) -> str:
    """All that is known of what would go, for a person who asks for it."""
    if found.held is not None:
        return rendering.text(found.held, now, paint)
    return "".join(f"{paint(f'{name:<9}', 'bold')} {value}\n" for name, value in _rows(found))


def _rows(found: Deletable) -> Iterator[tuple[str, str]]:
    yield "object", f"{found.target.short} in namespace {found.target.namespace}"
    cloud = plain(found.cloud_name) or "not there yet"
    yield "cloud", f"{cloud} in account {plain(found.account) or '(unknown)'}"
    yield "deletion", "is under way" if found.deleting else "is not begun: the object is there"
    yield "note", "once it waits, what goes is shown, and somebody else than you approves it"


def next_step(found: Deletable) -> str:
    """What is left to do, for stderr."""
    where = f"{found.target.short} -n {found.target.namespace}"
    if found.deleting:
        return f"Somebody else approves it now: kubectl ram approve {where}"
    return f"Now delete it: kubectl delete {where} --wait=false; then somebody else approves it"


def value(found: Deletable, reason: str | None) -> str:
    """What the annotation is to say: another word than it says, so that it is stamped."""
    wanted = reason or "yes"
    return f"{wanted} (again)" if wanted == found.requested else wanted


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(block: Mapping[str, Any], name: str) -> str:
    value = block.get(name)
    return value if isinstance(value, str) else ""
