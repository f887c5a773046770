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
from .value_sets import Region, Spans, Spec, Words, common_start, meet, minus, size, whole


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


def constraints(
    grant: Grant, view: View, unclear: Unclear, budget: Budget
) -> tuple[Constraint, ...] | None:
    """The grant as a conjunction; None where it allows (or denies) nothing. Raises TooComplex."""
    out: list[Constraint] = []
    budget.spend(8)
    for term in grant.terms:
        budget.spend(8)
        known = term.reading and view.assumed if term.token else term.dim not in view.entangled
        if known:
            if term.dim is not None and term.spec is not None:
                out.append((term.dim, _folded(term, term.spec, view, budget)))
        elif unclear is Unclear.FAILS:
            return None
        elif unclear is Unclear.TOKEN:
            out.append((Dim("", "? " + term.token, 0, 1), _TRUE))
    return tuple(dict.fromkeys(out))


def _folded(term: Term, spec: Spec, view: View, budget: Budget) -> Spec:
    wanted = {Folding.NAMES: view.fold_names, Folding.RESOURCES: view.fold_resources}
    if isinstance(spec, Words) and wanted.get(term.folding, False):
        budget.spend(sum(12 + (len(glob.text) >> 3) for glob in spec.globs))
        return replace(spec, globs=frozenset(glob.in_any_case() for glob in spec.globs))
    return spec


@dataclass(frozen=True, slots=True)
class Side:
    """One document in one view: what it allows and what it denies."""

    allows: Boxes
    denies: Boxes


class Search:
    """Looks for a request that one side allows and the other does not, in one view."""

    def __init__(self, view: View, budget: Budget, members: dict[Region, bool]) -> None:
        """`members` may be shared: whether a region has any member depends on no view."""
        self.view = view
        self.budget = budget
        self._members = members
        # By identity, for to hash a document takes longer than most questions; kept, so that no
        # other one gets the identity meanwhile.
        self._made: dict[tuple[int, Unclear], tuple[Grant, tuple[Constraint, ...] | None]] = {}
        self._boxes: dict[tuple[int, Effect, Unclear], tuple[tuple[Grant, ...], Boxes]] = {}
        self._starts: dict[int, tuple[tuple[Constraint, ...], dict[Dim, str]]] = {}

    def box(self, grant: Grant, unclear: Unclear) -> tuple[Constraint, ...] | None:
        """One grant in this view; None where it allows (or denies) nothing."""
        key = (id(grant), unclear)
        if key not in self._made:
            self._made[key] = grant, constraints(grant, self.view, unclear, self.budget)
        return self._made[key][1]

    def boxes(self, grants: tuple[Grant, ...], effect: Effect, unclear: Unclear) -> Boxes:
        """What the grants of one effect are in this view."""
        self.budget.spend(6)
        key = (id(grants), effect, unclear)
        if key not in self._boxes:
            self.budget.spend(8 + 8 * len(grants))
            made = (self.box(grant, unclear) for grant in grants if grant.effect == effect)
            self._boxes[key] = grants, tuple(dict.fromkeys(box for box in made if box is not None))
        return self._boxes[key][1]

    def escapes(self, allowed: tuple[Constraint, ...], own: Side, other: Side) -> bool:
        """Whether a request is in `allowed`, denied by no deny of `own`, and not allowed by
        `other`. Raises TooComplex.
        """
        box = self._cut({}, allowed)
        if box is None:
            return False
        near = Side(self._near(allowed, other.allows), self._near(allowed, other.denies))
        return self._past_denies(box, self._near(allowed, own.denies), near)

    def _near(self, allowed: tuple[Constraint, ...], others: Boxes) -> Boxes:
        """The boxes without those that one sees to have nothing in common with `allowed`."""
        own = self._starts_of(allowed)
        self.budget.spend(8 + 2 * len(others))
        near: list[tuple[Constraint, ...]] = []
        for other in others:
            for dim, text in self._starts_of(other).items():
                mine = own.get(dim, "")
                if not mine.startswith(text) and not text.startswith(mine):
                    break
            else:
                near.append(other)
        return tuple(near)

    def _starts_of(self, box: tuple[Constraint, ...]) -> dict[Dim, str]:
        found = self._starts.get(id(box))
        if found is None:
            self.budget.spend(8 + 6 * sum(size(spec) for _, spec in box))
            found = box, {dim: text for dim, spec in box if (text := common_start(spec))}
            self._starts[id(box)] = found
        return found[1]

    def _past_denies(self, box: Box, denies: Boxes, other: Side) -> bool:
        open_pieces = [(box, 0)]
        while open_pieces:
            piece, first = open_pieces.pop()
            at = next(
                (n for n in range(first, len(denies)) if self._cut(piece, denies[n]) is not None),
                None,
            )
            if at is not None:
                parts = self._outside(piece, denies[at])
                open_pieces += [(part, at + 1) for part in reversed(parts)]
                continue
            if any(self._cut(piece, deny) is not None for deny in other.denies):
                return True
            if self._uncovered(piece, other.allows):
                return True
        return False

    def _uncovered(self, box: Box, others: Sequence[tuple[Constraint, ...]]) -> bool:
        """Cuts away the box that leaves the fewest pieces first, so that most answers are early."""
        open_pieces = [(box, others)]
        while open_pieces:
            piece, near = open_pieces.pop()
            best, rest = self._best_cut(piece, near)
            if best is None:
                return True
            open_pieces += [(part, rest) for part in reversed(best)]
        return False

    def _best_cut(
        self, box: Box, others: Sequence[tuple[Constraint, ...]]
    ) -> tuple[list[Box] | None, Sequence[tuple[Constraint, ...]]]:
        """What the best of `others` leaves of the box, None if no one cuts it, and the rest."""
        best: list[Box] | None = None
        near: list[tuple[Constraint, ...]] = []
        for other in others:
            if self._cut(box, other) is None:
                continue
            pieces = self._outside(box, other)
            if not pieces:
                return [], ()
            if best is None or len(pieces) < len(best):
                best = pieces
                near.insert(0, other)
            else:
                near.append(other)
        return best, near[1:]

    def _outside(self, box: Box, other: tuple[Constraint, ...]) -> list[Box]:
        """The parts of `box` that break one constraint each; together all outside `other`."""
        pieces = []
        for dim, spec in other:
            at = self._at(box, dim, spec)
            self.budget.spend(12 + size(at) + size(spec))
            region = minus(at, spec, self._absent(spec))
            if self._has_member(region):
                pieces.append({**box, dim: region})
        return pieces

    def _cut(self, box: Mapping[Dim, Region], other: tuple[Constraint, ...]) -> Box | None:
        """The part of `box` that is in `other` too; None where there is none."""
        self.budget.spend(2 + len(box))
        out = dict(box)
        for dim, spec in other:
            at = self._at(out, dim, spec)
            self.budget.spend(12 + size(at) + size(spec))
            out[dim] = meet(at, spec, self._absent(spec))
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
