"""What all scripts share that write a file from a source: write it, or with --check only compare.

Called by the scripts beside it; knows none of their files.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main(about: str | None, target: Path, text: Callable[[], str], command: str) -> int:
    """Returns 0 when `target` is written or up to date, 1 when --check finds it stale.

    `text` is what the file is to hold, `command` what a person runs to bring it up to date.
    """
    return main_of(about, lambda: {target: text()}, command)


def main_of(about: str | None, files: Callable[[], Mapping[Path, str]], command: str) -> int:
    """Like `main`, for several files: what each is to hold."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if stale")
    check = parser.parse_args().check
    stale = [
        target for target, wanted in files().items() if not _holds(target, wanted, write=not check)
    ]
    for target in stale:
        sys.stderr.write(f"{target.relative_to(ROOT)} is stale: run {command}\n")
    return 1 if stale else 0


def _holds(target: Path, wanted: str, *, write: bool) -> bool:
    """Whether the file says that, after it was written where it is to be."""
    if write:
        target.write_text(wanted)
    return target.exists() and target.read_text() == wanted
