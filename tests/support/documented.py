"""The commands that README and docs tell people to type, and who runs each of them.

The table is tests/structure/commands.yaml: a command stands below the test that runs it, or below
the reason why nobody can. Whoever runs some asks `assigned` for them, so that no row is only said.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = sorted([*ROOT.glob("*.md"), *ROOT.glob("d[eo]*/**/*.md")])
TABLE: Final = ROOT / "tests" / "structure" / "commands.yaml"
_FENCE: Final = re.compile(r"^( *)```(\S*)$")
_CODE: Final = re.compile(r"`([^`]+)`")
_COMMENT: Final = re.compile(r"\s+# .*$", re.MULTILINE)
_TYPED_INLINE: Final = ("kubectl ", "make ", "python -m ")


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a page. `line` counts from 1."""

    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


def blocks(page: Path) -> Iterator[tuple[str, int, list[str]]]:
    """Language, line of the first one inside, and lines without the block's own indentation."""
    opened: tuple[str, str, int] | None = None
    inside: list[str] = []
    for number, line in enumerate(page.read_text().splitlines(), 1):
        fence = _FENCE.match(line)
        if opened is None:
            if fence is not None:
                opened, inside = (fence[1], fence[2], number + 1), []
        elif fence is not None:
            yield opened[1], opened[2], inside
            opened = None
        else:
            inside.append(line.removeprefix(opened[0]))
    assert opened is None, f"{page}: a block has no end"


@cache
def commands() -> list[Command]:
    """Every command of every block, without its prompt and its comment."""
    found = []
    for page in PAGES:
        name = str(page.relative_to(ROOT))
        for language, first, lines in blocks(page):
            if language == "console":
                found += [Command(name, first + n, text) for n, text in typed(lines)]
    return found


def inline() -> list[Command]:
    """What stands in a sentence or table and begins as a command does."""
    found = []
    for page in PAGES:
        text = re.sub(
            r"^ *```.*?^ *```$",
            lambda block: "\n" * block[0].count("\n"),
            page.read_text(),
            flags=re.DOTALL | re.MULTILINE,
        )
        for code in _CODE.finditer(text):
            said = " ".join(code[1].split())
            if said.startswith(_TYPED_INLINE):
                line = text.count("\n", 0, code.start()) + 1
                found.append(Command(str(page.relative_to(ROOT)), line, said))
    return found


def typed(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Offset and text of each command of a block; it may have more than one line."""
    index = 0
    while index < len(lines):
        start = index
        index += 1
        if not lines[start].startswith("$ "):
            continue
        text = lines[start][2:]
        while not _whole(text):
            text += "\n" + lines[index]
            index += 1
        yield start, _COMMENT.sub("", text)


def _whole(text: str) -> bool:
    """Whether a shell would run it, rather than wait for another line."""
    document = re.search(r"<<'(\w+)'$", text.partition("\n")[0])
    if document is not None:
        return text.endswith("\n" + document[1])
    loop = text.startswith("for ") and not text.endswith("; done")
    return not (text.endswith("\\") or loop)


@cache
def table() -> dict[str, Any]:
    """`run`: test → commands. `not run`: reason → commands."""
    return dict(yaml.safe_load(TABLE.read_text()))


def assigned(test: str) -> list[str]:
    """The commands that this test says it runs, as they stand in the documentation."""
    return list(table()["run"].get(test, ()))


def untyped(test: str, seen: Iterable[str]) -> list[str]:
    """Those of its commands that the test did not type."""
    return [each for each in assigned(test) if not any(same(each, one) for one in seen)]


def same(said: str, seen: str) -> bool:
    """Whether that is what the page says; there `…` and a moment stand for anything."""
    return _pattern(said).fullmatch(_spelled(seen)) is not None


def _spelled(text: str) -> str:
    """With quotes where they have to be, however they were written."""
    if "\n" in text or re.search(r"[|;$]", text):
        return text
    try:
        words = shlex.split(text)
    except ValueError:
        return text
    return shlex.join("python" if word == ".venv/bin/python" else word for word in words)


def _pattern(text: str) -> re.Pattern[str]:
    written = re.escape(_spelled(text))
    written = re.sub(r"\d{4}\\-\d\d\\-\d\dT\d\d:\d\d:\d\dZ", ".*", written)
    return re.compile(written.replace("…", ".*"), re.DOTALL)


def printed(page: Path, heading: str) -> list[tuple[str, str]]:
    """Each command below a heading of the second level, with what the page says that it prints."""
    lines = page.read_text().splitlines()
    first = lines.index(f"## {heading}") + 1
    last = next((n for n in range(first, len(lines)) if lines[n].startswith("## ")), len(lines))
    found = []
    for language, number, inside in blocks(page):
        if language != "console" or not first <= number <= last:
            continue
        starts = [*typed(inside), (len(inside), "")]
        for (start, text), (end, _) in pairwise(starts):
            said = "\n".join(inside[start + 1 + text.count("\n") : end])
            found += [(text, said)] if said else []
    return found


def prints(said: str, seen: str) -> bool:
    """Whether it was printed. `…`, moments, ages, digests and ends of keys stand for any; breaks of
    lines and the width of columns are the page's."""
    words = [re.escape(word).replace("…", r"[\s\S]*?") for word in said.split()]
    # A line of its own, `…` may also stand for nothing.
    pattern = r"\s+".join(map(_any_like, words)).replace(r"\s+[\s\S]*?\s+", r"\s[\s\S]*?")
    return re.search(pattern, seen) is not None


def _any_like(word: str) -> str:
    for kind in (
        r"\d{4}\\-\d\d\\-\d\dT\d\d:\d\d:\d\dZ",
        r"(?<![\w/])\d+[smh](?![\w/])",
        r"sha256:[0-9a-f]+",
        r"(?<=\?)[A-Za-z0-9]{4}(?=\\?[\]\"])",
    ):
        word = re.sub(kind, lambda _: r"\S+?", word)
    return word


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a page; cells without the spaces around them."""

    page: str
    line: int
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def name(self) -> str:
        """How tests/structure/tables.yaml calls it: tables of a page with one header are one."""
        return f"{self.page}: {' | '.join(self.header)}"


@cache
def tables() -> list[Table]:
    """Every table of every page."""
    found = []
    for page in PAGES:
        name, lines = str(page.relative_to(ROOT)), page.read_text().splitlines()
        inside = {
            number
            for _, first, block in blocks(page)
            for number in range(first, first + len(block))
        }
        for at, line in enumerate(lines):
            if at and at + 1 not in inside and _RULE.match(line):
                below = takewhile(lambda one: one.lstrip().startswith("|"), lines[at + 1 :])
                found.append(Table(name, at, _cells(lines[at - 1]), tuple(map(_cells, below))))
    return found


def rows(page: str, first: str) -> list[tuple[str, ...]]:
    """Those of the one table of a page whose first column has that header."""
    (table,) = [each for each in tables() if each.page == page and each.header[0] == first]
    return list(table.rows)


_RULE: Final = re.compile(r"^ *\|( *:?-+:? *\|)+ *$")


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
