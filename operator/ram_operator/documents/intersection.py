"""What two trust documents have in common, as a document that can be written.

Called where additions made by hand are taken back: the result never gives what was not agreed on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .canonical import Condition, Effect, Grant, Json, Trust, sorted_json
from .comparing import Comparer
from .document_error import DocumentError
from .grammar import OPERATORS
from .parsing import parse_trust


def intersect_trust(live: Trust, wanted: Trust) -> Trust | None:
    """The grants that `wanted` gives and `live` still does; None if there are none.

    Every request that the result allows is surely allowed by `wanted`, and by `live` too unless one
    of the spellings that are assumed to be equal is not: who stays is written as it was wanted, and
    a difference of letters cuts nobody off. Not always complete: what cannot be proved or written
    strictly (denies, unknown parts) is left out.
    """
    candidates = [
        written
        for grant in (*wanted.grants, *live.grants, *_pairs(live.grants, wanted.grants))
        if grant.effect == Effect.ALLOW and all(term.reading for term in grant.terms if term.token)
        for written in _written(grant)
    ]
    comparer = Comparer((*live.grants, *wanted.grants, *candidates))
    common = [
        grant
        for grant in dict.fromkeys(candidates)
        if comparer.covers(wanted.grants, grant, ())
        and comparer.probably_covers((grant,), live.grants)
    ]
    kept: list[Grant] = []
    for at, grant in enumerate(common):
        rest = (*kept, *common[at + 1 :])
        if not comparer.covers(rest, grant, ()):
            kept.append(grant)
    return _document(kept)


def _written(grant: Grant) -> tuple[Grant, ...]:
    """What RAM would be told of a grant, which may not be all that there was to it."""
    made = _document([grant])
    return made.grants if made is not None else ()


def _pairs(live: Iterable[Grant], wanted: Iterable[Grant]) -> list[Grant]:
    """Each principal of one side under the conditions of both; the caller proves which hold."""
    out: list[Grant] = []
    others = tuple(wanted)
    for one in live:
        for two in others:
            conditions = _both(one.conditions, two.conditions)
            if conditions is None or not one.principal or not two.principal:
                continue
            for grant, other in ((one, two), (two, one)):
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
