"""JSON that clients send, read with limits: what is taken can be written again.

`parse` is what every module here reads parameters and documents with. Knows nothing of RAM.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

MOST_DEPTH = 64


def parse(text: str) -> Any:
    """The value of a JSON text; ValueError, with a reason, for one that cannot be kept.

    Refused beside what is no JSON: more than 64 levels, numbers without end, halves of characters.
    """
    try:
        value = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    waiting = [(value, 1)]
    while waiting:
        part, depth = waiting.pop()
        if isinstance(part, str):
            refuse_halves(part)
        elif isinstance(part, (dict, list)):
            if depth > MOST_DEPTH:
                raise ValueError("it is nested too deeply")
            rows = [*part, *part.values()] if isinstance(part, dict) else part
            waiting += [(row, depth + 1) for row in rows]
    return value


def refuse_halves(text: str) -> None:
    """ValueError for a text that UTF-8 cannot express, which no file and no reply can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it has half a character (a lone surrogate)") from None


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")
