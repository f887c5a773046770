"""A control plane, an emulator, a board and an operator for all histories that end no process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab import ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.forking import Nursery
from lab.install import install
from lab.operator_process import SOURCES, OperatorProcess
from tests.faults.board import Board
from tests.faults.lab import Lab


@pytest.fixture(scope="package", autouse=True)
def nursery() -> Iterator[None]:
    """Operators are started after every kill."""
    with Nursery.opened(SOURCES):
        yield


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Many worlds on one operator."""
    log = tmp_path_factory.mktemp("emulator") / "emulator.log"
    with ControlPlane.start(tmp_path_factory.mktemp("plane")) as plane:
        install(plane)
        with EmulatorProcess.start(log=log) as emulator, Board(plane) as board:
            process = OperatorProcess.start(plane, plane.directory / "operator.log")
            yield Lab(plane, emulator, board)
            process.stop()
