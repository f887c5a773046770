"""Writes docs/reference/rules.md from the rules on trust; with --check says if it is up to date.

Called by people after an edit of ram_operator.risk and by the tests. The rows are the rules' own
words; this file must add none about a single rule.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "rules.md"
sys.path.insert(0, str(ROOT / "operator"))

from ram_operator import risk  # noqa: E402 - the source root has to be on the path first

_INTRODUCTION = """\
# Rules on trust

Written by `scripts/rules_reference.py` from `ram_operator/risk.py`: edit the rules, not this page.

Each rule looks at a trust policy and names every principal that breaks it. Ids are stable. A
finding of severity critical holds the creation of a role; every change of meaning of an existing
role's trust is held whatever the findings, which are then listed in `status.pending.findings`.

| id | rule | severity | remedy |
| --- | --- | --- | --- |
"""


def main() -> int:
    """Returns 0 when the page is written or up to date, 1 when --check finds it stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if stale")
    text = page()
    if not parser.parse_args().check:
        PAGE.write_text(text)
        return 0
    if PAGE.exists() and PAGE.read_text() == text:
        return 0
    sys.stderr.write(f"{PAGE.relative_to(ROOT)} is stale: run python scripts/rules_reference.py\n")
    return 1


def page() -> str:
    """The whole page as Markdown."""
    rows = [
        f"| {rule.id} | {rule.title} | {rule.severity} | {_cell(rule.remedy)} |\n"
        for rule in risk.RULES
    ]
    return _INTRODUCTION + "".join(rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    sys.exit(main())
