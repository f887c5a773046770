"""Comparing two documents by meaning, and what two trust documents have in common.

Called by diff, drift and the gate. A claim that nothing is gained (or lost) is proved under every
reading that the documentation allows; a claim that something is, has a request to show for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product
from typing import Final

from . import grant_sentences
from .canonical import ACTION, RESOURCE, Dim, Effect, Folding, Grant, Policy, Term, Trust
from .containment import Search, Side, Unclear, View, constraints, entangled_dims
from .globs import Budget, Glob, TooComplex, fold
from .value_sets import Words

_STEPS: Final = 20_000
_SHOWN: Final = 48


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
    they say "may". `same_for_display` is true where, with every assumed row of the table of equal
    spellings taken for true, the two are the same: nothing to alarm people with, but no licence to
    treat them as one.
    """

    verdict: Verdict
    gains: tuple[Grant, ...] = ()
    losses: tuple[Grant, ...] = ()
    gain_sentences: tuple[str, ...] = ()
    loss_sentences: tuple[str, ...] = ()
    same_for_display: bool = False

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
    if before.digest == after.digest:
        return Comparison(Verdict.SAME, same_for_display=True)
    comparer = Comparer(before.grants + after.grants)
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
        gain_sentences=_sentences(gains, gain=True),
        loss_sentences=_sentences(losses, gain=False),
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


def _sentences(found: Differences, *, gain: bool) -> tuple[str, ...]:
    texts = (
        text
        for item, others in found
        for text in grant_sentences.sentences(item.grant, others, gain=gain, certain=item.certain)
    )
    return tuple(sorted(set(texts)))


class Comparer:
    """Answers about grants in all views that can make a difference to them.

    `every` are all grants that will be asked about.
    """

    def __init__(self, every: Grants) -> None:
        views = _views(every)
        entangled = entangled_dims(every)
        self._proofs = [_search(view) for view in views]
        shows = [replace(view, assumed=True, absent=False, entangled=entangled) for view in views]
        self._shows = [_search(view) for view in dict.fromkeys(shows)]
        # What is open besides spelling is open still: each reading of it has to agree.
        likely = [replace(view, assumed=True, fold_names=True) for view in views]
        self._likely = [_search(view) for view in dict.fromkeys(likely)]

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
            return not any(_escapes(s, Unclear.TOKEN, grant, source, target) for s in self._proofs)
        except TooComplex:
            return False

    def _surely_escapes(self, grant: Grant, source: Grants, target: Grants) -> bool:
        try:
            return all(_escapes(s, Unclear.FAILS, grant, source, target) for s in self._shows)
        except TooComplex:
            return False

    def probably_covers(self, source: Grants, target: Grants) -> bool:
        """Whether, with every assumption taken for true, `target` gives all of `source`."""
        try:
            return not any(
                _escapes(search, Unclear.TOKEN, grant, source, target)
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

        if not grant.all_but:
            grant = _reduced(grant, ACTION, target, escapes)
        return _reduced(grant, RESOURCE, target, escapes)


def _reduced(grant: Grant, dim: Dim, target: Grants, escapes: Callable[[Grant], bool]) -> Grant:
    """`grant` for those of its actions (or resources) that escape; for all if none does alone."""
    actions = dim == ACTION
    names = grant.actions if actions else grant.resources
    rest = [term for term in grant.terms if term.dim != dim]
    given = {
        name
        for other in target
        if other.effect == Effect.ALLOW and [t for t in other.terms if t.dim != dim] == rest
        for name in (other.actions if actions else other.resources)
        if not other.all_but
    }
    globs = {name: Glob.pattern(name, folded=actions) for name in names}
    if len(names) > 1:
        asked = [name for name in names if name not in given]
        if len(asked) <= _SHOWN:
            asked = [name for name in asked if escapes(grant.only(dim, [globs[name]]))]
        names = tuple(asked) or names
    narrowed = grant.only(dim, [globs[name] for name in names])
    return replace(narrowed, actions=names) if actions else replace(narrowed, resources=names)


def _search(view: View) -> Search:
    return Search(view, Budget(_STEPS))


def _denies(grants: Grants) -> frozenset[Grant]:
    return frozenset(grant for grant in grants if grant.effect == Effect.DENY)


def _escapes(
    search: Search, unclear: Unclear, grant: Grant, source: Grants, target: Grants
) -> bool:
    """Whether something of `grant`, less what `source` denies, is not given by `target`.

    With FAILS it is so even if every unclear part turns out against it.
    """
    against = Unclear.TOKEN if unclear is Unclear.TOKEN else Unclear.HOLDS
    box = constraints(grant, search.view, unclear)
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
