"""Jobs in the pool: what they wait for, what they may send, and what is left when they end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ram_operator.cloud.client import Timeouts
from ram_operator.cloud.jobs import Needs
from ram_operator.cloud.limiter import ActionClass
from ram_operator.constants import Reason
from ram_operator.errors import Bug, OutcomeUnknown, Retry
from ram_operator.model.state import CloudCalls
from tests.unit.cloud_world import World, caught
from tests.unit.stub_server import Reply, Request, Stub, stub

OK = Reply(200, b'{"RequestId": "R"}')
NEEDS = Needs("UpdateRole", 1, "UpdateRole")


@pytest.fixture(scope="module")
def server() -> Iterator[Stub]:
    with stub() as running:
        yield running


@pytest.fixture
def world(server: Stub) -> Iterator[World]:
    made = World(server)
    made.says(OK)
    server.asked.clear()
    yield made
    made.pool.shutdown()


def look(calls: CloudCalls) -> Any:
    return calls.call("GetRole", {"RoleName": "web"})


def write(calls: CloudCalls) -> Any:
    return calls.call("UpdateRole", {"RoleName": "web"})


def look_and_write(calls: CloudCalls) -> Any:
    look(calls)
    return write(calls)


def left(world: World, name: ActionClass) -> int:
    """Whole tokens that can be had at once."""
    count = 0
    while world.limiter.acquire(name, 0.0):
        count += 1
    return count


def test_a_job_sends_what_it_has_turns_for(world: World) -> None:
    world.client.run(NEEDS, look_and_write)
    assert [name for name, _ in world.watched] == ["GetRole", "UpdateRole"]
    for work in (look_and_write, lambda calls: look(calls) and look(calls)):
        error = caught(lambda work=work: world.client.run(Needs("GetRole", 1), work))
        assert isinstance(error, Bug)
        assert "without a turn" in error.message
    assert [name for name, _ in world.watched[2:]] == ["GetRole", "GetRole"]


def test_a_write_goes_out_in_a_job_alone(world: World) -> None:
    error = caught(lambda: world.client.call("UpdateRole", {"RoleName": "web"}))
    assert isinstance(error, Bug)
    assert world.server.asked == []


def test_turns_that_were_not_used_are_given_back(server: Stub) -> None:
    world = World(server, rate=5.0)
    world.says(OK)
    world.client.run(Needs("UpdateRole", 3, "UpdateRole"), write)
    assert (left(world, ActionClass.READ), left(world, ActionClass.WRITE)) == (5, 4)
    world.pool.shutdown()


def test_who_cannot_have_all_turns_takes_none(server: Stub) -> None:
    world = World(server, Timeouts(limiter=0.0), rate=2.0)
    world.says(OK)
    error = caught(lambda: world.client.run(Needs("UpdateRole", 3, "UpdateRole"), write))
    assert error.reason is Reason.THROTTLED
    assert "UpdateRole waits for its turn" in error.message
    assert (left(world, ActionClass.READ), left(world, ActionClass.WRITE)) == (2, 2)
    assert server.asked == [] or world.watched == []
    world.pool.shutdown()


def test_a_job_whose_caller_has_given_up_sends_no_write(server: Stub) -> None:
    """The read hangs past the deadline and is answered after all."""
    world = World(server, Timeouts(connect=1.0, read=5.0, deadline=0.15, limiter=1.0))
    release, ended = threading.Event(), threading.Event()
    server.asked.clear()

    def slow(request: Request) -> Reply:
        release.wait(10.0)
        return OK

    server.answer = slow
    errors: list[Exception] = []

    def work(calls: CloudCalls) -> Any:
        try:
            return look_and_write(calls)
        except Exception as error:
            errors.append(error)
            raise
        finally:
            ended.set()

    error = caught(lambda: world.client.run(NEEDS, work))
    assert (type(error), error.reason) == (Retry, Reason.CLOUD_UNAVAILABLE)
    release.set()
    assert ended.wait(5.0)
    assert len(server.asked) == 1
    assert "came too late" in str(errors[0])
    assert world.watched == [("GetRole", "CloudUnavailable")], "each call is counted once"
    world.pool.shutdown()


def test_a_write_that_hangs_is_not_known_to_have_happened(server: Stub) -> None:
    world = World(server, Timeouts(connect=1.0, read=5.0, deadline=0.15, limiter=1.0))
    release = threading.Event()

    def slow(request: Request) -> Reply:
        if "GetRole" not in str(request.headers):
            release.wait(10.0)
        return OK

    server.answer = slow
    error = caught(lambda: world.client.run(NEEDS, look_and_write))
    assert isinstance(error, OutcomeUnknown)
    release.set()
    world.pool.shutdown()


def test_a_pool_that_closes_lets_nobody_down(world: World) -> None:
    world.pool.shutdown()
    error = caught(world.read)
    assert (type(error), error.reason) == (Retry, Reason.PROGRESSING)
    assert isinstance(caught(world.write), Retry)


def test_what_was_in_the_pools_line_when_it_closed_was_not_sent(server: Stub) -> None:
    world = World(server)
    release = threading.Event()
    for _ in range(4):
        world.pool.submit(release.wait, 10.0)
    server.asked.clear()
    found: list[BaseException] = []

    def call() -> None:
        try:
            world.write()
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    while world.pool._work_queue.empty():
        pass
    closing = threading.Thread(target=lambda: world.pool.shutdown(cancel_futures=True))
    closing.start()
    thread.join(5.0)
    release.set()
    closing.join(5.0)
    assert [type(error) for error in found] == [Retry]
    assert server.asked == []
