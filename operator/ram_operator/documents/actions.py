"""The table of actions, loaded and checked, and the class of one pattern of a document.

Called by `escalation` alone. Fails closed: what stands in no row of a service that manages
identities is a write, and what takes too long to tell counts as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from .. import times
from .action_table import GROUPS, READERS, Group
from .globs import Budget, Glob, TooComplex, contains, fold, inhabited

_ROW: Final = re.compile(r"(\*|[a-z][a-z0-9-]*):(\*|[A-Za-z][A-Za-z0-9]*\*?)")
_ONE: Final = 10_000
"""Units of work for one pattern: longer is as good as anything."""
_SHORT: Final = 128
"""Characters of a pattern whose class is kept: longer ones would fill the memory."""
TOO_COMPLEX: Final = "is too complex to be told apart from everything"


class ActionClass(StrEnum):
    """What an action lets its holder do."""

    IDENTITY = "identity"
    """Change rights or become somebody else: held."""
    INDIRECT = "indirect"
    """Run code or read secrets that belong to another identity: warned of."""
    HARMLESS = "harmless"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table. `glob` takes any letter case, as RAM does of actions."""

    pattern: str
    kind: ActionClass
    sentence: str
    source: str
    date: str
    glob: Glob


def load(groups: Iterable[Group]) -> tuple[Row, ...]:
    """The rows, one a pattern. Raises ValueError where the table contradicts itself."""
    rows: dict[str, Row] = {}
    for group in groups:
        kind = ActionClass(group.kind)
        times.check_day(group.source.date)
        if not group.sentence or not group.source.title or not group.patterns.split():
            raise ValueError(f"a group of class {kind} lacks a sentence, a source or patterns")
        for pattern in group.patterns.split():
            if not _ROW.fullmatch(pattern):
                raise ValueError(f"{pattern}: not an action, or a start of one with * at its end")
            if fold(pattern) in rows:
                raise ValueError(f"{pattern}: there are two rows for it")
            glob = Glob.pattern(pattern, folded=True)
            row = Row(pattern, kind, group.sentence, group.source.title, group.source.date, glob)
            rows[fold(pattern)] = row
    table = tuple(rows.values())
    for row in table:
        covered = (
            other
            for other in table
            if other.kind is ActionClass.HARMLESS and other.glob.wild and not row.glob.wild
        )
        if row.kind is ActionClass.IDENTITY and any(o.glob.matches(row.pattern) for o in covered):
            raise ValueError(f"{row.pattern}: a row says that it only reads")
    return table


ROWS: Final = load(GROUPS)

_DANGEROUS: Final = tuple(row for row in ROWS if row.kind is not ActionClass.HARMLESS)
_OF_SERVICE: Final = {
    service: tuple(row for row in _DANGEROUS if row.glob.text.startswith(service + ":"))
    for service in {row.glob.text.partition(":")[0] for row in _DANGEROUS}
}
_HARMLESS: Final = tuple(
    row.glob for row in ROWS if row.kind is ActionClass.HARMLESS and not row.glob.wild
)
_TOLD_APART: Final = frozenset(_HARMLESS) | {
    row.glob for row in ROWS if row.kind is ActionClass.INDIRECT
}
_AS_WRITTEN: Final = tuple(
    row.glob for row in ROWS if row.kind is ActionClass.HARMLESS and row.glob.wild
)
_BY_NAME: Final = 2 * len(ROWS)
"""Units of work to look for one name in the table."""
_READERS: Final = frozenset(fold(name) for name in READERS.split())


def reads_only(policy: str) -> bool:
    """Whether the system policy of that name is listed as one that only reads."""
    return fold(policy) in _READERS


@dataclass(frozen=True, slots=True)
class Classified:
    """The rows of class identity and indirect that a pattern may stand for.

    `work` is what it took to find out; `known` False: it took too much, and anything may be meant.
    """

    rows: tuple[Row, ...]
    work: int
    known: bool = True


def classify(action: str, budget: Budget) -> Classified:
    """What one entry of an Action element may stand for. Raises TooComplex."""
    budget.spend(4 + (len(action) >> 4))
    found = (_kept_class if len(action) <= _SHORT else _classify)(action)
    budget.spend(found.work)  # whether it was kept or not: verdicts must not depend on that
    return found


def _classify(action: str) -> Classified:
    own = Budget(_ONE)
    try:
        rows = _allowed(Glob.pattern(action, folded=True), own)
    except TooComplex:
        return Classified(_DANGEROUS, _ONE, known=False)
    return Classified(rows, _ONE - own.left)


_kept_class = lru_cache(maxsize=8192)(_classify)


def classify_all_but(actions: tuple[str, ...], budget: Budget) -> Classified:
    """What a NotAction element with these entries leaves in. Raises TooComplex."""
    budget.spend(8 * len(actions))
    own = Budget(budget.left)
    out = frozenset(Glob.pattern(action, folded=True) for action in actions)
    try:
        rows = tuple(row for row in _DANGEROUS if _left(row, out, own))
        known = True
    except TooComplex:
        rows, known = _DANGEROUS, False
    work = budget.left - max(own.left, 0)
    budget.spend(work)
    return Classified(rows, work, known)


def _allowed(glob: Glob, budget: Budget) -> tuple[Row, ...]:
    if not glob.wild:
        budget.spend(_BY_NAME)
        return _of_one(glob.text)
    meets = tuple(row for row in _candidates(glob) if _meets(row, glob, budget))
    if any(row.kind is ActionClass.IDENTITY for row in meets) and _only_reads(glob, budget):
        return tuple(row for row in meets if row.kind is not ActionClass.IDENTITY)
    return meets


def _candidates(glob: Glob) -> tuple[Row, ...]:
    """The rows of the service, where the pattern names one."""
    service, colon, _ = glob.text.partition(":")
    if not colon or set(service) & {"*", "?"}:
        return _DANGEROUS
    return _OF_SERVICE.get(service, ())


def _of_one(name: str) -> tuple[Row, ...]:
    """The rows of an action that is spelled out. The exact one says more than a pattern."""
    if any(glob.matches(name) for glob in _TOLD_APART):
        return tuple(row for row in _DANGEROUS if not row.glob.wild and row.glob.matches(name))
    return tuple(row for row in _DANGEROUS if row.glob.matches(name))


def _meets(row: Row, glob: Glob, budget: Budget) -> bool:
    if not row.glob.wild:
        return glob.tries(row.glob.text, budget)
    # What is told apart by name alone is no excuse for a pattern: it may match more.
    return inhabited([frozenset({row.glob}), frozenset({glob})], frozenset(), budget)


def _left(row: Row, out: frozenset[Glob], budget: Budget) -> bool:
    return inhabited([frozenset({row.glob})], out, budget)


def _only_reads(glob: Glob, budget: Budget) -> bool:
    """Whether a row has the pattern, or one that is wider, and it stands for reads that are known.

    What matches no action that anybody has described may be anything that comes to exist.
    """
    if glob in _AS_WRITTEN:
        return True
    if not any(contains(wider, glob, budget) for wider in _AS_WRITTEN):
        return False
    return any(glob.tries(known.text, budget) for known in _HARMLESS)
