"""The list of mutants, read and checked; used by the runner and by the structure tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
TABLE: Final = Path(__file__).with_name("mutants.yaml")
PACKAGE: Final = Path("operator", "ram_operator")

Row = dict[str, str]


class DoesNotApply(Exception):
    """The text that a mutant replaces is not found, or not only once."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one line. `tests` are pytest's arguments; `equivalent` says why it survives."""

    id: str
    area: str
    file: str
    """Relative to the product's package."""
    before: str
    after: str
    tests: tuple[str, ...]
    why: str
    equivalent: str = ""

    def applied(self, text: str) -> str:
        """The file's text with the change made. Raises DoesNotApply."""
        found = text.count(self.before)
        if found != 1 or "\n" in self.before:
            raise DoesNotApply(f"{self.id}: its line is found {found} times in {self.file}")
        return text.replace(self.before, self.after)


def read() -> tuple[Mutant, ...]:
    """All mutants, in the order of the file. Tests stand there once per set, under a name."""
    document = yaml.safe_load(TABLE.read_text())
    sets: dict[str, list[str]] = document["tests"]
    return tuple(
        Mutant(**{**row, "area": area, "tests": tuple(sets[row["tests"]])})
        for area, rows in document["mutants"].items()
        for row in rows
    )
