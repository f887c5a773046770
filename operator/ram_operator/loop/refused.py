"""Steps that the cloud refused for good, which are left alone for a while and told of.

Called by `applying`. Nothing is left alone that may be sent by itself soon, or that nobody refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from .. import documents, times
from ..constants import ANNOTATION_APPROVE
from ..errors import RamOperatorError, Stalled
from ..model.objects import Entry, FieldValue
from ..model.steps import Step
from ..model.vocabulary import Direction
from ..runtime.sessions import Session
from .ports import Ports
from .subject import Subject


def standing(
    ports: Ports, subject: Subject, session: Session, step: Step
) -> RamOperatorError | None:
    """Why the step is not sent now, if the cloud refused the same before and nothing changed."""
    return ports.refusals.standing(subject.key, _what(subject, session, step))


def note(
    ports: Ports, subject: Subject, session: Session, step: Step, error: RamOperatorError
) -> RamOperatorError:
    """The cloud refused the step. What is told of it from now on."""
    if not isinstance(error, Stalled):
        return error
    settings, what = ports.settings, _what(subject, session, step)
    # Excess that goes as soon as somebody grants the right to take it away is not left for longer.
    narrows = step.direction is Direction.NARROWER
    longest = ports.refusals.first if narrows else settings.refused_seconds
    seconds = ports.refusals.wait(subject.key, what, longest)
    told = _told(error, max(longest, ports.refusals.first))
    ports.refusals.refused(subject.key, what, told, seconds)
    return told


def keep(ports: Ports, subject: Subject, session: Session, steps: Iterable[Step]) -> None:
    """These are all that the object asks for now."""
    ports.refusals.keep(subject.key, [_what(subject, session, step) for step in steps])


def _told(error: Stalled, longest: float) -> Stalled:
    # The same each time, so that another refusal is no news to anybody.
    text = (
        f"{error.message}; sent again within {times.span(longest)}, and at once when the object,"
        " its approval or its annotation reconcile-requested-at changes"
    )
    return Stalled(error.reason, text)


def _what(subject: Subject, session: Session, step: Step) -> str:
    """The same for the same step, asked for by the same manifest and people, with the same keys."""
    people = (subject.uid, subject.body["metadata"].get("generation"), subject.request)
    approval = subject.annotation(ANNOTATION_APPROVE)
    sent = [(part, _value(value)) for part, value in step.sent.items()]
    whole = (type(step).__name__, step.summary, sent, people, approval, session.connection)
    return hashlib.sha256(repr(whole).encode()).hexdigest()


def _value(value: FieldValue | Entry | None) -> str:
    if isinstance(value, documents.Trust | documents.Policy):
        return value.digest
    return repr(value)
