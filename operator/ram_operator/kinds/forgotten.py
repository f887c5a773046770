"""Names of identities that were offered, never made, and whose records were let go. Pure.

A set of fixed size that forgets nothing: a name that was added is found for ever, and the fuller it
is, the more often another name is found, too. What is found there is judged more strictly, so the
set may be wrong in that way alone. Which other names those are depends on a key that each set has
of its own: nobody can make up names so that a certain other one is found.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Final

BITS: Final = 65_536
"""With 2,000 names one of ten thousand others is found, with 10,000 one of twenty."""
_PLACES: Final = 4
"""Of each name."""
KEY: Final = 16
"""Bytes of a key, written with two digits each."""
_KEY: Final = re.compile(rf"[0-9a-f]{{{2 * KEY}}}")


def added(text: str, names: Iterable[str], key: str) -> str:
    """The set with these names, as a text of 10,957 letters; "" is the empty one, which gets this
    `key`, made by chance.
    """
    own, bits = _read(text)
    key, found = own or key, bytearray(bits)
    for name in names:
        for place in _places(name, key):
            found[place // 8] |= 1 << place % 8
    return f"{key}:{base64.b64encode(found).decode()}"


def has(text: str, name: str) -> bool:
    """Whether the name was added, or may have been: also where the set cannot be read."""
    key, bits = _read(text)
    if not key:
        return bool(text)
    return all(bits[place // 8] >> place % 8 & 1 for place in _places(name, key))


def _places(name: str, key: str) -> Iterator[int]:
    digest = hashlib.blake2b(name.encode(), key=bytes.fromhex(key)).digest()
    for number in range(_PLACES):
        yield int.from_bytes(digest[4 * number : 4 * number + 4], "big") % BITS


def _read(text: str) -> tuple[str, bytes]:
    """Its key and its bits; no key and all of them where it cannot be read."""
    key, _, encoded = text.partition(":")
    try:
        bits = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        bits = b""
    if _KEY.fullmatch(key) and len(bits) == BITS // 8:
        return key, bits
    return "", (b"\xff" if text else b"\0") * (BITS // 8)
