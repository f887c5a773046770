"""Sets of values of one dimension of a request: texts by pattern, or spans of whole numbers.

Used by coverage, which asks for what is left of a set after others were taken away. Exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

from .globs import Budget, Glob, inhabited

FAR = 10**60
"""Beyond every number and every time that a document can spell."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Words:
    """Texts that one of `globs` matches; `negative`: that none of them matches."""

    globs: frozenset[Glob]
    negative: bool = False


@dataclass(frozen=True, slots=True)
class Spans:
    """Whole numbers in sorted, disjoint, closed spans. `negative` marks a negated operator.

    Points of a continuous scale are even and the gaps between them odd, so `x < 3` is (-FAR, 5).
    """

    spans: tuple[Span, ...]
    negative: bool = False


Spec = Words | Spans


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Sorted and disjoint."""
    out: list[Span] = []
    for low, high in sorted(spans):
        if out and low <= out[-1][1]:
            out[-1] = (out[-1][0], max(high, out[-1][1]))
        else:
            out.append((low, high))
    return tuple(out)


def complement(spans: tuple[Span, ...], low: int = -FAR, high: int = FAR) -> tuple[Span, ...]:
    """What (low, high) has besides `spans`, which are sorted and disjoint."""
    out: list[Span] = []
    for start, end in spans:
        if low < start:
            out.append((low, min(start - 1, high)))
        low = max(low, end + 1)
    if low <= high:
        out.append((low, high))
    return tuple(out)


def _common(one: tuple[Span, ...], two: tuple[Span, ...]) -> tuple[Span, ...]:
    out: list[Span] = []
    left = right = 0
    while left < len(one) and right < len(two):
        low = max(one[left][0], two[right][0])
        high = min(one[left][1], two[right][1])
        if low <= high:
            out.append((low, high))
        if one[left][1] < two[right][1]:
            left += 1
        else:
            right += 1
    return tuple(out)


@dataclass(frozen=True, slots=True)
class WordRegion:
    """Texts in every union of `every` and in no glob of `none`; `absent`: also no text at all."""

    every: frozenset[frozenset[Glob]] = frozenset()
    none: frozenset[Glob] = frozenset()
    absent: bool = False

    def meet(self, spec: Words, absent: bool) -> WordRegion:
        """The part that is in `spec` too."""
        if spec.negative:
            return WordRegion(self.every, self.none | spec.globs, self.absent and absent)
        return WordRegion(self.every | {spec.globs}, self.none, self.absent and absent)

    def minus(self, spec: Words, absent: bool) -> WordRegion:
        """The part that is not in `spec`."""
        return self.meet(Words(spec.globs, not spec.negative), not absent)

    def has_member(self, budget: Budget) -> bool:
        """Raises TooComplex when the budget ends before the answer is certain."""
        return self.absent or inhabited(self.every, self.none, budget)


@dataclass(frozen=True, slots=True)
class SpanRegion:
    """Whole numbers in `spans`; `absent`: also no number at all."""

    spans: tuple[Span, ...]
    absent: bool = False

    def meet(self, spec: Spans, absent: bool) -> SpanRegion:
        """The part that is in `spec` too."""
        return SpanRegion(_common(self.spans, spec.spans), self.absent and absent)

    def minus(self, spec: Spans, absent: bool) -> SpanRegion:
        """The part that is not in `spec`."""
        return SpanRegion(_common(self.spans, complement(spec.spans)), self.absent and not absent)

    def has_member(self, budget: Budget) -> bool:
        """Whether anything is left."""
        budget.spend()
        return self.absent or bool(self.spans)


Region = WordRegion | SpanRegion


def common_start(spec: Spec) -> str:
    """What all texts of the set begin with, in lower case; "" if nothing, or no texts."""
    if not isinstance(spec, Words) or spec.negative or not spec.globs:
        return ""
    starts = [glob.start for glob in spec.globs]
    low, high = min(starts), max(starts)
    same = takewhile(lambda pair: pair[0] == pair[1], zip(low, high, strict=False))
    return low[: sum(1 for _ in same)]


def size(values: Region | Spec) -> int:
    """How much there is to go through where two of these meet."""
    if isinstance(values, Words):
        return len(values.globs)
    if isinstance(values, WordRegion):
        return len(values.none) + len(values.every)
    return len(values.spans)


def whole(spec: Spec, low: int, high: int, absent: bool) -> Region:
    """All values of the dimension that `spec` is about; (low, high) are its numbers."""
    if isinstance(spec, Words):
        return WordRegion(absent=absent)
    return SpanRegion(((low, high),), absent)


def meet(region: Region, spec: Spec, absent: bool) -> Region:
    """`region` and `spec`, which are of one dimension and so of one type."""
    if isinstance(region, WordRegion):
        assert isinstance(spec, Words)
        return region.meet(spec, absent)
    assert isinstance(spec, Spans)
    return region.meet(spec, absent)


def minus(region: Region, spec: Spec, absent: bool) -> Region:
    """`region` without `spec`, which are of one dimension and so of one type."""
    if isinstance(region, WordRegion):
        assert isinstance(spec, Words)
        return region.minus(spec, absent)
    assert isinstance(spec, Spans)
    return region.minus(spec, absent)
