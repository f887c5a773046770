"""What stands for a value in a record, where many values have to have room. Pure.

Whoever edits a manifest chooses what is digested, and may try as often as he likes: of 64 bits he
finds two documents with one digest on a laptop, has one approved and puts the other in its place.
So it is the whole of SHA-256, in the shortest spelling.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import Final

LETTERS: Final = 43
"""Of one digest."""
_LETTERS_BEFORE: Final = 16


def compact(text: str) -> str:
    """The whole SHA-256 of the text."""
    whole = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(whole).decode().rstrip("=")


def as_before(text: str) -> str:
    """As records have it that an earlier version wrote: 64 bits of the same. They may say that
    somebody was against something, and never that somebody was for it.
    """
    return hashlib.sha256(text.encode()).hexdigest()[:_LETTERS_BEFORE]


def older(found: Iterable[str]) -> bool:
    """Whether an earlier version wrote some of them."""
    return any(len(each) == _LETTERS_BEFORE for each in found)
