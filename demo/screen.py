"""What the tour prints: titles, sentences, commands and their output. Decides nothing.

Colour only on a terminal, and not when NO_COLOR says otherwise (https://no-color.org).
"""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Mapping
from typing import Final, TextIO

WIDTH: Final = 100
_STYLES: Final = {"title": "1;36", "command": "1", "good": "32", "bad": "1;31", "quiet": "2"}


class Screen:
    """Prints to `out`. `environment` is asked for NO_COLOR only."""

    def __init__(
        self, out: TextIO | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        self._out = out if out is not None else sys.stdout
        values = environment if environment is not None else os.environ
        self._colour = self._out.isatty() and not values.get("NO_COLOR")

    def title(self, text: str) -> None:
        """A heading with an empty line above."""
        self._line("")
        self._line(self._styled("title", f"== {text} =="))

    def say(self, text: str) -> None:
        """A paragraph, wrapped."""
        for line in textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False):
            self._line(line)

    def command(self, text: str) -> None:
        """A command as a user would type it."""
        self._line(self._styled("command", f"$ {text}"))

    def output(self, text: str) -> None:
        """What a command printed, as it is."""
        if text.strip():
            self._line(text.rstrip("\n"))

    def checked(self, text: str) -> None:
        """Something that was looked at and is as it should be."""
        self._line(self._styled("good", f"ok: {text}"))

    def failed(self, text: str) -> None:
        """Something that is not as it should be."""
        self._line(self._styled("bad", f"FAILED: {text}"))

    def quiet(self, text: str) -> None:
        """A remark."""
        self._line(self._styled("quiet", text))

    def _styled(self, style: str, text: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self._colour else text

    def _line(self, text: str) -> None:
        print(text, file=self._out, flush=True)
