"""How old access keys are, and how long each has to stay. Pure; asked by `key_steps` and
`key_shown`.
"""

from __future__ import annotations

from typing import Final

from .. import times
from ..kinds import sign_in
from ..model.key_state import Ending
from .key_view import View

PLACES: Final = 2
"""Access keys that a user may have."""
LAG_SECONDS: Final = 10_800.0
"""The cloud tells of a use of a key two hours late at most; this is an hour more."""


def age(view: View, since: str) -> float:
    """Seconds; of what has no time that can be read it is as if that were now."""
    return seconds_since(view.now, since)


def seconds_since(now: float, since: str) -> float:
    try:
        return now - times.seconds(since)
    except ValueError:
        return 0.0


def overlap(view: View) -> float:
    """Seconds that a key which was replaced lets in at least: an earlier look at its use shows
    nothing of what came after.
    """
    return at_least(view.rest)


def at_least(rest: float) -> float:
    return max(rest, LAG_SECONDS)


def in_use(view: View, ending: Ending) -> bool:
    """Whether some program held on to it after it was replaced, and may do so still."""
    last = view.used.get(ending.key_id, 0.0)
    later = last > view.now - age(view, ending.since)
    return later and view.now - last < view.rest + LAG_SECONDS


def due_for_another(view: View) -> bool:
    """Whether the key in the Secret is to be replaced: at its age, or since somebody named it."""
    current, asked = view.state.current, view.asked
    named = len(asked) >= sign_in.SHOWN and current.endswith(asked)
    return named or (view.rotate is not None and age(view, view.state.issued) >= view.rotate)
