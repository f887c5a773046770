"""What one tenant's many and hostile objects and edits cost another's edit, as a ratio within one
run.

The cloud answers every call after a while, so that what an edit takes is mostly waiting for it, and
quiet is what is measured before and after. NEW says how many new objects, at the rates that are
shipped.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import median
from threading import Event
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
QUICK: Final = {"readsPerSecond": 200, "writesPerSecond": 40, "attachmentsPerSecond": 40}
"""While what is to make noise is made."""
STRANGERS: Final = int(os.environ.get("STRANGERS", "500"))
IN_A_ROW: Final = int(os.environ.get("IN_A_ROW", "200"))
HOLDERS: Final = int(os.environ.get("HOLDERS", "150"))
POLICY_EDITS: Final = int(os.environ.get("POLICY_EDITS", "20"))
_numbers = itertools.count()


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
    return open_world(plane, emulator, f"{name}-0", "friendly", rateLimit=RATES)


def slow_down(*worlds: World) -> None:
    for world in worlds:
        world.admin.add_fault("delay", account=world.account_id, seconds=ANSWERED, times=-1)


@pytest.fixture
def neighbours(apart: ControlPlane, emulator: EmulatorProcess) -> Iterator[tuple[World, ...]]:
    """The loud tenant, another one of his account, and one of another account. Of the first account
    there is a third namespace, which is no tenant.
    """
    names = [f"{word}{next(_numbers)}" for word in ("one", "two")]
    loud, other = (a_world(apart, emulator, name, tenants=3) for name in names)
    account = loud.namespace
    found = loud.get("RamAccount", account)
    assert found is not None
    tenants, beside = found["spec"]["tenants"], f"{names[0]}-1"
    loud.edit("RamAccount", account, tenants=[*tenants, {**tenants[0], "namespace": beside}])
    yield loud, replace(loud, namespace=beside), other
    emulator.admin.clear_faults()
    for world in (loud, other):
        world.edit("RamAccount", world.namespace, suspend=True)


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
    slow_down(loud, other)
    with OperatorProcess.running(apart) as process:
        near = Tenant(beside, loud.namespace)
        far = Tenant(other, other.namespace)
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


@dataclass(frozen=True)
class Noise:
    """`prepare` makes what it needs, `once` makes it for the n-th time, `least` is how often it is
    to be made while others are waited for.
    """

    prepare: Callable[[World], None]
    once: Callable[[World, int], object]
    least: int


def strangers(loud: World, number: int) -> None:
    """Objects in a namespace that is no tenant; once all are there, edits of them."""
    outside = replace(loud, namespace=f"{loud.namespace.removesuffix('-0')}-2")
    name = f"stranger-{number % STRANGERS}"
    if number < STRANGERS:
        outside.role(name, accountRef={"name": loud.namespace}, driftInterval="10s")
    else:
        outside.edit("RamRole", name, description=f"edit {number}")


def one_role(loud: World) -> None:
    loud.role("restless")
    loud.ready("RamRole", "restless")


def an_edit(loud: World, number: int) -> object:
    return loud.edit("RamRole", "restless", description=f"edit {number}")


def a_policy_that_many_have(loud: World) -> None:
    loud.edit("RamAccount", loud.namespace, rateLimit=QUICK)
    loud.policy("shared")
    names = [f"holder-{number}" for number in range(HOLDERS)]
    for name in names:
        loud.role(name, policies=[{"type": "RamPolicy", "name": "shared"}])
    for name in names:
        loud.ready("RamRole", name)
    loud.edit("RamAccount", loud.namespace, rateLimit=RATES)


def an_edit_of_the_policy(loud: World, number: int) -> None:
    resource = f"acs:oss:*:*:at-{number}/*"
    rows = [{"Effect": "Allow", "Action": ["oss:GetObject"], "Resource": [resource]}]
    loud.edit("RamPolicy", "shared", document={"Version": "1", "Statement": rows})
    # Each of them is to be looked at by those that have it, and not the last alone.
    time.sleep(ANSWERED)


NOISES: Final = {
    "strangers": Noise(lambda _: None, strangers, STRANGERS),
    "edits of one object": Noise(one_role, an_edit, IN_A_ROW),
    "edits of a policy": Noise(a_policy_that_many_have, an_edit_of_the_policy, POLICY_EDITS),
}


@contextmanager
def made(noise: Noise, loud: World) -> Iterator[list[int]]:
    """It goes on in the block; the numbers of what was made so far."""
    over, done = Event(), list[int]()

    def go_on() -> None:
        for number in itertools.count():
            if over.is_set():
                return
            noise.once(loud, number)
            done.append(number)

    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(go_on)
        try:
            yield done
        finally:
            over.set()
            running.result()


@pytest.mark.parametrize("name", NOISES)
@pytest.mark.timeout(900)
def test_an_edit_waits_little_beside(
    apart: ControlPlane, neighbours: tuple[World, ...], name: str
) -> None:
    (loud, beside, other), noise = neighbours, NOISES[name]
    with OperatorProcess.running(apart) as process:
        near, far = Tenant(beside, loud.namespace), Tenant(other, other.namespace)
        noise.prepare(loud)
        near.ready()
        far.ready()
        slow_down(loud, other)
        before = edits(near, far)
        with made(noise, loud) as done:
            waiting.until(lambda: bool(done), "that it has begun")
            noisy = edits(near, far)
            while len(done) < noise.least:
                noisy = [a + b for a, b in zip(noisy, edits(near, far), strict=True)]
        waiting.until(process.idle, "that all of it is done")
        after = edits(near, far)
        own = OWN * waiting.slowness()
        assert "Traceback" not in process.log
    quiet = [median(one + two) for one, two in zip(before, after, strict=True)]
    middle = [median(times) for times in noisy]
    print(f"{name}, {len(done)} times: {quiet}, beside {middle}; own {own:.2f}")
    assert middle[0] <= 2.0 * quiet[0] + 1.0
    assert middle[1] <= 1.2 * quiet[1] + own
