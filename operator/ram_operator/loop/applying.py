"""The steps of one plan, in order: what goes on past a failure, and what has to wait for it.

Called by the pass with the gate through which every write goes. Decides nothing about access.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..constants import Mode, Reason
from ..errors import Bug, OutcomeUnknown, RamOperatorError, Refused, Retry
from ..model.outcome import Plan
from ..model.records import NOTHING_AGREED, Agreed
from ..model.steps import Creation, Detach, EntryStep, RecordStep, Step
from ..model.vocabulary import Cause, Direction
from ..reporting.verdict import Stopped
from ..runtime.consistency import WHOLE, Touched
from ..runtime.sessions import Session
from . import ownership, refused
from .gated_write import GatedWrite, may_still
from .ports import Ports
from .subject import Subject


def stopped(subject: Subject, session: Session) -> Stopped | None:
    """Why nothing is written, where that is so: somebody decided it."""
    if subject.deleting:
        return Stopped(Reason.DELETING, "it is being deleted, so nothing is written")
    if subject.options.suspend:
        return Stopped(Reason.SUSPENDED, f"{subject.suspended}, so nothing is written")
    if session.account.mode is Mode.OBSERVE:
        text = f"RamAccount {session.account.name} is in mode Observe"
        return Stopped(Reason.OBSERVE_ONLY, text)
    return None


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of the steps: `done` took effect, each of `errors` kept one from it."""

    done: tuple[Step, ...]
    errors: tuple[RamOperatorError, ...]
    facts: Mapping[str, Any]
    agreed: Agreed = NOTHING_AGREED
    """What a record is to say of it that is yet to be written."""

    @property
    def refused(self) -> bool:
        """Nothing was done and nothing may still be on its way."""
        open_ended = any(isinstance(error, OutcomeUnknown | Bug) for error in self.errors)
        return not self.done and not open_ended


def carry_out(
    ports: Ports, subject: Subject, session: Session, gate: GatedWrite, decision: Plan
) -> Carried:
    """Steps in order. Past one that a person must mend, what does not depend on it goes on."""
    done: list[Step] = []
    failed: list[Step] = []
    errors: list[RamOperatorError] = []
    facts: dict[str, Any] = {}
    for step in decision.steps:
        if any(_depends(step, earlier) for earlier in failed):
            continue
        try:
            may_still(ports, session)
        except Retry as stop:
            errors.append(stop)
            break
        error = _try(ports, subject, session, gate, step, facts)
        if error is not None:
            errors.append(error)
            failed.append(step)
            if error.reason not in refused.ONE_PART or isinstance(error, Retry):
                break
            continue
        if isinstance(step, Detach) and step.cause is Cause.INTENT:
            scope = ports.brake_scope(session.account.account_id, subject.key.namespace)
            ports.deletion_brake.count(scope, (subject.key, step.summary))
        ownership.tell_members(ports, subject.row, session.account.account_id, step)
        done.append(step)
    refused.keep(ports, subject, session, decision.steps)
    try:
        gate.close(decision.steps, decision.baseline)
    except RamOperatorError as failure:
        # What was done is told all the same.
        errors.append(failure)
    return Carried(tuple(done), tuple(errors), facts, gate.agreed)


def _try(
    ports: Ports,
    subject: Subject,
    session: Session,
    gate: GatedWrite,
    step: Step,
    facts: dict[str, Any],
) -> RamOperatorError | None:
    """What kept the step from being done, None if it was; `facts` then has what the cloud said."""
    if (known := refused.standing(ports, subject, session, step)) is not None:
        return known
    _sent(ports, subject, step)
    try:
        facts.update(gate.run(step))
    except RamOperatorError as error:
        return refused.note(ports, subject, session, step, _soften(ports, subject, error, step))
    # It may have waited for its turn since.
    _sent(ports, subject, step)
    return None


def _sent(ports: Ports, subject: Subject, step: Step) -> None:
    """What is seen of what it touches may be older. The record alone makes no answer old."""
    if isinstance(step, RecordStep):
        return
    touched = WHOLE if isinstance(step, Creation) else Touched(step.settles, step.carried)
    generation = int(subject.body["metadata"].get("generation", 0))
    ports.consistency.wrote(subject.key, subject.uid, generation, touched)


def _soften(
    ports: Ports, subject: Subject, error: RamOperatorError, step: Step
) -> RamOperatorError:
    """What may only be an answer from before our own write is looked at again."""
    settle = ports.consistency.settle
    if isinstance(error, OutcomeUnknown):
        return OutcomeUnknown(error.message, settle)
    generation = int(subject.body["metadata"].get("generation", 0))
    if isinstance(error, Refused) and ports.consistency.patient(subject.key, generation):
        return Retry(Reason.PROGRESSING, error.message, max(settle, 1.0))
    if isinstance(step, Creation) and error.reason is Reason.CONFLICT:
        return Retry(Reason.PROGRESSING, error.message, settle)
    return error


def _depends(step: Step, failed: Step) -> bool:
    """Whether a step has to wait for an earlier one that was refused.

    The same part is not written, nothing is added to an identity that was not created, and nothing
    is widened while what should have been taken away first is still there. Of a set each entry is
    taken away on its own.
    """
    if isinstance(failed, Creation):
        return True
    if step.fields == failed.fields and not _other_entry(step, failed):
        return True
    tightens = failed.direction not in (Direction.NEUTRAL, Direction.WIDER)
    return tightens and step.direction not in (Direction.NEUTRAL, Direction.NARROWER)


def _other_entry(step: Step, failed: Step) -> bool:
    """Whether it takes another entry of the same set away."""
    entries = isinstance(step, EntryStep) and isinstance(failed, EntryStep)
    narrows = step.direction is Direction.NARROWER
    return entries and narrows and step.settles.isdisjoint(failed.settles)
