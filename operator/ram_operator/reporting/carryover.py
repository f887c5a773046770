"""What a status said before, where a pass has nothing newer to say of it. Pure.

A read that fails, or a difference that is not believed yet, is no sign that all is well again.
Called by `status` and by the pass. Of a status nothing is believed but what people are shown.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from .. import legible
from ..constants import FLAPPING_REVERTS, ConditionType, Severity
from ..kinds.entries import is_custom
from ..model import sentences
from ..model.changes import Drift
from ..model.outcome import Outcome, Plan
from ..model.steps import permit_of
from ..model.vocabulary import DriftAction
from . import conditions

LIMIT: Final = 50
"""Entries that a list of the status holds."""
FIELD: Final = 512
"""Characters of a name in `status.drift`."""
REMEMBERED: Final = 5
"""Corrections that a status keeps."""
_RANK: Final = tuple(Severity)


def still_open(status: Mapping[str, Any], plan: Plan) -> bool:
    """Whether what a status shows as held may be held still, although this pass did not see it: it
    is about a part that could not be read, or that is not believed yet to be otherwise.
    """
    pending = status.get("pending")
    if plan.held is not None or not pending or not plan.unread:
        return False
    if any(permit_of(step) for step in plan.steps):
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
    named = frozenset(sentences.clip(name, FIELD) for name in places)
    return tuple(entry for entry in shown(status) if _within(entry.field, named))


def widened_alone(status: Mapping[str, Any]) -> bool:
    """Whether all that a status says was found in the cloud are custom policies that others have
    widened where they are attached: as an entry each of them is what was asked for. A list that may
    be cut says nothing.
    """
    listed = status.get("drift") or ()
    held = [entry for entry in shown(status) if entry.action is DriftAction.HELD]
    whole = len(held) > 0 and len(shown(status)) == len(listed) < LIMIT
    return whole and all(_widened(entry) for entry in held)


def _widened(entry: Drift) -> bool:
    attached = is_custom(entry.field.partition("[")[2].removesuffix("]"))
    return attached and entry.was == entry.now


def shown(status: Mapping[str, Any]) -> tuple[Drift, ...]:
    """All drift that a status lists, as far as it can be read."""
    found = []
    for item in status.get("drift") or ():
        with contextlib.suppress(KeyError, ValueError, TypeError):
            severity = Severity(item["severity"])
            texts = (str(item["field"]), str(item["was"]), str(item["is"]))
            widens = item.get("widens") is True
            found.append(Drift(*texts, severity, DriftAction(item["action"]), widens))
    return tuple(found)


def standing(status: Mapping[str, Any], outcome: Outcome) -> tuple[Drift, ...]:
    """The drift that is there once the pass is over, as far as anything is known of it, the
    gravest first. `status` is what was said before.
    """
    if outcome.plan is None:
        return _but_quiet(shown(status), outcome)
    found = [_unfinished(entry) for entry in outcome.drift_remaining]
    # What was acknowledged and cannot be read now is drift again once that has ended.
    over = _but_quiet(outcome.kept, outcome)
    found += [entry for entry in over if entry.action == DriftAction.PENDING]
    if outcome.drift_unconfirmed:
        # What is new is said, and of the rest the last word stands.
        named = {sentences.clip(entry.field, FIELD) for entry in found}
        earlier = _but_quiet(shown(status), outcome)
        found += [entry for entry in earlier if entry.field not in named]
    return by_weight(found)


def _unfinished(entry: Drift) -> Drift:
    corrected = entry.action == DriftAction.CORRECTED
    return replace(entry, action=DriftAction.PENDING) if corrected else entry


def listed(status: Mapping[str, Any], outcome: Outcome) -> tuple[Drift, ...]:
    """What `status.drift` lists after the pass: drift, and what is only spelled otherwise."""
    drift = standing(status, outcome)
    before = shown(status) if outcome.plan is None or outcome.drift_unconfirmed else outcome.kept
    plan = outcome.plan
    found = (*plan.acknowledged, *plan.respelled) if plan is not None else ()
    named = {sentences.clip(entry.field, FIELD) for entry in (*drift, *found)}
    kept = [e for e in before if e.action in _QUIET and e.field not in named]
    return (*drift, *found, *kept)


_QUIET: Final = (DriftAction.RESPELLED, DriftAction.ACKNOWLEDGED)


def _but_quiet(entries: Sequence[Drift], outcome: Outcome) -> tuple[Drift, ...]:
    """Drift that somebody has to know of: not what is only spelled otherwise, nor what is
    acknowledged for as long as that holds.
    """
    quiet = _QUIET if outcome.acknowledging.holds is not None else (DriftAction.RESPELLED,)
    return tuple(_over(entry) for entry in entries if entry.action not in quiet)


def _over(entry: Drift) -> Drift:
    known = entry.action == DriftAction.ACKNOWLEDGED
    return replace(entry, action=DriftAction.PENDING) if known else entry


def ended(status: Mapping[str, Any], outcome: Outcome) -> bool:
    """Whether what a status shows as acknowledged is drift again, although nothing was compared
    since: whoever keeps that from being done would else hide it for as long.
    """
    over = outcome.plan is None and outcome.acknowledging.holds is None
    return over and any(entry.action == DriftAction.ACKNOWLEDGED for entry in shown(status))


def again(entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`status.drift` where that is so."""
    known = DriftAction.ACKNOWLEDGED
    return [
        {**entry, "action": str(DriftAction.PENDING)} if entry.get("action") == known else {**entry}
        for entry in entries
    ]


def by_weight(entries: Sequence[Drift]) -> tuple[Drift, ...]:
    """The gravest first, else as they come."""
    return tuple(sorted(entries, key=lambda entry: -_RANK.index(entry.severity)))


def head(entries: Sequence[Drift]) -> str:
    """How many there are, where that is more than the status lists; else nothing."""
    if len(entries) <= LIMIT:
        return ""
    return f"{len(entries)} differences, of which status.drift has the {LIMIT} gravest"


def put_right(status: Mapping[str, Any], entries: Sequence[Drift], now: str) -> dict[str, Any]:
    """What is said after a pass that has put `entries` right. `correctedAt`: when that was, newest
    first, so often as tells whether it is too often; `corrected` has of what comes again and again
    only the last time.
    """
    earlier = (str(at) for at in status.get("correctedAt") or ())
    said: dict[str, Any] = {"correctedAt": [now, *earlier][:FLAPPING_REVERTS]}
    said["corrected"] = corrections(status, entries, now)
    return said


def corrections(
    status: Mapping[str, Any], entries: Sequence[Drift], now: str
) -> list[dict[str, Any]]:
    """`status.corrected` after a pass that has put `entries` right: the last ones, newest first.

    A critical one makes room for critical ones alone, and what comes again and again for itself.
    """
    fresh: list[dict[str, Any]] = [
        {
            "field": sentences.clip(entry.field, FIELD),
            "was": legible.line(entry.was),
            "is": legible.line(entry.now),
            "severity": entry.severity.value,
            "at": now,
        }
        for entry in by_weight(entries)
    ]
    again = {(item["field"], item["is"]) for item in fresh}
    earlier = [
        dict(item)
        for item in status.get("corrected") or ()
        if (item.get("field"), item.get("is")) not in again
    ]
    everything = [*fresh, *earlier]
    critical = [item for item in everything if item.get("severity") == Severity.CRITICAL.value]
    others = [item for item in everything if item not in critical]
    kept = [*critical, *others][:REMEMBERED]
    return [item for item in everything if item in kept]
