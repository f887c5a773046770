"""Calls of the operator that wait in the cloud until a test has done what it wants done meanwhile.

So what comes between two steps of the operator comes there, however fast or slow the machine is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lab import waiting
from lab.world import World
from ram_emulator.admin import AdminError


@dataclass(frozen=True)
class Hold:
    """Calls that wait, or will."""

    world: World
    fault: str
    what: str

    def met(self) -> None:
        """Wait until a call is held."""

        def hit() -> bool:
            return any(row["id"] == self.fault and row["hits"] for row in self.world.admin.faults())

        waiting.until(hit, f"that somebody called {self.what}")


@contextmanager
def on_hold(world: World, action: str, nth: int = 1) -> Iterator[Hold]:
    """The `nth` such call in the world's account from now on, and each after it, is carried out
    when the block ends.
    """
    where = {"account": world.account_id, "action": action, "nth": nth, "times": -1}
    hold = Hold(world, world.admin.add_fault("hold", **where), action)
    try:
        yield hold
    finally:
        try:
            world.admin.remove_fault(hold.fault)
        except AdminError as error:
            # Whoever disarmed all faults let the calls go on as well.
            if error.status != 404:
                raise
