"""The closed vocabularies of the loop. Pure; `model` offers them beside its values."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

RESPELLED: Final = "respelled"
"""In `Drift.action`: it differs only in a spelling that is assumed to be equal."""


class Presence(StrEnum):
    """Whether the cloud has the identity; unknown is neither of the others."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Direction(StrEnum):
    """What a change does to access."""

    NEUTRAL = "neutral"
    NARROWER = "narrower"
    WIDER = "wider"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class Cause(StrEnum):
    """Why desired and live differ."""

    CREATE = "create"
    INTENT = "intent"
    DRIFT = "drift"
    ADOPTION = "adoption"
    """The last applied value is not known: shown, and at most added to."""


class Disposition(StrEnum):
    """What is done about a change."""

    WRITE = "write"
    HOLD = "hold"
    REPORT = "report"


class Phase(StrEnum):
    """How a pass ended; `status` turns it into conditions and wording."""

    DONE = "done"
    RETRY = "retry"
    STALLED = "stalled"
    DELETING = "deleting"


class Lends(StrEnum):
    """How others come to have rights by an identity of the kind."""

    NOTHING = ""
    ATTACHED = "attached"
    """It is a policy: whoever has it attached may what its document allows."""
    JOINED = "joined"
    """It is a group: whoever is in it has the policies of the group."""


class Verb(StrEnum):
    """The words for what a step does, see `steps`."""

    CREATE = "create"
    ATTRIBUTES = "attributes"
    DOCUMENT = "document"
    TRUST = "trust"
    ATTACH = "attach"
    DETACH = "detach"
    JOIN = "join"
    EXPEL = "expel"
    TAG = "tag"
    UNTAG = "untag"
    MARK = "mark"
    LEAVE = "leave"
    REVOKE = "revoke"
    UNBIND = "unbind"
    DELETE = "delete"
    END = "end"
    """It writes to the record alone."""
