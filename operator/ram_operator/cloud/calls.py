"""What the calls of all kinds share: pages, and answers that say that it is so already.

Every verb is safe to repeat: what exists already or is gone already counts as done.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from .. import documents
from ..constants import Reason
from ..errors import Absent, AlreadyExists, Retry
from ..model.objects import Entries, FieldValue, UnknownPart
from ..model.steps import CloudStep, Delete
from ..model.vocabulary import Direction
from .jobs import Reply
from .locks import Turn
from .writing import Check, Write, Writer

Fields = dict[str, FieldValue | UnknownPart]


def next_page(body: Mapping[str, Any], field: str, before: str) -> str:
    """The marker of the next page, or "". A list that is cut and goes nowhere is not complete."""
    following = str(body.get(field) or "")
    cut = body.get("IsTruncated")
    if (following and following == before) or (cut and not following):
        raise Retry(Reason.CLOUD_UNAVAILABLE, "a list of the cloud ended before it was complete")
    return "" if cut is False else following


S = TypeVar("S", bound=CloudStep)
Call = Callable[[Writer, str, S], Reply]
"""Carries out the steps of one class; the text is the name of the identity."""


def alike(sent: documents.Trust, stored: documents.Trust) -> bool:
    return documents.compare_trust(sent, stored).same_for_display


@contextlib.contextmanager
def added(names: tuple[str, str, str]) -> Iterator[None]:
    """Make a relation; one that exists is done. `names` = (own end, code of the other, other)."""
    own, other_code, other = names
    try:
        yield
    except AlreadyExists:
        return
    except Absent as error:
        if error.code.endswith(other_code):
            text = f"{other} does not exist; create it or correct its name"
            raise Retry(Reason.DEPENDENCY_NOT_READY, text, after=30.0) from None
        raise Retry(Reason.PROGRESSING, f"{own} is not visible yet") from None


def delete(action: str, parameter: str) -> Call[Delete]:
    def delete(writer: Writer, name: str, step: Delete) -> Reply:
        return gone_is_done(writer, step, action, {parameter: name})

    return delete


def send(
    writer: Writer, step: CloudStep, action: str, parameters: Mapping[str, Any], *checks: Check
) -> Reply:
    """Raises errors.*; Retry where a check finds something else than was judged."""
    return writer.send(Write(action, parameters, turn(step), checks))


def turn(step: CloudStep) -> Turn:
    """What takes something away goes first."""
    return Turn.NARROWING if step.direction is Direction.NARROWER else Turn.OTHER


def gone_is_done(
    writer: Writer, step: CloudStep, action: str, parameters: Mapping[str, Any]
) -> Reply:
    """What was deleted already needs no deletion."""
    with contextlib.suppress(Absent):
        send(writer, step, action, parameters)
    return {}


def tags(entries: Entries) -> dict[str, Any]:
    """The parameter of a creation that tags what it makes."""
    found = [{"Key": entry.display, "Value": entry.value} for entry in entries.values()]
    return {"Tag": found} if found else {}
