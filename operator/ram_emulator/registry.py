"""How an action is described, and the frame that its handler works in.

Family modules build `Action` rows; `actions` merges them into one table by (version, action).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from .entities import Caller
from .errors import invalid, malformed
from .params import Param, Values
from .state import Account, Universe

RAM = "2015-05-01"
STS = "2015-04-01"
IMS = "2019-08-15"
RESOURCE_MANAGER = "2020-03-31"
ACTION_TRAIL = "2020-07-06"

OLDER = {"2017-04-30": IMS}
"""Versions that older clients send, and the one whose actions they mean."""

SERVICES = {
    RAM: "ram",
    STS: "sts",
    IMS: "ims",
    RESOURCE_MANAGER: "resourcemanager",
    ACTION_TRAIL: "actiontrail",
}

Effect: TypeAlias = Literal["read", "write"]
Rate: TypeAlias = Literal[
    "readsPerSecond", "writesPerSecond", "attachmentsPerSecond", "lookupsPerSecond"
]
Body: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call as its handler sees it.

    account: the caller's account. now: the emulator's clock in seconds. as_of: the time that reads
    look at, which is before `now` when reads are stale. context: condition keys of the request.
    """

    universe: Universe
    account: Account
    caller: Caller
    values: Values
    now: float
    as_of: float
    context: dict[str, str]

    def text(self, name: str) -> str:
        """A required text parameter."""
        return str(self.values[name])

    def optional(self, name: str) -> str | None:
        """An optional text parameter, None when absent."""
        value = self.values.get(name)
        return None if value is None else str(value)

    def number(self, name: str, default: int) -> int:
        """An optional integer parameter."""
        return int(self.values.get(name, default))

    def flag(self, name: str) -> bool:
        """An optional boolean parameter, False when absent."""
        return bool(self.values.get(name, False))


@dataclass(frozen=True, slots=True)
class Action:
    """One row of the dispatch table.

    resources: ARN templates that a caller needs permission on, all of them; `{account}` and any
    parameter name may stand in braces. Empty: no permission is asked for. An action that belongs to
    another account's resource names it in its own handler and leaves this empty. signed: False for
    who has no key yet and proves otherwise who he is.
    """

    name: str
    handler: Callable[[Call], Body]
    effect: Effect = "read"
    params: tuple[Param, ...] = ()
    resources: tuple[str, ...] = ()
    rate: Rate = "readsPerSecond"
    version: str = RAM
    signed: bool = True

    @property
    def permission(self) -> str:
        """The name under which policies allow it, such as `ram:GetRole`."""
        # What ResourceManager lists is asked for under RAM's code.
        service = "ram" if self.version == RESOURCE_MANAGER else SERVICES[self.version]
        return f"{service}:{self.name}"


def refuse_long_document(text: str, limit: int, parameter: str) -> None:
    """The length check that documents get before anything else is looked at."""
    if len(text.encode()) > limit:
        raise invalid(parameter, "Length", f"{parameter} is beyond the length limit: {limit}.")
    if not text:
        raise malformed("The document is empty.")
