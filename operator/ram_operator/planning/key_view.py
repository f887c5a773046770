"""What a decision about an access key is made on, and what it may be. Frozen values; the decisions
are made by `key_steps` and carried out by `loop.access_keys`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ..constants import Reason
from ..model.key_state import KeyState
from ..model.objects import nothing


class Sight(StrEnum):
    """What is there under the name of the Secret."""

    ABSENT = "absent"
    EMPTY = "empty"
    """Ours, without a key in it."""
    INTACT = "intact"
    """Ours, with the current key as it was written."""
    CHANGED = "changed"
    """Ours, and somebody has written to it."""
    LOCKED = "locked"
    """Ours, and made immutable by somebody."""
    LEFT = "left"
    """Without any data, and made for this object by a process that ended before it could say so."""
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class LiveKey:
    """A key as the cloud lists it."""

    active: bool
    made: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """What one decision is made on. `now` is in seconds since the epoch."""

    state: KeyState
    live: Mapping[str, LiveKey]
    sight: Sight
    wanted: str
    """Name of the Secret that is to hold a key; "" where none is to."""
    now: float
    settle: float
    """Seconds after which the cloud shows what was written."""
    rest: float
    """Seconds that a key which is to go still lets in, and then those for which it is inactive."""
    holds: str = ""
    """Id of the key that the operator wrote into the Secret, whatever the record says."""
    rotate: float | None = None
    """Age in seconds at which a key is replaced; None for never."""
    used: Mapping[str, float] = field(default_factory=nothing)
    """When a key of ours was last used, in seconds since the epoch, of those that were asked."""
    asked: str = ""
    """The end of the id of a key that somebody wants replaced."""
    keeps: bool = False
    """The key and its Secret stay as they are, and are nobody's business here from then on."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing is to be done. `after`: seconds until something will be."""

    after: float | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    text: str
    after: float


@dataclass(frozen=True, slots=True)
class Stop:
    """A person has to act."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class Look:
    """Ask the cloud when that key was last used."""

    key_id: str


@dataclass(frozen=True, slots=True)
class Write:
    """What changes something; `then` is what the record says once it is done."""

    then: KeyState


@dataclass(frozen=True, slots=True)
class Note(Write):
    """For the record alone."""


@dataclass(frozen=True, slots=True)
class Disable(Write):
    key_id: str


@dataclass(frozen=True, slots=True)
class Delete(Write):
    key_id: str


@dataclass(frozen=True, slots=True)
class Withdraw(Write):
    """Deletes the Secret, if it is the one of the record."""


@dataclass(frozen=True, slots=True)
class Release(Write):
    """Leaves the Secret to itself: it does not go with the object."""


@dataclass(frozen=True, slots=True)
class Clear:
    """Deletes the Secret that a process left which ended too early."""

    secret: str


@dataclass(frozen=True, slots=True)
class Reserve(Write):
    """Makes the Secret, without a key in it: its uid is in the record before there is a key."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Makes a key and writes it into the Secret; `announced` is in the record before it is sent."""

    announced: KeyState


Decision = (
    Rest
    | Wait
    | Stop
    | Look
    | Note
    | Disable
    | Delete
    | Withdraw
    | Release
    | Clear
    | Reserve
    | Issue
)
GIVES: Final = (Stop, Clear, Reserve, Issue)
"""What comes of it that a key is asked for; where none may be made, all is done before these."""
