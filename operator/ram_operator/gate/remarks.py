"""What the rules say of what waits for nobody: the trust in force, a permission document, a user
whose ways to sign in are left to others, an identity as it is. Pure.

Called by `review`, which shows it. Nothing is held by it: what has to wait has findings of its own.
"""

from __future__ import annotations

from typing import Final

from .. import documents
from ..kinds import sign_in
from ..model.changes import Finding
from ..model.objects import FieldValue
from . import rules
from .checks import Case
from .inputs import Inputs
from .rule import On

_ALWAYS: Final = (On.TRUST, On.DOCUMENT, On.ACCESS, On.IDENTITY)


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
    return rules.merged(rules.judge(about, *_ALWAYS))
