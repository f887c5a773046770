"""What all suites share: the time-out of a test, the run's control plane, a namespace for each."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_timeout

from lab import Cluster, ControlPlane
from lab.__main__ import VARIABLE
from lab.building import ROOT
from lab.emulator_process import EmulatorProcess
from lab.install import install, installed_plane
from lab.waiting import Deadline


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> bool:
    """In place of pytest-timeout's own: `timeout` counts `waiting.seconds`, as every wait here.

    So a test that goes on, slowly because the machine is busy, is let go on, and one that hangs is
    ended. It is the last resort: who waits for something gives up earlier and says for what.
    """
    deadline = Deadline(settings.timeout)

    def ring(*_: object) -> None:
        __tracebackhide__ = True
        if deadline.over:
            pytest_timeout.timeout_sigalrm(item, settings)
        else:
            signal.setitimer(signal.ITIMER_REAL, max(deadline.left, 1.0))

    def cancel() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)

    item.cancel_timeout = cancel  # type: ignore[attr-defined]
    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, settings.timeout)
    return True


@pytest.fixture(scope="session")
def control_plane(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """The API server of this run: the one RAM_OPERATOR_CONTROL_PLANE names, else one of its own.

    Everybody shares it: work in your own namespace, and start a ControlPlane of your own to stop
    or restart it. Its logs are kept, and their place is printed, when a test failed.
    """
    shared = os.environ.get(VARIABLE)
    if shared:
        yield Cluster.read(Path(shared))
        return
    directory = ROOT / ".cluster" / f"run-{os.getpid()}"
    with ControlPlane.start(directory) as plane:
        yield plane
    if request.session.testsfailed:
        print(f"\nThe logs of kube-apiserver and etcd are kept in {directory}", file=sys.stderr)
    else:
        shutil.rmtree(directory)


@pytest.fixture
def namespace(control_plane: Cluster) -> str:
    """A new namespace. It is left behind: nothing here would finish deleting it."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    control_plane.request("POST", "/api/v1/namespaces", body)
    return name


@pytest.fixture(scope="session")
def installed(control_plane: Cluster) -> Cluster:
    """The shipped installation, applied and served: CRDs, RBAC, admission.

    The API server takes some moments to enforce a new admission policy: tests of admission wait.
    """
    install(control_plane)
    return control_plane


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane with the shipped installation for a module that starts operators of its own,
    stops the API server, or takes away or attacks what all share.
    """
    with installed_plane(tmp_path_factory.mktemp("apart")) as plane:
        yield plane


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """One emulator for the run; every world has an account of its own on it."""
    log = tmp_path_factory.mktemp("emulator") / "emulator.log"
    with EmulatorProcess.start(log=log) as process:
        yield process
