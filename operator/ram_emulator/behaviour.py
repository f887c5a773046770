"""One switch for what the real service's documentation leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Setting: TypeAlias = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One open question about the service: two answers, their meaning, why it is open.

    words: the texts that are possible if not every text is.
    """

    hostile: Setting
    friendly: Setting
    sentence: str
    source: str
    words: tuple[str, ...] = ()
