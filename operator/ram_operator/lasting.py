"""What a status said before, where a pass has nothing newer to say of it. Pure.

A read that fails, or a difference that is not believed yet, is no sign that all is well again.
Called by `report` and by the pass. Of a status nothing is believed but what people are shown.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from . import approval, conditions
from .constants import ConditionType, Severity
from .model import Drift, Plan


def still_open(status: Mapping[str, Any], plan: Plan) -> bool:
    """Whether what a status shows as held may be held still, although this pass did not see it: it
    is about a part that could not be read, or that is not believed yet to be otherwise.
    """
    pending = status.get("pending")
    if plan.held is not None or not pending or not plan.unread:
        return False
    if any(approval.permit_of(step) for step in plan.steps):
        return False
    places: set[str] = set()
    for side in ("before", "after"):
        with contextlib.suppress(ValueError, TypeError):
            places.update(json.loads(str(pending.get(side, ""))))
    # Too long to be shown: it may be about anything.
    return not places or any(_within(name, plan.unread) for name in places)


def last_word(status: Mapping[str, Any]) -> str:
    """What the status says of that which is held."""
    found = conditions.find(status.get("conditions") or (), ConditionType.APPROVAL_REQUIRED)
    return str((found or {}).get("message", ""))


def _within(name: str, places: frozenset[str]) -> bool:
    return name in places or name.partition("[")[0] in places


def drift_of(status: Mapping[str, Any], places: frozenset[str]) -> tuple[Drift, ...]:
    """What a status shows of these parts, or of entries in them; what is not readable is not."""
    found = []
    for item in status.get("drift") or () if places else ():
        name = str(item.get("field", ""))
        if not _within(name, places):
            continue
        with contextlib.suppress(KeyError, ValueError):
            severity = Severity(item["severity"])
            found.append(Drift(name, item["was"], item["is"], severity, item["action"]))
    return tuple(found)
