"""What a record says was agreed on beside the trust: ends of grants, and identity providers.

Blocks of texts by name in the record's JSON, written by `records` as merge patches.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .. import documents
from ..constants import Reason
from ..errors import Retry

ENDS: Final = "ends"
"""Until when grants were agreed on, see `RecordFacts.ends`."""
PROVIDERS: Final = "providers"
"""What identity providers were agreed to be, see `RecordFacts.providers`."""


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
    for name in (ENDS, PROVIDERS):
        wanted = {key for key, text in (changes.get(name) or {}).items() if text}
        if not wanted <= (record.get(name) or {}).keys():
            text = (
                f"the kind RamRecord has no place for {name}: it is older than this operator;"
                " apply the kinds of this version"
            )
            raise Retry(Reason.DEPENDENCY_NOT_READY, text, 60.0)


def unknown(body: Mapping[str, Any], providers: Mapping[str, str]) -> dict[str, str]:
    """Of what was seen of providers that which the record knows nothing of, and what goes.

    What was agreed on is never overwritten by what a look has found.
    """
    known = texts(body["record"], PROVIDERS)
    return {name: text for name, text in providers.items() if not text or name not in known}


def carried_out(record: Mapping[str, Any], baseline: documents.Trust | None) -> dict[str, str]:
    """What was agreed on by the write that was begun, where what it was to send is there now."""
    flight = record.get("inFlight") or {}
    there = baseline is not None and flight.get("digest") == baseline.digest
    return texts(flight, PROVIDERS) if there else {}
