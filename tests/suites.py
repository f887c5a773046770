"""`python -m tests.suites [pytest arguments]`: the whole test run, in parts side by side.

What needs no API server starts at once, while the programs that are not there yet are built. Each
other part has a control plane of its own, since two operators on one would work on each other's
objects. Most of the time a test waits, so six of them on two cores take little more than one. What
each part printed is shown when it ends; the exit code is the worst of all.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

ROOT: Final = Path(__file__).resolve().parents[1]


def _by_size(folder: str) -> list[str]:
    """Its test files, so that every second one takes about half of the time."""
    found = (ROOT / "tests" / folder).glob("test_*.py")
    return [str(path.relative_to(ROOT)) for path in sorted(found, key=lambda p: p.stat().st_size)]


SCENARIOS: Final = _by_size("scenarios")
TABLE: Final = "tests/gate/test_attacks.py"
"""As long as all other attacks together."""
PARTS: Final[dict[str, tuple[str, ...]]] = {
    "everything else": ("tests/cluster", "tests/manifests", "tests/deploy", "tests/demo"),
    "gate": tuple(path for path in _by_size("gate") if path != TABLE),
    "faults": (
        "tests/faults/test_fault_matrix.py",
        "tests/faults/test_denied.py",
        "tests/faults/test_api_server.py",
    ),
    "kills and histories": ("tests/faults/test_kill_matrix.py", "tests/histories"),
    "scenarios": tuple(SCENARIOS[::2]),
    "the other scenarios": tuple(SCENARIOS[1::2]),
    "attacks": (TABLE,),
    "admission and plugin": ("tests/admission", "tests/plugin"),
}
"""Each with a control plane of its own, in the order in which they start."""
AT_ONCE: Final = 6
"""More of them side by side would only keep each other from being in time."""
MAKE: Final = ("make", "--no-print-directory")
ALONE: Final[dict[str, tuple[str, ...]]] = {
    "static": (*MAKE, "static"),
    "unit": (*MAKE, "unit"),
    "emulator": (sys.executable, "-m", "pytest", "tests/emulator"),
}
"""What needs none. `unit` measures coverage."""
ALONE_TAKES: Final = 90.0
"""Seconds that these may have to themselves; mostly they are over once the programs are built."""
ALONE_FOLDERS: Final = ("tests/structure", "tests/unit", "tests/emulator")
PROGRAMS: Final = ((), ("--monitoring",))
BEAT: Final = 60.0


@dataclass
class Part:
    """One part of the run."""

    name: str
    process: subprocess.Popen[bytes]
    output: IO[bytes]

    @classmethod
    def start(cls, name: str, command: Sequence[str]) -> Part:
        directory = ROOT / ".cluster"
        directory.mkdir(exist_ok=True)
        output = (directory / f"{name.replace(' ', '-')}.log").open("w+b")
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT)
        return cls(name, process, output)

    def show(self) -> None:
        self.output.seek(0)
        sys.stdout.flush()
        sys.stdout.buffer.write(self.output.read())
        sys.stdout.flush()


@dataclass
class Run:
    """The parts that still run, and the worst exit code of those that do not."""

    waiting: list[Part]
    worst: int = 0

    def collect(self) -> None:
        for part in [part for part in self.waiting if part.process.poll() is not None]:
            self.waiting.remove(part)
            part.show()
            self.worst = max(self.worst, abs(part.process.returncode))

    def settle(self, seconds: float) -> None:
        """Wait for what runs already, no longer than that: side by side it would only be slower."""
        end = time.monotonic() + seconds
        while self.waiting and time.monotonic() < end:
            time.sleep(0.2)
            self.collect()

    def end(self) -> None:
        for part in self.waiting:
            part.process.terminate()
            part.process.wait()


def main(arguments: Sequence[str]) -> int:
    """Run all parts; 0 when all passed."""
    python = (sys.executable, "-m")
    run = Run([Part.start(name, command) for name, command in ALONE.items()])
    started = beat = time.monotonic()
    try:
        for which in PROGRAMS:
            subprocess.run((*python, "tests.cluster", "assets", *which), cwd=ROOT, check=True)
        run.settle(ALONE_TAKES)
        cluster = (*python, "tests.cluster", "run", "--", *python, "pytest")
        left = list(PARTS.items())
        while run.waiting or left:
            while left and len(run.waiting) < AT_ONCE:
                name, folders = left.pop(0)
                run.waiting.append(Part.start(name, (*cluster, *folders, *arguments)))
            time.sleep(0.5)
            if time.monotonic() - beat > BEAT:
                beat = time.monotonic()
                names = ", ".join(part.name for part in run.waiting)
                print(f"{beat - started:4.0f} s: {names} still running", flush=True)
            run.collect()
    finally:
        run.end()
    return min(run.worst, 125)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
