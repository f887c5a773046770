"""`python -m tests.suites [pytest arguments]`: the whole test run, in parts side by side.

Each part but the unit tests has a control plane of its own, since two operators on one would work
on each other's objects. Most of the time a test waits, so seven parts on two cores take little
more than one. What each part printed is shown when it ends; the exit code is the worst of all.
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
SCENARIOS: Final = sorted(
    str(path.relative_to(ROOT)) for path in ROOT.glob("tests/scenarios/test_*.py")
)
PARTS: Final[dict[str, tuple[str, ...]]] = {
    "scenarios": tuple(SCENARIOS[::2]),
    "the other scenarios": tuple(SCENARIOS[1::2]),
    "faults": (
        "tests/faults/test_fault_matrix.py",
        "tests/faults/test_denied.py",
        "tests/faults/test_api_server.py",
    ),
    "kills and histories": ("tests/faults/test_kill_matrix.py", "tests/histories"),
    "gate": ("tests/gate", "tests/admission", "tests/plugin"),
    "unit": ("tests/unit",),
    "everything else": (
        "tests/emulator",
        "tests/cluster",
        "tests/manifests",
        "tests/deploy",
        "tests/demo",
    ),
}
"""tests/structure is part of `make static`, which comes before."""
UNIT: Final = ("make", "--no-print-directory", "unit")
"""Needs no control plane, and measures coverage."""
BEAT: Final = 60.0


@dataclass
class Part:
    """One part of the run."""

    name: str
    process: subprocess.Popen[bytes]
    output: IO[bytes]

    @classmethod
    def start(cls, name: str, folders: Sequence[str], arguments: Sequence[str]) -> Part:
        directory = ROOT / ".cluster"
        directory.mkdir(exist_ok=True)
        output = (directory / f"{name.replace(' ', '-')}.log").open("w+b")
        pytest = [sys.executable, "-m", "pytest", *folders, *arguments]
        command = [sys.executable, "-m", "tests.cluster", "run", "--", *pytest]
        if name == "unit":
            command = list(UNIT)
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT)
        return cls(name, process, output)

    def show(self) -> None:
        self.output.seek(0)
        sys.stdout.flush()
        sys.stdout.buffer.write(self.output.read())
        sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Run all parts; 0 when all passed."""
    waiting = [Part.start(name, folders, arguments) for name, folders in PARTS.items()]
    started, beat, worst = time.monotonic(), time.monotonic(), 0
    try:
        while waiting:
            time.sleep(0.5)
            if time.monotonic() - beat > BEAT:
                beat = time.monotonic()
                names = ", ".join(part.name for part in waiting)
                print(f"{beat - started:4.0f} s: {names} still running", flush=True)
            for part in [part for part in waiting if part.process.poll() is not None]:
                waiting.remove(part)
                part.show()
                worst = max(worst, abs(part.process.returncode))
    finally:
        for part in waiting:
            part.process.terminate()
            part.process.wait()
    return min(worst, 125)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
