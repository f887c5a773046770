"""While keys are replaced no call of a program fails that mounts the Secret, and none of one that
holds on to the key before, as long as it does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab import ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import HOSTILE, World, client, open_world
from tests.gate.test_key_rotation import DAY, KEPT, NAME
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support import secrets

MOUNTED: Final = 2.0
"""Seconds until a pod sees what is new in its Secret, as if kubelet had told it."""


class Program:
    """Signs again and again with the key that `look` gives; what is refused is the right."""

    def __init__(self, world: World, look: Callable[[], tuple[str, str]]) -> None:
        self._world, self._look = world, look
        self._over = threading.Event()
        self.failed: list[str] = []
        self.signed: dict[str, int] = {}
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._over.wait(0.1):
            key, secret = self._look()
            try:
                with pytest.raises(Exception, match="NoPermission"):
                    client(self._world.emulator, key, secret).get_user(
                        ram.GetUserRequest(user_name=NAME)
                    )
            except BaseException as error:
                self.failed.append(f"{key}: {error}"[:200])
            self.signed[key] = self.signed.get(key, 0) + 1

    @contextmanager
    def running(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self.stop()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def signs(self, key: str) -> None:
        """It has signed with that key since now."""
        before = self.signed.get(key, 0)
        until(lambda: self.signed.get(key, 0) > before + 1, f"that it signs with {key}")


def mounted(world: World) -> Callable[[], tuple[str, str]]:
    """The key as a pod has it that mounts the Secret."""
    known = [(0.0, ("", ""))]

    def look() -> tuple[str, str]:
        at, found = known[-1]
        if time.monotonic() - at > MOUNTED:
            found = secrets.held(world, KEPT)
            known.append((time.monotonic(), found))
        return found

    return look


@contextmanager
def days(world: World, plane: ControlPlane, later: float) -> Iterator[None]:
    """An operator, so many days later, for it and for the cloud."""
    world.admin.set_clock_offset(later * DAY)
    with OperatorProcess.running(plane, shift=later * DAY):
        world.annotate("RamUser", NAME, reconcile_requested_at=f"day-{later}")
        yield


@pytest.fixture
def aging(apart: ControlPlane, namespace_apart: str, tmp_path: Path) -> Iterator[World]:
    """A world whose cloud is its own, with a clock that may be moved."""
    with EmulatorProcess.start(log=tmp_path / "emulator.log") as emulator:
        made = open_world(apart, emulator, namespace_apart, {**HOSTILE})
        yield made
        made.close()


@attack(Entry.OLD_ANSWERS, Resource.ACCESS_KEY, Moment.EXPIRING)
def test_no_call_fails_while_keys_are_replaced_and_one_that_is_held_on_to_stays(
    apart: ControlPlane, aging: World
) -> None:
    world = aging
    secrets.may_keep(world)
    key = {"secretName": KEPT, "rotateAfter": "2d"}
    with OperatorProcess.running(apart):
        world.create("RamUser", NAME, {"accessMode": "AccessKey", "accessKey": key})
        world.ready("RamUser", NAME)
    old = secrets.held(world, KEPT)
    holder, program = Program(world, lambda: old), Program(world, mounted(world))
    with program.running(), holder.running():
        program.signs(old[0])
        with days(world, apart, 2.1):
            until(lambda: secrets.held(world, KEPT)[0] != old[0], "another key")
            second = secrets.held(world, KEPT)[0]
            program.signs(second)
        # Of uses at once the cloud may tell the first alone.
        world.admin.set_clock_offset(2.2 * DAY)
        holder.signs(old[0])
        with days(world, apart, 3.25):
            world.told("AccessKeyWaits", NAME)
            holder.signs(old[0])
            assert secrets.keys(world, NAME) == {old[0]: "Active", second: "Active"}
            holder.stop()
        with days(world, apart, 4.5):
            until(lambda: secrets.keys(world, NAME)[old[0]] == "Inactive", "the old key is off")
            program.signs(second)
        with days(world, apart, 5.6):
            until(lambda: secrets.held(world, KEPT)[0] not in (old[0], second), "a third key")
            program.signs(secrets.held(world, KEPT)[0])
    assert (program.failed, holder.failed) == ([], [])
    written = [entry["action"] for entry in world.writes() if "AccessKey" in entry["action"]]
    assert written == [
        "CreateAccessKey",
        "CreateAccessKey",
        "UpdateAccessKey",
        "DeleteAccessKey",
        "CreateAccessKey",
    ]
