"""Operators that are forked: each a process of its own, that ends like any other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from lab import Cluster
from lab.forking import Nursery
from lab.operator_process import IDENTITY, SOURCES, OperatorProcess
from lab.waiting import until
from ram_operator import __version__

SETTINGS: Final = {"KUBECONFIG": "/nowhere", "PATH": os.environ["PATH"]}
ORPHAN: Final = f"""
import os, sys
from pathlib import Path
from lab import Cluster
from lab.forking import Nursery
from lab.operator_process import SOURCES, OperatorProcess
with Nursery.opened(SOURCES):
    directory, log = map(Path, sys.argv[1:])
    process = OperatorProcess.start(Cluster.read(directory), log)
    print(process.child.pid, flush=True)
    os.kill(os.getpid(), {int(signal.SIGKILL)})
"""


@pytest.fixture(autouse=True)
def nursery() -> Iterator[None]:
    with Nursery.opened(SOURCES):
        yield


def test_it_has_its_own_arguments_and_log_and_ends_with_its_own_code(tmp_path: Path) -> None:
    assert Nursery.current is not None
    for words, code, said in ((["version"], 0, __version__), (["run", "--odd=1"], 2, "--odd=1")):
        log = tmp_path / "log"
        child = Nursery.current.start(log, SETTINGS, words)
        assert child.supervisor.wait() == code
        assert not child.running
        child.stop()
        assert said in log.read_text()


def test_it_has_its_own_environment_and_rights(installed: Cluster, tmp_path: Path) -> None:
    before = len(list(installed.audit_events(IDENTITY)))
    process = OperatorProcess.start(installed, tmp_path / "log")
    assert process.healthy()
    assert len(list(installed.audit_events(IDENTITY))) > before
    process.stop()
    assert not process.child.running
    assert "Traceback" not in process.log


def test_it_can_be_killed(installed: Cluster, tmp_path: Path) -> None:
    process = OperatorProcess.start(installed, tmp_path / "log")
    process.child.signal(signal.SIGKILL)
    until(lambda: not process.child.running, "that it has ended")
    assert process.child.supervisor.wait() == -signal.SIGKILL
    process.stop()


def test_it_ends_with_whoever_started_it(installed: Cluster, tmp_path: Path) -> None:
    command = [sys.executable, "-c", ORPHAN, str(installed.directory), str(tmp_path / "log")]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root}:{SOURCES}"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    pid = int(done.stdout)
    until(lambda: not Path(f"/proc/{pid}").exists(), "that the operator has ended")
