"""Names of identities that were offered, never made, and whose records were let go. Pure.

A set of fixed size that forgets nothing: a name that was added is found for ever, and the fuller it
is, the more often another name is found, too. What is found there is judged more strictly, so the
set may be wrong in that way alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

BITS: Final = 65_536
"""With 2,000 names one of ten thousand others is found, with 10,000 one of twenty."""
_PLACES: Final = 4
"""Of each name."""


def added(text: str, names: Iterable[str]) -> str:
    """The set with these names, as a text of 10,924 letters; "" is the empty one."""
    bits = bytearray(_bits(text))
    for name in names:
        for place in _places(name):
            bits[place // 8] |= 1 << place % 8
    return base64.b64encode(bits).decode()


def has(text: str, name: str) -> bool:
    """Whether the name was added, or may have been: also where the set cannot be read."""
    bits = _bits(text)
    return all(bits[place // 8] >> place % 8 & 1 for place in _places(name))


def _places(name: str) -> Iterator[int]:
    digest = hashlib.sha256(name.encode()).digest()
    for number in range(_PLACES):
        yield int.from_bytes(digest[4 * number : 4 * number + 4], "big") % BITS


def _bits(text: str) -> bytes:
    """All names where it cannot be read."""
    if not text:
        return bytes(BITS // 8)
    try:
        bits = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        bits = b""
    return bits if len(bits) == BITS // 8 else b"\xff" * (BITS // 8)
