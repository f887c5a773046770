"""Which permission documents let their holder widen his own rights or become somebody else.

Called by the rules on attachments and policies. Conditions, resources and Deny never make a
document safer here; what cannot be read, or takes too long to judge, counts as escalating.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .action_table import BECOMES
from .actions import TOO_COMPLEX, ActionClass, Classified, classify, classify_all_but
from .canonical import ACTION, Effect, Grant, Policy
from .globs import Budget, Glob, TooComplex
from .value_sets import Words

_STEPS: Final = 20_000
"""For one document. What is left when they are used up is taken for the worst."""
_UNREAD: Final = "has actions that cannot be read"


def escalates(policy: Policy) -> tuple[str, ...]:
    """Why the document lets change rights or become somebody else, as sorted sentences; or empty.

    That is a row of class identity, see `action_table`, or something that nobody can tell.
    """
    return _sentences(policy, ActionClass.IDENTITY)


def indirect(policy: Policy) -> tuple[str, ...]:
    """How the document lets act as another identity by a detour, as sorted sentences; or empty."""
    return _sentences(policy, ActionClass.INDIRECT)


def reaches(policy: Policy, names: tuple[str, ...]) -> bool:
    """Whether the document lets its holder change one of `names`, as far as resources tell.

    A name is an ARN without its start, like `1000000000000001:role/app`; RAM has no regions, and
    they are spelled `*` or not at all. Deny and conditions do not count.
    """
    targets = [f"acs:ram:{region}:{name}" for region in ("*", "") for name in names]
    budget = Budget(_STEPS)
    return any(
        any(
            kind is ActionClass.IDENTITY and not text.startswith(BECOMES)
            for kind, text in _reasons(grant, budget)
        )
        and any(glob.matches(t) for glob in _globs(grant.resources or ("*",)) for t in targets)
        for grant in policy.grants
        if grant.effect == Effect.ALLOW
    )


def _sentences(policy: Policy, wanted: ActionClass) -> tuple[str, ...]:
    budget = Budget(_STEPS)
    allows = [grant for grant in policy.grants if grant.effect == Effect.ALLOW]
    found = {text for g in allows for kind, text in _reasons(g, budget) if kind is wanted}
    return tuple(sorted(found))


def _reasons(grant: Grant, budget: Budget) -> Iterator[tuple[ActionClass, str]]:
    specs = [term.spec for term in grant.terms if term.dim == ACTION]
    if not specs:
        yield ActionClass.IDENTITY, _UNREAD
    for spec in specs:
        assert isinstance(spec, Words)
        if spec.negative:
            shown = "everything but " + ", ".join(grant.actions)
            yield from _shown(classify_all_but(grant.actions), shown, budget)
        elif Glob.pattern("*") in spec.globs:
            yield ActionClass.IDENTITY, "allows every action (*)"
        else:
            for action in grant.actions:
                yield from _shown(classify(action), action, budget)


def _shown(found: Classified, shown: str, budget: Budget) -> Iterator[tuple[ActionClass, str]]:
    try:
        budget.spend(1 + found.steps)
    except TooComplex:
        yield ActionClass.IDENTITY, TOO_COMPLEX
        return
    if not found.known:
        yield ActionClass.IDENTITY, f"{TOO_COMPLEX}: allows {shown}"
        return
    for row in found.rows:
        yield row.kind, f"{row.sentence}: allows {shown}"


def _globs(names: tuple[str, ...]) -> frozenset[Glob]:
    return frozenset(Glob.pattern(name, folded=True) for name in names)
