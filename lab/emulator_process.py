"""Starts the RAM emulator as a process of its own. Used by tests of every suite and by the demo."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ram_emulator.admin import AccountKeys, Admin, UserKeys

_SOURCES = Path(__file__).resolve().parents[1] / "operator"


class EmulatorProcess:
    """A running emulator.

    port: of the cloud API on 127.0.0.1. admin: client of its admin API. accounts: those that were
    seeded. The emulator ends with this process, also if this process is killed.
    """

    def __init__(self, process: subprocess.Popen[str], ready: Mapping[str, Any]) -> None:
        self._process = process
        self.port = int(ready["port"])
        self.admin_url = f"http://127.0.0.1:{ready['adminPort']}"
        self.admin = Admin(self.admin_url, timeout=120.0)
        self.accounts: list[dict[str, str]] = list(ready["accounts"])

    @classmethod
    def start(cls, *arguments: str, log: Path | None = None) -> EmulatorProcess:
        """Start and wait until it is ready; RuntimeError if it does not come up.

        arguments: further command-line options. log: a file for its standard error.
        """
        command = [sys.executable, "-m", "ram_emulator", "--exit-with-parent", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(_SOURCES)}
        with contextlib.ExitStack() as stack:
            errors = None if log is None else stack.enter_context(log.open("ab"))
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment,
            )
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            process.communicate()
            raise RuntimeError(f"the emulator ended with {process.returncode} before it was ready")
        return cls(process, json.loads(line))

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def endpoint(self) -> str:
        """The cloud API as host and port, the form that the SDK takes."""
        return f"127.0.0.1:{self.port}"

    def stop(self) -> int:
        """End it and return its exit status; a second call is harmless."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        return int(self._process.returncode)

    def __enter__(self) -> EmulatorProcess:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()


@contextlib.contextmanager
def emulator(arguments: Sequence[str] = (), log: Path | None = None) -> Iterator[EmulatorProcess]:
    """An emulator for the duration of a block."""
    with EmulatorProcess.start(*arguments, log=log) as process:
        yield process


__all__ = ["AccountKeys", "Admin", "EmulatorProcess", "UserKeys", "emulator"]
