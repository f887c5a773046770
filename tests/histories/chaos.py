"""Ends, stops and starts the processes beside which histories are played.

The API server is only restarted while no history talks to it: what the histories prove is that the
operator can do without it, not that they can.
"""

from __future__ import annotations

import json
import random
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from lab import Cluster, ControlPlane
from lab.install import wait_served
from lab.operator_process import FORGETFUL, OperatorProcess

PAUSE: Final = (4.0, 9.0)
"""Seconds between two blows, from and to."""
RESTARTS: Final = ("kill", "term")
EVERYTHING: Final = (*RESTARTS, "stop", "server", "gap")
STOPPED: Final = 4.0


class Gate:
    """Many may pass together, or one alone."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._closed = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._closed)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: self._inside == 0)
        try:
            yield
        finally:
            with self._changed:
                self._closed = False
                self._changed.notify_all()


@dataclass(frozen=True)
class Gated(Cluster):
    """A cluster whose every request goes through a gate."""

    gate: Gate = field(default_factory=Gate)

    def request(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        with self.gate.shared():
            return super().request(*arguments, **options)


class Chaos:
    """Use it in a with statement; the operator is there while and after blows fall.

    kinds: which blows fall, from EVERYTHING. `blows` counts those that fell.
    """

    def __init__(self, plane: ControlPlane, kinds: tuple[str, ...], seed: int) -> None:
        self.gated = Gated(plane.directory, plane.url, plane.admin_token)
        self.blows: list[str] = []
        self._plane = plane
        self._kinds = kinds
        self._random = random.Random(seed)
        self._log = plane.directory / "operator.log"
        self._process = OperatorProcess.start(plane, self._log, FORGETFUL)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._trouble: BaseException | None = None

    def __enter__(self) -> Chaos:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        self._thread.join()
        self._process.stop()
        if self._trouble is not None:
            raise self._trouble

    def _run(self) -> None:
        try:
            while not self._over.wait(self._random.uniform(*PAUSE)):
                kind = self._random.choice(self._kinds)
                getattr(self, f"_{kind}")()
                self.blows.append(kind)
        except BaseException as error:
            self._trouble = error

    def _kill(self) -> None:
        self._process.stop(kill=True)
        self._process = OperatorProcess.start(self._plane, self._log, FORGETFUL)

    def _term(self) -> None:
        self._process.stop()
        self._process = OperatorProcess.start(self._plane, self._log, FORGETFUL)

    def _stop(self) -> None:
        """It sees nothing for some seconds, and then all at once."""
        self._process.child.signal(signal.SIGSTOP)
        time.sleep(STOPPED)
        self._process.child.signal(signal.SIGCONT)

    def _server(self) -> None:
        with self.gated.gate.alone():
            self._plane.restart_apiserver(kill=self._random.random() < 0.5)
            wait_served(self._plane)

    def _gap(self) -> None:
        """What happens meanwhile the operator's watches can never tell: the versions are gone."""
        self._process.child.signal(signal.SIGSTOP)
        try:
            time.sleep(STOPPED)
            with self.gated.gate.alone():
                self._plane.stop_apiserver()
                _compact((self._plane.directory / "etcd.url").read_text())
                self._plane.start_apiserver()
                wait_served(self._plane)
        finally:
            self._process.child.signal(signal.SIGCONT)


def _compact(etcd: str) -> None:
    """Have etcd forget every version but the last."""
    newest = _etcd(f"{etcd}/v3/kv/range", {"key": "AA=="})["header"]["revision"]
    _etcd(f"{etcd}/v3/kv/compaction", {"revision": newest, "physical": True})


def _etcd(url: str, body: dict[str, Any]) -> dict[str, Any]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")  # noqa: S310
    with opener.open(request, timeout=20) as reply:
        answer: dict[str, Any] = json.loads(reply.read())
    return answer
