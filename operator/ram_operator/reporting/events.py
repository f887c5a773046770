"""The events of a pass: transitions only, at most two. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .. import legible
from ..constants import AccessMode, ConditionType, EventReason, Reason, Severity
from ..kinds import sign_in
from ..model import sentences
from ..model.changes import Drift, Held
from ..model.outcome import Outcome
from ..model.permissions import Permit
from ..model.steps import Creation, Step, permit_of
from ..model.vocabulary import DriftAction, Phase
from . import carryover, conditions, key_events

LIMIT: Final = 20
"""Events that one pass posts; more become one that says how many there are."""
_SAID_OTHERWISE: Final = frozenset({Reason.DRIFTED, Reason.OBSERVE_ONLY})
"""Their messages list what has events of its own."""


@dataclass(frozen=True, slots=True)
class Event:
    """One Kubernetes event; `warning` picks the type."""

    reason: EventReason
    message: str
    warning: bool = False


def told(old: Mapping[str, Any], outcome: Outcome) -> tuple[Event, ...]:
    """Transitions only: what was so before is not said again. What was done is said each time."""
    return (
        *_of_held(old, outcome),
        *_of_adoption(outcome),
        *_of_access(outcome),
        *_of_drift(old, outcome),
        *_of_acknowledged(old, outcome),
        *_of_keys(outcome),
        *(Event(why, text, warning=True) for why, text in key_events.waiting(old, outcome.keys)),
        *_of_findings(outcome),
        *_of_writes(outcome),
        *_of_stalling(old, outcome),
    )


def posted(events: Sequence[Event]) -> tuple[Event, ...]:
    """As many as one pass may post: of drift the gravest, and how much more there is."""
    if len(events) <= LIMIT:
        return tuple(events)
    of_drift = (EventReason.DRIFT_DETECTED, EventReason.DRIFT_CORRECTED)
    others = [event for event in events if event.reason not in of_drift]
    drift = [event for event in events if event.reason in of_drift]
    kept, rest = drift[: LIMIT - 1 - len(others)], drift[LIMIT - 1 - len(others) :]
    text = f"{len(rest)} more differences in this look; see the status, and the log for all of them"
    return (*others, *kept, Event(rest[0].reason, text, warning=True))


def done(outcome: Outcome) -> tuple[Event, ...]:
    """Of what was done alone: no later pass finds that again, so it is said whatever becomes of
    the status.
    """
    corrected = carryover.by_weight(outcome.drift_corrected)
    return (
        *(_corrected(entry, outcome.steps_done) for entry in corrected),
        *_of_keys(outcome),
        *_of_findings(outcome),
        *_of_writes(outcome),
    )


def _of_held(old: Mapping[str, Any], outcome: Outcome) -> Iterable[Event]:
    plan, before = outcome.plan, old.get("conditions") or ()
    if plan is None:
        return []
    if plan.held is not None:
        return _held(before, plan.held)
    # What is approved and could not be written yet is not given up.
    approved = any(permit_of(step) for step in (*plan.steps, *outcome.steps_done))
    if "pending" in old and not (approved or carryover.still_open(old, plan)):
        return [Event(EventReason.CHANGE_RELEASED, "no change is held any more")]
    return []


def _held(before: Sequence[Mapping[str, Any]], held: Held) -> list[Event]:
    sentence = sentences.held(held)
    found = conditions.find(before, ConditionType.APPROVAL_REQUIRED)
    if found and (found.get("status"), found.get("message")) == ("True", conditions.cut(sentence)):
        return []
    reason = EventReason.CHANGE_HELD
    if held.rejections and held.voided != Reason.APPROVAL_REJECTED:
        reason = EventReason.CHANGE_REJECTED
    elif held.voided:
        reason = EventReason.APPROVAL_NOT_HONOURED
    return [Event(reason, sentence, warning=True)]


def _of_adoption(outcome: Outcome) -> list[Event]:
    if not outcome.adopted or outcome.live is None:
        return []
    text = f"took over {outcome.live.cloud_name}; nothing that it has was removed"
    return [Event(EventReason.ADOPTED, text)]


def _of_access(outcome: Outcome) -> list[Event]:
    """That a user is watched less from now on, where that took nobody's word: it has no way to sign
    in. Of who is taken over, or made, it is no news.
    """
    said = outcome.plan.agreed.entries.get(sign_in.FIELD, {}) if outcome.plan is not None else {}
    new = outcome.adopted or any(isinstance(step, Creation) for step in outcome.steps_done)
    if said.get(sign_in.MODE) != AccessMode.UNMANAGED or new:
        return []
    text = (
        "accessMode is Unmanaged from now on: the user has no way to sign in that would have to be"
        " agreed on; one that comes later is reported"
    )
    return [Event(EventReason.ACCESS_UNMANAGED, text, warning=True)]


def _of_keys(outcome: Outcome) -> list[Event]:
    return [Event(reason, text) for reason, text in key_events.done(outcome.keys)]


def _of_drift(old: Mapping[str, Any], outcome: Outcome) -> list[Event]:
    """Each entry that was not there before, and each correction, the gravest first."""
    if outcome.plan is None:
        return []
    quiet = DriftAction.ACKNOWLEDGED
    known = {_place(entry) for entry in carryover.shown(old) if entry.action != quiet}
    standing = carryover.standing(old, outcome)
    found = {entry: _detected(entry) for entry in standing[: carryover.LIMIT]}
    new = {entry: event for entry, event in found.items() if _place(entry) not in known}
    done = outcome.steps_done
    corrected = {entry: _corrected(entry, done) for entry in outcome.drift_corrected}
    events = {**corrected, **new}
    return [
        *(events[entry] for entry in carryover.by_weight(tuple(events))),
        *_beyond(old, standing),
    ]


def _of_acknowledged(old: Mapping[str, Any], outcome: Outcome) -> list[Event]:
    """That it ends soon, once. That it has begun and ended is said when the record is told."""
    holds, before = outcome.acknowledging.holds, old.get("acknowledged") or {}
    if holds is None or not outcome.acknowledging.ending:
        return []
    if before.get("digest") == holds.digest and before.get("ending") is True:
        return []
    text = f"the acknowledgement of drift by {holds.by} ends at {holds.until}; {_AFTERWARDS}"
    return [Event(EventReason.ACKNOWLEDGEMENT_ENDING, text, warning=True)]


_AFTERWARDS: Final = (
    "what of it is there by then is judged by spec.driftPolicy; undo it by hand, ask for it in the"
    " manifest, or acknowledge it anew"
)


def _place(entry: Drift) -> tuple[str, str, Severity]:
    """What tells two entries apart. What is done about one may change without another event."""
    return sentences.clip(entry.field, carryover.FIELD), legible.line(entry.now), entry.severity


def _beyond(old: Mapping[str, Any], standing: Sequence[Drift]) -> list[Event]:
    """What the status has no room for is said as a number, whenever that is another one."""
    head = carryover.head(standing)
    found = conditions.find(old.get("conditions") or (), ConditionType.DRIFTED) or {}
    if not head or str(found.get("message", "")).startswith(head):
        return []
    return [Event(EventReason.DRIFT_DETECTED, head, warning=True)]


def _detected(entry: Drift) -> Event:
    return Event(EventReason.DRIFT_DETECTED, sentences.moved(entry), warning=True)


def _corrected(entry: Drift, steps: Sequence[Step]) -> Event:
    """From what was applied to what the cloud said, and what was done about it."""
    done = dict.fromkeys(step.summary for step in steps if entry.field in step.settles)
    text = "; ".join((sentences.moved(entry), *done))
    return Event(EventReason.DRIFT_CORRECTED, text, warning=True)


def _of_findings(outcome: Outcome) -> list[Event]:
    """What the rules say of what this pass gave, where nobody had to approve it."""
    given = {name for step in outcome.steps_done for name in step.settles}
    noticed = outcome.plan.noticed if outcome.plan is not None else ()
    found = [finding for name, finding in noticed if name in given]
    if not found:
        return []
    text = ". ".join(dict.fromkeys(f"{f.id} {f.message} (remedy: {f.remedy})" for f in found))
    return [Event(EventReason.FINDING_REPORTED, text, warning=True)]


def _permits(outcome: Outcome) -> list[Permit]:
    return [permit for step in outcome.steps_done if (permit := permit_of(step))]


def _of_writes(outcome: Outcome) -> list[Event]:
    """What was written as asked or as approved. What only corrected drift is said there."""
    steps = outcome.steps_done
    if permits := _permits(outcome):
        return [_approved(permits[0], steps)]
    if any(isinstance(step, Creation) for step in steps):
        return [_created(outcome)]
    corrected = {entry.field for entry in outcome.drift_corrected}
    asked = [step for step in steps if not step.settles or not step.settles <= corrected]
    text = "; ".join(step.summary for step in asked)
    return [Event(EventReason.UPDATED, text)] if asked else []


def _created(outcome: Outcome) -> Event:
    """With what the rules find in it: nobody had to look at that before."""
    text = "; ".join(step.summary for step in outcome.steps_done)
    found = outcome.plan.remarks if outcome.plan is not None else ()
    remarks = "".join(f". {each.id} {each.message}" for each in found)
    return Event(EventReason.CREATED, text + remarks)


def _approved(permit: Permit, steps: Sequence[Step]) -> Event:
    text = "; ".join(step.summary for step in steps)
    by = f" by {permit.by}" if permit.by else ""
    return Event(EventReason.CHANGE_APPROVED, f"approved{by} as {permit.digest}: {text}")


def _of_stalling(old: Mapping[str, Any], outcome: Outcome) -> list[Event]:
    was = conditions.find(old.get("conditions") or (), ConditionType.STALLED)
    if outcome.phase is Phase.DONE and was is not None:
        return [Event(EventReason.RECOVERED, outcome.message)]
    if outcome.phase is not Phase.STALLED or outcome.reason is Reason.APPROVAL_REQUIRED:
        return []
    if was is not None and was.get("reason") == outcome.reason.value:
        said = str(was.get("message", ""))
        alone, more = conditions.cut(outcome.message), conditions.cut(outcome.message + "; ")
        if outcome.reason in _SAID_OTHERWISE or said == alone or said.startswith(more):
            return []
    return [Event(EventReason.STALLED, outcome.whole, warning=True)]
