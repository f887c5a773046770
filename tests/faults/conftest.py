"""A control plane, an emulator and a board for all, an operator for each module. Where operators
are killed each lane has its own plane besides.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.forking import Nursery
from lab.install import install
from lab.operator_process import IMPATIENT, SOURCES, OperatorProcess
from tests.faults.board import Board
from tests.faults.lab import Lab


@pytest.fixture(scope="package", autouse=True)
def nursery() -> Iterator[None]:
    """Operators are started after every kill."""
    with Nursery.opened(SOURCES):
        yield


@pytest.fixture(scope="package")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """With the shipped installation."""
    with ControlPlane.start(tmp_path_factory.mktemp("plane")) as started:
        install(started)
        yield started


@pytest.fixture(scope="package")
def lab(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    log = tmp_path_factory.mktemp("emulator") / "emulator.log"
    with EmulatorProcess.start(log=log) as emulator, Board(plane) as board:
        yield Lab(plane, emulator, board)


@pytest.fixture(scope="package")
def operator_log(plane: ControlPlane) -> Path:
    """Beside the control plane's own logs."""
    return plane.directory / "operator.log"


@pytest.fixture(scope="module")
def operator(
    plane: ControlPlane, operator_log: Path, no_secret_is_logged: None
) -> Iterator[OperatorProcess]:
    """One operator for all tests of a module that do not end it."""
    process = OperatorProcess.start(plane, operator_log, IMPATIENT)
    yield process
    process.stop()


@pytest.fixture(scope="module")
def no_secret_is_logged(lab: Lab, operator_log: Path) -> Iterator[None]:
    """Whatever went wrong in this module, no access key stands in the operator's log."""
    yield
    text = operator_log.read_text(errors="replace") if operator_log.exists() else ""
    assert [number for number, key in enumerate(lab.secrets) if key in text] == []
