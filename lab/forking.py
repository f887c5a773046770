"""Operators as forks of one process that has imported what they all import.

To import takes most of the processor time of an operator that lives for some seconds, and some
tests start hundreds. A fork is the same code in a process of its own, with the arguments, the
environment and the log of any other. Tests ask for it (`Nursery.opened`); what is about how the
operator starts does without. What is drawn or read at an import is the same in all that one process
forks: the seed of hashes, the secret of `cloud.held`, and what the SDK reads of the environment.

`python -m lab.forking SOCKET` serves; each connection is one operator: a line of JSON with what to
run, answered by its process id and, once it has ended, by its exit code. Who closes his end of it
ends the operator.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from lab.processes import Child, StartFailed
from lab.supervise import GRACE_SECONDS, end

PACKAGE: Final = "ram_operator"


class Nursery:
    """The process that is forked. It ends with this one."""

    current: Nursery | None = None
    """That of this process, where somebody asked for one."""

    def __init__(self, sources: Path) -> None:
        self._home = tempfile.mkdtemp(prefix="lab-")
        self._socket = str(Path(self._home, "socket"))
        path = os.pathsep.join((str(sources), str(sources.parent)))
        environment = {
            **os.environ,
            "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "",
            "MALLOC_ARENA_MAX": "2",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lab.forking", self._socket],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise StartFailed("what operators are forked from did not start")

    @classmethod
    @contextmanager
    def opened(cls, sources: Path) -> Iterator[None]:
        """For the length of a block this process forks its operators."""
        cls.current = cls(sources)
        try:
            yield
        finally:
            cls.current.close()
            cls.current = None

    @classmethod
    @contextmanager
    def passed_by(cls) -> Iterator[None]:
        """For the length of a block operators start as users start them."""
        current, cls.current = cls.current, None
        try:
            yield
        finally:
            cls.current = current

    def start(self, log: Path, environment: Mapping[str, str], words: Sequence[str]) -> Child:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self._socket)
        asked = {"log": str(log), "environment": dict(environment), "words": list(words)}
        connection.sendall(json.dumps(asked).encode() + b"\n")
        answers = connection.makefile()
        return Child("operator", int(answers.readline()), log, _Supervisor(connection, answers))

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        shutil.rmtree(self._home, ignore_errors=True)


class _Supervisor:
    """The test's end of a connection, as a Child asks it."""

    def __init__(self, connection: socket.socket, answers: Any) -> None:
        self._connection = connection
        self.stdout = answers
        self.stdin = self
        self._lock = threading.Lock()
        self._code: int | None = None

    def close(self) -> None:
        """As of a pipe: the operator is to end."""
        with self._lock, suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)

    def poll(self) -> int | None:
        with self._lock, suppress(BlockingIOError):
            if self._code is None:
                self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
                self._ended()
        return self._code

    def wait(self) -> int:
        with self._lock:
            if self._code is None:
                self._ended()
            assert self._code is not None
            return self._code

    def _ended(self) -> None:
        self._code = int(self.stdout.readline() or -1)
        self._connection.close()


def serve(path: str) -> None:
    """Forks for each connection, until standard input ends. Returns in each operator as well."""
    import ram_operator.startup  # noqa: F401 - what it imports is what is wanted

    gc.collect()
    gc.freeze()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(64)
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([0, listening.fileno()], [], [])
        if 0 in ready:
            _reap(time.monotonic() + GRACE_SECONDS + 1)
            os._exit(0)
        _reap()
        connection, _ = listening.accept()
        if os.fork():
            connection.close()
            continue
        listening.close()
        asked = json.loads(connection.makefile().readline())
        child = os.fork()
        if child:
            try:
                _supervise(connection, child)
            finally:
                os._exit(0)
        connection.close()
        return _become(asked)


def _reap(until: float = 0.0) -> None:
    """Waited for, so that what they took of a processor is counted."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0] or time.monotonic() < until:
            time.sleep(0.01)


def _supervise(connection: socket.socket, child: int) -> None:
    connection.sendall(f"{child}\n".encode())
    over = threading.Event()

    def watch() -> None:
        connection.recv(1)
        end(child, over)

    threading.Thread(target=watch, daemon=True).start()
    _, status = os.waitpid(child, 0)
    over.set()
    with suppress(OSError):
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _become(asked: Mapping[str, Any]) -> None:
    log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, place in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, place)
    os.environ.clear()
    os.environ.update(asked["environment"])
    import kubernetes.config

    # It has asked the environment when it was imported.
    for module in (kubernetes.config, kubernetes.config.kube_config):
        vars(module)["KUBE_CONFIG_DEFAULT_LOCATION"] = os.environ["KUBECONFIG"]
    sys.argv = [PACKAGE, *asked["words"]]


if __name__ == "__main__":
    serve(sys.argv[1])
    runpy.run_module(PACKAGE, run_name="__main__", alter_sys=True)
