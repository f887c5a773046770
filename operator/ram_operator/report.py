"""Outcome → the status to write, events and the next look. Pure; all wording of conditions is here.

Called once at the end of every pass, whatever happened in it. Messages name the thing, the problem
and the remedy; they hold no secret, no clock and no counter, so that an unchanged situation leads
to an unchanged status and hence to no write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from . import approval, ballots, conditions, lasting, providers, wording
from .conditions import Condition
from .constants import ConditionType, EventReason, Reason, Severity
from .model import Applied, Drift, Finding, Held, Live, Outcome, Phase, Plan
from .words import RESPELLED

LIST_LIMIT: Final = 50


@dataclass(frozen=True, slots=True)
class Event:
    """One Kubernetes event; `warning` picks the type."""

    reason: EventReason
    message: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """The complete status and the events of this pass (at most two)."""

    status: Mapping[str, Any]
    events: tuple[Event, ...]


def build(
    old: Mapping[str, Any],
    outcome: Outcome,
    generation: int,
    now: str,
    extra: Mapping[str, Any],
) -> Report:
    """The complete status that follows from `outcome`. `old` is the status now in the cluster.

    `extra` are fields of a kind's own; those of `_OWN` that it lacks are dropped.
    """
    status: dict[str, Any] = {k: v for k, v in old.items() if k not in (*_REBUILT, *_OWN)}
    status.update(extra)
    if outcome.phase in (Phase.DONE, Phase.STALLED):
        # Says "acted upon", so a pass that has to come again leaves it.
        status["observedGeneration"] = generation
    status["conditions"] = conditions.merge(
        old.get("conditions") or (), _conditions(outcome, old), generation, now
    )
    if outcome.account_id:
        status["accountId"] = outcome.account_id
    if outcome.handled_request:
        status["lastHandledReconcileAt"] = outcome.handled_request
    if outcome.live is not None:
        status.update(_identity(outcome.live))
        status.update(_shown(outcome.shows, outcome.live))
    if outcome.applied is not None:
        status.update(_applied(outcome.applied))
    if outcome.plan is not None:
        status.update(_findings(outcome.plan, outcome, old, now))
    else:
        status.update({k: old[k] for k in ("drift", "pending", "wouldDo") if k in old})
    status = {key: value for key, value in status.items() if value not in ({}, [], None, "")}
    events = tuple(_events(old, outcome))[:2]
    return Report(status, events)


_REBUILT: Final = ("drift", "pending", "wouldDo")
_OWN: Final = ("deletionBrake",)


def _shown(row_shows: Mapping[str, str], live: Live) -> dict[str, Any]:
    """Lists of live entries that the status shows and nobody manages here."""
    shown: dict[str, Any] = {}
    for name, status_name in row_shows.items():
        entries = live.fields.get(name)
        if isinstance(entries, Mapping):
            shown[status_name] = sorted(entry.display for entry in entries.values())[:LIST_LIMIT]
    return shown


def _identity(live: Live) -> dict[str, Any]:
    values = {
        "cloudId": live.cloud_id,
        "arn": live.arn,
        "cloudName": live.cloud_name,
        "defaultVersion": live.default_version,
    }
    return {key: value for key, value in values.items() if value}


def _applied(applied: Applied) -> dict[str, Any]:
    block: dict[str, Any] = {"fields": dict(sorted(applied.digests.items()))}
    block.update({name: sorted(marks) for name, marks in sorted(applied.entries.items())})
    excess = {name: sorted(keys) for name, keys in sorted(applied.excess.items()) if keys}
    return {"applied": block, "excess": excess}


def applied_from(status: Mapping[str, Any], entry_fields: Sequence[str]) -> Applied:
    """The inverse of what `build` writes; a status without it means `not known`."""
    block = status.get("applied")
    if not isinstance(block, Mapping):
        return Applied()
    excess = status.get("excess") or {}
    return Applied(
        known=True,
        digests=dict(block.get("fields") or {}),
        entries={name: frozenset(block.get(name) or ()) for name in entry_fields},
        excess={name: frozenset(excess.get(name) or ()) for name in entry_fields},
    )


def _findings(plan: Plan, outcome: Outcome, old: Mapping[str, Any], now: str) -> dict[str, Any]:
    observe_only = outcome.observe_only
    seen = {item.get("field"): item for item in old.get("drift") or ()}
    kept_spelling = (entry for entry in outcome.kept if entry.action == RESPELLED)
    found = (*outcome.drift_lasting, *plan.respelled, *kept_spelling)
    if outcome.drift_unconfirmed and "drift" in old:
        kept: Any = old["drift"]
    else:
        kept = [_drift(entry, seen, now) for entry in found[:LIST_LIMIT]]
    out: dict[str, Any] = {"drift": kept}
    if plan.held is not None:
        out["pending"] = _pending(plan.held, old.get("pending"), now)
    elif lasting.still_open(old, plan):
        out["pending"] = old["pending"]
    if observe_only:
        out["wouldDo"] = [wording.clip(step.summary, 512) for step in plan.steps[:LIST_LIMIT]]
    return out


def as_asked(what: str, plan: Plan) -> str:
    """One line for what needs nothing done, and for what is spelled otherwise than agreed on."""
    spelled = "".join(f"; {entry.field} is {entry.now}" for entry in plan.respelled)
    return f"{what} is as asked{spelled}"


def _drift(entry: Drift, seen: Mapping[Any, Mapping[str, Any]], now: str) -> dict[str, Any]:
    field = wording.clip(entry.field, 512)
    return {
        "field": field,
        "was": entry.was,
        "is": entry.now,
        "severity": entry.severity.value,
        "action": "pending" if entry.action == "corrected" else entry.action,
        "firstSeen": seen.get(field, {}).get("firstSeen", now),
    }


def _pending(held: Held, before: Mapping[str, Any] | None, now: str) -> dict[str, Any]:
    sides = ballots.sides(providers.shown(held))
    block: dict[str, Any] = {
        "kind": held.kind,
        "verdict": held.verdict,
        "summary": wording.clip(held.summary, 1024),
        "gains": [wording.clip(text, 1024) for text in held.gains[:LIST_LIMIT]],
        "losses": [wording.clip(text, 1024) for text in held.losses[:LIST_LIMIT]],
        "findings": [_finding(finding) for finding in held.findings[:LIST_LIMIT]],
        "digest": held.digest,
        "expires": held.expires,
        "before": sides[0],
        "after": sides[1],
        "rejected": held.rejected,
        "voided": held.voided,
    }
    block = {key: value for key, value in block.items() if value}
    # The record knows; where nothing is written, as in mode Observe, the status does.
    unchanged = before is not None and {**before, "since": ""} == {**block, "since": ""}
    known = before.get("since", now) if unchanged and before is not None else now
    return {**block, "since": held.since or known}


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "id": finding.id,
        "severity": finding.severity.value,
        "text": wording.clip(finding.message, 1024),
        "remedy": wording.clip(finding.remedy, 1024),
    }


def held_sentence(held: Held) -> str:
    """One line for conditions and events: what waits, who gains, who loses."""
    parts = [held.summary]
    if held.gains:
        parts.append("Would gain: " + "; ".join(held.gains))
    if held.losses:
        parts.append("Would lose: " + "; ".join(held.losses))
    critical = [f for f in held.findings if f.severity is Severity.CRITICAL]
    parts += [f"{f.id} {f.message} (remedy: {f.remedy})" for f in critical]
    if held.rejected:
        parts.append("Rejected: " + held.rejected)
    elif held.voided:
        parts.append(_VOIDED[held.voided])
    return ". ".join(parts)


_VOIDED: Final[Mapping[str, str]] = {
    Reason.ADMISSION_POLICY_MISSING: "The approval on the object is not honoured: the admission"
    " policies that guard approvals are missing or altered (remedy: apply deploy/admission, then"
    " approve the digest in status.pending)",
    Reason.APPROVAL_STALE: "The approval on the object is for something else than what is held now"
    " (remedy: look at status.pending and approve its digest)",
}


def held_reason(held: Held) -> Reason:
    """Why it waits still."""
    if held.rejected:
        return Reason.APPROVAL_REJECTED
    if held.voided == Reason.ADMISSION_POLICY_MISSING:
        return Reason.ADMISSION_POLICY_MISSING
    if held.kind == approval.LOST:
        return Reason.RECORDS_LOST
    return Reason.APPROVAL_REQUIRED


def _conditions(outcome: Outcome, old: Mapping[str, Any]) -> list[Condition]:
    plan = outcome.plan
    return [
        *_summary(outcome),
        _synced(outcome, old),
        *_drifted(plan, outcome, old),
        _held(plan, old),
    ]


def _summary(outcome: Outcome) -> list[Condition]:
    if outcome.phase in (Phase.RETRY, Phase.DELETING):
        seen = outcome.live is not None or outcome.phase is Phase.DELETING
        return conditions.working(outcome.reason, outcome.message, seen=seen)
    if outcome.phase is Phase.STALLED:
        return conditions.stalled(outcome.reason, outcome.message)
    return conditions.done(outcome.message)


def _synced(outcome: Outcome, old: Mapping[str, Any]) -> Condition:
    plan = outcome.plan
    if plan is None:
        if outcome.live is None and outcome.phase is not Phase.DONE:
            text = "the cloud was not compared: " + outcome.message
            return Condition(ConditionType.SYNCED, None, Reason.COMPARE_FAILED, text)
        plan = Plan()
    clean = outcome.phase is Phase.DONE and not outcome.drift_lasting and plan.held is None
    if clean:
        return Condition(ConditionType.SYNCED, True, Reason.NO_DIFFERENCE, "the cloud is as asked")
    text = "the cloud is not as asked"
    return Condition(ConditionType.SYNCED, False, Reason.DIFFERENCE_FOUND, text)


def _drifted(plan: Plan | None, outcome: Outcome, old: Mapping[str, Any]) -> list[Condition]:
    if plan is None or outcome.drift_unconfirmed:
        return [_keep(old, ConditionType.DRIFTED, Reason.NO_DRIFT, "no drift is known")]
    if outcome.drift_lasting:
        text = _drift_sentence(outcome.drift_lasting)
        return [Condition(ConditionType.DRIFTED, True, Reason.DRIFT_DETECTED, text)]
    if plan.drift:
        text = "corrected: " + _drift_sentence(plan.drift)
        return [Condition(ConditionType.DRIFTED, False, Reason.DRIFT_CORRECTED, text)]
    # What was corrected last stays readable until something else happens to the object.
    before = conditions.find(old.get("conditions") or (), ConditionType.DRIFTED)
    if before is not None and before.get("reason") == Reason.DRIFT_CORRECTED:
        return [_keep(old, ConditionType.DRIFTED, Reason.NO_DRIFT, "")]
    return [Condition(ConditionType.DRIFTED, False, Reason.NO_DRIFT, "no drift is known")]


def _held(plan: Plan | None, old: Mapping[str, Any]) -> Condition:
    kind = ConditionType.APPROVAL_REQUIRED
    if plan is None:
        return _keep(old, kind, Reason.NOTHING_HELD, "no change is held")
    if plan.held is not None:
        return Condition(kind, True, held_reason(plan.held), held_sentence(plan.held))
    if lasting.still_open(old, plan):
        return _keep(old, kind, Reason.NOTHING_HELD, "no change is held")
    return Condition(kind, False, Reason.NOTHING_HELD, "no change is held")


def _keep(old: Mapping[str, Any], kind: ConditionType, reason: Reason, message: str) -> Condition:
    """Without a comparison nothing new is known: the last word stands."""
    before = conditions.find(old.get("conditions") or (), kind)
    if before is None:
        return Condition(kind, False, reason, message)
    try:
        last = Reason(str(before.get("reason")))
    except ValueError:
        # Of another version, or written by hand: it cannot be repeated.
        return Condition(kind, False, reason, message)
    status = {"True": True, "False": False}.get(str(before.get("status")))
    return Condition(kind, status, last, str(before.get("message", "")))


def _events(old: Mapping[str, Any], outcome: Outcome) -> list[Event]:
    """Transitions only: what was so before is not said again."""
    before = old.get("conditions") or ()
    plan = outcome.plan
    events: list[Event] = []
    permits = [permit for step in outcome.steps_done if (permit := approval.permit_of(step))]
    if plan is not None and plan.held is not None:
        events += _held_events(before, plan.held)
    elif plan is not None and "pending" in old and not (permits or lasting.still_open(old, plan)):
        events.append(Event(EventReason.CHANGE_RELEASED, "no change is held any more"))
    if outcome.adopted and outcome.live is not None:
        text = f"took over {outcome.live.cloud_name}; nothing that it has was removed"
        events.append(Event(EventReason.ADOPTED, text))
    events += _drift_events(before, outcome)
    created = any(step.verb == "create" for step in outcome.steps_done)
    if permits:
        events.append(_approved_event(permits[0], outcome))
    elif outcome.steps_done and not created and not (plan is not None and plan.drift):
        # A creation shows in the status that is written anyway; an event would cost a write more
        # for every object of a large first apply.
        text = "; ".join(step.summary for step in outcome.steps_done)
        events.append(Event(EventReason.UPDATED, text))
    was_stalled = conditions.find(before, ConditionType.STALLED)
    if outcome.phase is Phase.STALLED and outcome.reason is not Reason.APPROVAL_REQUIRED:
        if was_stalled is None or was_stalled.get("reason") != outcome.reason.value:
            events.append(Event(EventReason.STALLED, outcome.message, warning=True))
    elif outcome.phase is Phase.DONE and was_stalled is not None:
        events.append(Event(EventReason.RECOVERED, outcome.message))
    return events


def _approved_event(permit: approval.Permit, outcome: Outcome) -> Event:
    steps = "; ".join(step.summary for step in outcome.steps_done)
    by = f" by {permit.by}" if permit.by else ""
    return Event(EventReason.CHANGE_APPROVED, f"approved{by} as {permit.digest}: {steps}")


def _held_events(before: Sequence[Mapping[str, Any]], held: Held) -> list[Event]:
    sentence = held_sentence(held)
    if _says(conditions.find(before, ConditionType.APPROVAL_REQUIRED), sentence):
        return []
    reason = EventReason.CHANGE_HELD
    if held.rejected:
        reason = EventReason.CHANGE_REJECTED
    elif held.voided:
        reason = EventReason.APPROVAL_NOT_HONOURED
    return [Event(reason, sentence, warning=True)]


def _drift_events(before: Sequence[Mapping[str, Any]], outcome: Outcome) -> list[Event]:
    plan = outcome.plan
    if plan is None or not plan.drift or outcome.drift_unconfirmed:
        return []
    if outcome.drift_lasting:
        text = _drift_sentence(outcome.drift_lasting)
        known = _says(conditions.find(before, ConditionType.DRIFTED), text)
        return [] if known else [Event(EventReason.DRIFT_DETECTED, text, warning=True)]
    text = _drift_sentence(plan.drift)
    return [Event(EventReason.DRIFT_CORRECTED, text, warning=True)]


def _drift_sentence(entries: Sequence[Drift]) -> str:
    return "; ".join(f"{entry.field} ({entry.severity}): {entry.now}" for entry in entries)


def _says(condition: Mapping[str, Any] | None, message: str) -> bool:
    """Whether the condition is True and says so already, as far as there was room."""
    return (
        condition is not None
        and condition.get("status") == "True"
        and condition.get("message") == conditions.cut(message)
    )
