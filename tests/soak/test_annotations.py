"""What patches of objects with very many annotations cost the operator, beside what each of them
costs the API server, as a ratio within one run.

PATCHES says how many.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from lab import ControlPlane, waiting
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.world import World, open_world

Json = dict[str, Any]
PATCHES: Final = int(os.environ.get("PATCHES", "60"))
MANY: Final = 6_000
"""Annotations of an object: with what the API server keeps about each, half a megabyte."""
TICKS: Final = os.sysconf("SC_CLK_TCK")
SHARE: Final = 0.06
"""Of the processor time that the API server takes for such a patch."""


def seconds(pid: int) -> float:
    """Of processor time that the process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@pytest.fixture
def world(apart: ControlPlane, emulator: EmulatorProcess) -> World:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "noted"}}
    apart.request("POST", "/api/v1/namespaces", body)
    return open_world(apart, emulator, "noted", "friendly")


def quiet(process: OperatorProcess) -> Callable[[], bool]:
    """Whether it has taken nothing since the last time that this was asked."""
    taken = [seconds(process.child.pid)]

    def nothing() -> bool:
        taken.append(seconds(process.child.pid))
        return taken[-1] - taken[-2] <= 1.0 / TICKS

    return nothing


@pytest.mark.timeout(900)
def test_patches_of_annotations_cost_the_api_server_far_more(
    apart: ControlPlane, world: World
) -> None:
    names = [f"noted-{number}" for number in range(10)]
    notes = {f"example.com/note-{number}": "x" * 16 for number in range(MANY)}
    with OperatorProcess.running(apart) as process:
        for name in names:
            world.role(name)
            world.ready("RamRole", name)
            world.patch("RamRole", name, {"metadata": {"annotations": notes}})
        waiting.until(quiet(process), "that it rests")
        pids = (process.child.pid, apart.processes["kube-apiserver"].pid)
        before = [seconds(pid) for pid in pids]
        for number in range(PATCHES):
            noted = {"metadata": {"annotations": {"example.com/note-1": f"at {number}"}}}
            world.patch("RamRole", names[number % len(names)], noted)
        waiting.until(quiet(process), "that all is seen")
        took = [seconds(pid) - start for pid, start in zip(pids, before, strict=True)]
        own, server = (1000 * each / PATCHES for each in took)
        print(f"a patch beside {MANY} annotations: {own:.1f} ms, the API server {server:.0f} ms")
        world.edit("RamRole", names[0], description="seen")
        world.ready("RamRole", names[0])
    assert own < SHARE * server
