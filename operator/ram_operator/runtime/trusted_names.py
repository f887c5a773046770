"""Which roles mention which names in their trusts, for whoever is about to be made under one.

Part of the cache, which calls it under its lock; patterns are few, and tried one by one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .. import documents
from ..model.objects import Key
from ..model.records import RecordFacts


class TrustedNames:
    """Names by the record of the role that mentions them, and the reverse."""

    def __init__(self) -> None:
        self.by_name: dict[str, set[Key]] = {}
        self.by_pattern: dict[str, set[Key]] = {}
        self.by_record: dict[Key, frozenset[str]] = {}

    def put(self, record: Key, names: Iterable[str]) -> None:
        """These and no others are mentioned by the role of `record`."""
        for name in self.by_record.pop(record, ()):
            index = self._index(name)
            index[name].discard(record)
            if not index[name]:
                del index[name]
        found = frozenset(names)
        if found:
            self.by_record[record] = found
        for name in found:
            self._index(name).setdefault(name, set()).add(record)

    def mention(self, arn: str) -> set[Key]:
        """Records of the roles that mention it, `arn` in lower case."""
        found = set(self.by_name.get(arn, ()))
        for pattern, records in self.by_pattern.items():
            if documents.stands_for(pattern, arn):
                found |= records
        return found

    def _index(self, name: str) -> dict[str, set[Key]]:
        return self.by_pattern if documents.is_pattern(name) else self.by_name


def of_record(record: RecordFacts) -> frozenset[str]:
    """What the trust of a role's record mentions: the agreed one, and one that is on its way."""
    flight = _trusts_in(record.in_flight.after) if record.in_flight is not None else []
    if record.deleted or not (record.cloud_id or flight):
        return frozenset()
    agreed = documents.mentioned(record.baseline) if record.baseline is not None else frozenset()
    return agreed.union(*(_mentioned(trust) for trust in flight))


def _trusts_in(text: str) -> list[Any]:
    """The trusts that a write was to send: the document itself, or one of the parts approved."""
    try:
        sent = json.loads(text)
    except ValueError:
        return []
    parts = [sent, *sent.values()] if isinstance(sent, dict) else []
    return [part for part in parts if isinstance(part, dict) and "Statement" in part]


def _mentioned(document: Any) -> frozenset[str]:
    try:
        return documents.mentioned(documents.parse_trust(document, lenient=True))
    except documents.DocumentError:
        return frozenset()
