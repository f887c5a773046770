"""Which grants of a trust can have to do with one principal, so that few of many are looked at.

Called by comparison and intersection. Leaves out only what names somebody else, and errs towards
leaving in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .canonical import Grant, Kind
from .globs import fold

_ONE: Final = frozenset({Kind.USER, Kind.ROLE, Kind.SERVICE, Kind.SAML, Kind.OIDC})


class Nearby:
    """The grants of one document, found by whom they are for."""

    def __init__(self, grants: Sequence[Grant]) -> None:
        self._grants = list(grants)
        self._there = [True] * len(grants)
        self._named: dict[str, list[int]] = {}
        for at, grant in enumerate(grants):
            self._named.setdefault(named(grant), []).append(at)
        self._made: dict[str, tuple[Grant, ...]] = {"": tuple(grants)}

    def of(self, grant: Grant) -> tuple[Grant, ...]:
        """Those that may allow, or deny, something of `grant`, in their order."""
        name = named(grant)
        if name not in self._made:
            self._made[name] = tuple(self._grants[at] for at in self._places(name))
        return self._made[name]

    def beside(self, at: int) -> tuple[Grant, ...]:
        """The same for the grant of that number, without itself and what was taken out."""
        name = named(self._grants[at])
        places = self._places(name) if name else range(len(self._grants))
        return tuple(self._grants[n] for n in places if n != at and self._there[n])

    def take_out(self, at: int) -> None:
        """`beside` has it no more."""
        self._there[at] = False

    def _places(self, name: str) -> list[int]:
        return sorted((*self._named.get(name, ()), *self._named.get("", ())))


def named(grant: Grant) -> str:
    """The one principal that a grant is for, in any letters; "" where it may be several."""
    principal = grant.principal
    return fold(principal.raw) if principal is not None and principal.kind in _ONE else ""
