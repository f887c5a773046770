"""Writes that the cloud refused for good, which are left alone for a while and told of.

Called by `applying` for steps, and for what is no step by `access_keys`. Nothing is left alone that
may be sent by itself soon, or that nobody refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from .. import documents, times
from ..constants import ANNOTATION_APPROVE, Reason
from ..errors import RamOperatorError, Stalled
from ..model.objects import Entry, FieldValue
from ..model.steps import Step
from ..model.vocabulary import Direction
from ..runtime.refused_writes import Asked, Part
from ..runtime.sessions import Session
from .ports import Ports
from .subject import Subject

ONE_PART: Final = frozenset({Reason.ACCESS_DENIED, Reason.QUOTA_EXCEEDED, Reason.INVALID_SPEC})
"""What the cloud refuses for these reasons says nothing about the other parts of an identity."""


@dataclass(frozen=True, slots=True)
class KeyWrite:
    """A write to the access keys of a user: by `sent` it is the same as another one."""

    action: str
    sent: tuple[str, ...]
    direction: Direction

    @property
    def summary(self) -> str:
        return self.action


def standing(
    ports: Ports, subject: Subject, session: Session, step: Step | KeyWrite
) -> RamOperatorError | None:
    """Why the step is not sent now, if the cloud refused the same before and nothing changed."""
    return ports.refusals.standing(subject.key, _what(subject, session, step))


def note(
    ports: Ports, subject: Subject, session: Session, step: Step | KeyWrite, error: RamOperatorError
) -> RamOperatorError:
    """The cloud refused the step. What is told of it from now on."""
    if not isinstance(error, Stalled) or error.reason not in ONE_PART:
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
    found = [_what(subject, session, step) for step in steps]
    ports.refusals.keep(subject.key, Part.STEPS, found)


def keep_key(ports: Ports, subject: Subject, session: Session, write: KeyWrite | None) -> None:
    """This is what is to be written next to its access keys."""
    found = [_what(subject, session, write)] if write is not None else []
    ports.refusals.keep(subject.key, Part.KEYS, found)


def _told(error: Stalled, longest: float) -> Stalled:
    # The same each time, so that another refusal is no news to anybody.
    text = (
        f"{error.message}; sent again within {times.span(longest)}, and at once when the object,"
        " its approval or its annotation reconcile-requested-at changes"
    )
    return Stalled(error.reason, text)


def _what(subject: Subject, session: Session, step: Step | KeyWrite) -> Asked:
    """The same for the same step, asked for by the same manifest and people, with the same keys."""
    people = (subject.uid, subject.body["metadata"].get("generation"), subject.request)
    approval = subject.annotation(ANNOTATION_APPROVE)
    whole = (type(step).__name__, step.summary, _sent(step), people, approval, session.connection)
    part = Part.KEYS if isinstance(step, KeyWrite) else Part.STEPS
    return Asked(part, hashlib.sha256(repr(whole).encode()).hexdigest())


def _sent(step: Step | KeyWrite) -> list[tuple[Any, str]]:
    if isinstance(step, KeyWrite):
        return [(step.action, value) for value in step.sent]
    return [(part, _value(value)) for part, value in step.sent.items()]


def _value(value: FieldValue | Entry | None) -> str:
    if isinstance(value, documents.Trust | documents.Policy):
        return value.digest
    return repr(value)
