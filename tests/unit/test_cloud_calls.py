"""One call to the cloud: its turn, its deadline, what is logged and counted; over real HTTP."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Iterator

import pytest

from demo.stage import RAM_POLICY
from ram_operator.cloud.client import Timeouts
from ram_operator.cloud.jobs import is_write
from ram_operator.cloud.methods import (
    ACTION_TRAIL_ACTIONS,
    IMS_METHODS,
    METHODS,
    RESOURCE_MANAGER_ACTIONS,
)
from ram_operator.constants import Reason
from ram_operator.errors import Absent, OutcomeUnknown, Retry
from tests.unit.cloud_world import KEY_ID, TOKEN, World, caught
from tests.unit.stub_server import Reply, Request, Stub, stub


@pytest.fixture(scope="module")
def server() -> Iterator[Stub]:
    with stub() as running:
        yield running


@pytest.fixture
def world(server: Stub) -> Iterator[World]:
    made = World(server)
    yield made
    made.pool.shutdown()


def test_a_good_answer(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.says(Reply(200, json.dumps({"RequestId": "R-7", "Role": {"RoleName": "web"}}).encode()))
    with caplog.at_level(logging.INFO, "ram_operator"):
        assert world.read() == {"RequestId": "R-7", "Role": {"RoleName": "web"}}
        assert caplog.records == [], "reads are not worth a line"
        world.write()
    (record,) = caplog.records
    assert (vars(record)["action"], vars(record)["request_id"]) == ("UpdateRole", "R-7")
    assert world.watched == [("GetRole", "Success"), ("UpdateRole", "Success")]
    first = world.server.asked[-2]
    assert "RoleName=web" in first.path
    assert f"Credential={KEY_ID}" in first.headers["Authorization"]
    assert first.headers["x-acs-security-token"] == TOKEN


def test_who_the_credentials_belong_to(world: World) -> None:
    body = {"RequestId": "R", "AccountId": "1234567890123456", "Arn": "acs:ram::1:user/op"}
    world.says(Reply(200, json.dumps(body).encode()))
    assert world.client.caller_identity()["AccountId"] == "1234567890123456"
    world.answers(400, "InvalidSecurityToken.Expired")
    error = caught(world.client.caller_identity)
    assert error.reason is Reason.CREDENTIALS_INVALID
    assert world.watched == [
        ("GetCallerIdentity", "Success"),
        ("GetCallerIdentity", "CredentialsInvalid"),
    ]


def test_every_action_exists_in_the_sdk(world: World) -> None:
    world.answers(404, "EntityNotExist.Role")
    for action in METHODS:
        send = world.job if is_write(action) else world.client.call
        with pytest.raises(Absent):
            send(action, {})


def test_a_service_without_models_is_asked_and_answers_like_the_others(world: World) -> None:
    body = {"RequestId": "R", "TotalCount": 1, "PolicyAttachments": {"PolicyAttachment": []}}
    world.says(Reply(200, json.dumps(body).encode()))
    action = "ResourceManager.ListPolicyAttachments"
    assert world.client.call(action, {"PageNumber": 2, "PageSize": 100}) == body
    asked = world.server.asked[-1]
    assert "PageNumber=2" in asked.path
    assert "PageSize=100" in asked.path
    assert asked.headers["x-acs-version"] == "2020-03-31"
    world.answers(403, "NoPermission")
    error = caught(lambda: world.client.call(action, {}))
    assert error.reason is Reason.ACCESS_DENIED
    world.says(Reply(200, b"[]"))
    assert caught(lambda: world.client.call(action, {})).reason is Reason.CLOUD_UNAVAILABLE
    assert [name for name, _ in world.watched] == [action] * 3


def test_one_call_is_one_request_whatever_comes_of_it(world: World) -> None:
    for status, code in ((400, "Throttling.User"), (503, "ServiceUnavailable"), (500, "X")):
        world.answers(status, code)
        world.server.asked.clear()
        caught(world.read)
        caught(world.write)
        assert len(world.server.asked) == 2, "the SDK repeats nothing by itself"


def test_without_a_turn_nothing_is_sent(server: Stub) -> None:
    world = World(server, rate=0.1)
    world.answers(404, "EntityNotExist.Role")
    caught(world.read)
    server.asked.clear()
    error = caught(world.read)
    assert error.reason is Reason.THROTTLED
    assert server.asked == []
    assert len(world.watched) == 1, "what was not sent is no call"
    world.pool.shutdown()


def test_a_process_that_stops_sends_no_write(world: World) -> None:
    world.may_write.append(Retry(Reason.PROGRESSING, "the operator is stopping"))
    world.says(Reply(200, b'{"RequestId": "R"}'))
    world.server.asked.clear()
    assert caught(world.write).reason is Reason.PROGRESSING
    assert world.server.asked == []
    world.read()


@pytest.mark.parametrize("sent", [True, False], ids=["sent", "still in the pool's line"])
def test_after_the_deadline_only_what_was_sent_is_unknown(server: Stub, sent: bool) -> None:
    world = World(server, Timeouts(connect=1.0, read=5.0, deadline=1.0, limiter=5.0))
    release = threading.Event()

    def wedged(_: Request) -> Reply:
        release.wait(60.0)
        return Reply(200, b'{"RequestId": "R"}')

    server.answer = wedged
    if not sent:
        for _ in range(4):
            world.pool.submit(release.wait, 60.0)
    read, write = caught(world.read), caught(world.write)
    assert (type(read), read.reason) == (Retry, Reason.CLOUD_UNAVAILABLE)
    assert isinstance(write, OutcomeUnknown) == sent
    assert isinstance(write, Retry)
    release.set()
    world.pool.shutdown()


def test_while_it_stops_nothing_is_sent_any_more_and_nothing_is_unknown(world: World) -> None:
    world.server.asked.clear()
    world.pool.shutdown()
    for call in (world.read, world.write, world.client.caller_identity):
        error = caught(call)
        assert (type(error), error.reason) == (Retry, Reason.PROGRESSING)
        assert error.message == "the operator is stopping"
    assert world.server.asked == []


def test_a_call_that_still_stood_in_line_when_it_stopped_was_not_sent(world: World) -> None:
    """That of a write is no unknown outcome: nobody need look before it is sent by another."""
    release = threading.Event()
    for _ in range(4):
        world.pool.submit(release.wait, 60.0)
    world.server.asked.clear()
    found: list[Exception] = []

    def write() -> None:
        found.append(caught(world.write))

    waiting = threading.Thread(target=write)
    waiting.start()
    while not world.pool._work_queue.qsize():
        waiting.join(0.01)
    world.pool.shutdown(wait=False, cancel_futures=True)
    waiting.join(60.0)
    release.set()
    assert [type(error) for error in found] == [Retry]
    assert world.server.asked == []


def test_a_write_that_was_sent_when_it_stopped_is_waited_for(world: World) -> None:
    release, reached = threading.Event(), threading.Event()

    def slow(_: Request) -> Reply:
        reached.set()
        release.wait(60.0)
        return Reply(200, b'{"RequestId": "R-9"}')

    world.server.answer = slow
    found: list[object] = []
    waiting = threading.Thread(target=lambda: found.append(world.write()))
    waiting.start()
    assert reached.wait(60.0)
    world.pool.shutdown(wait=False, cancel_futures=True)
    release.set()
    waiting.join(60.0)
    assert found == [{"RequestId": "R-9"}]


def test_what_is_denied_is_named_as_the_operators_policy_names_it(world: World) -> None:
    """Also where the cloud does not say which right it asked for."""
    (statement,) = json.loads(RAM_POLICY.read_text())["Statement"]
    world.answers(403, "NoPermission")
    actions = [*METHODS, *(f"IMS.{action}" for action in IMS_METHODS)]
    actions += [f"ResourceManager.{action}" for action in RESOURCE_MANAGER_ACTIONS]
    actions += [f"ActionTrail.{action}" for action in ACTION_TRAIL_ACTIONS]
    sends = [(world.job if is_write(action) else world.client.call, action) for action in actions]
    errors = [caught(lambda send=send, action=action: send(action, {})) for send, action in sends]
    errors.append(caught(world.client.caller_identity))
    named = [re.findall(r"may not call (\S+);", error.message) for error in errors]
    assert all(len(found) == 1 and found[0] in statement["Action"] for found in named)
    assert {found[0] for found in named} >= {"ims:TagResources", "sts:GetCallerIdentity"}
    assert len({found[0] for found in named}) == len(named)
