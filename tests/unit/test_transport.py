"""A cloud that answers slowly: each answer ends in time, and holds nothing of other accounts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse
from typing import Any

import pytest
from darabonba.core import DaraCore

from lab.waiting import until
from ram_operator.cloud.client import CloudClient, Timeouts, Wiring
from ram_operator.cloud.credentials import Credentials
from ram_operator.cloud.endpoints import Endpoint, Endpoints
from ram_operator.cloud.jobs import Needs, Reply
from ram_operator.cloud.limiter import ActionClass, Limiter
from ram_operator.cloud.places import Places
from ram_operator.constants import Reason
from ram_operator.errors import OutcomeUnknown, Retry
from ram_operator.model.state import CloudCalls
from tests.support.trickle import Trickle, trickle
from tests.unit import stub_server
from tests.unit.cloud_world import caught
from tests.unit.stub_server import Stub, stub

OK = stub_server.Reply(200, b'{"RequestId": "R", "Role": {"RoleName": "a name of some length"}}')
BRIEF = Timeouts(connect=5.0, read=0.5, deadline=30.0, limiter=0.5)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


@pytest.fixture
def server() -> Iterator[Stub]:
    with stub(lambda _: OK) as running:
        yield running


@pytest.fixture
def network(server: Stub) -> Iterator[Trickle]:
    with trickle(server.host, pause=0.1) as found:
        yield found


def client(
    pool: ThreadPoolExecutor, host: str, timeouts: Timeouts = BRIEF, threads: int = 32
) -> CloudClient:
    wiring = Wiring(pool, timeouts, lambda *_: None, lambda: None, places=Places(threads))
    endpoint = Endpoint(host, "http")
    endpoints = Endpoints(*[endpoint] * 5)
    return CloudClient(Credentials("id", "key", ""), endpoints, _limiter(), wiring)


def _limiter() -> Limiter:
    return Limiter(dict.fromkeys(ActionClass, 1000.0))


def idle(pool: ThreadPoolExecutor) -> bool:
    """Whether each of its threads is free, as they show by meeting."""
    meeting = threading.Barrier(8)
    return [each.result(60.0) for each in [pool.submit(meeting.wait, 60.0) for _ in range(8)]] != []


def write(calls: CloudCalls) -> Reply:
    return calls.call("UpdateRole", {"RoleName": "web"})


def test_an_answer_of_a_byte_at_a_time_ends_and_frees_its_thread(
    pool: ThreadPoolExecutor, network: Trickle
) -> None:
    cloud = client(pool, network.host)
    assert cloud.call("GetRole", {"RoleName": "web"})["RequestId"] == "R"
    network.slow.set()
    error = caught(lambda: cloud.call("GetRole", {"RoleName": "web"}))
    assert (type(error), error.reason) == (Retry, Reason.CLOUD_UNAVAILABLE)
    assert "GetRole got no usable answer" in error.message, "and not only that nobody waited on"
    until(lambda: network.given_up == 1, "that the connection is closed")
    assert idle(pool)
    # What was sent may have been done, whatever came of the answer.
    error = caught(lambda: cloud.run(Needs("UpdateRole", 0, "UpdateRole"), write))
    assert type(error) is OutcomeUnknown
    network.slow.clear()
    assert cloud.call("GetRole", {"RoleName": "web"})["RequestId"] == "R"


def test_many_answers_over_one_connection_have_their_time_each(
    pool: ThreadPoolExecutor, server: Stub
) -> None:
    """The time counts from the beginning of an answer, not of the connection."""
    cloud = client(pool, server.host)
    pause = threading.Event()

    def slowly(_: Any) -> stub_server.Reply:
        pause.wait(0.2)
        return OK

    server.answer = slowly
    for _ in range(6):
        assert cloud.call("GetRole", {"RoleName": "web"})["RequestId"] == "R"


def test_calls_of_one_account_leave_threads_for_others(
    pool: ThreadPoolExecutor, server: Stub
) -> None:
    answer, asked = threading.Event(), threading.Semaphore(0)

    def wait(_: Any) -> stub_server.Reply:
        asked.release()
        answer.wait(60.0)
        return OK

    patient = Timeouts(connect=5.0, read=60.0, deadline=60.0, limiter=0.5)
    slow = client(pool, server.host, patient, threads=8)
    server.answer = wait
    callers = [
        threading.Thread(target=slow.call, args=("GetRole", {"RoleName": "web"})) for _ in range(6)
    ]
    for caller in callers:
        caller.start()
    for _ in range(2):
        assert asked.acquire(timeout=60.0)
    with stub(lambda _: OK) as fast:
        other = client(pool, fast.host)
        for _ in range(3):
            assert other.call("GetRole", {"RoleName": "web"})["RequestId"] == "R"
    assert len(server.asked) == 2, "the others of the account wait outside the pool"
    answer.set()
    for caller in callers:
        caller.join(60.0)
    assert len(server.asked) == 6


def test_a_call_for_which_there_is_no_place_is_not_sent(
    pool: ThreadPoolExecutor, server: Stub
) -> None:
    answer, asked = threading.Event(), threading.Semaphore(0)

    def wait(_: Any) -> stub_server.Reply:
        asked.release()
        answer.wait(60.0)
        return OK

    server.answer = wait
    cloud = client(pool, server.host, Timeouts(5.0, 60.0, 0.5, 0.5), threads=4)
    error = caught(lambda: cloud.call("GetRole", {"RoleName": "web"}))
    assert "not answered within its deadline" in error.message
    # Nobody waits for it any more, but its thread does.
    error = caught(lambda: cloud.run(Needs("UpdateRole", 0, "UpdateRole"), write))
    assert (type(error), error.reason) == (Retry, Reason.CLOUD_UNAVAILABLE), "surely not sent"
    assert "UpdateRole was not sent: 1 calls" in error.message
    assert len(server.asked) == 1
    answer.set()
    assert idle(pool)
    server.answer = lambda _: OK
    assert cloud.call("GetRole", {"RoleName": "web"})["RequestId"] == "R"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("proxy", ["", "http://127.0.0.1:9"])
def test_answers_are_limited_whatever_way_they_come(
    pool: ThreadPoolExecutor, scheme: str, proxy: str
) -> None:
    """Nothing is sent here: only the way is looked at."""
    client(pool, "127.0.0.1:9")
    adapter = DaraCore.get_adapter(scheme)
    manager = adapter.proxy_manager_for(proxy) if proxy else adapter.poolmanager
    connections = manager.connection_from_url(f"{scheme}://127.0.0.1:9")
    assert connections.ConnectionCls.response_class is not HTTPResponse
    assert issubclass(connections.ConnectionCls.response_class, HTTPResponse)
