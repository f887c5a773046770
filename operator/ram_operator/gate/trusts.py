"""The evaluator of trusts. Pure; `clearance` decides, and alone makes what lets a trust be sent."""

from __future__ import annotations

from typing import Final

from .. import documents
from ..kinds.schema import Kind
from ..model.changes import Held, Judged
from ..model.objects import UnknownPart
from ..model.permissions import Cleared
from ..model.sentences import unread_part
from ..model.steps import WriteAttributes, WriteTrust, plain
from ..model.vocabulary import Cause, Direction, Disposition
from . import clearance, providers
from .inputs import Inputs
from .offering import session_change
from .verdicts import Allow, Hold, Verdict

TAKE_BACK: Final = "take back what was added to the trust by hand"
APPROVED: Final = "change the trust as approved"


def evaluate(inputs: Inputs, item: Judged) -> Verdict:
    """Every change of meaning is held, but for excess that goes, and a creation without danger."""
    change, account = item.change, inputs.account
    if not inputs.row.is_gated(change.field):
        return Allow()
    if item.cause is Cause.CREATE:
        assert isinstance(change.after, documents.Trust)
        record, moved = inputs.memory.record, providers.moved(inputs)
        return _verdict(clearance.judge_creation(change.after, account, record, moved))
    if item.cause is Cause.FOUND:
        return Hold(clearance.hold_found(change, account))
    before, after = change.before, change.after
    assert isinstance(before, documents.Trust)
    assert isinstance(after, documents.Trust)
    if takes_back(item):
        return _verdict(clearance.judge_take_back(before, after, account))
    lasts = session_change(inputs.row, inputs.desired, inputs.live)
    return Hold(clearance.hold_change(before, after, account, lasts))


def _verdict(found: Cleared | Held) -> Verdict:
    return Allow(found) if isinstance(found, Cleared) else Hold(found)


def takes_back(item: Judged) -> bool:
    """Whether it takes what was added by hand, and gives at most what was taken by hand."""
    drift = item.cause is Cause.DRIFT and item.disposition is Disposition.WRITE
    return drift and item.change.direction is not Direction.WIDER


def together(row: Kind, helds: list[Held]) -> Held:
    """There is one trust: what is asked for counts, and comes last."""
    return helds[-1]


def unread(inputs: Inputs) -> tuple[str, ...] | None:
    """What is not known may trust anybody, so nobody gets more through it."""
    gated = inputs.row.gated_field
    live = inputs.live.fields.get(gated.name) if gated is not None else None
    if gated is None or isinstance(live, documents.Trust):
        return None
    return (unread_part(gated.name, live),) if isinstance(live, UnknownPart) else ()


def step(inputs: Inputs, cleared: Cleared) -> WriteTrust:
    """Carries the attributes that the same call writes as they are: it gives nothing back."""
    row, live = inputs.row, inputs.live
    gated = row.gated_field
    assert gated is not None
    names = {field.name for field in row.fields if field.write is WriteAttributes}
    drift = cleared.permit is None
    return WriteTrust(
        summary=TAKE_BACK if drift else APPROVED,
        cause=Cause.DRIFT if drift else Cause.INTENT,
        direction=Direction.NARROWER if drift else clearance.direction(cleared),
        field=gated.name,
        cleared=cleared,
        attributes=plain({name: v for name, v in live.fields.items() if name in names}),
    )
