"""`python -m tests.suites [pytest arguments]`: the whole test run, in two halves side by side.

Each half has a control plane of its own, since two operators on one would work on each other's
objects. Most of the time a test waits, so two halves on two cores take little more than one. What
each half printed is shown when it ends; the exit code is the worse of the two.
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
HALVES: Final[dict[str, tuple[str, ...]]] = {
    "scenarios": ("tests/scenarios",),
    "everything else": (
        "tests/unit",
        "tests/emulator",
        "tests/cluster",
        "tests/manifests",
        "tests/faults",
        "tests/histories",
        "tests/deploy",
        "tests/demo",
    ),
}
"""tests/structure is part of `make check`, which comes before."""
BEAT: Final = 60.0


@dataclass
class Half:
    """One half of the run."""

    name: str
    process: subprocess.Popen[bytes]
    output: IO[bytes]

    @classmethod
    def start(cls, name: str, folders: Sequence[str], arguments: Sequence[str]) -> Half:
        directory = ROOT / ".cluster"
        directory.mkdir(exist_ok=True)
        output = (directory / f"{name.replace(' ', '-')}.log").open("w+b")
        pytest = [sys.executable, "-m", "pytest", *folders, *arguments]
        command = [sys.executable, "-m", "tests.cluster", "run", "--", *pytest]
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT)
        return cls(name, process, output)

    def show(self) -> None:
        self.output.seek(0)
        sys.stdout.flush()
        sys.stdout.buffer.write(self.output.read())
        sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Run both halves; 0 when both passed."""
    waiting = [Half.start(name, folders, arguments) for name, folders in HALVES.items()]
    started, beat, worst = time.monotonic(), time.monotonic(), 0
    try:
        while waiting:
            time.sleep(0.5)
            if time.monotonic() - beat > BEAT:
                beat = time.monotonic()
                names = " and ".join(half.name for half in waiting)
                print(f"{beat - started:4.0f} s: {names} still running", flush=True)
            for half in [half for half in waiting if half.process.poll() is not None]:
                waiting.remove(half)
                half.show()
                worst = max(worst, abs(half.process.returncode))
    finally:
        for half in waiting:
            half.process.terminate()
            half.process.wait()
    return min(worst, 125)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
