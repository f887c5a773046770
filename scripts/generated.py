"""What all scripts share that write a file from a source: write it, or with --check only compare.

Called by the scripts beside it; knows none of their files.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main(about: str | None, target: Path, text: Callable[[], str], command: str) -> int:
    """Returns 0 when `target` is written or up to date, 1 when --check finds it stale.

    `text` is what the file is to hold, `command` what a person runs to bring it up to date.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if stale")
    check = parser.parse_args().check
    wanted = text()
    if not check:
        target.write_text(wanted)
        return 0
    if target.exists() and target.read_text() == wanted:
        return 0
    sys.stderr.write(f"{target.relative_to(ROOT)} is stale: run {command}\n")
    return 1
