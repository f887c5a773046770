"""Sets of strings written with `*` and `?`: matching, and whether a combination has any member.

Used by the regions that comparisons are decided on. Decisions are exact for the documented meaning
of the wildcards, or end in TooComplex; nothing here may guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Final

_TO_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_TO_UPPER = {lower: upper for upper, lower in _TO_LOWER.items()}
_FILLER = "\x01"  # stands for any character that no document spells out
_WILD = re.compile(r"[*?]")
_ORDER = attrgetter("text", "wild", "folded")

WORK: Final = 75_000
"""Units for one judgement, whatever it is of. One unit is a character compared, or what takes as
long: on an idle core less than half a microsecond, so that a judgement ends within 50 ms."""
_PAIR: Final = 10_000
"""Of these, for one pattern within another: longer is as good as no."""
_DEEPEST: Final = 64
"""Unions that a text can be asked to be in at once."""
_SHORT: Final = 256
"""Characters of a question whose answer is kept: longer ones would fill the memory."""


class TooComplex(Exception):
    """A question takes more work than it was given; its answer stays unknown."""


class Budget:
    """The work that one judgement may take; keeps hostile documents from using up the processor.

    Whoever does work spends it first, so that nothing large is begun that is not paid for.
    """

    def __init__(self, units: int = WORK) -> None:
        self.left = units

    def spend(self, units: int = 1) -> None:
        """Take `units`; raises TooComplex when they are used up, and from then on."""
        self.left -= units
        if self.left < 0:
            raise TooComplex

    @property
    def over(self) -> bool:
        """Whether something was left undone."""
        return self.left < 0


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
        """Whether `text` is in the set."""
        if self.folded:
            text = fold(text)
        if not self.wild:
            return text == self.text
        first, *rest = self.text.split("*")
        if not rest:
            return len(text) == len(first) and _stands_at(first, text, 0)
        last = rest.pop()
        at, end = len(first), len(text) - len(last)
        if at > end or not (_stands_at(first, text, 0) and _stands_at(last, text, end)):
            return False
        for part in rest:  # the earliest place leaves the most to those that follow
            found = _find(part, text, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True

    def tries(self, text: str, budget: Budget) -> bool:
        """The same, paid for."""
        budget.spend(self.cost(text))
        return self.matches(text)

    def cost(self, text: str) -> int:
        """At most what `matches` takes. Texts are searched a word at a time, but around a `?`."""
        size = len(text)
        if not self.wild:
            return 3 + (size >> 6)
        parts = self.text.split("*")
        ends = len(parts[0]) + len(parts[-1])
        searched = sum((size * len(p)) >> (0 if "?" in p else 7) for p in parts[1:-1])
        return 4 + (size >> 5) + len(parts) + (ends if "?" in self.text else ends >> 6) + searched

    @property
    def single(self) -> bool:
        """Whether the set has exactly one text."""
        return not (self.wild or self.folded)

    @property
    def start(self) -> str:
        """What every member begins with, in lower case."""
        return fold(_WILD.split(self.text, maxsplit=1)[0] if self.wild else self.text)

    def samples(self) -> tuple[str, ...]:
        """Some members: the shortest, and one that is unlikely to be in a narrower set."""
        if not self.wild:
            return (self.text,)
        plain = self.text.replace("?", _FILLER)
        return plain.replace("*", _FILLER), plain.replace("*", "")


ANYTHING = Glob.pattern("*")


def inhabited(every: Iterable[frozenset[Glob]], none: frozenset[Glob], budget: Budget) -> bool:
    """Whether some text is in each union of `every` and in no glob of `none`.

    An empty `every` stands for all texts. Raises TooComplex when the budget ends first.
    """
    unions = list(every) or [frozenset({ANYTHING})]
    budget.spend(4 + 4 * sum(map(len, unions)))
    if len(unions) > 1:
        if len(unions) > _DEEPEST:
            budget.spend(budget.left + 1)
        unions.sort(key=lambda union: (len(union), _sorted(union)))
    head, rest = unions[0], unions[1:]
    return any(_inhabited_from((glob,), rest, none, budget) for glob in _sorted(head - none))


def _sorted(globs: Iterable[Glob]) -> list[Glob]:
    return sorted(globs, key=_ORDER)


def _inhabited_from(
    heads: tuple[Glob, ...],
    rest: Sequence[frozenset[Glob]],
    none: frozenset[Glob],
    budget: Budget,
) -> bool:
    """Whether some text is in all of `heads`, in each union of `rest` and in no glob of `none`."""
    budget.spend(8)
    for text in (*heads[-1].samples(), *_joined(heads)):
        inside = all(glob.tries(text, budget) for glob in heads)
        if (
            inside
            and all(_in_any(text, u, budget) for u in rest)
            and not _in_any(text, none, budget)
        ):
            return True
    if heads[-1].single:
        return False  # its one text was tried
    if rest:
        budget.spend(4 * len(rest[0]))
        return any(
            _inhabited_from((*heads, glob), rest[1:], none, budget)
            for glob in _sorted(rest[0] - none)
            if all(_may_meet(head, glob, budget) for head in heads)
        )
    budget.spend(4 * len(none))
    against = [g for g in _sorted(none) if all(_may_meet(head, g, budget) for head in heads)]
    if any(contains(glob, head, budget) for glob in against for head in heads):
        return False
    return _Product(heads, against, budget).has_member()


def _joined(heads: tuple[Glob, ...]) -> tuple[str, ...]:
    """Texts that are likely in two patterns at once: one after the other."""
    if len(heads) != 2 or not (heads[0].wild and heads[1].wild):
        return ()
    one, other = (head.samples()[-1] for head in heads)
    return one + other, other + one


def _in_any(text: str, globs: frozenset[Glob], budget: Budget) -> bool:
    """Paid for as a whole: how far one has to look in a set differs from process to process."""
    budget.spend(sum(glob.cost(text) for glob in globs))
    return any(glob.matches(text) for glob in globs)


def _may_meet(left: Glob, right: Glob, budget: Budget) -> bool:
    """False only if the two are surely disjoint: literal starts or ends that differ."""
    budget.spend(10 + ((len(left.text) + len(right.text)) >> 4))
    one, two = fold(left.text), fold(right.text)
    if not left.wild and not right.wild:
        return one == two
    starts = one.partition("*")[0], two.partition("*")[0]
    ends = one.rpartition("*")[2], two.rpartition("*")[2]
    if "?" in one or "?" in two:
        budget.spend(sum(map(len, (*starts, *ends))))
    size, length = min(map(len, starts)), min(map(len, ends))
    return _alike(starts[0][:size], starts[1][:size]) and _alike(
        ends[0][len(ends[0]) - length :], ends[1][len(ends[1]) - length :]
    )


def _alike(one: str, two: str) -> bool:
    """Whether one text of this length can be both."""
    if "?" not in one and "?" not in two:
        return one == two
    return all(a == b or "?" in (a, b) for a, b in zip(one, two, strict=True))


def _stands_at(part: str, text: str, at: int) -> bool:
    """Whether a part without `*` is what `text` has there."""
    if "?" not in part:
        return text.startswith(part, at)
    return all(a in ("?", b) for a, b in zip(part, text[at : at + len(part)], strict=True))


def _find(part: str, text: str, start: int, end: int) -> int:
    """Where a part without `*` stands first between the two; -1 if nowhere."""
    if "?" not in part:
        return text.find(part, start, end)
    places = range(start, end - len(part) + 1)
    return next((at for at in places if _stands_at(part, text, at)), -1)


def contains(outer: Glob, inner: Glob, budget: Budget) -> bool:
    """Whether `outer` surely has every member of `inner`; False also where that takes too long."""
    budget.spend()
    short = len(outer.text) + len(inner.text) <= _SHORT
    answer, units = (_kept_answer if short else _contains)(outer, inner)
    budget.spend(units)  # whether the answer was kept or not: verdicts must not depend on that
    return answer


def _contains(outer: Glob, inner: Glob) -> tuple[bool, int]:
    """The answer and what it takes to find it."""
    if outer in (inner, ANYTHING):
        return True, 4
    own = Budget(_PAIR)
    try:
        answer = all(outer.tries(text, own) for text in inner.samples()) and (
            _plainly(outer, inner) or not _Product((inner,), [outer], own).has_member()
        )
    except TooComplex:
        return False, _PAIR
    return answer, _PAIR - own.left


def _plainly(outer: Glob, inner: Glob) -> bool:
    """Whether an outer glob that has the samples has all else, as one sees by looking at it."""
    if inner.folded and not outer.folded:
        return False
    return not inner.wild or (outer.text.find("*") == len(outer.text) - 1 and "?" not in outer.text)


_kept_answer = lru_cache(maxsize=4096)(_contains)


class _Product:
    """All patterns of a question run side by side over an alphabet of their own characters.

    A state is the set of positions that the patterns can be at; position `start + i` of a pattern
    is "the first i symbols are used up". Every character that no pattern names behaves alike, so
    one symbol ("") stands for all of them.
    """

    def __init__(self, heads: Sequence[Glob], against: Sequence[Glob], budget: Budget) -> None:
        budget.spend(sum(4 + 4 * len(glob.text) for glob in (*heads, *against)))
        self.budget = budget
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
        self.budget.spend(sum(4 + 2 * (len(always) + len(moved)) for moved in on.values()))
        return [self._close(always + moved) for moved in on.values()]

    def has_member(self) -> bool:
        """Depth first, so that a member is found soon where there is one."""
        seen = {self.start}
        stack = [self.start]
        while stack:
            state = stack.pop()
            self.budget.spend(8 + 3 * len(state))
            if not self._alive(state):
                continue
            if self._accepts(state):
                return True
            for following in self._next(state):
                if following not in seen:
                    seen.add(following)
                    stack.append(following)
        return False
