"""What ActionTrail keeps of each account; see `actiontrail` for what it says."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

MOST_EVENTS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event and what is not in it in this form: whose it is, and when it came, in seconds."""

    account_id: str
    at: float
    event: Mapping[str, Any]


class Trail:
    """The last twenty thousand events; in memory, like the journal."""

    def __init__(self) -> None:
        self._events: deque[Recorded] = deque(maxlen=MOST_EVENTS)

    def add(self, recorded: Recorded) -> None:
        self._events.append(recorded)

    def of(self, account_id: str, start: float, end: float) -> list[Recorded]:
        """Those of an account within these seconds, the newest first."""
        found = [e for e in self._events if e.account_id == account_id and start <= e.at <= end]
        return sorted(found, key=lambda each: each.at, reverse=True)
