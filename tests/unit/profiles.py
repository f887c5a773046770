"""How many examples the property tests try: few every day, more in the whole run, many at night."""

from __future__ import annotations

import os
from typing import Final

from hypothesis import settings

PROFILE: Final = os.environ.get("HYPOTHESIS_PROFILE", "ci")
_SCALE: Final = {"quick": 0.15, "ci": 1.0, "long": 25.0}


def count(examples: int) -> int:
    """So many of `examples` as the profile of the run asks for, five at least."""
    return max(5, int(examples * _SCALE[PROFILE]))


def examples(number: int) -> settings:
    """Hypothesis settings: the same examples in each run, other ones in the profile `long`."""
    return settings(
        max_examples=count(number), derandomize=PROFILE != "long", deadline=None, database=None
    )
