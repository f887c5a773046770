"""Child processes that do not outlive their parent, and free loopback ports.

Called by controlplane.py; useful to any test that starts a server of its own.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

_SUPERVISE = Path(__file__).with_name("supervise.py")


class StartFailed(RuntimeError):
    """A server did not become ready; the message names its log and shows the log's end."""


PORTS: Final = range(10_000, 32_000)
"""Below those that the system gives to outgoing connections, one of which might be faster."""


def free_port() -> int:
    """A TCP port on 127.0.0.1 that was free a moment ago.

    Drawn by chance: what the system names first it names to other test processes as well, before
    the server that shall have it listens.
    """
    while True:
        port = random.SystemRandom().choice(PORTS)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def log_tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, or a note that there is none."""
    if not log.exists():
        return "(no log)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


class Closable(Protocol):
    def close(self) -> None: ...


class Supervisor(Protocol):
    """What ends a program when its input is closed, and then ends with the program's exit code."""

    @property
    def stdin(self) -> Closable | None: ...

    @property
    def stdout(self) -> Closable | None: ...

    def poll(self) -> int | None: ...

    def wait(self) -> int: ...


@dataclass(frozen=True)
class Child:
    """A running program under a supervisor that ends it when this process dies, however it dies."""

    name: str
    pid: int
    log: Path
    supervisor: Supervisor

    @classmethod
    def start(cls, name: str, command: Sequence[str | Path], log: Path) -> Child:
        """Starts command with output appended to log. The child has a session of its own, so that
        Ctrl-C at a terminal reaches the tests and not the servers that they still need.
        """
        supervisor = subprocess.Popen(
            [sys.executable, "-I", "-S", _SUPERVISE, log, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert supervisor.stdout is not None
        line = supervisor.stdout.readline()
        child = cls(name, int(line) if line else 0, log, supervisor)
        if not line:
            child.stop()
            raise StartFailed(f"{name} could not be started: {command[0]}")
        return child

    @property
    def running(self) -> bool:
        """Whether the program still runs."""
        return self.supervisor.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the program itself, for instance SIGSTOP, SIGCONT or SIGKILL."""
        os.kill(self.pid, number)

    def stop(self, *, kill: bool = False) -> None:
        """Ends the program (SIGTERM, after three seconds SIGKILL; at once with kill) and waits."""
        if kill and self.running:
            self.signal(signal.SIGKILL)
        assert self.supervisor.stdin is not None
        assert self.supervisor.stdout is not None
        self.supervisor.stdin.close()
        self.supervisor.wait()
        self.supervisor.stdout.close()
