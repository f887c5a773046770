"""What the sweep costs: calls by hour and object while nothing happens, with shortened hours.

Every cadence of the sweep is divided by the same number, so what is counted is what an account of
this size costs in an hour, but for the looks that each object gets once a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bench.measure import Sample

CADENCES: Final = {
    "sweep-seconds": 300.0,
    "members-seconds": 900.0,
    "trust-seconds": 7200.0,
    "dangerous-trust-seconds": 900.0,
    "harmless-trust-seconds": 14400.0,
    "harmless-members-seconds": 1800.0,
    "sign-in-seconds": 10800.0,
    "report-seconds": 14400.0,
}
"""As they are by default."""
WARM: Final = 2.0
"""Hours after a start until what was looked at together is read apart."""
MEASURED: Final = 1.5
"""Hours that are counted."""


@dataclass(frozen=True)
class Hours:
    """How long an hour is in a run with so many objects, in real seconds."""

    objects: int

    @property
    def seconds(self) -> float:
        """So long that the calls of an hour fit into a half of it."""
        return max(30.0, self.objects * 0.06)

    @property
    def flags(self) -> dict[str, str]:
        return {
            name: f"{cadence * self.seconds / 3600.0:.3f}" for name, cadence in CADENCES.items()
        }


def per_object_hour(counted: Sample, objects: int) -> float:
    """All calls, to whichever service."""
    return sum(counted.cloud_calls.values()) / objects / MEASURED
