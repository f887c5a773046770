"""`python -m tests.mutants [id ...]`: breaks the gate line by line, in a copy, and runs tests.

Each mutant is killed when a test that its row names fails. The exit code is 1 when one survives
that is not known to be equivalent, or when the tests fail without it. Runs one at a time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.mutants.table import PACKAGE, ROOT, DoesNotApply, Mutant, read

COPIED: Final = (
    "operator",
    "lab",
    "tests",
    "crds",
    "deploy",
    "demo",
    "docs",
    "requirements",
    "scripts",
)
SECONDS: Final = 500
KILLED, SURVIVED, EQUIVALENT, BROKEN = "killed", "SURVIVED", "equivalent", "BROKEN"
_PASSED, _FAILED = 0, 1


def copy(target: Path) -> None:
    """What the tests need, without what earlier runs left."""
    left = shutil.ignore_patterns("__pycache__", ".*")
    for name in COPIED:
        shutil.copytree(ROOT / name, target / name, ignore=left)
    for name in ("pyproject.toml", "README.md", "Makefile"):
        shutil.copy(ROOT / name, target / name)


def run(directory: Path, tests: Sequence[str]) -> tuple[int, str]:
    """Run tests in a copy of the tree. Returns pytest's exit code and the end of what it said."""
    paths = os.pathsep.join([str(directory / "operator"), str(directory)])
    environment = {
        **os.environ,
        "PYTHONPATH": paths,
        "PYTHONDONTWRITEBYTECODE": "1",
        "HYPOTHESIS_PROFILE": "quick",
    }
    plugins = ("-p", "tests.mutants.inside", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", *plugins, "-x", "-q", *tests]
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return -1, f"no end after {SECONDS} seconds"
    return done.returncode, (done.stdout + done.stderr)[-1500:]


def judge(mutant: Mutant) -> tuple[str, str]:
    """What became of a mutant, and what the tests said where that needs a look."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        directory = Path(name)
        copy(directory)
        file = directory / PACKAGE / mutant.file
        try:
            file.write_text(mutant.applied(file.read_text()))
        except DoesNotApply as error:
            return BROKEN, str(error)
        code, said = run(directory, mutant.tests)
    if code == _FAILED:
        return KILLED, ""
    if code == _PASSED:
        return (EQUIVALENT, mutant.equivalent) if mutant.equivalent else (SURVIVED, mutant.why)
    return BROKEN, said


def baseline(mutants: Sequence[Mutant]) -> bool:
    """Whether all tests pass without any mutant: else their failing would say nothing."""
    good = True
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        copy(Path(name))
        for tests in dict.fromkeys(mutant.tests for mutant in mutants):
            code, said = run(Path(name), tests)
            if code != _PASSED:
                good = False
                print(f"without a mutant: {' '.join(tests)} ended with {code}\n{said}")
    return good


def main(asked: Sequence[str]) -> int:
    mutants = [mutant for mutant in read() if not asked or mutant.id in asked]
    if unknown := set(asked) - {mutant.id for mutant in mutants}:
        print(f"no mutant is called {', '.join(sorted(unknown))}")
        return 2
    if not baseline(mutants):
        return 1
    counts = dict.fromkeys((KILLED, EQUIVALENT, SURVIVED, BROKEN), 0)
    for mutant in mutants:
        start = time.monotonic()
        state, text = judge(mutant)
        counts[state] += 1
        seconds = time.monotonic() - start
        print(f"{state:10} {mutant.id:32} {mutant.file:24} {seconds:5.1f} s  {text}", flush=True)
    print(", ".join(f"{count} {state}" for state, count in counts.items()))
    wrong = counts[SURVIVED] + counts[BROKEN]
    print(f"{len(mutants) - wrong} passed, {wrong} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
