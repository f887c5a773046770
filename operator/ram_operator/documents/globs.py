"""Sets of strings written with `*` and `?`: matching, and whether a combination has any member.

Used by the regions that comparisons are decided on. Decisions are exact for the documented meaning
of the wildcards, or end in TooComplex; nothing here may guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_TO_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_TO_UPPER = {lower: upper for upper, lower in _TO_LOWER.items()}
_FILLER = "\x01"  # stands for any character that no document spells out
_PAIR_STEPS = 2_000


class TooComplex(Exception):
    """A question needs more steps than it was given; its answer stays unknown."""


class Budget:
    """Steps that one comparison may spend; keeps hostile documents from using up the processor."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> None:
        """Take `steps`; raises TooComplex when they are used up."""
        self.left -= steps
        if self.left < 0:
            raise TooComplex


def fold(text: str) -> str:
    """Lower-case ASCII letters only: how RAM folds anything else is not documented."""
    return text.translate(_TO_LOWER)


@dataclass(frozen=True, slots=True, order=True)
class Glob:
    """One pattern. Made by `literal` or `pattern`, so that equal sets are often equal values."""

    text: str
    wild: bool = False
    folded: bool = False

    @classmethod
    def literal(cls, text: str, *, folded: bool = False) -> Glob:
        """The set of this one text, in any ASCII letter case if `folded`."""
        lower = fold(text) if folded else text
        return cls(lower, False, folded and lower != lower.translate(_TO_UPPER))

    @classmethod
    def pattern(cls, text: str, *, folded: bool = False) -> Glob:
        """`*` is any run of characters, empty too; `?` is one character."""
        while "**" in text:
            text = text.replace("**", "*")
        base = cls.literal(text, folded=folded)
        return cls(base.text, "*" in text or "?" in text, base.folded)

    def in_any_case(self) -> Glob:
        """The same set closed under ASCII letter case."""
        made = Glob.literal(self.text, folded=True)
        return Glob(made.text, self.wild, made.folded)

    def matches(self, text: str) -> bool:
        """Whether `text` is in the set. Linear memory, product of the lengths in time."""
        if self.folded:
            text = fold(text)
        if not self.wild:
            return text == self.text
        at = here = mark = 0
        star = -1
        while at < len(text):
            symbol = self.text[here] if here < len(self.text) else ""
            if symbol == "*":
                star, mark = here, at
                here += 1
            elif symbol and symbol in ("?", text[at]):
                here, at = here + 1, at + 1
            elif star >= 0:
                mark += 1
                here, at = star + 1, mark
            else:
                return False
        return self.text[here:].strip("*") == ""

    @property
    def single(self) -> bool:
        """Whether the set has exactly one text."""
        return not (self.wild or self.folded)

    def samples(self) -> tuple[str, ...]:
        """Some members: the shortest, and one that is unlikely to be in a narrower set."""
        if not self.wild:
            return (self.text,)
        plain = self.text.replace("?", _FILLER)
        return plain.replace("*", _FILLER), plain.replace("*", "")


ANYTHING = Glob.pattern("*")


def inhabited(every: Sequence[frozenset[Glob]], none: frozenset[Glob], budget: Budget) -> bool:
    """Whether some text is in each union of `every` and in no glob of `none`.

    An empty `every` stands for all texts. Raises TooComplex when the budget ends first.
    """
    unions = sorted(every, key=len) or [frozenset({ANYTHING})]
    head, rest = unions[0], unions[1:]
    return any(_inhabited_from((glob,), rest, none, budget) for glob in sorted(head - none))


def _inhabited_from(
    heads: tuple[Glob, ...],
    rest: Sequence[frozenset[Glob]],
    none: frozenset[Glob],
    budget: Budget,
) -> bool:
    """Whether some text is in all of `heads`, in each union of `rest` and in no glob of `none`."""
    budget.spend(1 + (len(none) >> 3))
    for text in heads[-1].samples():
        inside = all(glob.matches(text) for glob in heads[:-1])
        if inside and all(_in_any(text, union) for union in rest) and not _in_any(text, none):
            return True
    if heads[-1].single:
        return False  # its one text was tried
    if rest:
        return any(
            _inhabited_from((*heads, glob), rest[1:], none, budget)
            for glob in sorted(rest[0] - none)
            if all(_may_meet(head, glob) for head in heads)
        )
    against = [glob for glob in sorted(none) if all(_may_meet(head, glob) for head in heads)]
    if any(contains(glob, head, budget) for glob in against for head in heads):
        return False
    return _Product(heads, against).has_member(budget)


