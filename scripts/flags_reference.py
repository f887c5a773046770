"""Writes docs/reference/flags.md from the operator's settings; --check only says whether it is old.

Called by people after a change of a setting and by the tests. Adds no word about a setting that
the setting does not have itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from generated import ROOT, main

from ram_operator.config import PREFIX, REQUIRED, Settings

PAGE = ROOT / "docs" / "reference" / "flags.md"
_INTRODUCTION = f"""\
# Flags of `ram-operator run`

Written by `scripts/flags_reference.py` from the settings: edit those, not this page. Each setting
has a flag, `--workers 8` or `--workers=8`, and a variable, `{PREFIX}WORKERS=8`; the flag wins.
All that is wrong is said at once, and the process ends with exit code 2. Flags that do not exist
and shortened ones are refused. Durations are in seconds.

| flag | default | accepts | meaning |
| --- | --- | --- | --- |
"""


def page() -> str:
    """The whole page as Markdown."""
    return _INTRODUCTION + "".join(_rows())


def _rows() -> Iterator[str]:
    for item in fields(Settings):
        flag = "--" + item.name.replace("_", "-")
        default = str(item.default).lower() if isinstance(item.default, bool) else item.default
        accepts = _accepts(item.default, item.metadata["minimum"], item.metadata["form"])
        default = "required" if item.name in REQUIRED else f"`{default}`"
        yield f"| `{flag}` | {default} | {accepts} | {item.metadata['help']} |\n"


def _accepts(default: Any, minimum: float | None, form: str) -> str:
    if isinstance(default, bool):
        return "true or false"
    if isinstance(default, str):
        return form
    return f"{'whole number' if isinstance(default, int) else 'number'}, at least {minimum:g}"


if __name__ == "__main__":
    sys.exit(
        main(
            __doc__,
            PAGE,
            page,
            "python scripts/flags_reference.py",
        )
    )
