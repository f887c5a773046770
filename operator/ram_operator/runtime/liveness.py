"""What the liveness probe says: whether passes still end. Called by the shell at each probe.

A pass waits for the rate limit of its account, so one of a large group takes minutes; but where as
many as one namespace may have do not end for an hour, others wait for their places.
"""

from __future__ import annotations

from typing import Final

from .queue import WorkQueue

NAMED: Final = 5
"""Objects that are named where more passes do not end."""


class Wedged(Exception):
    """Passes do not end any more: the process has to be started again."""


def check(queue: WorkQueue, seconds: float) -> None:
    """Raise Wedged, which names some of the objects, where passes run for longer than that."""
    if wedged := queue.wedged(seconds):
        names = ", ".join(map(str, wedged[:NAMED]))
        raise Wedged(
            f"{len(wedged)} passes run for longer than {seconds:g} s and keep others waiting, among"
            f" them {names}: this process has to be started again"
        )
