"""The algebra of `status.conditions`: kstatus-legal by construction. Pure; `now` is passed in.

Ready, Synced, Drifted and ApprovalRequired are always present. Reconciling and Stalled are present
only when True and never together. The transition time moves with the status alone, so messages hold
no clock and no counter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .. import legible
from ..constants import ConditionType, Reason

MESSAGE_LIMIT: Final = 4096
_ORDER: Final = {kind.value: place for place, kind in enumerate(ConditionType)}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition as decided now; times and generation are added by `merge`."""

    type: ConditionType
    status: bool | None
    reason: Reason
    message: str


def status_text(status: bool | None) -> str:
    """True | False | None → the API's `True` | `False` | `Unknown`."""
    return "Unknown" if status is None else str(status)


def cut(message: str) -> str:
    """The message as it stands in a condition."""
    message = legible.line(message)
    return message if len(message) <= MESSAGE_LIMIT else message[: MESSAGE_LIMIT - 1] + "…"


def merge(
    old: Iterable[Mapping[str, Any]], new: Iterable[Condition], generation: int, now: str
) -> list[dict[str, Any]]:
    """The complete list to write; transition times are kept where the status is the same."""
    before = {item.get("type"): item for item in old}
    merged: list[dict[str, Any]] = []
    for condition in new:
        status = status_text(condition.status)
        previous = before.get(condition.type.value)
        same = previous is not None and previous.get("status") == status
        since = previous.get("lastTransitionTime", now) if same and previous is not None else now
        merged.append(
            {
                "type": condition.type.value,
                "status": status,
                "reason": condition.reason.value,
                "message": cut(condition.message),
                "lastTransitionTime": since,
                "observedGeneration": generation,
            }
        )
    return sorted(merged, key=lambda item: _ORDER[item["type"]])


def done(message: str) -> list[Condition]:
    """Work is finished and nothing is wrong."""
    return [Condition(ConditionType.READY, True, Reason.SYNCED, message)]


def working(reason: Reason, message: str, *, seen: bool = True) -> list[Condition]:
    """Work goes on or will be retried. `seen` False: nothing is known of the cloud yet."""
    progress = Reason.PROGRESSING if reason is Reason.PROGRESSING else Reason.RETRYING
    return [
        Condition(ConditionType.READY, False if seen else None, reason, message),
        Condition(ConditionType.RECONCILING, True, progress, message),
    ]


def stalled(reason: Reason, message: str) -> list[Condition]:
    """A person must act."""
    return [
        Condition(ConditionType.READY, False, reason, message),
        Condition(ConditionType.STALLED, True, reason, message),
    ]


def find(conditions: Iterable[Mapping[str, Any]], kind: ConditionType) -> Mapping[str, Any] | None:
    """The condition of that type, if the object has it."""
    return next((item for item in conditions if item.get("type") == kind.value), None)


def is_true(conditions: Iterable[Mapping[str, Any]], kind: ConditionType) -> bool:
    """Whether the object has the condition with status True."""
    found = find(conditions, kind)
    return found is not None and found.get("status") == "True"
