"""Changes through their evaluators: one after the other, and what is held as one. Pure.

Called by `review` alone, which opens what was approved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, assert_never

from .. import documents
from ..model.changes import Change, Held, Judged, place
from ..model.permissions import Cleared
from ..model.steps import WriteTrust
from ..model.vocabulary import Cause, Direction, Disposition, Evaluator, HeldVerdict
from . import (
    acknowledgements,
    baseline,
    clearance,
    denials,
    expiry,
    grants,
    providers,
    trusts,
    values,
    ways_in,
)
from .evaluators import judging
from .inputs import Inputs
from .verdicts import Allow, Hold, Table, Unknown


@dataclass(frozen=True, slots=True)
class Changes:
    """What is judged together: the `differences`, and what is to be done about each of them, with
    its cause, were it not for the gate: WRITE or REPORT. One that shields another yields both.

    `doubted`: places where what looks like drift may be an old answer.
    """

    differences: tuple[Change, ...]
    propose: Callable[[Inputs, Change], list[Judged]]
    doubted: frozenset[str] = frozenset()

    def doubts(self, item: Judged) -> bool:
        """Whether it looks like drift, and is not believed yet."""
        return item.cause is Cause.DRIFT and where(item) in self.doubted


def where(item: Judged) -> str:
    """Its place, as `status.drift` names it."""
    return place(item.change.field, item.change.entry)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A change with what its evaluators say."""

    item: Judged
    held: tuple[tuple[Evaluator, Held], ...] = ()
    cleared: Cleared | None = None
    reads: tuple[str, ...] = ()


def evaluate(inputs: Inputs, item: Judged, table: Table) -> Evaluated:
    """One change by those who judge it. What is only shown needs nobody's word."""
    if item.disposition is Disposition.REPORT:
        return Evaluated(ways_in.weighed(inputs, item))
    if item.acknowledged:
        return Evaluated(item)
    found = Evaluated(item)
    for name in judging(inputs.row, item.change):
        verdict = table[name].evaluate(inputs, item)
        if isinstance(verdict, Allow):
            found = replace(found, cleared=verdict.cleared or found.cleared)
        elif isinstance(verdict, Hold):
            found = replace(found, held=(*found.held, (name, verdict.held)))
        elif isinstance(verdict, Unknown):
            found = replace(found, reads=(*found.reads, *verdict.reads))
        else:
            assert_never(verdict)
    waits = bool(found.held or found.reads)
    if waits and not (inputs.row.is_gated(item.change.field) and trusts.takes_back(item)):
        # Excess of a trust is excess, whether it can go by itself or not.
        item = replace(item, disposition=Disposition.HOLD)
    return replace(found, item=item)


def every(inputs: Inputs, changes: Changes, table: Table) -> list[Evaluated]:
    """Every difference, and what is to be judged although nothing differs. What is detached comes
    before anybody joins, and before sessions get longer.
    """
    found: list[Evaluated] = []
    now = inputs
    for difference in changes.differences:
        proposals = changes.propose(now, grants.directed(now, difference))
        moved = [each for item in proposals for each in values.from_agreed(now, item)]
        items = [acknowledgements.counted(now, each) for each in moved]
        for item in acknowledgements.asked(now, items):
            found.append(_first(now, item, table))
            now = _once_written(now, found[-1].item)
    beside = list(expiry.extensions(inputs))
    listed = {where(item) for item in (*(each.item for each in found), *beside)}
    alike = (*baseline.beyond(inputs, listed), *denials.gone(inputs))
    beyond = [acknowledgements.counted(inputs, item) for item in alike]
    kept = {where(item) for item in beyond if item.acknowledged}
    for item in (each for each in beyond if where(each) not in changes.doubted):
        wish = item.cause is Cause.INTENT and where(item) in kept
        beside.append(acknowledgements.wished(item) if wish else item)
    return [*found, *(_first(inputs, item, table) for item in beside)]


def _first(inputs: Inputs, item: Judged, table: Table) -> Evaluated:
    """Trusts are judged all together, see `trust_change`."""
    trust = inputs.row.is_gated(item.change.field)
    return Evaluated(item) if trust else evaluate(inputs, item, table)


def _once_written(inputs: Inputs, item: Judged) -> Inputs:
    """What is known once a policy is detached as asked for."""
    if item.cause is not Cause.INTENT or item.disposition is not Disposition.WRITE:
        return inputs
    return grants.without(inputs, item.change)


@dataclass(frozen=True, slots=True)
class TrustChange:
    """What becomes of the trust; `waits` says whether its changes are held."""

    after: documents.Trust | None = None
    exceeds: bool = False
    steps: tuple[WriteTrust, ...] = ()
    held: tuple[tuple[Evaluator, Held], ...] = ()
    waits: bool = False


