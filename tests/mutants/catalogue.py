"""Reads and applies the mutants of mutants.yaml. Called by the runner and by the check of the list.

A mutant is one change of one line. Nothing here runs a test or touches the work tree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
LIST: Final = Path(__file__).with_name("mutants.yaml")
SOURCES: Final = Path("operator") / "ram_operator"


class BadMutant(ValueError):
    """The list names a line that is not there, or that is there more than once."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """`before` stands exactly once in `file`, which is relative to the operator's sources.

    tests: arguments of pytest. why: what the defect would do to a user. equivalent: why no test
    can tell it, empty for all that must be killed.
    """

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]
    why: str
    equivalent: str = ""

    def applied(self, text: str) -> str:
        """The file's text with the defect. Raises BadMutant."""
        found = text.count(self.before)
        if found != 1:
            raise BadMutant(f"{self.name}: {self.before!r} stands {found} times in {self.file}")
        if "\n" in self.before.strip():
            raise BadMutant(f"{self.name}: more than one line")
        return text.replace(self.before, self.after)


def load(path: Path = LIST) -> list[Mutant]:
    """All mutants, in the order of the list. Raises BadMutant, KeyError."""
    document: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    groups: Mapping[str, list[str]] = document["tests"]
    mutants = []
    for file, rows in document["mutants"].items():
        for row in rows:
            tests = tuple(groups[row["tests"]])
            mutants.append(
                Mutant(
                    name=row["name"],
                    file=file,
                    before=row["before"],
                    after=row["after"],
                    tests=tests,
                    why=row["why"],
                    equivalent=row.get("equivalent", ""),
                )
            )
    names = [mutant.name for mutant in mutants]
    if len(set(names)) != len(names):
        raise BadMutant("two mutants have one name")
    return mutants
