"""What a record says was agreed on beside the trust: ends of grants, and identity providers.

Blocks of texts by name in the record's JSON, written by `record_writer` as merge patches.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..constants import Reason
from ..errors import Retry

ENDS: Final = "ends"
"""Until when grants were agreed on, see `RecordFacts.ends`."""
PROVIDERS: Final = "providers"
"""What identity providers were agreed to be, see `RecordFacts.providers`."""

_PLACES: Final = (
    (ENDS,),
    (PROVIDERS,),
    ("inFlight", PROVIDERS),
    ("pending", PROVIDERS),
    ("pending", "asked"),
    ("rejections",),
)


def texts(record: Mapping[str, Any], name: str) -> dict[str, str]:
    """The block of that name."""
    return {str(key): str(text) for key, text in (record.get(name) or {}).items()}


def block(agreed: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """A merge patch of the record: "" removes a name."""
    return {
        name: {key: text or None for key, text in entries.items()}
        for name, entries in agreed.items()
        if entries
    }


def check(changes: Mapping[str, Any], record: Mapping[str, Any]) -> None:
    """Raises Retry where the API server dropped what was written, as an older kind makes it do."""
    for path in _PLACES:
        if _at(changes, path) and not _at(record, path):
            text = (
                f"the kind RamRecord has no place for {'.'.join(path)}: it is older than this"
                " operator; apply the kinds of this version"
            )
            raise Retry(Reason.DEPENDENCY_NOT_READY, text, 60.0)


def _at(record: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    """Whether something is said there; null says nothing."""
    found: Any = record
    for name in path:
        found = (found or {}).get(name)
    texts_there = found.values() if isinstance(found, Mapping) else [found]
    return any(texts_there)


def unknown(body: Mapping[str, Any], providers: Mapping[str, str]) -> dict[str, str]:
    """Of what was seen of providers that which the record knows nothing of, and what goes.

    What was agreed on is never overwritten by what a look has found.
    """
    known = texts(body["record"], PROVIDERS)
    return {name: text for name, text in providers.items() if not text or name not in known}


def carried_out(record: Mapping[str, Any], live_digest: str) -> dict[str, str]:
    """What was agreed on by the write that was begun, where the trust that it was to send is there.

    `live_digest` is the digest of the live trust, "" where none is known.
    """
    flight = record.get("inFlight") or {}
    return texts(flight, PROVIDERS) if live_digest and flight.get("digest") == live_digest else {}
