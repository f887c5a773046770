"""What kstatus makes of an object, and the invariants that every status of ours keeps.

Written from the rules of cli-utils' kstatus and of the Kubernetes API conventions; knows nothing
of the operator's own code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

REASON: Final = re.compile(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?")
ALWAYS: Final = ("Ready", "Synced", "Drifted", "ApprovalRequired")
ONLY_WHEN_TRUE: Final = ("Reconciling", "Stalled")


def kstatus(item: Mapping[str, Any]) -> str:
    """Current | InProgress | Failed | Terminating, in kstatus' own order of decisions."""
    meta, status = item["metadata"], item.get("status") or {}
    if meta.get("deletionTimestamp"):
        return "Terminating"
    observed = status.get("observedGeneration")
    if observed is not None and observed != meta.get("generation"):
        return "InProgress"
    found = {c["type"]: c["status"] for c in status.get("conditions") or ()}
    if found.get("Reconciling") == "True":
        return "InProgress"
    if found.get("Stalled") == "True":
        return "Failed"
    return "Current" if found.get("Ready", "True") == "True" else "InProgress"


def assert_kstatus_legal(item: Mapping[str, Any]) -> None:
    """Raises AssertionError that names the broken invariant by its number.

    An object that nobody has looked at yet is legal if kstatus says InProgress.
    """
    status = item.get("status") or {}
    listed = status.get("conditions") or []
    if not listed:
        assert kstatus(item) in ("InProgress", "Terminating"), "1: unseen, and yet Current"
        return
    found = {c["type"]: c for c in listed}
    assert len(found) == len(listed), "2: each type at most once"
    for kind in ALWAYS:
        assert kind in found, f"3: {kind} is always present"
    for kind in ONLY_WHEN_TRUE:
        true = kind not in found or found[kind]["status"] == "True"
        assert true, f"4: {kind} is present only when True"
    assert not all(kind in found for kind in ONLY_WHEN_TRUE), "5: Reconciling and Stalled together"
    ready = found["Ready"]["status"]
    busy = any(kind in found for kind in ONLY_WHEN_TRUE)
    assert not (busy and ready == "True"), "6: Ready although Reconciling or Stalled"
    assert ready != "False" or busy, "7: not Ready, and neither Reconciling nor Stalled says why"
    assert ready != "Unknown" or "Reconciling" in found, "8: Ready is Unknown, nobody works on it"
    _assert_generations(item, found)
    for condition in listed:
        _assert_condition(condition)


def _assert_generations(item: Mapping[str, Any], found: Mapping[str, Mapping[str, Any]]) -> None:
    """A status may be of an older spec, but then all of what says Ready is."""
    generation = item["metadata"].get("generation", 0)
    observed = item["status"].get("observedGeneration")
    for kind, condition in found.items():
        assert "observedGeneration" in condition, f"9: {kind} has no observedGeneration"
    each = [int(c["observedGeneration"]) for c in found.values()]
    assert max([*each, observed or 0]) <= generation, "10: observedGeneration beyond generation"
    if found["Ready"]["status"] == "True" or "Stalled" in found:
        assert {*each} == {observed}, "11: finished, and yet not all speaks of the same generation"


def _assert_condition(condition: Mapping[str, Any]) -> None:
    name = condition["type"]
    assert condition["status"] in ("True", "False", "Unknown"), f"12: {name} has no legal status"
    reason = condition.get("reason", "")
    assert len(reason) <= 1024, f"13: the reason of {name} is too long"
    assert REASON.fullmatch(reason), f"13: the reason of {name} is no word in CamelCase"
    assert len(condition.get("message", "")) <= 32768, f"14: the message of {name} is too long"
    since = datetime.fromisoformat(condition["lastTransitionTime"])
    assert since.tzinfo is not None, f"15: the time of {name} has no zone"