def trust_change(
    inputs: Inputs, found: list[Judged], judged: list[Judged], table: Table
) -> TrustChange:
    """The trust change, if there is one: excess goes first, and the rest is judged from there."""
    gated = inputs.row.gated_field
    if gated is None:
        return TrustChange(exceeds=bool(inputs.memory.narrowing))
    live, wanted = inputs.live.fields.get(gated.name), inputs.desired.fields[gated.name]
    if not isinstance(live, documents.Trust):
        return TrustChange(exceeds=True)
    assert isinstance(wanted, documents.Trust)
    if all(item.change.field != gated.name for item in found):
        return TrustChange(live)
    after = live
    steps: list[WriteTrust] = []
    held: tuple[tuple[Evaluator, Held], ...] = ()
    items = [item for item in judged if item.change.field == gated.name]
    for item in filter(trusts.takes_back, items):
        one = evaluate(inputs, item, table)
        held = one.held or held
        if one.cleared is not None:
            after = one.cleared.trust
            steps.append(trusts.step(inputs, one.cleared))
    if (here := next((item for item in items if item.cause is Cause.FOUND), None)) is not None:
        return TrustChange(live, True, held=evaluate(inputs, here, table).held, waits=True)
    asked = next((item for item in items if not trusts.takes_back(item) and _acts(item)), None)
    waits = False
    if asked is not None:
        change = replace(asked.change, before=after, after=wanted)
        one = evaluate(inputs, replace(asked, change=change), table)
        told = tuple((name, _unagreed(inputs, each, wanted)) for name, each in one.held)
        held, waits = told or held, bool(one.held or one.reads)
    verdict_after = documents.compare_trust(clearance.in_force(after), wanted).verdict
    exceeds = verdict_after not in (documents.Verdict.SAME, documents.Verdict.WIDER)
    # Who is in by what was acknowledged gets no more by it, though the manifest asks for him, too.
    exceeds = exceeds or any(i.acknowledged and i.change.direction in _TAKES for i in items)
    return TrustChange(after, exceeds, tuple(steps), held, waits)


def _unagreed(inputs: Inputs, held: Held, wanted: documents.Trust) -> Held:
    """With whom the change leaves in whom nobody agreed on: beside what is there that is no gain,
    and an approval agrees on it all the same.
    """
    agreed = inputs.memory.record.baseline
    if agreed is None:
        return held
    gains = documents.compare_trust(clearance.in_force(agreed), wanted).gain_sentences
    unseen = tuple(f"{text}, which nobody agreed on" for text in gains if text not in held.gains)
    if not unseen:
        return held
    verdict = HeldVerdict.MIXED if held.verdict == HeldVerdict.NARROWER else held.verdict
    summary = f"{held.summary}; it leaves in whom nobody agreed on"
    return replace(held, gains=(*held.gains, *unseen), verdict=verdict, summary=summary)


_TAKES: Final = (Direction.NARROWER, Direction.MIXED, Direction.UNKNOWN)


def _acts(item: Judged) -> bool:
    return item.disposition is not Disposition.REPORT and not item.acknowledged


def waiting(inputs: Inputs, trust: TrustChange, items: list[Judged]) -> list[Judged]:
    """The items, those of a trust that is held as such. Excess stays what it is: it goes, or is
    no longer to be opened by anybody.
    """

    def held(item: Judged) -> bool:
        asked = _acts(item) and not trusts.takes_back(item)
        return trust.waits and asked and inputs.row.is_gated(item.change.field)

    return [replace(i, disposition=Disposition.HOLD) if held(i) else i for i in items]


def joined(inputs: Inputs, holds: Iterable[tuple[Evaluator, Held]], table: Table) -> Held | None:
    """One offer out of all that is held. An approval opens all of it, or nothing."""
    parts: dict[Callable[..., Held], list[Held]] = {row.together: [] for row in table.values()}
    for name, held in holds:
        parts[table[name].together].append(held)
    found: Held | None = None
    for together, helds in parts.items():
        if helds:
            found = grants.joined(found, together(inputs.row, helds))
    return found


def suspects(inputs: Inputs, table: Table) -> list[Evaluated]:
    """Identity providers that are trusted, and are not what was agreed on."""
    found = [evaluate(inputs, item, table) for item in providers.moved(inputs)]
    return [each for each in found if each.held or each.reads]


def unread(inputs: Inputs, table: Table) -> list[str]:
    """What has to be read before anybody may get more, a sentence each."""
    found = [row.unread(inputs) for row in table.values()]
    return [text for texts in found if texts is not None for text in texts]
