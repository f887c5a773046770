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
from .globs import ANYTHING, Budget, Glob, TooComplex
from .kept import Verdicts
from .value_sets import Words

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
    budget = Budget()
    found = (reason for grant in grants for reason in reasons(grant, budget))
    return tuple(sorted({text for kind, text in found if kind is ActionClass.IDENTITY}))


def reaches(policy: Policy, names: tuple[str, ...]) -> bool:
    """Whether the document lets its holder change one of `names`, as far as resources tell.

    A name is an ARN without its start, like `1000000000000001:role/app`; RAM has no regions, and
    they are spelled `*` or not at all. Deny and conditions do not count.
    """
    key = policy.spelled, names
    found = _REACHED.of(key, lambda: _reaches(policy, names), len(policy.text))
    assert found is not None
    return found


_REACHED: Final[Verdicts[bool]] = Verdicts()


def _reaches(policy: Policy, names: tuple[str, ...]) -> bool:
    targets = [f"acs:ram:{region}:{name}" for region in ("*", "") for name in names]
    budget = Budget()
    try:
        return any(
            _changes(grant, budget) and _is_about(grant, targets, budget)
            for grant in policy.grants
            if grant.effect == Effect.ALLOW
        )
    except TooComplex:
        return True


def _changes(grant: Grant, budget: Budget) -> bool:
    return any(
        kind is ActionClass.IDENTITY and not text.startswith(BECOMES)
        for kind, text in reasons(grant, budget)
    )


def _is_about(grant: Grant, targets: list[str], budget: Budget) -> bool:
    budget.spend(8 * len(grant.resources))
    globs = [Glob.pattern(name, folded=True) for name in grant.resources or ("*",)]
    return any(glob.tries(target, budget) for glob in globs for target in targets)


def _sentences(policy: Policy, wanted: ActionClass) -> tuple[str, ...]:
    key = policy.spelled, wanted
    found = _KEPT.of(key, lambda: judged(policy, wanted, Budget()), len(policy.text))
    assert found is not None
    return found


_KEPT: Final[Verdicts[tuple[str, ...]]] = Verdicts()


def judged(policy: Policy, wanted: ActionClass, budget: Budget) -> tuple[str, ...]:
    """The sentences about what is of this class; spends of `budget`."""
    allows = [grant for grant in policy.grants if grant.effect == Effect.ALLOW]
    found = {text for g in allows for kind, text in reasons(g, budget) if kind is wanted}
    return tuple(sorted(found))


def reasons(grant: Grant, budget: Budget) -> Iterator[tuple[ActionClass, str]]:
    """What a grant lets do, by class and in words; the worst for what the budget does not suffice.

    Never raises TooComplex.
    """
    word = _WORDS[grant.effect]
    specs = [term.spec for term in grant.terms if term.dim == ACTION]
    if not specs:
        yield ActionClass.IDENTITY, _UNREAD
    for spec in specs:
        assert isinstance(spec, Words)
        if not spec.negative and ANYTHING in spec.globs:
            yield ActionClass.IDENTITY, f"{word} every action (*)"
            continue
        try:
            if spec.negative:
                shown = "everything but " + ", ".join(grant.actions)
                yield from _shown(classify_all_but(grant.actions, budget), f"{word} {shown}")
                continue
            for action in grant.actions:
                yield from _shown(classify(action, budget), f"{word} {action}")
        except TooComplex:
            yield ActionClass.IDENTITY, TOO_COMPLEX


def _shown(found: Classified, shown: str) -> Iterator[tuple[ActionClass, str]]:
    if not found.known:
        yield ActionClass.IDENTITY, f"{TOO_COMPLEX}: {shown}"
        return
    for row in found.rows:
        yield row.kind, f"{row.sentence}: {shown}"
