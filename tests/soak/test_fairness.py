"""What one tenant's many and hostile objects cost another's edit, as a ratio within one run.

The cloud answers every call after a while, so that what an edit takes is mostly waiting for it, and
quiet is what is measured before and after. NEW says how many new objects, at the rates that are
shipped.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from statistics import median
from typing import Any, Final

import pytest

from lab import ControlPlane, waiting
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.world import World, open_world

Json = dict[str, Any]
NEW: Final = int(os.environ.get("NEW", "300"))
HOSTILE: Final = 20
EDITS: Final = 7
ANSWERED: Final = 0.4
"""Seconds after which the cloud answers: a creation takes less than what makes an account slow."""
OWN: Final = 0.1
"""Seconds of the machine itself for an edit, where it has nothing else to do."""
RATES: Final = {"readsPerSecond": 20, "writesPerSecond": 4, "attachmentsPerSecond": 2}


class Tenant:
    """Somebody with one role, and what he does to it."""

    def __init__(self, world: World, account: str) -> None:
        self.world = world
        self._edits = 0
        world.role("edited", accountRef={"name": account})

    def ready(self) -> None:
        self.world.ready("RamRole", "edited")

    def edit(self) -> float:
        """Edit it. After how many seconds that is in the cloud."""
        self._edits += 1
        words, before = f"edit {self._edits}", self.world.journal_end()
        begun = time.monotonic()
        self.world.edit("RamRole", "edited", description=words)

        def written() -> bool:
            writes = self.world.writes(since=before)
            return any(
                entry["action"] == "UpdateRole" and words in str(entry["parameters"])
                for entry in writes
            )

        waiting.until(written, f"{words} of {self.world.namespace}")
        taken = time.monotonic() - begun
        self.ready()
        return taken


def edits(*tenants: Tenant) -> list[list[float]]:
    """What the edits of each of them take, of several in turns."""
    taken = [[each.edit() for each in tenants] for _ in range(EDITS)]
    return [list(times) for times in zip(*taken, strict=True)]


def a_world(plane: ControlPlane, emulator: EmulatorProcess, name: str, *, tenants: int) -> World:
    """An account with that many namespaces, of its name and a number; it has that of the first."""
    for number in range(tenants):
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"{name}-{number}"}}
        plane.request("POST", "/api/v1/namespaces", body)
    first = open_world(plane, emulator, f"{name}-0", "friendly", rateLimit=RATES)
    emulator.admin.add_fault("delay", account=first.account_id, seconds=ANSWERED, times=-1)
    return first


@pytest.fixture
def neighbours(apart: ControlPlane, emulator: EmulatorProcess) -> Iterator[tuple[World, ...]]:
    """The loud tenant, another one of his account, and one of another account."""
    loud, other = (a_world(apart, emulator, name, tenants=2) for name in ("one", "two"))
    found = loud.get("RamAccount", "one-0")
    assert found is not None
    tenants = found["spec"]["tenants"]
    loud.edit("RamAccount", "one-0", tenants=[*tenants, {**tenants[0], "namespace": "one-1"}])
    yield loud, replace(loud, namespace="one-1"), other
    emulator.admin.clear_faults()


def hostile(number: int) -> Json:
    """The most that there is to compare within what RAM takes."""
    text = f"acs:oss:*:*:*{'a' * 490}{number}b0"
    statement = {"Effect": "Allow", "Action": f"*r*a*m*{number}*:*x*y*z*"}
    rows = [{**statement, "Resource": f"{text}{row}"} for row in range(8)]
    return {"Version": "1", "Statement": rows}


def make_noise(loud: World) -> None:
    """Policies that are hard to compare and that attach to roles, and very many new roles."""
    for number in range(HOSTILE):
        loud.policy(f"hard-{number}", document=hostile(number), driftInterval="10s")
    attached = [{"type": "RamPolicy", "name": f"hard-{number}"} for number in range(HOSTILE)]

    def one(number: int) -> None:
        loud.role(f"new-{number}", policies=attached[number % HOSTILE :][:5])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(one, range(NEW)))


@pytest.mark.timeout(900)
def test_an_edit_of_another_tenant_waits_little(
    apart: ControlPlane, neighbours: tuple[World, ...]
) -> None:
    loud, beside, other = neighbours
    with OperatorProcess.running(apart) as process:
        near = Tenant(beside, "one-0")
        far = Tenant(other, "two-0")
        near.ready()
        far.ready()
        before = edits(near, far)
        make_noise(loud)
        waiting.until(lambda: bool(loud.writes()), "that it has begun")
        begun = len(loud.cloud()["roles"])
        noisy = [median(times) for times in edits(near, far)]
        ended = len(loud.cloud()["roles"])
        for number in range(NEW):
            loud.edit("RamRole", f"new-{number}", suspend=True)
        after = edits(near, far)
        own = OWN * waiting.slowness()
        assert "Traceback" not in process.log
    quiet = [median(one + other) for one, other in zip(before, after, strict=True)]
    print(f"{NEW} new: {quiet}, beside {noisy}; {begun} to {ended} roles were there, own {own:.2f}")
    assert ended < NEW, "the others were through before, which shows nothing"
    assert noisy[0] <= 2.0 * quiet[0] + 1.0
    assert noisy[1] <= 1.2 * quiet[1] + own
