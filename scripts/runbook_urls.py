"""Puts an address before the page of each alert: where your people find docs/operations/runbooks.

As shipped it is the path in this repository, since the project has no site. Called by
`make rules RUNBOOKS=https://…`, which writes the rules and their tests, and the PrometheusRule
afterwards; `make manifests RUNBOOKS=https://…` writes it into what is handed out alone.
"""

from __future__ import annotations

import re
import sys
from typing import Final

from generated import ROOT

RULES: Final = ROOT / "deploy" / "monitoring" / "rules.yaml"
TESTS: Final = ROOT / "deploy" / "monitoring" / "rules_test.yaml"
SHIPPED: Final = "docs/operations/runbooks"
_URL: Final = re.compile(r"(?<=runbook_url: )\S*?(?=RamOperator\w+\.md$)", re.MULTILINE)


def based(text: str, base: str) -> str:
    """The rules with that address, or as shipped. Raises ValueError for one that leads nowhere from
    a pager.
    """
    if base != SHIPPED and not re.fullmatch(r"https?://[^\s\"'{}]+", base):
        raise ValueError(f"{base!r} is no address: write for example https://git.example/runbooks/")
    return _URL.sub(lambda _: base.rstrip("/") + "/", text)


def main(words: list[str]) -> int:
    """Returns 0 when both files are written, 2 for an address that is none."""
    if len(words) != 1:
        sys.stderr.write("usage: runbook_urls.py https://…\n")
        return 2
    try:
        texts = {path: based(path.read_text(), words[0]) for path in (RULES, TESTS)}
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for path, text in texts.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
