"""What a job in the pool needs, and who runs it: values and Protocols, for `client`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..model.state import CloudCalls
from .limiter import ActionClass, action_class

Reply = Mapping[str, Any]


def is_write(action: str) -> bool:
    """Whether the action changes anything; its name may have the prefix of its service."""
    reads = (ActionClass.READ, ActionClass.RESOURCE_MANAGER, ActionClass.ACTION_TRAIL)
    return action_class(action) not in reads


@dataclass(frozen=True, slots=True)
class Needs:
    """What is taken before a job begins. `write` is the one action of it that writes, if any."""

    what: str
    """The action that it is about, for messages."""
    reads: int = 0
    write: str = ""

    @property
    def calls(self) -> int:
        return self.reads + bool(self.write)

    @property
    def tokens(self) -> tuple[tuple[ActionClass, int], ...]:
        """How many of which class, in the order in which they are taken."""
        wanted = [(action_class(self.write), 1)] if self.write else []
        reads = ActionClass.READ if is_write(self.what) else action_class(self.what)
        return (*wanted, (reads, self.reads)) if self.reads else tuple(wanted)


class Jobs(CloudCalls, Protocol):
    """`call` is one read by itself. `run` runs `work`, whose calls are sent at once."""

    def run(self, needs: Needs, work: Callable[[CloudCalls], Reply]) -> Reply: ...
