"""Writes docs/reference/flags.md from the operator's settings; --check only says whether it is old.

Called by people after a change of a setting and by the tests. Adds no word about a setting that
the setting does not have itself.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from ram_operator.config import PREFIX, REQUIRED, Settings

ROOT = Path(__file__).resolve().parents[1]
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


def main() -> int:
    """Returns 0 when the page is written or up to date, 1 when --check finds it stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if stale")
    text = _INTRODUCTION + "".join(_rows())
    if not parser.parse_args().check:
        PAGE.write_text(text)
        return 0
    if PAGE.exists() and PAGE.read_text() == text:
        return 0
    sys.stderr.write(f"{PAGE.relative_to(ROOT)} is stale: run python scripts/flags_reference.py\n")
    return 1


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
    sys.exit(main())
