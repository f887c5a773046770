"""One difference between manifest and cloud, as people are shown it. Pure; `model` offers it."""

from __future__ import annotations

from dataclasses import dataclass

from .constants import Severity

CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class Drift:
    """One drift entry, as shown in `status.drift`."""

    field: str
    was: str
    now: str
    severity: Severity
    action: str
    """`corrected`, `reported`, `held` or `respelled`; in a status `pending`: still to be put right.
    """


def place(name: str, entry: str) -> str:
    """How a difference is named in `status.drift`; `entry` is "" for a field that is no set."""
    return f"{name}[{entry}]" if entry else name
