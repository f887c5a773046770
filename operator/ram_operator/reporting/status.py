"""Outcome → the status to write, events and the next look. Pure.

Called once at the end of every pass, whatever happened in it. Messages name the thing, the problem
and the remedy; they hold no secret, no clock and no counter, so that an unchanged situation leads
to an unchanged status and hence to no write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .. import legible
from ..constants import HANDLED_REJECTION, ConditionType, Reason
from ..model import provider_states, sentences
from ..model.changes import Drift, Finding, Held
from ..model.key_state import KeyReport, ShownKey
from ..model.outcome import Acknowledging, Outcome, Plan
from ..model.records import DriftEntry, Rejection
from ..model.state import Live
from ..model.vocabulary import Phase
from ..planning.last_applied import OLDER_NAME, applied_block
from . import authors, carryover, conditions, events, expiries
from .conditions import Condition
from .events import Event
from .texts import held_reason, would_do

LIST_LIMIT: Final = carryover.LIMIT
ENTRY: Final = 160
"""Characters of an entry that is only shown."""
_REASON: Final = 256
"""Characters of what a manifest says for a finding that it accepts."""
WHY: Final = 512
"""Characters of the reason of a rejection."""


@dataclass(frozen=True, slots=True)
class Report:
    """The complete status and the events of this pass."""

    status: Mapping[str, Any]
    events: tuple[Event, ...]


def build_report(
    old: Mapping[str, Any],
    outcome: Outcome,
    generation: int,
    now: str,
    extra: Mapping[str, Any],
) -> Report:
    """The complete status that follows from `outcome`. `old` is the status now in the cluster.

    `extra` are fields of a kind's own; those of `_OWN` that it lacks are dropped. A `pending` in it
    is what the old one may still say.
    """
    status: dict[str, Any] = {k: v for k, v in old.items() if k not in (*_REBUILT, *_OWN)}
    status.update({k: v for k, v in extra.items() if k not in _REBUILT})
    last = {**old, **{k: v for k, v in extra.items() if k in _REBUILT}}
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
        status.update({**_identity(outcome.live), **_shown(outcome.shows, outcome.live)})
    status.update(_keys(outcome.keys))
    if outcome.applied is not None:
        status.update({OLDER_NAME: None, **applied_block(outcome.applied)})
    if outcome.plan is not None:
        status.update(_findings(outcome.plan, outcome, last, now))
    else:
        status.update(_carried(old, last, outcome))
    status.update(_acknowledging(outcome.acknowledging))
    if corrected := outcome.drift_corrected:
        status.update(carryover.put_right(old, corrected, now))
    status = {
        # What is compared later is masked where it is written, so that it can be read again.
        key: value if key in _COMPARED else legible.tree(value)
        for key, value in status.items()
        if value not in ({}, [], None, "")
    }
    of_authors = authors.told(old, status, outcome.authors)
    return Report(status, (*events.told(old, outcome), *of_authors))


def _carried(
    old: Mapping[str, Any], last: Mapping[str, Any], outcome: Outcome
) -> Mapping[str, Any]:
    """What was found before a pass that compared nothing."""
    kept = {key: last[key] for key in _REBUILT if key in last}
    over = carryover.ended(old, outcome)
    return {**kept, "drift": carryover.again(kept["drift"])} if over else kept


_REBUILT: Final = ("drift", "findings", "pending", "wouldDo")
_COMPARED: Final = ("written", OLDER_NAME, "excess")
_ACKNOWLEDGING: Final = ("acknowledge", "acknowledged")
_EXPIRIES: Final = tuple(expiries.FIELDS.values())
_OWN: Final = ("deletionBrake", "inventory", *_ACKNOWLEDGING, HANDLED_REJECTION, *_EXPIRIES)


def _shown(row_shows: Mapping[str, str], live: Live) -> dict[str, Any]:
    """What is live that the status shows whether or not it is managed here: texts, and lists of
    entries.
    """
    shown: dict[str, Any] = {}
    for name, status_name in row_shows.items():
        part = live.fields.get(name)
        if isinstance(part, str):
            shown[status_name] = sentences.clip(part)
        if isinstance(part, Mapping):
            shown[status_name] = sorted(
                sentences.clip(entry.display, ENTRY) for entry in part.values()
            )[:LIST_LIMIT]
    return shown


def _keys(report: KeyReport | None) -> dict[str, Any]:
    """Where nothing was looked at, the last word stands."""
    if report is None:
        return {}
    return {"accessKeys": [_key(each) for each in report.shown][:LIST_LIMIT]}


def _key(key: ShownKey) -> dict[str, str]:
    found = {"id": key.name, "state": key.phase.value, "since": key.since, "until": key.until}
    return {name: text for name, text in {**found, "waits": key.waits}.items() if text}


def _identity(live: Live) -> dict[str, Any]:
    values = {
        "cloudId": live.cloud_id,
        "arn": live.arn,
        "cloudName": live.cloud_name,
        "defaultVersion": live.default_version,
    }
    return {key: value for key, value in values.items() if value}


def _findings(plan: Plan, outcome: Outcome, old: Mapping[str, Any], now: str) -> dict[str, Any]:
    observe_only = outcome.observe_only
    seen = {item.get("field"): item for item in old.get("drift") or ()}
    listed = carryover.listed(old, outcome)
    out: dict[str, Any] = {
        "drift": [_drift(entry, seen, now) for entry in listed[:LIST_LIMIT]],
        "findings": [_remark(finding) for finding in plan.remarks[:LIST_LIMIT]],
    }
    if plan.held is not None:
        out["pending"] = _pending(plan.held, old.get("pending"), now)
    elif carryover.still_open(old, plan):
        out["pending"] = old["pending"]
    if observe_only:
        would = would_do(plan.steps)
        out["wouldDo"] = [sentences.clip(text, 512) for text in would[:LIST_LIMIT]]
    return out


def _drift(entry: Drift, seen: Mapping[Any, Mapping[str, Any]], now: str) -> dict[str, Any]:
    field = sentences.clip(entry.field, carryover.FIELD)
    return {
        "field": field,
        "was": entry.was,
        "is": entry.now,
        "severity": entry.severity.value,
        "action": str(entry.action),
        "firstSeen": seen.get(field, {}).get("firstSeen", now),
        **({"widens": True} if entry.widens else {}),
    }


def _acknowledging(known: Acknowledging) -> dict[str, Any]:
    """What may be acknowledged, and what is; of neither anything where there is none."""
    offer, holds = known.offer, known.holds
    offered: dict[str, Any] = {"voided": known.voided} if offer is not None else {}
    if offer is not None:
        offered |= {"digest": offer.digest, "since": offer.since, "expires": offer.expires}
        offered["drift"] = _said(offer.entries)
    found: dict[str, Any] = {}
    if holds is not None:
        found = {"digest": holds.digest, "by": holds.by, "since": holds.since}
        found |= {"until": holds.until, "drift": _said(holds.entries), "ending": known.ending}
    blocks = zip(_ACKNOWLEDGING, (offered, found), strict=True)
    return {name: {k: v for k, v in block.items() if v} for name, block in blocks}


def _said(entries: Iterable[DriftEntry]) -> list[str]:
    return [sentences.acknowledgeable(entry) for entry in entries]


def _pending(held: Held, before: Mapping[str, Any] | None, now: str) -> dict[str, Any]:
    sides = sentences.sides(provider_states.shown(held))
    block: dict[str, Any] = {
        "kind": str(held.kind),
        "verdict": str(held.verdict),
        "summary": sentences.clip(held.summary, 1024),
        "gains": [sentences.clip(text, 1024) for text in held.gains[:LIST_LIMIT]],
        "losses": [sentences.clip(text, 1024) for text in held.losses[:LIST_LIMIT]],
        "findings": [_finding(finding) for finding in held.findings[:LIST_LIMIT]],
        "digest": held.digest,
        "expires": held.expires,
        "before": sides[0],
        "after": sides[1],
        "rejected": sentences.clip(held.rejections[0].reason, WHY) if held.rejections else "",
        "rejections": [_rejection(each) for each in held.rejections],
        "voided": held.voided,
    }
    block = {key: value for key, value in block.items() if value}
    # The record knows; where nothing is written, as in mode Observe, the status does.
    unchanged = before is not None and {**before, "since": ""} == {**block, "since": ""}
    known = before.get("since", now) if unchanged and before is not None else now
    return {**block, "since": held.since or known}


def _rejection(said: Rejection) -> dict[str, str]:
    by, reason = sentences.clip(said.by), sentences.clip(said.reason, WHY)
    named = {"by": by, "at": said.at, "reason": reason}
    return {name: text for name, text in named.items() if text}


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "id": finding.id,
        "severity": finding.severity.value,
        "text": sentences.clip(finding.message, 1024),
        "remedy": sentences.clip(finding.remedy, 1024),
    }


def _remark(finding: Finding) -> dict[str, str]:
    """One that waits for nobody, with what the manifest says of it."""
    said = finding.suppressed
    if said is None:
        return _finding(finding)
    reason = sentences.clip(said.reason, _REASON)
    return {**_finding(finding), "suppressedUntil": said.until, "reason": reason}


def _conditions(outcome: Outcome, old: Mapping[str, Any]) -> list[Condition]:
    plan = outcome.plan
    return [
        *_summary(outcome),
        _synced(outcome, old),
        _drifted(outcome, old),
        _held(plan, old),
    ]


def _summary(outcome: Outcome) -> list[Condition]:
    if outcome.phase in (Phase.RETRY, Phase.DELETING):
        seen = outcome.live is not None or outcome.phase is Phase.DELETING
        return conditions.working(outcome.reason, outcome.whole, seen=seen)
    if outcome.phase is Phase.STALLED:
        return conditions.stalled(outcome.reason, outcome.whole)
    return conditions.done(outcome.whole)


def _synced(outcome: Outcome, old: Mapping[str, Any]) -> Condition:
    plan = outcome.plan
    if plan is None:
        if outcome.live is None and outcome.phase is not Phase.DONE:
            text = "the cloud was not compared: " + outcome.message
            return Condition(ConditionType.SYNCED, None, Reason.COMPARE_FAILED, text)
        plan = Plan()
    clean = outcome.phase is Phase.DONE and plan.held is None
    clean = clean and not carryover.standing(old, outcome)
    if clean and plan.acknowledged:
        text = "the cloud is not as asked, which somebody has acknowledged for a while"
        return Condition(ConditionType.SYNCED, False, Reason.DRIFT_ACKNOWLEDGED, text)
    if plan.found and plan.in_sync:
        text = "the cloud is as asked, which nobody agreed on"
        return Condition(ConditionType.SYNCED, True, Reason.FOUND_IN_CLOUD, text)
    if clean:
        return Condition(ConditionType.SYNCED, True, Reason.NO_DIFFERENCE, "the cloud is as asked")
    text = "the cloud is not as asked"
    return Condition(ConditionType.SYNCED, False, Reason.DIFFERENCE_FOUND, text)


def _drifted(outcome: Outcome, old: Mapping[str, Any]) -> Condition:
    kind, plan = ConditionType.DRIFTED, outcome.plan
    if carryover.ended(old, outcome):
        text = sentences.drift(carryover.standing(old, outcome))
        return Condition(kind, True, Reason.DRIFT_DETECTED, text)
    if plan is None:
        return _keep(old, kind, Reason.NO_DRIFT, "no drift is known")
    if standing := carryover.standing(old, outcome):
        text = sentences.drift(standing)
        if head := carryover.head(standing):
            text = f"{head}: {text}"
        if plan.acknowledged:
            text += "; " + sentences.acknowledged(outcome.acknowledging.holds, plan.acknowledged)
        return Condition(kind, True, Reason.DRIFT_DETECTED, text)
    if plan.acknowledged:
        text = sentences.acknowledged(outcome.acknowledging.holds, plan.acknowledged)
        return Condition(kind, False, Reason.DRIFT_ACKNOWLEDGED, text)
    if corrected := outcome.drift_corrected:
        text = "corrected: " + sentences.drift(carryover.by_weight(corrected))
        return Condition(kind, False, Reason.DRIFT_CORRECTED, text)
    # What was corrected last stays readable until something else happens to the object.
    before = conditions.find(old.get("conditions") or (), kind)
    corrected_before = before is not None and before.get("reason") == Reason.DRIFT_CORRECTED
    if corrected_before or outcome.drift_unconfirmed:
        return _keep(old, kind, Reason.NO_DRIFT, "no drift is known")
    return Condition(kind, False, Reason.NO_DRIFT, "no drift is known")


def _held(plan: Plan | None, old: Mapping[str, Any]) -> Condition:
    kind = ConditionType.APPROVAL_REQUIRED
    if plan is None:
        return _keep(old, kind, Reason.NOTHING_HELD, "no change is held")
    if plan.held is not None:
        return Condition(kind, True, held_reason(plan.held), sentences.held(plan.held))
    if carryover.still_open(old, plan):
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
