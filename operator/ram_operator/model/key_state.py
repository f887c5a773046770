"""What a RamRecord says of the access keys that the operator makes for a user. Frozen values.

Their ids, never a secret. Judged by `planning.key_steps`.
Times are RFC 3339 in UTC, "" for never.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .vocabulary import KeyChange, KeyPhase


@dataclass(frozen=True, slots=True)
class Intent:
    """A key was about to be made. The answer that has its secret may have been lost."""

    since: str
    """When the first one was announced whose answer is not known."""
    last: str
    """When the last one was."""
    before: tuple[str, ...] = ()
    """Ids of the keys that the user had."""
    open: bool = True
    """The last one was neither answered nor found so far."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A key of ours that is to go: made inactive, and deleted a while after that."""

    key_id: str
    since: str = ""
    """When it left the Secret, or was made inactive; "" where the latter is yet to be done."""
    active: bool = False
    """It lets in until its time is over: programs may hold it still."""


@dataclass(frozen=True, slots=True)
class KeyState:
    """How far the operator is with the keys of one user."""

    secret: str = ""
    """Name of the Secret."""
    holder: str = ""
    """The object that the keys were made for, as namespace/name."""
    secret_uid: str = ""
    """Of the very Secret that may be written; "" where there is none."""
    current: str = ""
    """Id of the key that is in it."""
    issued: str = ""
    """When that was made."""
    intent: Intent | None = None
    ending: tuple[Ending, ...] = ()
    unplanned: str = ""
    """When a key was last made in place of another that nobody planned to replace."""

    @property
    def ids(self) -> frozenset[str]:
        """Those that the operator made."""
        return frozenset((*(each.key_id for each in self.ending), self.current)) - {""}

    @property
    def opens(self) -> bool:
        """Whether there is something to undo before the object may go."""
        lost = self.intent is not None and self.intent.open
        late = any(each.active or not each.since for each in self.ending)
        return bool(self.current or self.secret_uid or lost or late)


NO_KEYS: Final = KeyState()


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A key as people are shown it."""

    name: str
    """The end of its id."""
    phase: KeyPhase
    since: str
    until: str = ""
    """When that changes by itself, at the earliest; "" where nothing changes it."""
    waits: str = ""
    """Why it stays beyond that, in words."""


@dataclass(frozen=True, slots=True)
class KeyDone:
    """Something that was done about a key."""

    change: KeyChange
    name: str
    """The end of its id."""
    instead_of: str = ""
    """The same of the key before it, where it was replaced."""


@dataclass(frozen=True, slots=True)
class KeyReport:
    """What a pass found and did of the keys of a user."""

    shown: tuple[ShownKey, ...] = ()
    done: tuple[KeyDone, ...] = ()
    secret: str = ""
    """Name of the Secret that they are kept in."""
