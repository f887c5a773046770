"""Which permission documents let their holder widen his own rights or become somebody else.

Called by the rules on attachments and policies. Conditions, resources and Deny never make a
document safer here; what cannot be read, or takes too long to judge, counts as escalating.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from .action_table import BECOMES
from .actions import TOO_COMPLEX, ActionClass, Classified, classify, classify_all_but
from .canonical import ACTION, Effect, Grant, Policy
from .comparing import Comparison
from .globs import Budget, Glob, TooComplex
from .value_sets import Words

_STEPS: Final = 20_000
"""For one document. What is left when they are used up is taken for the worst."""
_UNREAD: Final = "has actions that cannot be read"
_WORDS: Final = {Effect.ALLOW: "allows", Effect.DENY: "so far denies"}


def escalates(policy: Policy) -> tuple[str, ...]:
    """Why the document lets change rights or become somebody else, as sorted sentences; or empty.

    That is a row of class identity, see `action_table`, or something that nobody can tell.
    """
    return _sentences(policy, ActionClass.IDENTITY)


def indirect(policy: Policy) -> tuple[str, ...]:
    """How the document lets act as another identity by a detour, as sorted sentences; or empty."""
    return _sentences(policy, ActionClass.INDIRECT)


def denies(policy: Policy) -> tuple[str, ...]:
    """What the document keeps its holder from that is a right to change rights, as sorted
    sentences; or empty. Whoever has the right by another policy has it once this one is gone.
    """
    return _denials(grant for grant in policy.grants if grant.effect is Effect.DENY)


def only_denies(policy: Policy) -> bool:
    """Whether the document gives its holder nothing, and takes something from him."""
    return bool(policy.grants) and all(grant.effect is Effect.DENY for grant in policy.grants)


def given_free(comparison: Comparison) -> tuple[str, ...]:
    """The rights to change rights that were denied before and are no more, as `denies` has them."""
    return _denials(grant for grant in comparison.gains if grant.effect is Effect.DENY)


def _denials(grants: Iterable[Grant]) -> tuple[str, ...]:
    budget = Budget(_STEPS)
    found = (reason for grant in grants for reason in _reasons(grant, budget))
    return tuple(sorted({text for kind, text in found if kind is ActionClass.IDENTITY}))


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
    word = _WORDS[grant.effect]
    specs = [term.spec for term in grant.terms if term.dim == ACTION]
    if not specs:
        yield ActionClass.IDENTITY, _UNREAD
    for spec in specs:
        assert isinstance(spec, Words)
        if spec.negative:
            shown = "everything but " + ", ".join(grant.actions)
            yield from _shown(classify_all_but(grant.actions), f"{word} {shown}", budget)
        elif Glob.pattern("*") in spec.globs:
            yield ActionClass.IDENTITY, f"{word} every action (*)"
        else:
            for action in grant.actions:
                yield from _shown(classify(action), f"{word} {action}", budget)


def _shown(found: Classified, shown: str, budget: Budget) -> Iterator[tuple[ActionClass, str]]:
    try:
        budget.spend(1 + found.steps)
    except TooComplex:
        yield ActionClass.IDENTITY, TOO_COMPLEX
        return
    if not found.known:
        yield ActionClass.IDENTITY, f"{TOO_COMPLEX}: {shown}"
        return
    for row in found.rows:
        yield row.kind, f"{row.sentence}: {shown}"


def _globs(names: tuple[str, ...]) -> frozenset[Glob]:
    return frozenset(Glob.pattern(name, folded=True) for name in names)
