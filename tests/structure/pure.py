"""The pure modules, read from the import contract; what it prints are pytest-cov's arguments."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def names() -> list[str]:
    """Modules and packages."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = project["tool"]["importlinter"]["contracts"]
    return list(next(row["source_modules"] for row in contracts if row["id"] == "pure"))


def paths() -> list[Path]:
    """A file for a module, a directory for a package, relative to the repository."""
    bases = [Path("operator", *name.split(".")) for name in names()]
    return [base if (ROOT / base).is_dir() else base.with_suffix(".py") for base in bases]


if __name__ == "__main__":
    print(*(f"--cov={name}" for name in names()))
