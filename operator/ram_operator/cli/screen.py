"""Colours, escapes and columns: how a text may reach a terminal. Pure.

Texts of a status quote what authors of manifests wrote. Somebody who approves must not be fooled by
a text that moves the cursor, turns around the direction of reading, or looks like another letter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from .. import legible

_OWN: Final = frozenset("…→")
"""Characters beyond ASCII that the operator's own sentences have."""
_CODES: Final = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def wants_colour(choice: str, environment: Mapping[str, str], is_terminal: bool) -> bool:
    """`choice` is auto, always or never; https://no-color.org and TERM=dumb count for auto only."""
    if choice != "auto":
        return choice == "always"
    return is_terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


class Paint:
    """Puts colours around texts, or leaves them as they are."""

    def __init__(self, colours: bool) -> None:
        self._colours = colours

    def __call__(self, text: str, *styles: str) -> str:
        if not self._colours or not styles:
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"


def plain(text: str) -> str:
    """The text with all that is no printable ASCII spelled out: a Cyrillic a becomes \\u0430."""
    return "".join(char if _is_plain(char) else legible.spelled(char) for char in text)


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as kubectl writes them: three spaces apart, no spaces at the ends of lines."""
    lines = [titles, *([legible.line(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(titles))]
    return "".join(
        "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        + "\n"
        for line in lines
    )


def _is_plain(char: str) -> bool:
    return " " <= char <= "~" or char in _OWN
