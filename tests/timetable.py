"""One part of a test run as a process, what it took, and the table of all. Used by suites.py."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

COUNTED: Final = re.compile(r"(\d+) (passed|failed|errors?)\b")
_CLOSING: Final = re.compile(r"^(?:=+ )?(?:\d+ [a-z]+, )*\d+ [a-z]+(?: in |$)")


@dataclass(frozen=True)
class Part:
    """What is run, as one process. places: the test files and folders that it covers."""

    name: str
    command: tuple[str, ...]
    places: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_pytest(self) -> bool:
        """Whether arguments of pytest may follow the command."""
        return "pytest" in self.command

    def start(self, root: Path, logs: Path, arguments: Sequence[str]) -> Running:
        log = logs / f"{self.name.replace(' ', '-')}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                (*self.command, *arguments),
                stdout=output,
                stderr=output,
                cwd=root,
                env={**os.environ, **self.environment},
            )
        return Running(self.name, process, log, time.monotonic())


@dataclass(frozen=True)
class Ended:
    """Seconds, of the clock and of a processor, and what pytest counted."""

    name: str
    code: int
    seconds: float
    processor: float
    passed: int
    failed: int

    def row(self) -> dict[str, Any]:
        """For the table, and for JSON."""
        return {**vars(self), "failed": self.failed or int(self.code != 0)}


@dataclass
class Running:
    """A part that was started."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    started: float

    def ended(self) -> Ended | None:
        """What it took, once it is over; to be asked until then and not again."""
        pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
        if pid == 0:
            return None
        # Popen would wait for it once more.
        code = self.process.returncode = os.waitstatus_to_exitcode(status)
        passed, failed = counted(self.text())
        seconds = time.monotonic() - self.started
        return Ended(self.name, code, seconds, usage.ru_utime + usage.ru_stime, passed, failed)

    def text(self) -> str:
        """What it has printed."""
        return self.log.read_text(errors="replace")

    def show(self) -> None:
        print(self.text(), end="", flush=True)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait()


def counted(text: str) -> tuple[int, int]:
    """Passed and failed tests by the last closing line of what a part printed; 0, 0 if none."""
    lines = [line for line in text.splitlines() if _CLOSING.match(line)]
    found = {word.rstrip("s"): int(n) for n, word in COUNTED.findall(lines[-1])} if lines else {}
    return found.get("passed", 0), found.get("failed", 0) + found.get("error", 0)


def table(rows: Iterable[Mapping[str, Any]], seconds: float) -> str:
    """One line for each part, and the whole. `seconds` is what all took together."""
    rows = list(rows)
    worked = sum(row["processor"] for row in rows)
    whole = {
        "name": "together",
        "seconds": seconds,
        "processor": worked,
        "passed": sum(row["passed"] for row in rows),
        "failed": sum(row["failed"] for row in rows),
    }
    head = f"{'part':22} {'minutes':>8} {'processor':>10} {'passed':>7} {'failed':>7}"
    lines = [
        f"{row['name']:22} {_minutes(row['seconds']):>8} {_minutes(row['processor']):>10}"
        f" {row['passed']:7} {row['failed']:7}"
        for row in (*rows, whole)
    ]
    return "\n".join(["", head, *lines, ""])


def closing(rows: Iterable[Mapping[str, Any]]) -> str:
    """The last line of a run."""
    rows = list(rows)
    passed, failed = (sum(row[name] for row in rows) for name in ("passed", "failed"))
    return f"{passed} passed, {failed} failed"


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
