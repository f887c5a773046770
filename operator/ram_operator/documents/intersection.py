"""What two trust documents have in common, as a document that can be written.

Called where additions made by hand are taken back: the result never gives what was not agreed on.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace
from typing import Final

from .canonical import Condition, Effect, Grant, Json, Trust, sorted_json
from .comparing import Comparer
from .document_error import DocumentError
from .globs import Budget, TooComplex
from .grammar import OPERATORS
from .kept import Verdicts
from .nearby import Nearby, named
from .parsing import parse_trust


def intersect_trust(live: Trust, wanted: Trust) -> Trust | None:
    """The grants that `wanted` gives and `live` still does; None if there are none.

    Every request that the result allows is surely allowed by `wanted`, and by `live` too unless one
    of the spellings that are assumed to be equal is not: who stays is written as it was wanted, and
    a difference of letters cuts nobody off. Not always complete: what cannot be proved or written
    strictly (denies, unknown parts) is left out. Raises TooComplex where it takes too much work,
    for then nobody knows who would be left out.
    """
    key = live.spelled, wanted.spelled
    found = _KEPT.of(key, lambda: _judged(live, wanted), len(live.text + wanted.text))
    if found is None:
        raise TooComplex
    return found[0]


_KEPT: Final[Verdicts[tuple[Trust | None]]] = Verdicts()


def _judged(live: Trust, wanted: Trust) -> tuple[Trust | None] | None:
    try:
        return (common(live, wanted, Budget()),)
    except TooComplex:
        return None


def common(live: Trust, wanted: Trust, budget: Budget) -> Trust | None:
    """The same as such, which spends of `budget`. Raises TooComplex."""
    budget.spend(_LOOKING * (len(live.grants) + len(wanted.grants)))
    ours, theirs = _plain(wanted), _plain(live)
    if ours and ours <= theirs and not any(grant.tokens for grant in ours):
        return _document(wanted.grants)
    found: dict[Hashable, Grant] = {}
    for grant in (*wanted.grants, *live.grants, *_pairs(live.grants, wanted.grants, budget)):
        readable = all(term.reading for term in grant.terms if term.token)
        if grant.effect == Effect.ALLOW and readable and grant.principal is not None:
            who = grant.principal.spelled, grant.principal.raw
            found.setdefault((who, grant.actions, grant.all_but, grant.conditions), grant)
    budget.spend(_WRITING * len(found))
    candidates = [written for grant in found.values() for written in _written(grant)]
    comparer = Comparer((*live.grants, *wanted.grants, *candidates), budget)
    both = [
        grant
        for grant in dict.fromkeys(candidates)
        if (grant in ours or comparer.covers(wanted.grants, grant, ()))
        and (grant in theirs or comparer.probably_covers((grant,), live.grants))
    ]
    kept: list[Grant] = []
    near = Nearby(both)
    for at, grant in enumerate(both):
        rest = near.beside(at)
        budget.spend(2 + 2 * len(rest))
        if comparer.covers(rest, grant, ()):
            near.take_out(at)
        else:
            kept.append(grant)
    budget.spend(_WRITING * len(kept))  # raises as well where something above was left undone
    return _document(kept)


def _plain(trust: Trust) -> frozenset[Grant]:
    """What a trust gives as one sees by looking at it: nothing where it denies as well."""
    denies = any(grant.effect == Effect.DENY for grant in trust.grants)
    return frozenset() if denies else frozenset(trust.grants)


_LOOKING: Final = 32
_WRITING: Final = 300
"""Units of work to write one grant and to read it again."""


def _written(grant: Grant) -> tuple[Grant, ...]:
    """What RAM would be told of a grant, which may not be all that there was to it."""
    made = _document([grant])
    return made.grants if made is not None else ()


def _pairs(live: tuple[Grant, ...], wanted: tuple[Grant, ...], budget: Budget) -> list[Grant]:
    """Each principal of one side under the conditions of both; the caller proves which hold."""
    out: list[Grant] = []
    near = Nearby(wanted)
    budget.spend(8 * (len(live) + len(wanted)))
    for one in live:
        for two in near.of(one):
            budget.spend(48)
            conditions = _both(one.conditions, two.conditions)
            if conditions is None or not one.principal or not two.principal:
                continue
            for grant, other in ((one, two), (two, one)):
                if named(other) and not named(grant):
                    continue  # the other one is who stays
                actions = _shared_actions(grant, other)
                out.append(replace(grant, conditions=conditions, actions=actions))
    return out


def _shared_actions(grant: Grant, other: Grant) -> tuple[str, ...]:
    theirs = {action.lower() for action in other.actions}
    shared = tuple(action for action in grant.actions if action.lower() in theirs)
    return () if grant.all_but or other.all_but else shared


def _both(one: tuple[Condition, ...], two: tuple[Condition, ...]) -> tuple[Condition, ...] | None:
    """The conjunction as far as it is one entry per operator and key; None where it is not."""
    out = {(c.operator, c.key): c.values for c in one}
    for operator, key, values in two:
        mine = out.get((operator, key), values)
        if OPERATORS[operator].negative:
            joined = set(mine) | set(values)
        else:
            joined = set(mine) & set(values)
        if not joined:
            return None
        out[operator, key] = tuple(sorted(joined))
    return tuple(sorted(Condition(*key, values) for key, values in out.items()))


def _document(grants: Iterable[Grant]) -> Trust | None:
    """The grants as statements; None if there are none or they cannot be written."""
    statements: dict[str, dict[str, Json]] = {}
    for grant in grants:
        if grant.principal is None or not grant.actions:
            continue
        grouped: dict[str, dict[str, list[str]]] = {}
        for operator, key, values in grant.conditions:
            grouped.setdefault(operator, {})[key] = list(values)
        head: dict[str, Json] = {
            "Action": list(grant.actions),
            "Effect": str(Effect.ALLOW),
            "Principal": {},
        }
        if grouped:
            head["Condition"] = grouped
        statement = statements.setdefault(sorted_json(head), head)
        statement["Principal"].setdefault(grant.principal.spelled, []).append(grant.principal.raw)
    try:
        return parse_trust({"Statement": list(statements.values()), "Version": "1"})
    except DocumentError:
        return None
