"""Who made it, beside each difference of a status. Pure; called by `status`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from .. import legible
from ..constants import EventReason, Severity
from ..kinds import sign_in
from ..model import sentences
from ..model.traces import Author, Seen
from ..model.vocabulary import AuthorKind, DriftAction
from .events import Event

_LISTS: Final = (("drift", "firstSeen"), ("corrected", "at"))
"""Lists of a status, and where their entries say when they were seen."""


def _seen(entry: Mapping[str, Any], when: str) -> Seen:
    """What tells an entry of a list from all others of it."""
    parts = (entry.get("field"), entry.get("is"), entry.get(when))
    return str(parts[0]), str(parts[1]), str(parts[2])


def unnamed(status: Mapping[str, Any]) -> Iterator[Seen]:
    """Differences of which the status does not say who made them."""
    for name, when in _LISTS:
        for entry in status.get(name) or ():
            if "author" not in entry and entry.get("action") != DriftAction.RESPELLED:
                yield _seen(entry, when)


def told(
    old: Mapping[str, Any], status: dict[str, Any], authors: Mapping[Seen, Author]
) -> list[Event]:
    """Put the authors that are known, or were in the old status, into the new one. The events of
    those that became known.

    What the platform does by itself weighs little: it disables keys and logins that are idle.
    """
    events = []
    for name, when in _LISTS:
        known = {_seen(entry, when): entry.get("author") for entry in old.get(name) or ()}
        if entries := status.get(name):
            status[name] = entries = [dict(entry) for entry in entries]
        for entry in entries or ():
            this = _seen(entry, when)
            if found := known.get(this):
                entry["author"] = found
            elif (author := authors.get(this)) is not None:
                entry["author"] = _block(author)
                events += _event(entry["field"], author)
            if _disabled_by_platform(entry):
                entry["severity"] = str(Severity.INFO)
    return events


def _disabled_by_platform(entry: Mapping[str, Any]) -> bool:
    """Not of anything that it gives, nor of rights that it takes: who bears the name of a service
    hides nothing behind it.
    """
    by_platform = (entry.get("author") or {}).get("kind") == AuthorKind.PLATFORM
    way = str(entry.get("field")).partition("[")[0] == sign_in.FIELD
    return by_platform and way and not entry.get("widens")


def _block(author: Author) -> dict[str, str]:
    block = {
        "kind": str(author.kind),
        "name": legible.line(sentences.clip(author.name, 256)),
        "event": legible.line(sentences.clip(author.event, 128)),
        "eventId": legible.line(sentences.clip(author.event_id, 128)),
        "time": author.at,
        "address": legible.line(sentences.clip(author.address, 64)),
        "why": sentences.clip(legible.line(author.why), 512),
    }
    return {name: text for name, text in block.items() if text}


def _event(field: str, author: Author) -> list[Event]:
    if author.kind is AuthorKind.UNKNOWN and not author.name:
        return []
    block = _block(author)
    text = f"{field}: made by {' '.join(filter(None, (block['kind'], block.get('name'))))}"
    if author.event_id:
        text += f" ({block['event']}, event {block['eventId']} of {author.at})"
    return [Event(EventReason.DRIFT_AUTHOR, text)]
