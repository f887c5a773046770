"""Whether every request that one set of grants allows is allowed by another. Exact or TooComplex.

Called by the comparison. A grant is a box: a set of values per dimension of a request. What is
asked is what remains of a box after others were cut away; nothing here knows of documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from .canonical import Dim, Effect, Folding, Grant, Term
from .globs import Budget
from .grammar import Family
from .value_sets import Region, Spans, Spec, Words, meet, minus, whole


class Unclear(Enum):
    """What becomes of a term of which nothing is known."""

    TOKEN = auto()  # holds or fails, in all grants with the token alike
    HOLDS = auto()  # always holds: the most that the grant can be
    FAILS = auto()  # never holds: the least


@dataclass(frozen=True, slots=True)
class View:
    """One way to read the documents. Where the documentation is silent there are several.

    `assumed`: probable meanings are taken for true, otherwise they are tokens. `absent`: requests
    may lack a condition key. `absent_differs`: a negated operator is true of an absent key.
    `entangled`: condition keys whose values hang together in a way that is not modelled.
    """

    assumed: bool
    absent: bool
    absent_differs: bool
    fold_names: bool
    fold_resources: bool
    entangled: frozenset[Dim] = frozenset()


Constraint = tuple[Dim, Spec]
Boxes = tuple[tuple[Constraint, ...], ...]
Box = dict[Dim, Region]
_TRUE = Spans(((1, 1),))


def constraints(grant: Grant, view: View, unclear: Unclear) -> tuple[Constraint, ...] | None:
    """The grant as a conjunction; None where it allows (or denies) nothing."""
    out: list[Constraint] = []
    for term in grant.terms:
        known = term.reading and view.assumed if term.token else term.dim not in view.entangled
        if known:
            if term.dim is not None and term.spec is not None:
                out.append((term.dim, _folded(term, term.spec, view)))
        elif unclear is Unclear.FAILS:
            return None
        elif unclear is Unclear.TOKEN:
            out.append((Dim("", "? " + term.token, 0, 1), _TRUE))
    return tuple(dict.fromkeys(out))


def _folded(term: Term, spec: Spec, view: View) -> Spec:
    wanted = {Folding.NAMES: view.fold_names, Folding.RESOURCES: view.fold_resources}
    if isinstance(spec, Words) and wanted.get(term.folding, False):
        return replace(spec, globs=frozenset(glob.in_any_case() for glob in spec.globs))
    return spec


@dataclass(frozen=True, slots=True)
class Side:
    """One document in one view: what it allows and what it denies."""

    allows: Boxes
    denies: Boxes


class Search:
    """Looks for a request that one side allows and the other does not."""

    def __init__(self, view: View, budget: Budget) -> None:
        self.view = view
        self.budget = budget
        self._members: dict[Region, bool] = {}
        self._boxes: dict[tuple[tuple[Grant, ...], str, Unclear], Boxes] = {}

    def boxes(self, grants: tuple[Grant, ...], effect: Effect, unclear: Unclear) -> Boxes:
        """What the grants of one effect are in this view."""
        key = (grants, effect, unclear)
        found = self._boxes.get(key)
        if found is None:
            made = (constraints(g, self.view, unclear) for g in grants if g.effect == effect)
            found = tuple(dict.fromkeys(box for box in made if box is not None))
            self._boxes[key] = found
        return found

    def escapes(self, allowed: tuple[Constraint, ...], own: Side, other: Side) -> bool:
        """Whether a request is in `allowed`, denied by no deny of `own`, and not allowed by
        `other`. Raises TooComplex.
        """
        box = self._cut({}, allowed)
        return box is not None and self._past_denies(box, own.denies, other)

    def _past_denies(self, box: Box, denies: Sequence[tuple[Constraint, ...]], other: Side) -> bool:
        for at, deny in enumerate(denies):
            if self._cut(box, deny) is not None:
                return any(
                    self._past_denies(piece, denies[at + 1 :], other)
                    for piece in self._outside(box, deny)
                )
        if any(self._cut(box, deny) is not None for deny in other.denies):
            return True
        return self._uncovered(box, other.allows)

    def _uncovered(self, box: Box, others: Sequence[tuple[Constraint, ...]]) -> bool:
        """Cuts away the box that leaves the fewest pieces first, so that most answers are early."""
        best: list[Box] | None = None
        near: list[tuple[Constraint, ...]] = []
        for other in others:
            if self._cut(box, other) is None:
                continue
            pieces = self._outside(box, other)
            if not pieces:
                return False
            if best is None or len(pieces) < len(best):
                best = pieces
                near.insert(0, other)
            else:
                near.append(other)
        return best is None or any(self._uncovered(piece, near[1:]) for piece in best)

    def _outside(self, box: Box, other: tuple[Constraint, ...]) -> list[Box]:
        """The parts of `box` that break one constraint each; together all outside `other`."""
        pieces = []
        for dim, spec in other:
            region = minus(self._at(box, dim, spec), spec, self._absent(spec))
            if self._has_member(region):
                pieces.append({**box, dim: region})
        return pieces

    def _cut(self, box: Mapping[Dim, Region], other: tuple[Constraint, ...]) -> Box | None:
        """The part of `box` that is in `other` too; None where there is none."""
        out = dict(box)
        for dim, spec in other:
            out[dim] = meet(self._at(out, dim, spec), spec, self._absent(spec))
            if not self._has_member(out[dim]):
                return None
        return out

    def _at(self, box: Mapping[Dim, Region], dim: Dim, spec: Spec) -> Region:
        found = box.get(dim)
        if found is not None:
            return found
        return whole(spec, dim.low, dim.high, dim.optional and self.view.absent)

    def _absent(self, spec: Spec) -> bool:
        return spec.negative and self.view.absent_differs

    def _has_member(self, region: Region) -> bool:
        found = self._members.get(region)
        if found is None:
            found = self._members[region] = region.has_member(self.budget)
        return found


def entangled_dims(grants: Sequence[Grant]) -> frozenset[Dim]:
    """Condition keys that are compared in several ways or spelled in several letter cases."""
    dims: dict[str, set[Dim]] = {}
    for grant in grants:
        for term in grant.terms:
            if term.dim is not None and isinstance(term.dim.family, Family):
                dims.setdefault(term.dim.key.casefold(), set()).add(term.dim)
    return frozenset(dim for found in dims.values() if len(found) > 1 for dim in found)
