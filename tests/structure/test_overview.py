"""The architecture's overview is true: modules that it names exist, and ten questions need few."""

from __future__ import annotations

import re
from typing import Final

from tests.structure import pure
from tests.structure.test_layout import PACKAGES, PRODUCT

OVERVIEW: Final = (pure.ROOT / "docs" / "architecture" / "overview.md").read_text()
MOST: Final = 30
"""Files that a newcomer opens for all questions together, each one counted each time."""


def _rows(heading: str) -> list[list[str]]:
    section = OVERVIEW.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def _exists(name: str) -> bool:
    path = PRODUCT / name
    return path.is_dir() or path.with_suffix(".py").is_file() or (pure.ROOT / name).exists()


def test_the_ten_questions_need_few_files() -> None:
    questions = _rows("Ten questions")
    files = [name for row in questions for name in re.findall(r"`([^`]+)`", row[1])]
    assert len(questions) == 10
    assert len(files) <= MOST
    assert [name for name in files if not _exists(name)] == []


def test_the_packages_are_those_of_the_folder() -> None:
    named = {row[0].strip("`/"): row[2] == "yes" for row in _rows("The folder")}
    listed = {path.stem for path in pure.paths()}
    assert named == {name: name in listed for name in PACKAGES}


def test_modules_that_it_names_exist() -> None:
    packages = "|".join(PACKAGES)
    names = re.findall(rf"`((?:{packages})/[a-z_]+)(?:\.py)?`", OVERVIEW)
    assert names
    assert [name for name in names if not _exists(name)] == []
