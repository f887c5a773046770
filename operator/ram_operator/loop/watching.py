"""Whether what is there came while somebody looked. Called by the pass after a whole look."""

from __future__ import annotations

from ..gate.inputs import Inputs
from ..model.outcome import Plan
from .ports import Ports
from .subject import Subject


def looked(
    ports: Ports, subject: Subject, inputs: Inputs, decision: Plan, *, claimed: bool
) -> None:
    """From here on what goes beyond what was agreed on came under our eyes, or did not.

    What an identity had when it was `claimed`, taken over, may show a little later.
    """
    if _came_unseen(inputs, decision) or claimed:
        ports.consistency.unwatched(subject.key, subject.uid)
    elif not inputs.live.unknown_parts():
        ports.consistency.looked(subject.key, subject.uid)


def _came_unseen(inputs: Inputs, decision: Plan) -> bool:
    """Whether something is there that came while nobody looked. A policy that others widened came
    under our eyes: it shields nothing else.
    """
    changes = decision.held.changes if decision.held is not None else ()
    return decision.found and any(c.entry not in inputs.memory.moved for c in changes)
