"""`python -m tests.suites test|lanes|table [pytest arguments]`: all tests, in parts side by side.

`test` is what every change has to pass. `lanes` are slow and rare: they repeat in more variants
what `test` tries in some. `table` shows the times of both once more. Each part's output is shown
when it ends; at the end stand a table of times and one line, "N passed, N failed". The exit code is
the worst of all.

How many parts run at once follows the machine: another one starts while those that run leave it
something (waiting.slowness). What needs an API server has one of its own, since two operators on
one would work on each other's objects; the rest starts at once, while programs that are missing are
built.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from lab.waiting import slowness
from tests.timetable import Ended, Part, Running, closing, table

ROOT: Final = Path(__file__).resolve().parents[1]
HERE: Final = ROOT / ".cluster"
PYTHON: Final = (sys.executable, "-m")
MAKE: Final = ("make", "--no-print-directory")
KILLS: Final = "tests/faults/test_kill_matrix.py"
LEAST: Final = 3
"""Parts that run at once whatever the machine says: mostly they wait."""
MOST: Final = max(6, 2 * (os.cpu_count() or 1))
"""For the sake of memory: each takes up to a gigabyte."""
FULL: Final = 2.5
"""So slow the parts that run make each other before no other one is started."""
APART: Final = 12.0
"""Seconds between two starts, so that the machine shows what the first one takes."""
BEAT: Final = 60.0
NOTHING_CHOSEN: Final = 5
"""Pytest's exit code where its arguments leave no test of a part."""


def _files(folder: str, *without: str) -> list[str]:
    """Its test files by size, so that every n-th one takes about as long as every other n-th."""
    found = (ROOT / "tests" / folder).glob("test_*.py")
    ordered = sorted(found, key=lambda path: path.stat().st_size)
    return [name for path in ordered if (name := str(path.relative_to(ROOT))) not in without]


def _pytest(name: str, *places: str, **environment: str) -> Part:
    """Tests that need no API server, or bring their own."""
    return Part(name, (*PYTHON, "pytest", *places), places, environment)


def _on_a_plane(name: str, *places: str) -> Part:
    command = (*PYTHON, "lab", "run", "--", *PYTHON, "pytest", *places)
    return Part(name, command, places)


def _with(part: Part, **environment: str) -> Part:
    return replace(part, environment=environment)


def _shown(part: Part) -> Part:
    """With what its tests print."""
    return replace(part, command=(*part.command, "-s"))


def _those_named(word: str, part: Part, **environment: str) -> Part:
    return _with(replace(part, command=(*part.command, "-k", word)), **environment)


FIRST_DAYS: Final = "tests/first_days"
"""Of people: played by the lanes alone."""
OLDEST: Final = ("tests/gate/test_reduced_guard.py", "tests/admission/test_variants.py")
"""What the Makefile plays on the oldest Kubernetes that is supported, built at the first use."""
GATE: Final = _files("gate")
GATE_APART: Final = [name for name in GATE if "apart: ControlPlane" in (ROOT / name).read_text()]
"""With operators of their own, on another plane: more work than the others."""
GATE_BESIDE: Final = [name for name in GATE if name not in GATE_APART]
GATE_PARTS: Final = (GATE_BESIDE[::2], GATE_BESIDE[1::2], GATE_APART[::2], GATE_APART[1::2])
SCENARIO_PARTS: Final = 3
SOAK: Final = "tests/soak"
"""Churn and crowds: played by the lanes alone."""
ODD: Final = ("tests/scenarios/test_odd_answers.py", "tests/scenarios/test_random_objects.py")
BESIDE: Final = (
    "tests/scenarios/test_argocd_health.py",
    "tests/scenarios/test_runbooks.py",
    "tests/scenarios/test_samples.py",
)
"""What is around the operator, and no promise of docs/security.md: played by the lanes alone."""
SCENARIOS: Final = _files("scenarios", *BESIDE)
ALONE: Final = (
    Part("static", (*MAKE, "static"), ("tests/structure",)),
    Part("unit", (*MAKE, "covered"), ("tests/unit",)),
    Part("properties", (*PYTHON, "pytest", "tests/unit", "-m", "hypothesis")),
    _pytest("emulator", "tests/emulator"),
    _pytest("image", "tests/deploy/test_image.py", "tests/deploy/test_layers.py"),
)
"""What needs no program that is built. `unit` measures coverage, which makes all twice as slow: so
the properties are tried without it.
"""
TEST: Final = (
    *(
        _with(_on_a_plane(f"gate {n}", *files), GATE="some")
        for n, files in enumerate(GATE_PARTS, 1)
    ),
    _pytest("kills", KILLS),
    _pytest("faults", *_files("faults", KILLS)),
    _on_a_plane(
        "everything else",
        "tests/lab",
        "tests/manifests",
        "tests/demo",
        "tests/deploy/test_alerting.py",
        "tests/deploy/test_components.py",
        "tests/deploy/test_dashboard.py",
        "tests/deploy/test_expressions.py",
        "tests/deploy/test_facts.py",
        "tests/deploy/test_install_manifests.py",
        "tests/deploy/test_proxy.py",
        "tests/deploy/test_rules.py",
    ),
    *(
        _on_a_plane(f"scenarios {n + 1}", *SCENARIOS[n::SCENARIO_PARTS])
        for n in range(SCENARIO_PARTS)
    ),
    _pytest("histories", "tests/histories"),
    _on_a_plane("sweeps", "tests/sweeps"),
    _on_a_plane("admission and commands", "tests/admission", "tests/cli"),
)
"""In the order in which they start: the longest first."""
LANES: Final = (
    _pytest(
        "all histories",
        "tests/histories",
        HISTORIES_COUNT="280",
        HISTORIES_RESTARTS="18",
        HISTORIES_SEED="5000",
        VOTES_COUNT="72",
        VOTES_SEED="5000",
        QUIET_COUNT="40",
        QUIET_SEED="5000",
    ),
    _pytest("other kills", KILLS, FAULTS="others"),
    _pytest("other faults", "tests/faults/test_fault_matrix.py", FAULTS="others"),
    _with(_on_a_plane("other gate", *GATE), GATE="others"),
    _with(_on_a_plane("odd objects and answers", *ODD), OBJECTS="300", ANSWERS="300"),
    _on_a_plane("other scenarios", *BESIDE),
    _shown(_pytest("first days", FIRST_DAYS)),
    _shown(_pytest("soak", SOAK)),
    Part("oldest Kubernetes", (*MAKE, "oldest"), OLDEST),
    _those_named(
        "friendly", _on_a_plane("friendly scenarios", "tests/scenarios"), SCENARIOS="friendly"
    ),
)
"""Seeds stand here, so that a run says what the one before said; `make histories` draws others."""
RUNS: Final = {"test": TEST, "lanes": LANES}


