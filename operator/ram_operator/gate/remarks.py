"""What the rules say of what waits for nobody: the trust in force, a permission document, a user
whose ways to sign in are left to others, an identity as it is. Pure.

Called by `review`, which shows it. Nothing is held by it: what has to wait has findings of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from .. import documents, times
from ..kinds import sign_in
from ..model.changes import Finding
from ..model.objects import FieldValue, Suppression
from . import rules
from .checks import Case
from .inputs import Inputs
from .rule import On

_ALWAYS: Final = (On.TRUST, On.DOCUMENT, On.ACCESS, On.IDENTITY)
SUPPRESSIBLE: Final = frozenset(rule.id for rule in rules.RULES if rule.on in _ALWAYS[1:])
"""Rules on good practice. Those on trusts are also what the gate judges by."""
MOST_SECONDS: Final = 366 * 86_400.0
"""So far ahead the end of a suppression may be."""


def findings(inputs: Inputs, trust: FieldValue | None) -> tuple[Finding, ...]:
    """Of `trust`, as it is when the pass is over, and of what else the manifest asks for."""
    asked = inputs.desired.fields.values()
    about = Case(
        inputs.account,
        trust if isinstance(trust, documents.Trust) else None,
        document=next((part for part in asked if isinstance(part, documents.Policy)), None),
        access=inputs.desired.modes.get(sign_in.FIELD, ""),
        kind=inputs.row.kind,
        live=inputs.live.fields,
        now=inputs.approval.now,
    )
    found = rules.merged(rules.judge(about, *_ALWAYS))
    accepted = {each.rule: each for each in _counting(inputs)}
    return tuple(replace(each, suppressed=accepted.get(each.id)) for each in found)


def _counting(inputs: Inputs) -> Iterator[Suppression]:
    """What the manifest accepts now: nothing that the gate judges by, and for a year at most."""
    now = times.seconds_or_none(inputs.approval.now)
    for each in inputs.memory.options.suppressed:
        end = times.seconds_or_none(each.until)
        if now is None or end is None or each.rule not in SUPPRESSIBLE:
            continue
        if now < end <= now + MOST_SECONDS:
            yield each
