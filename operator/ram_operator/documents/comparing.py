"""Comparing two documents by meaning, and what two trust documents have in common.

Called by diff, drift and the gate. A claim that nothing is gained (or lost) is proved under every
reading that the documentation allows; a claim that something is, has a request to show for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product
from typing import Final

from . import grant_sentences
from .canonical import ACTION, RESOURCE, Dim, Effect, Folding, Grant, Policy, Term, Trust
from .containment import Search, Side, Unclear, View, entangled_dims
from .globs import Budget, Glob, TooComplex, fold
from .kept import Verdicts
from .nearby import Nearby
from .value_sets import Region, Words, size

_SHOWN: Final = 48
TOO_COMPLEX: Final = (
    "the two documents are too complex to be compared, so more may change than is shown: write"
    " fewer wildcards and fewer statements"
)


class Verdict(StrEnum):
    """How the second document stands to the first."""

    SAME = "same"
    NARROWER = "narrower"
    WIDER = "wider"
    MIXED = "mixed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changes from one document to another.

    `wider`: a request is allowed after and not before, and none the other way round; `narrower`
    and `mixed` accordingly; `same`: none either way, so there is nothing to write. `unknown`:
    the documentation does not decide. Sentences are sorted and free of repeats; with `unknown`
    they say "may". `too_complex`: it would have taken more than `WORK` to tell, which is the first
    sentence of what is gained. `same_for_display` is true where, with every assumed row of the
    table of equal spellings taken for true, the two are the same: nothing to alarm people with, but
    no licence to treat them as one.
    """

    verdict: Verdict
    gains: tuple[Grant, ...] = ()
    losses: tuple[Grant, ...] = ()
    gain_sentences: tuple[str, ...] = ()
    loss_sentences: tuple[str, ...] = ()
    same_for_display: bool = False
    too_complex: bool = False

    @property
    def respelled(self) -> bool:
        """The two may differ, and if they do, then in spellings that are assumed to be equal."""
        return self.verdict is Verdict.UNKNOWN and self.same_for_display


_VERDICTS: Final = {
    (False, False): Verdict.SAME,
    (True, False): Verdict.WIDER,
    (False, True): Verdict.NARROWER,
    (True, True): Verdict.MIXED,
}
Grants = tuple[Grant, ...]


def compare_trust(before: Trust, after: Trust) -> Comparison:
    """Who may assume the role after and not before, and the other way round."""
    return _compare(before, after)


def compare_policy(before: Policy, after: Policy) -> Comparison:
    """What its holder may do after and not before, and the other way round.

    He may have other policies. So what is denied counts by itself: a denial that is gone is a gain,
    shown by a grant whose effect is Deny, and a new one a loss.
    """
    return _compare(before, after)


def documents_equal_policy(one: Policy, two: Policy) -> bool:
    """Whether the two certainly mean the same, so that nothing has to be written.

    An assumed equality does not count: writing once more settles it, leaving it would not.
    """
    return compare_policy(one, two).verdict is Verdict.SAME


def _compare(before: Trust | Policy, after: Trust | Policy) -> Comparison:
    if before.spelled == after.spelled:
        return _SAME
    key = before.spelled, after.spelled
    found = _KEPT.of(key, lambda: judged(before, after, Budget()), len(before.text + after.text))
    return undecided(before, after) if found is None else found


_SAME: Final = Comparison(Verdict.SAME, same_for_display=True)
_KEPT: Final[Verdicts[Comparison]] = Verdicts()


def judged(before: Trust | Policy, after: Trust | Policy, budget: Budget) -> Comparison | None:
    """The comparison as such, which spends of `budget`; None where that is not enough."""
    found = _judged(before, after, budget)
    return None if budget.over else found


def undecided(before: Trust | Policy, after: Trust | Policy) -> Comparison:
    """What is said where the work was too much: whatever is not the same by its letters may differ.

    The same for everybody who asks, however far the work had come.
    """
    found = _judged(before, after, Budget(0))
    return replace(found, too_complex=True, gain_sentences=(TOO_COMPLEX, *found.gain_sentences))


