"""The journal of calls that tests read: who called what, and whether it took effect.

Bounded and in memory; secrets are replaced before they are stored.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from typing import Any

MOST_ENTRIES = 100_000

_SECRET = re.compile(r"(password|secret|token|assertion|code|seed)(\W|\d|$)", re.IGNORECASE)


class Journal:
    """The last hundred thousand calls; entry numbers never repeat."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=MOST_ENTRIES)
        self._last = 0

    def add(self, entry: dict[str, Any]) -> None:
        """Append an entry; it gets its number here."""
        self._last += 1
        entry["n"] = self._last
        self._entries.append(entry)

    def entries(
        self, *, account: str | None = None, since: int = 0, writes: bool = False
    ) -> list[dict[str, Any]]:
        """Entries with a number above `since`, of one account, or only those that wrote."""
        return [
            entry
            for entry in self._entries
            if entry["n"] > since
            and (account is None or entry["account"] == account)
            and (not writes or entry["effect"] == "write")
        ]

    def clear(self) -> None:
        """Forget all entries; numbers go on."""
        self._entries.clear()


def redacted(parameters: Mapping[str, str]) -> dict[str, str]:
    """Parameters with secret values replaced."""
    return {
        name: "(redacted)" if _SECRET.search(name) else value for name, value in parameters.items()
    }
