"""Spoils answers of the emulated cloud for a proxy before it: one value of each, or all of it."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from typing import Any, Final

VALUES: Final[tuple[Any, ...]] = (
    *(None, "", True, -1, 0.5, 10**400, float("nan"), float("-inf"), [], {}, [None], [[]]),
    *("\ud800", "x" * 20_000, "[" * 990 + "]" * 990, '{"Statement": [{}]}', "9" * 5_000),
)
BODIES: Final = (b"", b"null", b"[]", b"{", b"\xff\xfe", b"<html>", b"{}", b'"x"', b"[" * 5_000)


class Spoiler:
    """Spoils about two of three answers while `spoiling`. `spoiled`: what became of them."""

    def __init__(self, seed: int) -> None:
        self.spoiling = False
        self.spoiled: list[str] = []
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def answer(self, whole: bytes) -> bytes:
        """What is handed on."""
        with self._lock:
            chance = self._random.random()
            if not self.spoiling or chance < 0.3:
                return whole
            if chance < 0.4:
                body = self._random.choice(BODIES)
                self.spoiled.append(f"{body[:10]!r}")
                return body
            try:
                tree = json.loads(whole)
            except ValueError:
                return whole
            return json.dumps(self._changed(tree)).encode()

    def _changed(self, tree: Any) -> Any:
        """The answer with one value of it gone, or another."""
        places = list(_places(tree))
        if not places:
            return tree
        holder, at = self._random.choice(places)
        if isinstance(holder, dict) and self._random.random() < 0.3:
            self.spoiled.append(f"{at} is missing")
            del holder[at]
            return tree
        value = self._random.choice(VALUES)
        self.spoiled.append(f"{at} is {str(value)[:20] if not isinstance(value, int) else 'int'}")
        holder[at] = value
        return tree


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    keys = tree.keys() if isinstance(tree, dict) else range(len(tree))
    for at in list(keys):
        yield tree, at
        if isinstance(tree[at], (dict, list)):
            yield from _places(tree[at])
