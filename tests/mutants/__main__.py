"""`python -m tests.mutants [name ...]`: each mutant has to make the tests fail that it names.

Works on a copy of the sources and tests in a scratch directory. Exit code 1 when a mutant survives,
or when the tests fail without one.
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

from tests.mutants.catalogue import ROOT, SOURCES, Mutant, load

COPIED: Final = ("operator", "tests", "crds", "deploy", "docs", "bench", "demo", "scripts")
SECONDS: Final = 900.0
"""A mutant that makes a test hang is noticed as well."""
FAILED: Final = 1
"""pytest's exit code for tests that failed; any other says that they were not run."""


class Scratch:
    """A copy of what the tests need, in which one file at a time is changed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        for name in COPIED:
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, directory / name, ignore=ignore)
        for path in ROOT.glob("*.*"):
            if path.is_file() and path.suffix in (".toml", ".md"):
                shutil.copy(path, directory / path.name)

    def environment(self) -> dict[str, str]:
        return {
            "HYPOTHESIS_PROFILE": "quick",
            **os.environ,
            "PYTHONPATH": str(self.directory / "operator"),
            # A file that is changed twice within a second would be taken from the cache.
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def check_imports(self) -> None:
        """Raises RuntimeError when the tests would run on other sources than the copy."""
        code = "import ram_operator; print(ram_operator.__file__)"
        found = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=self.directory,
            env=self.environment(),
        ).stdout.strip()
        if not Path(found).is_relative_to(self.directory):
            raise RuntimeError(f"the tests would run on {found}")

    def run(self, tests: Sequence[str]) -> int:
        """pytest's exit code; FAILED also when it took too long."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        try:
            return subprocess.run(
                command,
                cwd=self.directory,
                env=self.environment(),
                capture_output=True,
                timeout=SECONDS,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            return FAILED

    def run_with(self, mutant: Mutant) -> int:
        path = self.directory / SOURCES / mutant.file
        text = path.read_text(encoding="utf-8")
        path.write_text(mutant.applied(text), encoding="utf-8")
        try:
            return self.run(mutant.tests)
        finally:
            path.write_text(text, encoding="utf-8")


def main(names: Sequence[str]) -> int:
    """0 when every mutant was killed that can be."""
    chosen = [mutant for mutant in load() if not names or mutant.name in names]
    if not chosen:
        print("no such mutant", file=sys.stderr)
        return 2
    bad = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        scratch = Scratch(Path(directory).resolve())
        scratch.check_imports()
        for tests in dict.fromkeys(mutant.tests for mutant in chosen):
            if (code := scratch.run(tests)) != 0:
                print(f"exit {code} without a mutant: {' '.join(tests)}", flush=True)
                return 1
        for mutant in chosen:
            started = time.monotonic()
            code = scratch.run_with(mutant)
            verdict = "killed" if code == FAILED else f"SURVIVED (exit {code})"
            if code == 0 and mutant.equivalent:
                verdict = f"equivalent: {mutant.equivalent}"
            elif code != FAILED:
                bad += 1
            seconds = time.monotonic() - started
            print(f"{seconds:5.0f} s  {mutant.file}: {mutant.name}: {verdict}", flush=True)
    print(f"{len(chosen)} mutants, {bad} survived")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