def _in_any(text: str, globs: Iterable[Glob]) -> bool:
    return any(glob.matches(text) for glob in globs)


def _may_meet(left: Glob, right: Glob) -> bool:
    """False only if the two are surely disjoint: literal starts or ends that differ."""
    one, two = fold(left.text), fold(right.text)
    if not left.wild and not right.wild:
        return one == two
    return _starts_agree(one, two) and _starts_agree(one[::-1], two[::-1])


def _starts_agree(one: str, two: str) -> bool:
    for a, b in zip(one, two, strict=False):
        if "*" in (a, b):
            return True
        if a != b and "?" not in (a, b):
            return False
    return True


def contains(outer: Glob, inner: Glob, budget: Budget) -> bool:
    """Whether `outer` surely has every member of `inner`; False also where that takes too long."""
    answer, steps = _contains(outer, inner)
    budget.spend(steps)  # whether the answer was kept or not: verdicts must not depend on that
    return answer


@lru_cache(maxsize=8192)
def _contains(outer: Glob, inner: Glob) -> tuple[bool, int]:
    """The answer and what it takes to find it."""
    if outer in (inner, ANYTHING):
        return True, 0
    if not all(outer.matches(text) for text in inner.samples()):
        return False, 0
    if inner.single:
        return True, 0
    own = Budget(_PAIR_STEPS)
    try:
        return not _Product((inner,), [outer]).has_member(own), _PAIR_STEPS - own.left
    except TooComplex:
        return False, _PAIR_STEPS


class _Product:
    """All patterns of a question run side by side over an alphabet of their own characters.

    A state is the set of positions that the patterns can be at; position `start + i` of a pattern
    is "the first i symbols are used up". Every character that no pattern names behaves alike, so
    one symbol ("") stands for all of them.
    """

    def __init__(self, heads: Sequence[Glob], against: Sequence[Glob]) -> None:
        self.symbol: list[str] = []  # what a position waits for; "" at the end of a pattern
        self.cased: list[bool] = []
        self.ends: dict[int, int] = {}  # position -> group whose pattern is complete there
        self.dead_ends: set[int] = set()  # here a forbidden pattern takes every continuation
        self.group: list[int] = []
        starts = [self._add(glob, group) for group, glob in enumerate(heads)]
        self.needed = len(heads)
        starts += [self._add(g, self.needed) for g in against]
        self.start = self._close(starts)

    def _add(self, glob: Glob, group: int) -> int:
        start = len(self.symbol)
        for symbol in glob.text:
            literal = not (glob.wild and symbol in "*?")
            self.symbol.append(symbol if literal else {"*": "any-run", "?": "any-one"}[symbol])
        self.symbol.append("")
        size = len(self.symbol) - start
        self.cased += [glob.folded] * size
        self.group += [group] * size
        self.ends[start + size - 1] = group
        return start

    def _close(self, positions: Iterable[int]) -> frozenset[int]:
        closed: set[int] = set()
        for at in positions:
            while at not in closed:
                closed.add(at)
                if self.symbol[at] == "any-run":
                    at += 1
        return frozenset(closed)

    def _alive(self, state: frozenset[int]) -> bool:
        groups = {self.group[at] for at in state}
        swallowed = any(
            self.group[at] == self.needed
            and self.symbol[at] == "any-run"
            and self.symbol[at + 1] == ""
            for at in state
        )
        return not swallowed and all(group in groups for group in range(self.needed))

    def _accepts(self, state: frozenset[int]) -> bool:
        done = {self.ends[at] for at in state if at in self.ends}
        return self.needed not in done and len(done) == self.needed

    def _next(self, state: frozenset[int]) -> list[frozenset[int]]:
        always: list[int] = []
        on: dict[str, list[int]] = {"": []}
        for at in sorted(state):
            symbol = self.symbol[at]
            if symbol == "any-run":
                always.append(at)
            elif symbol == "any-one":
                always.append(at + 1)
            elif symbol:
                for spelled in (
                    {symbol, symbol.translate(_TO_UPPER)} if self.cased[at] else {symbol}
                ):
                    on.setdefault(spelled, []).append(at + 1)
        return [self._close(always + moved) for moved in on.values()]

    def has_member(self, budget: Budget) -> bool:
        """Depth first, so that a member is found soon where there is one."""
        seen = {self.start}
        stack = [self.start]
        while stack:
            state = stack.pop()
            budget.spend(1 + (len(state) >> 3))
            if not self._alive(state):
                continue
            if self._accepts(state):
                return True
            for following in self._next(state):
                if following not in seen:
                    seen.add(following)
                    stack.append(following)
        return False
