"""How much of the objects of one namespace is kept, and of all: who writes many takes his own room.

Used by the cache alone, under its lock. What is too much is read from the API server for each look.
"""

from __future__ import annotations

from typing import Final

from ..model.objects import Key

OF_A_NAMESPACE: Final = 48 * 2**20
"""Bytes by `bodies.cost`, beyond which nothing without an identity is kept: ten thousand typical
roles have half. What is kept in any case counts as well.
"""
OF_ALL: Final = 128 * 2**20
"""The same of all namespaces. The limit of the shipped container is three times that."""


class Crowds:
    """What is kept of each object costs so much."""

    def __init__(self) -> None:
        self._costs: dict[Key, int] = {}
        self._namespaces: dict[str, int] = {}
        self._all = 0

    def put(self, key: Key, cost: int, *, always: bool = False) -> bool:
        """Whether it may be kept: `always`, or where there is room for it. Else it costs nothing;
        so it does with 0, which is always taken.
        """
        self._add(key, -self._costs.pop(key, 0))
        fits = self._namespaces.get(key.namespace, 0) + cost <= OF_A_NAMESPACE
        if not cost or always or (fits and self._all + cost <= OF_ALL):
            self._add(key, cost)
            return True
        return False

    def _add(self, key: Key, cost: int) -> None:
        if cost > 0:
            self._costs[key] = cost
        self._all += cost
        left = self._namespaces.get(key.namespace, 0) + cost
        if left:
            self._namespaces[key.namespace] = left
        else:
            self._namespaces.pop(key.namespace, None)
