"""Writes docs/reference/attacks.md from the tests of the gate; with --check says if it is stale.

Called by people after an edit of those tests and by the tests. The words are those of
tests/gate/triples.py; this file must add none about a single attack.
"""

from __future__ import annotations

import sys
from itertools import groupby

from generated import ROOT, main

PAGE = ROOT / "docs" / "reference" / "attacks.md"
sys.path[:0] = [str(ROOT), str(ROOT / "operator")]

from tests.gate.triple_index import Counted, counted  # noqa: E402 - the roots come first
from tests.gate.triples import Entry, Moment, Resource, Triple  # noqa: E402

_INTRODUCTION = """\
# Attacks that are tried

Written by `scripts/attacks_reference.py` from the marks of the tests below `tests/gate`: edit
those, not this page.

Each is tried on the real parts: a Kubernetes API server with the CRDs and admission as shipped,
the operator as a process, and [the emulated cloud](emulator.md). What that cloud saw, by its
journal or its state, decides whether it failed. An attack is counted by where it begins (somebody
who edits, approves, or has rights in RAM or in the cluster, or chance), by what is at stake, and
by the moment. {triples} such combinations are tried, by {attacks} tests and rows of their tables;
many spellings of one combination count once. {legitimate} more tests and rows are no attacks: they
hold that what is normal goes through.

"""
_ORDER = tuple(
    {word: place for place, word in enumerate(words)} for words in (Entry, Resource, Moment)
)


def page() -> str:
    """The whole page as Markdown."""
    found = counted()
    attacks = sorted(
        ((triple, each) for each in found for triple in each.triples),
        key=lambda pair: (_place(pair[0]), pair[1].name),
    )
    text = _INTRODUCTION.format(
        triples=len({triple for triple, _ in attacks}),
        attacks=len(attacks),
        legitimate=len([each for each in found if each.legitimate]),
    )
    for entry, part in groupby(attacks, key=lambda pair: pair[0][0]):
        text += _section(entry, list(part))
    return text.rstrip("\n") + "\n"


def _place(triple: Triple) -> tuple[int, ...]:
    return tuple(order[word] for order, word in zip(_ORDER, triple, strict=True))


def _section(entry: Entry, attacks: list[tuple[Triple, Counted]]) -> str:
    lines = [
        f"## {entry[0].upper()}{entry[1:]}\n",
        "| what is at stake | moment | tests |",
        "| --- | --- | --- |",
    ]
    for (_, resource, moment), rows in groupby(attacks, key=lambda pair: pair[0]):
        tests = "<br>".join(f"`{_cell(each.name)}`" for _, each in rows)
        lines.append(f"| {resource} | {moment} | {tests} |")
    return "\n".join(lines) + "\n\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main(__doc__, PAGE, page, "python scripts/attacks_reference.py"))
