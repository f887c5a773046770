"""The API server goes away in the middle of a write to the cloud, or somebody writes beside us."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from lab import ControlPlane, RequestFailed
from lab.install import wait_served
from lab.operator_process import OperatorProcess
from lab.world import World
from tests.faults.lab import Lab
from tests.faults.stories import NAME, STORIES

SLOW = 1.2
"""Seconds that a cloud call is held up, below the time that its caller waits for an answer."""


@pytest.fixture
def fresh(plane: ControlPlane, operator_log: Path) -> Iterator[OperatorProcess]:
    """An operator for one outage."""
    process = OperatorProcess.start(plane, operator_log)
    yield process
    process.stop()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "action", "kill"),
    [
        ("role_create", "CreateRole", True),
        ("role_create", "CreateRole", False),
        ("role_update", "UpdateRole", True),
        ("role_delete", "DeleteRole", True),
        ("trust_taken_back", "UpdateRole", True),
        ("policy_update", "CreatePolicyVersion", True),
    ],
)
def test_the_api_server_restarts_while_the_cloud_is_written(
    name: str, action: str, kill: bool, lab: Lab, plane: ControlPlane, fresh: OperatorProcess
) -> None:
    story = STORIES[name]
    expected = lab.undisturbed("hostile", name)

    def arm(world: World) -> None:
        account = world.account_id
        lab.emulator.admin.add_fault("delay", account=account, action=action, seconds=SLOW)

    def attend(world: World) -> None:
        def arrived() -> bool:
            mine = [f for f in lab.emulator.admin.faults() if f["account"] == world.account_id]
            return any(fault["hits"] for fault in mine)

        lab.until(arrived, f"{action} is under way")
        plane.stop_apiserver(kill=kill)
        # Long enough for the operator to come back from the cloud and find nobody to tell it to.
        time.sleep(SLOW + 1.0)
        plane.start_apiserver()
        wait_served(plane)

    played = lab.play("hostile", story, arm, attend)

    assert played.effects == expected.effects
    assert fresh.child.running, "the same process went on"


@contextmanager
def _meddling(world: World, write: Callable[[int], object]) -> Iterator[None]:
    """Writes to the object as often as the API server takes it, while the block runs."""
    over = threading.Event()

    def meddle() -> None:
        count = 0
        while not over.wait(0.05):
            count += 1
            with suppress(RequestFailed, OSError):
                write(count)

    thread = threading.Thread(target=meddle)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_others_write_to_the_object_all_the_time(lab: Lab, operator: OperatorProcess) -> None:
    def play(name: str) -> str:
        story = STORIES[name]
        expected = lab.undisturbed("hostile", name)
        run = lab.begin("hostile", story)
        world, path = run.world, run.world.path(story.kind, NAME)

        def label(count: int) -> object:
            body = {"metadata": {"labels": {"count": str(count)}}}
            return world.cluster.request(
                "PATCH", path, body, content_type="application/merge-patch+json"
            )

        with _meddling(world, label):
            story.act(world)
            lab.reach(run)
        played = lab.end(run)
        return "" if played.effects == expected.effects else f"{name}: {played.effects}"

    with ThreadPoolExecutor(len(STORIES)) as pool:
        assert [text for text in pool.map(play, STORIES) if text] == []


@pytest.mark.parametrize("name", ["role_create", "role_update", "policy_update"])
def test_somebody_else_writes_the_status_too(
    name: str, lab: Lab, operator: OperatorProcess
) -> None:
    story = STORIES[name]
    expected = lab.undisturbed("hostile", name)
    run = lab.begin("hostile", story)
    world = run.world

    def meddle(count: int) -> object:
        if count > 60:
            return None
        status = {"lastHandledReconcileAt": f"meddled-{count}"}
        return world.write_status(story.kind, NAME, status)

    with _meddling(world, meddle):
        story.act(world)
        lab.reach(run)
    played = lab.end(run)

    assert played.effects == expected.effects
