"""Which evaluator has to have judged a step before it is written, by its class. Pure.

Called through `review` by `loop.gated_write`. A class of steps that is not told apart here does not
type-check.
"""

from __future__ import annotations

from typing import assert_never

from ..errors import Bug
from ..model.changes import Ungated
from ..model.steps import (
    Agree,
    AgreeDocument,
    AgreeGone,
    AgreeName,
    AgreeValue,
    Attach,
    Create,
    CreateWithDocument,
    CreateWithTrust,
    Creation,
    Delete,
    Detach,
    Expel,
    Join,
    Leave,
    Mark,
    Note,
    Revoke,
    Step,
    Tag,
    Unbind,
    Untag,
    WriteAttributes,
    WriteDocument,
    WriteTrust,
    permit_of,
)
from ..model.vocabulary import Evaluator
from . import clearance

_TAGS = Ungated("tags give nothing: they say whose an identity is")
_NOTED = Ungated("for the record alone: what is agreed on without anybody's word")


def judging_step(step: Step) -> Evaluator | Ungated:
    """Who has to have judged it: of an entry whoever judges most of what such a step may be."""
    match step:
        case WriteTrust():
            return Evaluator.TRUST
        case Create() | CreateWithTrust() | CreateWithDocument() | AgreeName():
            return Evaluator.NAME
        case Attach():
            return Evaluator.ATTACHMENT
        case Join():
            return Evaluator.MEMBERSHIP
        case WriteDocument():
            return Evaluator.DOCUMENT
        case WriteAttributes():
            return Evaluator.SESSION
        case Detach() | Expel() | Leave() | Revoke() | Unbind() | AgreeGone():
            return Evaluator.DENIAL
        case Delete():
            return Evaluator.DELETION
        case Agree() | AgreeDocument() | AgreeValue():
            return Evaluator.END
        case Tag() | Mark() | Untag():
            return _TAGS
        case Note():
            return _NOTED
        case _:
            assert_never(step)


def insist(step: Step) -> None:
    """Raises Bug where a step that somebody has to judge comes without the permission for all that
    it sends: a trust with what cleared it, anything else with an approval, or as what needs none.
    """
    if isinstance(judging_step(step), Ungated):
        return
    permit, passed = permit_of(step), step.passed.parts if step.passed is not None else {}
    if isinstance(step, Creation) and step.passed is None:
        raise Bug(f"{step.summary}: nobody has judged its name")
    sent = dict(step.sent)
    if isinstance(step, WriteTrust):
        # A trust cannot be made into a step without what clears it.
        del sent[step.field, ""]
    for part, value in sent.items():
        if permit is not None and permit.covers(*part):
            continue
        if part not in passed or not clearance.same(value, passed[part]):
            raise Bug(f"{step.summary}: nobody has judged it")
