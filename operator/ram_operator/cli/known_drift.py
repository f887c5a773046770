"""An object from the API server → the drift that may be acknowledged, or is. Pure; believes no type
in a status, see `waiting`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .. import times
from ..constants import ANNOTATION_ACKNOWLEDGE
from .outcomes import Nothing, Refused
from .screen import Paint, plain
from .targets import Target

MOST: Final = 50
"""Differences of one offer, see docs/user/acknowledging-drift.md."""


@dataclass(frozen=True, slots=True)
class Offered:
    """`status.acknowledge`; texts are empty where it lacks them."""

    digest: str
    expires: str
    drift: tuple[str, ...]
    voided: str


@dataclass(frozen=True, slots=True)
class Known:
    """`status.acknowledged`."""

    by: str
    until: str
    drift: tuple[str, ...]
    ending: bool


@dataclass(frozen=True, slots=True)
class KnownDrift:
    """What one object says of both."""

    target: Target
    uid: str
    version: str
    """The object's resourceVersion."""
    says: str
    """The annotation as it stands."""
    offered: Offered | None
    known: Known | None


def read(item: Mapping[str, Any], target: Target) -> KnownDrift:
    meta, status = (_mapping(item.get(name)) for name in ("metadata", "status"))
    offer, holds = (_mapping(status.get(name)) for name in ("acknowledge", "acknowledged"))
    return KnownDrift(
        target=target,
        uid=_text(meta, "uid"),
        version=_text(meta, "resourceVersion"),
        says=_text(_mapping(meta.get("annotations")), ANNOTATION_ACKNOWLEDGE),
        offered=Offered(
            _text(offer, "digest"), _text(offer, "expires"), _drift(offer), _text(offer, "voided")
        )
        if _text(offer, "digest")
        else None,
        known=Known(
            _text(holds, "by"), _text(holds, "until"), _drift(holds), holds.get("ending") is True
        )
        if _text(holds, "digest")
        else None,
    )


def named(item: Mapping[str, Any], kind: str) -> KnownDrift:
    """Of an object in a list."""
    meta = _mapping(item.get("metadata"))
    return read(item, Target(plain(_text(meta, "namespace")), kind, plain(_text(meta, "name"))))


def told(found: KnownDrift, now: float) -> str:
    """That drift of it is acknowledged, in one line; "" where it is not."""
    if found.known is None:
        return ""
    return f"{found.target.short} -n {found.target.namespace}: {line(found.known, now)}"


def offer_of(found: KnownDrift, wanted: str | None = None) -> Offered:
    """What may be acknowledged. Raises Nothing where nothing may, Refused where it moved."""
    if found.offered is None:
        raise Nothing(f"{found.target.short}: there is no drift to acknowledge")
    if wanted and wanted != found.offered.digest:
        digest = plain(found.offered.digest)
        raise Refused(f"{found.target.short}: the drift moved: its digest is {digest} now")
    return found.offered


def value(offer: Offered, until: float) -> str:
    """What the annotation has to say; `until` is in seconds since the epoch."""
    return f"{offer.digest} until {times.stamp(until)}"


def text(found: KnownDrift, now: float, paint: Paint) -> str:
    """For a person who decides whether it may stay for a while."""
    return "".join(f"{line}\n" for line in _lines(found, now, paint))


def _lines(found: KnownDrift, now: float, paint: Paint) -> Iterator[str]:
    where = f"{found.target.short} in namespace {found.target.namespace}"
    yield f"{paint('object   ', 'bold')} {where}"
    if (known := found.known) is not None:
        yield f"{paint('known    ', 'bold')} {line(known, now)}"
        yield from (f"  {plain(each)}" for each in known.drift)
    if (offer := found.offered) is None:
        return
    yield f"{paint('digest   ', 'bold')} {plain(offer.digest)}, until {plain(offer.expires)}"
    if offer.voided:
        yield f"{paint('voided   ', 'bold')} what the object says does not count: {offer.voided}"
    yield paint("Would stay as it is in the cloud", "bold")
    yield from (f"  {plain(each)}" for each in offer.drift)
    if len(offer.drift) >= MOST:
        yield f"{MOST} differences are offered at most, the gravest: others are drift as ever"


def line(known: Known, now: float) -> str:
    """By whom and until when."""
    until = times.seconds_or_none(known.until)
    left = f", in {times.span(until - now)}" if until is not None and until > now else ""
    return f"drift acknowledged by {plain(known.by)} until {plain(known.until)}{left}"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(block: Mapping[str, Any], name: str) -> str:
    value = block.get(name)
    return value if isinstance(value, str) else ""


def _drift(block: Mapping[str, Any]) -> tuple[str, ...]:
    listed = block.get("drift")
    return tuple(map(str, listed)) if isinstance(listed, list) else ()
