"""The blocks of a record about drift that people may acknowledge, or have. Pure.

What reads them stands beside what writes them, as in `record`, which alone calls this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, Final

from ..model.record_changes import Part, RecordChange
from ..model.records import Acknowledgement, DriftEntry, DriftOffer

_OFFER: Final = Part.DRIFT_OFFER.value
_HOLDS: Final = Part.ACKNOWLEDGED.value
_ENTRIES: Final = "entries"


def read(record: Mapping[str, Any], *, own: bool) -> dict[str, Any]:
    """The fields of `RecordFacts`. Nothing of it counts in a record that is not our `own`: one that
    was restored from a backup, or that an older version wrote last, which guards no
    acknowledgement.
    """
    said = record if own else {}
    return {
        "drift_offer": _parsed(DriftOffer, said.get(_OFFER)),
        _HOLDS: _parsed(Acknowledgement, said.get(_HOLDS)),
    }


def _parsed(cls: Any, block: Mapping[str, Any] | None) -> Any:
    """None too for one that names no digest: nothing can be acknowledged by it."""
    return cls(**_texts(cls, block)) if block and block.get("digest") else None


def _texts(cls: Any, block: Mapping[str, Any]) -> dict[str, Any]:
    found = _named(cls, block)
    entries = block.get(_ENTRIES) or ()
    found[_ENTRIES] = tuple(DriftEntry(**_named(DriftEntry, item)) for item in entries)
    return found


def _named(cls: Any, block: Mapping[str, Any]) -> dict[str, Any]:
    return {each.name: str(block.get(each.name) or "") for each in fields(cls)}


def blocks(change: RecordChange) -> dict[str, Any]:
    """By the name of the part; a merge patch leaves nothing of one that was there before."""
    found = {_OFFER: change.drift_offer, _HOLDS: change.acknowledged}
    return {name: asdict(each) for name, each in found.items() if each is not None}
