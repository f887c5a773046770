"""What was decided about an identity: its history in the RamRecord, as a table or a document. Pure.

Entries are joined by digest: what was offered to people has one, and so has what was approved or
rejected of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from .. import legible
from ..constants import API_VERSION
from ..kinds.record import Identity
from ..model.records import HistoryEntry, RecordFacts
from .outcomes import Nothing
from .screen import plain, table
from .targets import Target
from .waiting import DOCUMENT_VERSION

_TITLES: Final = ("AT", "WHAT", "ASKED BY", "DECIDED BY", "GUARD", "SAYS")
SHORT: Final = 19
"""Characters of a digest that tell it from another on a screen."""


@dataclass(frozen=True, slots=True)
class Past:
    """The history of one identity."""

    target: Target
    identity: Identity
    facts: RecordFacts

    def document(self) -> dict[str, Any]:
        """For -o json and -o yaml: all that the record says, the latest last."""
        return {
            "apiVersion": DOCUMENT_VERSION,
            "kind": "DecisionList",
            "object": {
                "apiVersion": API_VERSION,
                "kind": self.target.kind,
                "namespace": self.target.namespace,
                "name": self.target.name,
            },
            "accountId": self.identity.account_id,
            "cloudName": self.identity.cloud_name,
            "items": [_said(entry) for entry in self.facts.history],
        }


def identity_of(item: Mapping[str, Any], target: Target) -> Identity:
    """Which identity the object is about. Raises Nothing where nobody has looked at it yet."""
    status: Any = item.get("status")
    names = [status.get(name) if isinstance(status, Mapping) else None for name in _NAMES]
    if not all(isinstance(name, str) and name for name in names):
        raise Nothing(
            f"{target.short} in namespace {target.namespace}: nobody has looked at it yet"
        )
    return Identity(str(names[0]), target.kind, str(names[1]))


_NAMES: Final = ("accountId", "cloudName")


def _said(entry: HistoryEntry) -> dict[str, str]:
    return {name: text for name, text in asdict(entry).items() if text}


def listing(past: Past, *, wide: bool) -> str:
    """The latest first; `wide` has digests in full and when it was offered."""
    titles = [*_TITLES[:-1], *(("OFFERED",) if wide else ()), "DIGEST", _TITLES[-1]]
    rows = [_row(entry, wide=wide) for entry in reversed(past.facts.history)]
    return table(titles, rows)


def _row(entry: HistoryEntry, *, wide: bool) -> list[str]:
    digest = entry.approval or entry.rejection or entry.acknowledgement
    says = "; ".join(filter(None, (legible.line(entry.reason), plain(entry.says))))
    return [
        plain(entry.at),
        plain(entry.operation),
        plain(entry.author) or "-",
        plain(entry.by) or "-",
        plain(entry.guard) or "-",
        *([plain(entry.offered) or "-"] if wide else []),
        plain(digest if wide else digest[:SHORT]) or "-",
        says or "-",
    ]
