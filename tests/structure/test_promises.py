"""Each sentence of docs/security.md names the tests that hold it, or promises nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import yaml

from tests.structure import pure
from tests.suites import BESIDE, FIRST_DAYS, ODD, SOAK

PAGE: Final = pure.ROOT / "docs" / "security.md"
TABLE: Final = pure.ROOT / "tests" / "structure" / "promises.yaml"
Document = dict[str, Any]
_ENDS: Final = re.compile(r"(?<=[.?!])\s+(?=[A-Z`*\[\-\d])")
_NAMED: Final = re.compile(r"(tests/[\w/]+\.py)::(test_\w+)(?:\[(.+)\])?")


def _blocks(text: str) -> Iterator[list[str]]:
    """Paragraphs, list items and rows of tables, in lines. Headings and commands are none."""
    block: list[str] = []
    for line in re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE).splitlines():
        alone = line.startswith(("|", "#"))
        if alone or not line.strip() or line.startswith("- "):
            yield block
            block = []
        if line.startswith("|"):
            yield [line]
        elif not alone and line.strip():
            block.append(line.removeprefix("- ").strip())
    yield block


def _sentences(text: str) -> list[str]:
    """All sentences. A row of a table is one, and the row above a line of dashes is none."""
    found: list[str] = []
    for block in filter(None, _blocks(text)):
        whole = " ".join(block)
        if not whole.startswith("|"):
            found += _ENDS.split(whole)
        elif set(whole) <= set("|- "):
            found.pop()
        else:
            found.append(whole.strip("| "))
    return found


def _uncovered(sentences: list[str], table: Document) -> list[tuple[int, str]]:
    """What is not covered exactly once, and by how many entries."""
    begins = [entry["says"] for entry in table["promises"]]
    counted = [
        (sum(map(said.startswith, begins)) + table["says_nothing"].count(said), said)
        for said in sentences
    ]
    return [(count, said) for count, said in counted if count != 1]


def _stray(sentences: list[str], table: Document) -> list[str]:
    """Entries that begin no sentence, or more than one."""
    begins = [entry["says"] for entry in table["promises"]]
    return [
        *(text for text in begins if sum(said.startswith(text) for said in sentences) != 1),
        *(text for text in table["says_nothing"] if sentences.count(text) != 1),
    ]


@cache
def _functions(path: str) -> frozenset[str]:
    tree = ast.parse((pure.ROOT / path).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@cache
def _rows(folder: str) -> str:
    """Where the rows of the tables stand that tests of a folder are run for."""
    files = (pure.ROOT / folder).iterdir()
    return "\n".join(file.read_text() for file in files if file.suffix in {".py", ".yaml"})


def _exists(test: str) -> bool:
    named = _NAMED.fullmatch(test)
    if named is None:
        return False
    path, function, row = named.groups()
    if not (pure.ROOT / path).is_file() or function not in _functions(path):
        return False
    folder = path.rpartition("/")[0]
    return row is None or f'"{row}"' in _rows(folder) or f"name: {row}\n" in _rows(folder)


def _table() -> Document:
    table: Document = yaml.safe_load(TABLE.read_text())
    return table


def test_every_sentence_is_held_by_a_test_or_promises_nothing() -> None:
    sentences, table = _sentences(PAGE.read_text()), _table()
    assert _uncovered(sentences, table) == []
    assert _stray(sentences, table) == []


def test_every_test_that_holds_one_exists() -> None:
    promises = _table()["promises"]
    assert [entry["says"] for entry in promises if not entry["tests"]] == []
    assert [test for entry in promises for test in entry["tests"] if not _exists(test)] == []


def test_each_but_a_figure_that_takes_long_is_tried_before_every_change() -> None:
    """Of the gate `make test` plays each row that is named here, see tests/gate/sampling.py."""
    rare = (FIRST_DAYS, SOAK, *ODD, *BESIDE)
    promises = _table()["promises"]
    left = [p["says"] for p in promises if all(each.startswith(rare) for each in p["tests"])]
    assert left == ["Beside 300 new roles and 20 policies"]


EXAMPLE: Final = """# Heading

One. Two `a.b` is
long. Three:

- four
- five

| head | of |
| --- | --- |
| 6. A | row |

```
command
```
"""


def test_a_sentence_that_nobody_holds_is_found() -> None:
    """Otherwise the tests above would prove nothing."""
    sentences = _sentences(EXAMPLE)
    assert sentences == ["One.", "Two `a.b` is long.", "Three:", "four", "five", "6. A | row"]
    table = {"promises": [{"says": "T"}, {"says": "Two"}], "says_nothing": ["One", "five"]}
    assert _uncovered(sentences, table) == [
        (0, "One."),
        (2, "Two `a.b` is long."),
        (0, "four"),
        (0, "6. A | row"),
    ]
    assert _stray(sentences, table) == ["T", "One"]


def test_a_test_that_is_not_there_is_found() -> None:
    here = "tests/structure/test_promises.py"
    assert _exists(f"{here}::test_a_test_that_is_not_there_is_found")
    assert _exists("tests/admission/test_cases.py::test_case[an approver approves]")
    for missing in (
        f"{here}::test_nothing",
        f"{here}::_exists",
        "tests/structure/test_nowhere.py::test_nothing",
        "tests/admission/test_cases.py::test_case[nobody does anything]",
        "structure/test_promises.py",
    ):
        assert not _exists(missing)
