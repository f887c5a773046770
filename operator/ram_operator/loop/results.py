"""What a pass over an object ends in, besides errors."""

from __future__ import annotations

from dataclasses import dataclass

from ..model.outcome import Outcome
from ..runtime.queue import Lane
from .ownership import RecordWork


class LookAgain(Exception):
    """What was seen is not believed yet: look again in `after` seconds, silent till then."""

    def __init__(self, after: float, lane: Lane = Lane.PERIODIC) -> None:
        super().__init__(f"look again in {after:.1f} s")
        self.after = after
        self.lane = lane


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome to report, and what the record is to say afterwards."""

    outcome: Outcome
    record: RecordWork | None = None
