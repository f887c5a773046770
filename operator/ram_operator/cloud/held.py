"""What one identity has, in so few bytes that those of a whole account may be kept.

Lists of an account are compared by it with what close looks found.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Set
from typing import Final

_DIGEST: Final = 8
_SECRET: Final = os.urandom(16)
"""Nobody shall find names whose digests add up to those of others, nor two trusts that have one."""


class Held(bytes):
    """What one identity has (policies, members, groups), in 18 bytes."""

    __slots__ = ()

    @classmethod
    def of(cls, entries: Iterable[str], others: Iterable[str] = ()) -> Held:
        """`entries` are the keys of what it has; `others` is what else a list says of them."""
        keys = set(entries)
        return cls._packed(_sum(keys), _sum(set(others)), len(keys))

    @classmethod
    def _packed(cls, entries: int, others: int, count: int) -> Held:
        parts = ((entries, _DIGEST), (others, _DIGEST), (max(0, min(count, 0xFFFF)), 2))
        return cls(b"".join(part.to_bytes(length) for part, length in parts))

    def changed(self, added: Set[str], taken: Set[str]) -> Held:
        """The same after a write: it had none of the one and all of the other."""
        moved = int.from_bytes(self.entries) ^ _sum(added) ^ _sum(taken)
        return self._packed(moved, 0, self.number + len(added) - len(taken))

    @property
    def entries(self) -> bytes:
        """A digest of what it has, the same from whatever list."""
        return self[:_DIGEST]

    @property
    def number(self) -> int:
        """How many it has."""
        return int.from_bytes(self[2 * _DIGEST :])


def _sum(parts: Set[str]) -> int:
    """One number for a set, which goes from one set to the next by what they differ in."""
    found = 0
    for part in parts:
        found ^= int.from_bytes(told(part))
    return found


def told(text: str, size: int = _DIGEST) -> bytes:
    """What stands for a text in this process, in so few bytes: whoever may edit manifests and the
    cloud has the one of two texts agreed on and the other one written by hand, and nothing that he
    can compute tells him which two have the same.
    """
    return hashlib.blake2b(text.encode(), digest_size=size, key=_SECRET).digest()


NOTHING: Final = Held.of(())


def identity(noun: str, name: str) -> str:
    """By what an identity is known here: `role/name`, folded."""
    return f"{noun}/{name.lower()}"
