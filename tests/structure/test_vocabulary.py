"""The words of a closed set stand in its enum: elsewhere nobody compares with them as letters."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final

from ram_operator import constants, documents
from ram_operator.cli.waiting import State
from ram_operator.model import records, vocabulary
from tests.structure.pure import ROOT

PRODUCT: Final = ROOT / "operator" / "ram_operator"
MODULES: Final = (constants, vocabulary, records)
OTHERS: Final = (documents.Effect, documents.Kind, documents.Verdict, State)
ALSO_NAMES: Final = frozenset({"pending", "held", "trust", "document", "drift", "account"})
"""Words that JSON has as names of something else: where they are keys, they are no values."""
OTHERWISE: Final[dict[str, frozenset[str]]] = {
    "None": frozenset({"faults"}),
    "rejected": frozenset({"status", "rendering"}),
    "waiting": frozenset({"startup"}),
}
"""More of them, in the modules that have them."""


def _words() -> frozenset[str]:
    kinds = [
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, StrEnum) and value is not StrEnum
    ]
    return frozenset(str(word) for kind in (*kinds, *OTHERS) for word in kind if word)


def _compared(node: ast.Compare) -> Iterator[tuple[ast.expr | None, bool]]:
    """Each side, and whether it is a key that is looked for in something."""
    looked_for = isinstance(node.ops[0], ast.In | ast.NotIn)
    yield node.left, looked_for
    for side in node.comparators:
        yield side, False
        if isinstance(side, ast.Tuple | ast.Set | ast.List):
            yield from ((each, False) for each in side.elts)


def _looked_at(tree: ast.Module) -> Iterator[tuple[ast.expr | None, bool]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            yield from _compared(node)
        elif isinstance(node, ast.Dict):
            yield from ((key, True) for key in node.keys)
        elif isinstance(node, ast.MatchValue):
            yield node.value, False


def _found(path: Path, words: frozenset[str]) -> Iterator[str]:
    for node, key in _looked_at(ast.parse(path.read_text())):
        word = node.value if isinstance(node, ast.Constant) else None
        if not isinstance(word, str) or word not in words or (key and word in ALSO_NAMES):
            continue
        if path.stem not in OTHERWISE.get(word, ()):
            assert node is not None
            yield f"{path.relative_to(PRODUCT)}:{node.lineno} {word!r}"


def test_a_word_of_a_closed_set_is_compared_by_its_name() -> None:
    words = _words()
    assert [hit for path in sorted(PRODUCT.rglob("*.py")) for hit in _found(path, words)] == []


def test_a_word_that_is_compared_as_letters_is_found() -> None:
    """Otherwise the test above would prove nothing."""
    text = "x = kind == 'TrustChange' or action in ('held', 1) or {'wider': 1}[verdict]"
    found = {
        node.value for node, _ in _looked_at(ast.parse(text)) if isinstance(node, ast.Constant)
    }
    assert found & _words() == {"TrustChange", "held", "wider"}
