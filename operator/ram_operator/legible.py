"""How a text of somebody else's may reach people: nothing hidden, nothing turned around. Pure.

What authors of manifests and people in the cloud write is quoted in statuses, events, logs and on
terminals. It must neither forge a line there nor move the cursor, hide what it says or turn around
the direction of reading. Called where texts leave: by the report, the writer of events, the log and
`kubectl ram`; never on what is compared, digested or sent to the cloud.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

_UNSEEN: Final = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
            *range(0x180B, 0x1810),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)
"""Letters and marks of Unicode that show nothing, beside those that count as controls."""
_MASKED: Final = re.compile(r"%\{([0-9a-f]{1,6})\}")


def line(text: str) -> str:
    """The text in one line: what is no letter to see is spelled out as JSON spells it, \\u202e.

    Controls, marks of direction, letters of no width, ends of lines and of paragraphs, halves of
    letters, private letters. Twice changes nothing more, and a text in JSON means the same.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if _seen(char) else spelled(char) for char in text)


def lines(text: str) -> str:
    """The same of a text that has several lines of its own."""
    return "\n".join(map(line, text.split("\n")))


def tree(value: Any) -> Any:
    """The same of all texts in a document, names included."""
    if isinstance(value, str):
        return line(value)
    if isinstance(value, Mapping):
        return {line(str(name)): tree(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [tree(part) for part in value]
    return value


def spelled(char: str) -> str:
    """One character as JSON spells it in ASCII."""
    return json.dumps(char)[1:-1]


def masked(text: str) -> str:
    """A text that people see and the operator compares: `unmasked` is the inverse."""
    if line(text) == text and "%{" not in text:
        return text
    hidden = text.replace("%{", "%{25}{")
    return "".join(char if _seen(char) else f"%{{{ord(char):x}}}" for char in hidden)


def unmasked(text: str) -> str:
    """What was masked. Of a text that never was, as older versions wrote them, what is no character
    is left as it is.
    """
    return _MASKED.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    try:
        return chr(int(found[1], 16))
    except ValueError:
        return found[0]


def _seen(char: str) -> bool:
    shown = char.isprintable() or unicodedata.category(char) == "Zs"
    return shown and char not in _UNSEEN
