"""What a look shows of drift, and what is done about each difference. Pure; called by `plan`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from .. import documents
from ..constants import AccessMode, Severity
from ..gate.inputs import Inputs
from ..kinds import sign_in
from ..kinds.sign_in import ISSUE
from ..model import provider_states, sentences
from ..model.changes import PROVIDERS, Drift, Judged, place
from ..model.vocabulary import Cause, Direction, Disposition, DriftAction
from . import drift


@dataclass(frozen=True, slots=True)
class Done:
    """What the steps of a plan make of the drift that they are for."""

    after: documents.Trust | None
    """The trust once they are done."""
    takes_back: bool
    """One of them takes something out of the trust."""
    undone: frozenset[str]
    """Places whose steps have to wait."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a look shows, apart by who has to act."""

    drift: tuple[Drift, ...]
    respelled: tuple[Drift, ...]
    """What differs in spelling alone: drift too while something waits for it."""
    acknowledged: tuple[Drift, ...]


def apart(items: Iterable[Judged], done: Done) -> Shown:
    shown = [item for item in items if _shown(item)]
    spelled = [item for item in shown if only_spelling(item) and not done.undone]
    others = [item for item in shown if item not in spelled]
    entries = [sentences.respelled(item.change) for item in spelled]
    entries += (entry for item in others for entry in _entries(item, done))
    quiet = (DriftAction.RESPELLED, DriftAction.ACKNOWLEDGED)
    drifts = tuple(entry for entry in entries if entry.action not in quiet)
    return Shown(drifts, *(tuple(e for e in entries if e.action is action) for action in quiet))


def only_spelling(item: Judged) -> bool:
    return item.cause is Cause.DRIFT and drift.respelled(item.change)


def as_asked(item: Judged) -> bool:
    """Nothing has to be written for it."""
    return only_spelling(item) or item.cause is Cause.FOUND


def _shown(item: Judged) -> bool:
    """What `status.drift` lists: moves of the cloud, and what adoption left as it was."""
    if item.cause is Cause.DRIFT:
        return True
    if item.cause is Cause.FOUND:
        # Once that is approved there is nothing to show. A key that is not made yet is not there.
        return item.disposition is Disposition.HOLD and item.change.entry != ISSUE
    return item.cause is Cause.ADOPTION and item.disposition is Disposition.REPORT


def _entries(item: Judged, done: Done) -> list[Drift]:
    """One entry; of a trust of which only the excess is taken back, one for what is left, too."""
    action = {
        Disposition.WRITE: DriftAction.CORRECTED,
        Disposition.REPORT: DriftAction.REPORTED,
        Disposition.HOLD: DriftAction.HELD,
    }[item.disposition]
    name = place(item.change.field, item.change.entry)
    if item.acknowledged:
        action = DriftAction.ACKNOWLEDGED
    if item.cause is Cause.FOUND:
        # Live is what the manifest says; what it differs from is what was agreed on.
        found = replace(item.change, before=item.change.after, after=item.change.before)
        return [Drift(name, *sentences.drift_values(found), item.severity, action, True)]
    wanted = item.change.after
    if (
        action is DriftAction.CORRECTED
        and isinstance(wanted, documents.Trust)
        and done.after is not None
    ):
        restored = documents.compare_trust(done.after, wanted).verdict is documents.Verdict.SAME
        if not restored and done.takes_back:
            return _halves(item, done.after)
        action = DriftAction.CORRECTED if restored else DriftAction.HELD
    elif action is DriftAction.CORRECTED and name in done.undone:
        action = DriftAction.HELD
    was, now = sentences.drift_values(item.change)
    if item.change.field == PROVIDERS:
        was, now = provider_states.drift_values(item.change)
    return [Drift(name, was, now, item.severity, action, _widens(item))]


_TAKEN: Final = frozenset({Direction.NARROWER, Direction.MIXED, Direction.UNKNOWN})
"""What putting it right would take away, so the cloud gives it; as far as anybody can tell."""


def _widens(item: Judged) -> bool:
    return item.severity is Severity.CRITICAL and item.change.direction in _TAKEN


def _halves(item: Judged, after: documents.Trust) -> list[Drift]:
    """What is taken back of a trust, and what differs still once that is done."""
    name, wanted = place(item.change.field, item.change.entry), item.change.after
    assert isinstance(wanted, documents.Trust)
    excess = sentences.drift_values(replace(item.change, after=after))
    back = Drift(name, *excess, item.severity, DriftAction.CORRECTED, True)
    rest = replace(item.change, before=after)
    return [back, Drift(name, *sentences.drift_values(rest), item.severity, DriftAction.REPORTED)]


def disabled(inputs: Inputs) -> tuple[Drift, ...]:
    """The key that the operator made and that lets nobody in any more, not by the operator: as the
    platform does with one that is idle for long. It is not given back, see `key_steps`.
    """
    record, completing = inputs.memory.record, inputs.memory.completing
    access = sign_in.of(inputs.desired, inputs.live, record, completing=completing)
    current = record.keys.current
    if access is None or access.mode is not AccessMode.ACCESS_KEY or not current:
        return ()
    return tuple(
        Drift(
            place(sign_in.FIELD, key),
            entry.display,
            f"{entry.display} ({sign_in.INACTIVE})",
            Severity.WARNING,
            DriftAction.REPORTED,
        )
        for key, entry in access.live.items()
        if entry.handle == current and entry.value == sign_in.INACTIVE
    )
