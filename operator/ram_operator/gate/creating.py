"""The evaluator of names, and the step that creates an identity. Pure; called by `review`.

RAM trusts by name: who gets a name that a role trusts is trusted from his first moment.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from .. import documents
from ..kinds.schema import Kind
from ..model import sentences
from ..model.changes import NAME, Change, Held, Judged
from ..model.permissions import Cleared, Permit
from ..model.steps import (
    Create,
    Created,
    CreateWithDocument,
    CreateWithTrust,
    NewIdentity,
    plain,
)
from ..model.vocabulary import Cause, Direction, HeldKind, HeldVerdict
from . import approvals, checks, clearance, rules
from .inputs import Inputs
from .rule import On
from .verdicts import Allow, Hold, Verdict


def evaluate(inputs: Inputs, item: Judged) -> Verdict:
    """Whether a known role trusts the name already, or may, since records were lost. What was found
    in place of a creation waits, whoever trusts it.
    """
    name = inputs.desired.cloud_name
    arn = inputs.row.arn(inputs.account.account_id, name)
    case = checks.Case(inputs.account, arn=arn, named=inputs.named)
    findings = rules.judge(case, On.NAME)
    if item.cause is Cause.FOUND:
        gains = (sentences.found(item.change), *(finding.message for finding in findings))
        held = Held(HeldKind.FOUND, approvals.FOUND_SAYS, gains, (), findings, (item.change,))
        return Hold(held)
    if not rules.dangerous(findings):
        return _lost(inputs) if arn else Allow()
    gains = tuple(finding.message for finding in findings)
    change = Change(NAME, None, name, Direction.WIDER)
    summary = f"{inputs.row.noun} {name} would be trusted from its creation"
    kind = HeldKind.NAME_TRUSTED
    return Hold(Held(kind, summary, gains, (), findings, (change,), HeldVerdict.NEW))


def _lost(inputs: Inputs) -> Verdict:
    """Without records nobody knows which names are trusted. What has a trust is held for that."""
    lost = clearance.lost(inputs.account, inputs.memory.record)
    if inputs.row.gated_field is not None or not lost:
        return Allow()
    name = inputs.desired.cloud_name
    gains = (f"{inputs.row.noun} {name} would be trusted where a forgotten role names it",)
    summary = "records of this account were lost: a role may trust that name already"
    change = Change(NAME, None, name, Direction.WIDER)
    return Hold(Held(HeldKind.RECORDS_LOST, summary, gains, (), (), (change,)))


def together(row: Kind, helds: list[Held]) -> Held:
    """There is one name."""
    return helds[-1]


def created(
    inputs: Inputs, judged: tuple[Cleared | None, Permit | None], withheld: Collection[str]
) -> Created:
    """The creation with all that one call can carry, once it was `judged`: its trust, and the
    approval of its name. Of the fields that are `withheld` it gets as little as any.
    """
    row, desired, (cleared, permit) = inputs.row, inputs.desired, judged
    summary = f"{Create.verb} {row.noun} {desired.cloud_name}"
    tags = desired.fields.get(row.tag_field)
    unsaid = {f.name: f.on_creation for f in row.fields if f.on_creation}
    least = {f.name: f.least for f in row.fields if f.name in withheld}
    attributes = plain({**unsaid, **desired.fields, **least})
    new = NewIdentity(desired.cloud_name, attributes, tags if isinstance(tags, Mapping) else {})
    passed = clearance.passing(())
    if cleared is not None:
        return CreateWithTrust(
            summary=summary, new=new, permit=permit, cleared=cleared, passed=passed
        )
    for value in desired.fields.values():
        if isinstance(value, documents.Policy):
            return CreateWithDocument(
                summary=summary, new=new, permit=permit, document=value, passed=passed
            )
    return Create(summary=summary, new=new, permit=permit, passed=passed)