class Run:
    """The parts that run, and what became of the others."""

    def __init__(self, logs: Path, arguments: Sequence[str] = ()) -> None:
        logs.mkdir(exist_ok=True)
        self._logs = logs
        self.running: list[Running] = []
        self.ended: list[Ended] = []
        self._arguments = arguments
        self._begin = self._beat = time.monotonic()
        self._started = 0.0

    def start(self, part: Part) -> None:
        self._started = time.monotonic()
        self.running.append(part.start(ROOT, self._logs, self._arguments if part.is_pytest else ()))

    def collect(self) -> None:
        for part in list(self.running):
            ended = part.ended()
            if ended is not None:
                if self._arguments and ended.code == NOTHING_CHOSEN:
                    ended = replace(ended, code=0)
                self.running.remove(part)
                self.ended.append(ended)
                part.show()
        if time.monotonic() - self._beat > BEAT:
            self._beat = time.monotonic()
            names = ", ".join(part.name for part in self.running)
            print(f"{self._beat - self._begin:4.0f} s: {names} still running", flush=True)

    def room(self) -> bool:
        """Whether another part may start now."""
        if len(self.running) < LEAST:
            return True
        rested = time.monotonic() - self._started > APART
        return rested and len(self.running) < MOST and slowness() < FULL

    def all(self, parts: Iterable[Part]) -> None:
        left = list(parts)
        while left or self.running:
            if left and self.room():
                self.start(left.pop(0))
            time.sleep(0.5)
            self.collect()

    def close(self, name: str) -> int:
        """Say what became of everything. The exit code."""
        seconds = time.monotonic() - self._begin
        rows = [ended.row() for ended in self.ended]
        (self._logs / f"times-{name}.json").write_text(
            json.dumps({"rows": rows, "seconds": seconds})
        )
        print(table(rows, seconds), closing(rows), sep="\n", flush=True)
        return min(max((abs(ended.code) for ended in self.ended), default=0), 125)

    def end(self) -> None:
        for part in self.running:
            part.end()


def main(arguments: Sequence[str]) -> int:
    """Run all parts; 0 when all passed."""
    which, *rest = arguments or ["test"]
    if which == "table":
        return _table()
    run = Run(HERE, rest)
    try:
        if which == "test":
            for part in ALONE:
                run.start(part)
        for program in ((), ("--monitoring",)):
            subprocess.run((*PYTHON, "lab", "assets", *program), cwd=ROOT, check=True)
        run.all(RUNS[which])
        return run.close(which)
    finally:
        run.end()


def _table() -> int:
    """The times of the last runs, all in one."""
    found = [HERE / f"times-{name}.json" for name in RUNS]
    runs = [json.loads(path.read_text()) for path in found if path.exists()]
    rows = [row for run in runs for row in run["rows"]]
    print(table(rows, sum(run["seconds"] for run in runs)), closing(rows), sep="\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
