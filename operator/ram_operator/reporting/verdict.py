"""How a pass over a managed object ended: its phase, its reason, and all that is to be said. Pure.

Several things are true at once: a write failed, a part cannot be read, a change is held, drift is
left as it is, a reference is not ready. The first of these gives phase and reason; none of them
hides another. Called by the pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..constants import Reason, Severity
from ..errors import RamOperatorError, Retry
from ..model import sentences
from ..model.changes import Drift
from ..model.outcome import Outcome, Plan
from ..model.state import Live
from ..model.steps import Mark, Tag
from ..model.vocabulary import DriftAction, Phase
from . import carryover, texts


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why nothing is written: somebody decided so."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class Case:
    """What the pass found. `what` names the identity, `status` is that of the pass before."""

    what: str
    stopped: Stopped | None
    status: Mapping[str, Any]
    decision: Plan
    live: Live | None
    errors: tuple[RamOperatorError, ...]
    """Of the steps."""


@dataclass(frozen=True, slots=True)
class Verdict:
    phase: Phase
    reason: Reason
    message: str
    after: float | None = None
    """Seconds until the next look, where an error says so."""


def judge(case: Case) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict, and what is so besides: one sentence each, what weighs most first."""
    first, *others = _all(case)
    said = [first.message]
    for other in others:
        if not any(other.message in text for text in said):
            said.append(other.message)
    return first, tuple(said[1:])


def gone(what: tuple[str, str], account_id: str, request: str) -> Outcome:
    """The outcome of a look that finds the identity (noun, name) deleted by hand."""
    noun, name = what
    text = (
        f"{noun} {name} was deleted in the cloud by hand and is not given back by itself;"
        " to have it created again delete this object and apply it anew"
    )
    drift = Drift(noun, name, "deleted by hand", Severity.CRITICAL, DriftAction.REPORTED)
    return Outcome(
        Phase.STALLED,
        Reason.NOT_FOUND,
        text,
        plan=Plan(drift=(drift,), in_sync=False),
        account_id=account_id,
        handled_request=request,
    )


def _all(case: Case) -> Iterator[Verdict]:
    """Everything that is so. The order says what a status is about first."""
    found = [*_errors(case), *_observed(case), *_held(case), *_left(case), *_waiting(case)]
    yield from found
    if not found:
        text = sentences.as_asked(case.what, case.decision)
        yield Verdict(Phase.DONE, Reason.SYNCED, text)


def _errors(case: Case) -> Iterator[Verdict]:
    """Of the steps first, then of the reads: there, what a person has to mend."""
    parts = case.live.unknown_parts() if case.live is not None else ()
    unread = sorted((part.error for part in parts), key=lambda error: isinstance(error, Retry))
    more = [case.decision.error] if case.decision.error is not None else []
    for error in (*case.errors, *unread, *more):
        phase = Phase.RETRY if isinstance(error, Retry) else Phase.STALLED
        yield Verdict(phase, error.reason, error.message, getattr(error, "after", None))


def _observed(case: Case) -> Iterator[Verdict]:
    """What would be done if something might be written."""
    decision, stopped = case.decision, case.stopped
    if stopped is None:
        return
    would = texts.would_do(decision.steps)
    if decision.held is None and (decision.in_sync or _marks_only(decision, would)):
        if stopped.reason is Reason.SUSPENDED:
            yield Verdict(Phase.STALLED, stopped.reason, stopped.text)
        return
    would += [f"wait for {text}" for text in decision.waiting]
    if decision.held is not None:
        would.append("hold: " + sentences.held(decision.held))
    text = f"{stopped.text}; would " + "; ".join(would or ["report"])
    yield Verdict(Phase.STALLED, stopped.reason, text)


def _marks_only(decision: Plan, would: list[str]) -> bool:
    """Whether all that differs is that the identity does not say yet whose it is."""
    differs = would or decision.waiting or decision.drift
    return not differs and any(isinstance(step, Tag | Mark) for step in decision.steps)


def _held(case: Case) -> Iterator[Verdict]:
    if case.stopped is not None:
        return
    if case.decision.held is not None:
        text = sentences.held(case.decision.held)
        found = case.decision.found
        reason = Reason.FOUND_IN_CLOUD if found else Reason.APPROVAL_REQUIRED
        yield Verdict(Phase.STALLED, reason, text)
    elif carryover.still_open(case.status, case.decision):
        text = "what is held is looked at again: " + carryover.last_word(case.status)
        yield Verdict(Phase.STALLED, Reason.APPROVAL_REQUIRED, text)


def _left(case: Case) -> Iterator[Verdict]:
    """Drift that nobody puts right. What of it is held was said with the rest of that."""
    if case.stopped is not None:
        return
    left = [entry for entry in case.decision.drift_remaining if not _said(entry, case.decision)]
    if left:
        entries = "; ".join(f"{entry.field}: {entry.now}" for entry in carryover.by_weight(left))
        text = "left as it is in the cloud: " + entries
        yield Verdict(Phase.STALLED, Reason.DRIFTED, text)


def _said(entry: Drift, decision: Plan) -> bool:
    return decision.held is not None and entry.action == DriftAction.HELD


def _waiting(case: Case) -> Iterator[Verdict]:
    if case.stopped is not None or not case.decision.waiting:
        return
    text = "waits for " + "; ".join(case.decision.waiting)
    yield Verdict(Phase.RETRY, Reason.DEPENDENCY_NOT_READY, text)