def _judged(before: Trust | Policy, after: Trust | Policy, budget: Budget) -> Comparison:
    if before.digest == after.digest:
        return _SAME
    comparer = Comparer(before.grants + after.grants, budget)
    gains, losses = _differences(comparer, before, after)
    gained = any(found.certain for found, _ in gains)
    lost = any(found.certain for found, _ in losses)
    decided = gained == bool(gains) and lost == bool(losses)
    verdict = _VERDICTS[gained, lost] if decided else Verdict.UNKNOWN
    same = verdict is Verdict.SAME or (
        verdict is Verdict.UNKNOWN and _probably_same(comparer, before, after)
    )
    return Comparison(
        verdict=verdict,
        gains=tuple(found.grant for found, _ in gains),
        losses=tuple(found.grant for found, _ in losses),
        gain_sentences=_sentences(gains, comparer, gain=True),
        loss_sentences=_sentences(losses, comparer, gain=False),
        same_for_display=same,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """A grant of one side that the other does not (or may not) give, or a denial likewise."""

    grant: Grant
    certain: bool


Differences = list[tuple[_Found, Grants]]
"""Each with the grants of the side that lacks it."""


def _differences(
    comparer: Comparer, before: Trust | Policy, after: Trust | Policy
) -> tuple[Differences, Differences]:
    """What is gained and what is lost. A trust stands alone, so its denials show in its grants."""
    gains = [(found, before.grants) for found in comparer.escaping(after.grants, before.grants)]
    losses = [(found, after.grants) for found in comparer.escaping(before.grants, after.grants)]
    if isinstance(before, Policy):
        denied = _turned(before.grants), _turned(after.grants)
        gains += [(_denial(f), after.grants) for f in comparer.escaping(*denied)]
        losses += [(_denial(f), before.grants) for f in comparer.escaping(*reversed(denied))]
    return gains, losses


def _probably_same(comparer: Comparer, before: Trust | Policy, after: Trust | Policy) -> bool:
    sides = [(before.grants, after.grants)]
    if isinstance(before, Policy):
        sides.append((_turned(before.grants), _turned(after.grants)))
    return all(
        comparer.probably_covers(one, two) and comparer.probably_covers(two, one)
        for one, two in sides
    )


def _turned(grants: Grants) -> Grants:
    """What is denied, as if it were allowed: whatever else allows it, this takes it away."""
    return tuple(
        replace(grant, effect=Effect.ALLOW) for grant in grants if grant.effect is Effect.DENY
    )


def _denial(found: _Found) -> _Found:
    return replace(found, grant=replace(found.grant, effect=Effect.DENY))


def _sentences(found: Differences, comparer: Comparer, *, gain: bool) -> tuple[str, ...]:
    texts: set[str] = set()
    for item, others in found:
        try:
            near = comparer.near(others, item.grant)
            comparer.budget.spend(24 + 3 * len(near))
        except TooComplex:
            near = ()  # without what the other side asks for besides
        texts.update(grant_sentences.sentences(item.grant, near, gain=gain, certain=item.certain))
    return tuple(sorted(texts))


class Comparer:
    """Answers about grants in all views that can make a difference to them.

    `every` are all grants that will be asked about.
    """

    def __init__(self, every: Grants, budget: Budget) -> None:
        self.budget = budget
        self._members: dict[Region, bool] = {}
        self._proofs: list[Search] = []
        self._shows: list[Search] = []
        self._likely: list[Search] = []
        # By identity, and kept, as in `Search`.
        self._nearby: dict[int, tuple[Grants, Nearby]] = {}
        with contextlib.suppress(TooComplex):  # from then on each question raises it
            budget.spend(sum(32 + 4 * _size(grant) for grant in every))
            views = _views(every)
            entangled = entangled_dims(every)
            self._proofs = self._searches(views)
            self._shows = self._searches(
                replace(view, assumed=True, absent=False, entangled=entangled) for view in views
            )
            # What is open besides spelling is open still: each reading of it has to agree.
            self._likely = self._searches(
                replace(view, assumed=True, fold_names=True) for view in views
            )

    def _searches(self, views: Iterable[View]) -> list[Search]:
        return [Search(view, self.budget, self._members) for view in dict.fromkeys(views)]

    def near(self, grants: Grants, grant: Grant) -> Grants:
        """Those of one side that can have to do with `grant`."""
        key = id(grants)
        if key not in self._nearby:
            self.budget.spend(4 * len(grants))
            self._nearby[key] = grants, Nearby(grants)
        return self._nearby[key][1].of(grant)

    def escaping(self, source: Grants, target: Grants) -> Iterator[_Found]:
        """What `source` gives and `target` does not, grant by grant."""
        same_denies = _denies(source) == _denies(target)
        given = set(target) if same_denies else set()
        for grant in dict.fromkeys(source):
            if grant.effect == Effect.ALLOW and grant not in given:
                if self.covers(target, grant, source):
                    continue
                certain = self._surely_escapes(grant, source, target)
                yield _Found(self._narrowed(grant, certain, source, target), certain)

    def covers(self, target: Grants, grant: Grant, source: Grants) -> bool:
        """Whether in every view `target` gives all of `grant` that denies of `source` leave."""
        try:
            self.budget.spend(24)
            near = self.near(target, grant)
            return not any(_escapes(s, Unclear.TOKEN, grant, source, near) for s in self._proofs)
        except TooComplex:
            return False

    def _surely_escapes(self, grant: Grant, source: Grants, target: Grants) -> bool:
        try:
            self.budget.spend(24)
            near = self.near(target, grant)
            return all(_escapes(s, Unclear.FAILS, grant, source, near) for s in self._shows)
        except TooComplex:
            return False

    def probably_covers(self, source: Grants, target: Grants) -> bool:
        """Whether, with every assumption taken for true, `target` gives all of `source`."""
        try:
            self.budget.spend()
            return not any(
                _escapes(search, Unclear.TOKEN, grant, source, self.near(target, grant))
                for search in self._likely
                for grant in source
                if grant.effect == Effect.ALLOW
            )
        except TooComplex:
            return False

    def _narrowed(self, grant: Grant, certain: bool, source: Grants, target: Grants) -> Grant:
        """`grant` without the actions and resources that the other side gives as well."""

        def escapes(part: Grant) -> bool:
            if certain:
                return self._surely_escapes(part, source, target)
            return not self.covers(target, part, source)

        try:
            if not grant.all_but:
                grant = self._reduced(grant, ACTION, target, escapes)
            return self._reduced(grant, RESOURCE, target, escapes)
        except TooComplex:
            return grant

    def _reduced(
        self, grant: Grant, dim: Dim, target: Grants, escapes: Callable[[Grant], bool]
    ) -> Grant:
        """`grant` for those of its actions (or resources) that escape, all if none does alone."""
        actions = dim == ACTION
        names = grant.actions if actions else grant.resources
        if len(names) < 2:
            return grant
        self.budget.spend(12 * len(target) + 16 * _size(grant))
        rest = [term for term in grant.terms if term.dim != dim]
        given = {
            name
            for other in target
            if other.effect == Effect.ALLOW and [t for t in other.terms if t.dim != dim] == rest
            for name in (other.actions if actions else other.resources)
            if not other.all_but
        }
        globs = {name: Glob.pattern(name, folded=actions) for name in names}
        asked = [name for name in names if name not in given]
        if len(asked) <= _SHOWN:
            asked = [name for name in asked if escapes(grant.only(dim, [globs[name]]))]
        self.budget.spend(0)  # where that was not enough, nothing is left out
        names = tuple(asked) or names
        narrowed = grant.only(dim, [globs[name] for name in names])
        return replace(narrowed, actions=names) if actions else replace(narrowed, resources=names)


def _size(grant: Grant) -> int:
    return sum(size(term.spec) for term in grant.terms if term.spec is not None)


def _denies(grants: Grants) -> frozenset[Grant]:
    return frozenset(grant for grant in grants if grant.effect == Effect.DENY)


def _escapes(
    search: Search, unclear: Unclear, grant: Grant, source: Grants, target: Grants
) -> bool:
    """Whether something of `grant`, less what `source` denies, is not given by `target`.

    With FAILS it is so even if every unclear part turns out against it.
    """
    against = Unclear.TOKEN if unclear is Unclear.TOKEN else Unclear.HOLDS
    box = search.box(grant, unclear)
    if box is None:
        return False
    own = Side((), search.boxes(source, Effect.DENY, against))
    allows = search.boxes(target, Effect.ALLOW, against)
    return search.escapes(box, own, Side(allows, search.boxes(target, Effect.DENY, unclear)))


def _views(grants: Grants) -> list[View]:
    """Every reading that the documentation allows and that matters here; the likeliest first."""
    terms = [term for grant in grants for term in grant.terms]
    negated = any(
        term.spec is not None and term.spec.negative and term.dim is not None and term.dim.optional
        for term in terms
    )
    choices = product(
        (True, False) if negated else (True,),
        (True, False) if _cased(terms, Folding.NAMES) else (True,),
        (False, True) if _cased(terms, Folding.RESOURCES) else (False,),
    )
    return [View(False, True, *choice) for choice in choices]


def _cased(terms: Iterable[Term], folding: Folding) -> bool:
    return any(
        fold(glob.text) != glob.text
        for term in terms
        if term.folding is folding and isinstance(term.spec, Words)
        for glob in term.spec.globs
    )
