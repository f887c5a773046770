"""When a list of a whole account is doubted, and what came of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DOUBTED: Final = 20
DOUBTED_SHARE: Final = 0.02
"""A list that misses more of what it had than both says nothing of what it misses."""
DOUBT: Final = "ListDoubted"
"""Why such a list counts as not read."""
PROBES: Final = 20
"""Of what a doubted list misses, so many are looked at closely after each sweep."""


def most_missing(known: int) -> float:
    """More than that of so many is not believed to be gone at once."""
    return max(DOUBTED, known * DOUBTED_SHARE)


@dataclass(frozen=True, slots=True)
class Moved:
    """What one list says that is worth a look: folded names."""

    names: frozenset[str] = frozenset()
    doubted: int = 0
    """How many more are missing than are believed to be."""
