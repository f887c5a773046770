"""Verdicts that were reached, so that nothing is judged twice, within one look or at the next.

Used by whatever judges documents. Keys are digests of what was judged, as it is spelled; what is
kept is a function of them, so that it never matters whether something was still there.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

T = TypeVar("T")
_SHORT: Final = 1_500
"""Characters of documents of which many verdicts are kept; others would fill the memory."""
_MOST: Final = {"short": 2_048, "long": 128, "too complex": 4_096}


class Verdicts(Generic[T]):
    """The last verdicts that somebody asked for.

    Several threads may ask: each step of it is one of the interpreter's own, and the worst that
    comes of two at once is that both judge.
    """

    def __init__(self) -> None:
        self._found: dict[str, OrderedDict[Hashable, tuple[T | None]]] = {
            shelf: OrderedDict() for shelf in _MOST
        }

    def of(self, key: Hashable, judge: Callable[[], T | None], text: int) -> T | None:
        """The verdict, reached by `judge` where none is kept; None: it takes too much work.

        `text` is how many characters were judged.
        """
        for found in self._found.values():
            entry = found.get(key)
            if entry is not None:
                found.pop(key, None)
                found[key] = entry
                return entry[0]
        made = judge()
        shelf = "short" if text <= _SHORT else "long"
        self._keep("too complex" if made is None else shelf, key, made)
        return made

    def _keep(self, shelf: str, key: Hashable, made: T | None) -> None:
        found = self._found[shelf]
        found[key] = (made,)
        while len(found) > _MOST[shelf]:
            found.popitem(last=False)
