"""One operator that sweeps, reads in turns and asks who it was, for all tests of this folder.

It has the control plane of the run for itself: elsewhere operators do not sweep, so that whoever
counts what is read has nothing beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import pytest

from lab import Cluster
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.world import HOSTILE, World, open_world

FLAGS = {
    "sweep-seconds": "1",
    "members-seconds": "2",
    "trust-seconds": "4",
    "dangerous-trust-seconds": "2",
    "harmless-trust-seconds": "4",
    "harmless-members-seconds": "4",
    "sign-in-seconds": "4",
    "author-seconds": "0.5",
}


class Open(Protocol):
    """A world in the namespace of the test, on the hostile answers and these."""

    def __call__(
        self, behaviours: Mapping[str, object], **account: Any
    ) -> AbstractContextManager[World]: ...


@pytest.fixture(scope="package")
def operator(installed: Cluster) -> Iterator[OperatorProcess]:
    process = OperatorProcess.start(installed, installed.directory / "operator.log", FLAGS)
    yield process
    process.stop()


@pytest.fixture
def opened(
    operator: OperatorProcess, installed: Cluster, emulator: EmulatorProcess, namespace: str
) -> Open:
    @contextmanager
    def one(behaviours: Mapping[str, object], **account: Any) -> Iterator[World]:
        quotas = {"writesPerSecond": 1000, "attachmentsPerSecond": 1000}
        answers = {**HOSTILE, **behaviours}
        world = open_world(installed, emulator, namespace, answers, quotas=quotas, **account)
        world.ready("RamAccount", namespace)
        yield world
        world.close()

    return one
