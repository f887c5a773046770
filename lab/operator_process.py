"""Starts the operator as users run it: a process of its own, with its ServiceAccount's rights."""

from __future__ import annotations

import os
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lab import Cluster, ControlPlane
from lab.forking import Nursery
from lab.processes import Child, StartFailed, free_port, log_tail
from lab.waiting import Deadline

NAMESPACE: Final = "ram-system"
SERVICE_ACCOUNT: Final = "ram-operator"
IDENTITY: Final = f"system:serviceaccount:{NAMESPACE}:{SERVICE_ACCOUNT}"
SOURCES: Final = Path(__file__).resolve().parents[1] / "operator"

AGAIN: Final = "has to be started again"
"""What an operator says last that cannot go on."""

QUICK: Final[Mapping[str, str]] = {
    "cluster-name": "default",
    "settle-seconds": "0.9",
    "consistency-seconds": "6",
    "stalled-seconds": "1.5",
    "replacement-seconds": "1",
    "left-key-seconds": "1",
    "backoff-first": "0.2",
    "backoff-last": "2",
    "read-timeout": "20",
    "connect-timeout": "20",
    "call-deadline": "30",
    # Whoever counts what is read has no sweep beside it; who is about sweeps says how often.
    "sweep-seconds": "0",
    "report-seconds": "0",
    "author-seconds": "0",
    "log-format": "plain",
    "log-level": "info",
    "allow-custom-endpoints": "true",
    # A killed operator would leave its successor to wait for the end of the lease.
    "leader-election": "false",
}
"""Waits that fit an emulator whose answers are stale for half a second, not for seconds. That they
come late on a busy machine shall be no trouble of the cloud: see IMPATIENT.
"""
IMPATIENT: Final[Mapping[str, str]] = {
    "read-timeout": "2",
    "connect-timeout": "2",
    "call-deadline": "3",
}
"""For whoever delays calls beyond that."""
FORGETFUL: Final[Mapping[str, str]] = {"document-settle-seconds": "2"}
"""For whoever starts an operator again and again, and delays no call: policies need not be made a
minute later each time.
"""


class OperatorProcess:
    """A running operator. Ends with this process, also if this process is killed."""

    def __init__(self, child: Child, metrics_port: int, health_port: int) -> None:
        self.child = child
        self.metrics_port = metrics_port
        self.health_port = health_port

    @classmethod
    def start(
        cls,
        cluster: Cluster,
        log: Path,
        flags: Mapping[str, str] | None = None,
        *,
        wait: bool = True,
        shift: float = 0.0,
    ) -> OperatorProcess:
        """Start it against the cluster, its clock so many seconds ahead. Raises StartFailed with
        the end of its log.
        """
        kubeconfig = cluster.kubeconfig_for_service_account(NAMESPACE, SERVICE_ACCOUNT)
        metrics, health = free_port(), free_port()
        settings = {
            **QUICK,
            "metrics-address": f"127.0.0.1:{metrics}",
            "health-address": f"127.0.0.1:{health}",
            **(flags or {}),
        }
        words = [f"--{name}={value}" for name, value in settings.items()]
        # The last as in the image.
        path = f"{SOURCES}:{SOURCES.parent}" if shift else str(SOURCES)
        environment = {
            "KUBECONFIG": str(kubeconfig),
            "PYTHONPATH": path,
            "MALLOC_ARENA_MAX": "2",
            # Compiled once, as in the image, and not at each start.
            "PYTHONDONTWRITEBYTECODE": "",
        }
        process = cls(_started(log, environment, words, shift), metrics, health)
        if wait:
            process.wait_ready()
        return process

    @classmethod
    @contextmanager
    def running(
        cls, plane: ControlPlane, flags: Mapping[str, str] | None = None, *, shift: float = 0.0
    ) -> Iterator[OperatorProcess]:
        """One for the length of a block, with a log of its own beside the control plane's."""
        log = plane.directory / f"operator-{uuid.uuid4().hex[:6]}.log"
        process = cls.start(plane, log, flags, shift=shift)
        try:
            yield process
        finally:
            process.stop()

    @classmethod
    @contextmanager
    def kept_running(cls, plane: ControlPlane, flags: Mapping[str, str]) -> Iterator[None]:
        """As a cluster runs it, which starts a process again that ends. One that ends without
        having said that it has to be started again stays down, so that a test meets it.
        """
        over, current = threading.Event(), list[OperatorProcess]()

        def begin(*, wait: bool) -> None:
            log = plane.directory / f"operator-{uuid.uuid4().hex[:6]}.log"
            current.append(cls.start(plane, log, flags, wait=wait))

        def keep() -> None:
            while not over.wait(0.2):
                last = current[-1]
                if not last.child.running and AGAIN in last.log:
                    begin(wait=False)

        begin(wait=True)
        keeper = threading.Thread(target=keep, daemon=True)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()
            for process in current:
                process.stop()

    @property
    def log(self) -> str:
        return self.child.log.read_text(errors="replace")

    def wait_ready(self) -> None:
        """Wait until it answers its liveness probe, which it does once the barrier is behind it."""
        deadline = Deadline()
        while not deadline.over:
            if self.healthy():
                return
            if not self.child.running:
                break
            time.sleep(0.05)
        tail = log_tail(self.child.log, 40)
        self.stop()
        raise StartFailed(f"the operator did not become ready\n{tail}")

    def healthy(self) -> bool:
        """Whether its liveness probe is answered with 200."""
        try:
            url = f"http://127.0.0.1:{self.health_port}/healthz"
            with urllib.request.urlopen(url, timeout=2) as reply:
                return int(reply.status) == 200
        except OSError:
            return False

    def metrics(self) -> str:
        """The exposition text."""
        url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        with urllib.request.urlopen(url, timeout=60) as reply:
            return str(reply.read().decode())

    def idle(self) -> bool:
        """Whether no object is worked on or waits to be, but for looks at a later time."""
        words = dict(line.rsplit(" ", 1) for line in self.metrics().splitlines() if line)
        named = ("ram_operator_queue_depth", "ram_operator_reconcile_active")
        return all(float(words[name]) == 0.0 for name in named)

    def stop(self, *, kill: bool = False) -> None:
        self.child.stop(kill=kill)


def _started(log: Path, environment: Mapping[str, str], words: list[str], shift: float) -> Child:
    nursery = Nursery.current
    if nursery is not None and not shift:
        return nursery.start(log, {**os.environ, **environment}, ["run", *words])
    module = ["lab.shifted", str(shift)] if shift else ["ram_operator", "run"]
    variables = [f"{name}={value}" for name, value in environment.items()]
    command = ["env", *variables, sys.executable, "-m", *module, *words]
    return Child.start("operator", command, log)
