"""The table of evaluators: who judges what. Pure; `review` runs them.

The columns of `kinds` name them: `judged` of a field, `creation` and `deletion` of a kind. A new
gated thing is a function that answers allow, hold or unknown, a row here, and its name in the
column.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ..kinds.schema import Kind
from ..model.changes import NAME, PROVIDERS, Change, Ungated
from ..model.vocabulary import Evaluator
from . import creating, deletions, grants, providers, trusts, ways_in
from .verdicts import Row, Table

EVALUATORS: Final[Table] = MappingProxyType(
    {
        Evaluator.TRUST: Row(trusts.evaluate, trusts.together, trusts.unread),
        Evaluator.PROVIDER: Row(providers.evaluate, providers.together, providers.unread),
        Evaluator.NAME: Row(creating.evaluate, creating.together),
        Evaluator.ATTACHMENT: Row(grants.attachment, grants.together),
        Evaluator.MEMBERSHIP: Row(grants.membership, grants.together),
        Evaluator.DOCUMENT: Row(grants.document, grants.together),
        Evaluator.SESSION: Row(grants.session, grants.together),
        Evaluator.CONSOLE: Row(grants.console, grants.together),
        Evaluator.DENIAL: Row(grants.denial, grants.together),
        Evaluator.END: Row(grants.end, grants.together),
        Evaluator.DELETION: Row(deletions.evaluate, deletions.together),
        Evaluator.ACCESS: Row(ways_in.evaluate, grants.together),
    }
)


def judging(row: Kind, change: Change) -> tuple[Evaluator, ...]:
    """Who judges a change of an identity of that kind, as its row says."""
    if change.field == NAME:
        found = row.deletion if change.after is None else row.creation
    elif change.field == PROVIDERS:
        # They become what they are elsewhere; what trusts them is the trust.
        gated = row.gated_field
        found = gated.judged if gated is not None else ()
    else:
        found = row.field(change.field).judged
    return () if isinstance(found, Ungated) else found
