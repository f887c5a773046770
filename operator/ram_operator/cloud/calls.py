"""How the verbs of `execute` send: one job for each call, in the turn that the step has."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from ..errors import Absent
from ..model.objects import Step
from ..model.vocabulary import Direction
from .jobs import Reply
from .locks import Turn
from .writing import Check, Write, Writer


def send(
    writer: Writer, step: Step, action: str, parameters: Mapping[str, Any], *checks: Check
) -> Reply:
    """Raises errors.*; Retry where a check finds something else than was judged."""
    return writer.send(Write(action, parameters, turn(step), checks))


def turn(step: Step) -> Turn:
    """What takes something away goes first."""
    return Turn.NARROWING if step.direction is Direction.NARROWER else Turn.OTHER


def gone_is_done(writer: Writer, step: Step, action: str, parameters: Mapping[str, Any]) -> Reply:
    """What was deleted already needs no deletion."""
    with contextlib.suppress(Absent):
        send(writer, step, action, parameters)
    return {}


def tags(values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameter of a creation that tags what it makes."""
    entries = values.get("tags") or {}
    found = [{"Key": entry.display, "Value": entry.value} for entry in entries.values()]
    return {"Tag": found} if found else {}
