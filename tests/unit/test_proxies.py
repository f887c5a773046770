"""By which proxy the cloud is reached: what the environment says, and the real SDK over one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from ram_operator import proxies
from ram_operator.cloud.client import CloudClient, Wiring
from ram_operator.cloud.credentials import Credentials
from ram_operator.cloud.endpoints import Endpoint, Endpoints
from ram_operator.cloud.jobs import Needs
from ram_operator.cloud.limiter import ActionClass, Limiter
from ram_operator.constants import Reason
from ram_operator.errors import RamOperatorError
from tests.support.proxy import Proxy, proxy
from tests.unit.cloud_world import TIMEOUTS
from tests.unit.stub_server import Reply, Stub, stub

RAM = Endpoint("ram.aliyuncs.com")
ROLE = json.dumps({"RequestId": "R-1", "Role": {"RoleName": "web"}}).encode()
PASSWORD = "pr0xy-pass"


@pytest.fixture
def between() -> Iterator[Proxy]:
    with proxy() as running:
        yield running


@pytest.fixture
def cloud() -> Iterator[Stub]:
    with stub(lambda _: Reply(200, ROLE)) as running:
        yield running


def client(endpoint: Endpoint, environment: Mapping[str, str]) -> CloudClient:
    wiring = Wiring(
        ThreadPoolExecutor(1),
        TIMEOUTS,
        lambda *_: None,
        lambda: None,
        proxies.read(environment),
    )
    limiter = Limiter(dict.fromkeys(ActionClass, 1000.0))
    endpoints = Endpoints(*[endpoint] * 5)
    return CloudClient(Credentials("made-up-id", "made-up"), endpoints, limiter, wiring)


def read(asked: CloudClient) -> str:
    return str(asked.call("GetRole", {"RoleName": "web"})["Role"]["RoleName"])


def failing(asked: CloudClient, action: str = "GetRole") -> RamOperatorError:
    with pytest.raises(RamOperatorError) as caught:
        asked.run(Needs(action, 1, action), lambda calls: calls.call(action, {"RoleName": "web"}))
    shown = f"{caught.value} {caught.value!r} {caught.value.message}"
    assert PASSWORD not in shown
    assert "somebody" not in shown
    return caught.value


def test_calls_go_by_the_proxy_and_past_it(between: Proxy, cloud: Stub) -> None:
    url = f"http://somebody:{PASSWORD}@{between.place}"
    where = Endpoint(cloud.host, "http")
    assert read(client(where, {"HTTP_PROXY": url})) == "web"
    assert between.hosts == {cloud.host}
    assert between.signed[0].startswith("Basic ")
    assert len(cloud.asked) == 1
    assert read(client(where, {"HTTP_PROXY": url, "NO_PROXY": "127.0.0.1"})) == "web"
    assert (len(between.asked), len(cloud.asked)) == (1, 2)
    # The other protocol's is none of its business.
    assert read(client(where, {"HTTPS_PROXY": url})) == "web"
    assert (len(between.asked), len(cloud.asked)) == (1, 3)


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_proxy_that_refuses_is_named(between: Proxy, status: int) -> None:
    between.refuses = status
    url = f"http://somebody:{PASSWORD}@{between.place}"
    error = failing(client(RAM, {"HTTPS_PROXY": url}))
    assert error.reason is Reason.CLOUD_UNAVAILABLE
    named = f"by the proxy {between.place} that HTTPS_PROXY names and answered HTTP {status}"
    assert named in error.message
    assert set(between.asked) == {("CONNECT", "ram.aliyuncs.com:443")}
    assert between.place in failing(client(RAM, {"https_proxy": url}), "UpdateRole").message


def test_a_proxy_without_a_tunnel_that_wants_a_password_says_so(
    between: Proxy, cloud: Stub
) -> None:
    between.refuses = 407
    error = failing(client(Endpoint(cloud.host, "http"), {"http_proxy": between.place}))
    assert between.place in error.message
    assert cloud.asked == []


def test_a_proxy_that_does_not_answer_is_named() -> None:
    error = failing(client(RAM, {"HTTPS_PROXY": f"http://somebody:{PASSWORD}@127.0.0.1:9"}))
    assert "the proxy 127.0.0.1:9 that HTTPS_PROXY names" in error.message
    assert "name the endpoint's host in NO_PROXY" in error.message


def test_without_a_proxy_none_is_named() -> None:
    error = failing(client(Endpoint("127.0.0.1:9", "http"), {}))
    assert "proxy" not in error.message


def test_what_the_service_says_is_not_the_proxys_fault(between: Proxy, cloud: Stub) -> None:
    cloud.answer = lambda _: Reply(404, b'{"RequestId":"R","Code":"EntityNotExist.Role"}')
    error = failing(client(Endpoint(cloud.host, "http"), {"HTTP_PROXY": between.place}))
    assert error.reason is Reason.NOT_FOUND
    assert "proxy" not in error.message


PASSED = [
    ("*", True),
    ("aliyuncs.com", True),
    (".aliyuncs.com", True),
    ("*.aliyuncs.com", True),
    ("RAM.aliyuncs.com", True),
    (" a.example , ram.aliyuncs.com:443 ", True),
    ("ram.aliyuncs.com:8443", False),
    ("liyuncs.com", False),
    ("am.aliyuncs.com", False),
    ("ram.aliyuncs.com.evil.example", False),
    (".", False),
    (",", False),
    ("10.0.0.0/8", False),
]


@pytest.mark.parametrize(("entries", "past"), PASSED)
def test_hosts_that_are_named_are_reached_directly(entries: str, past: bool) -> None:
    found = proxies.read({"https_proxy": "proxy.example:3128", "NO_PROXY": entries})
    assert (found.towards("https", RAM.host) is None) is past


@pytest.mark.parametrize(
    ("host", "entries", "past"),
    [
        ("10.1.2.3:8080", "10.0.0.0/8", True),
        ("10.1.2.3:8080", "10.1.2.3", True),
        ("10.1.2.3:8080", "10.1.2.3:8080", True),
        ("10.1.2.3:8080", "10.1.2.3:80", False),
        ("11.1.2.3:8080", "10.0.0.0/8", False),
    ],
)
def test_addresses_and_networks_too(host: str, entries: str, past: bool) -> None:
    found = proxies.read({"HTTP_PROXY": "proxy.example", "no_proxy": entries})
    assert (found.towards("http", host) is None) is past


def test_small_letters_count_first_and_nothing_is_shown_but_the_place() -> None:
    given = {"HTTPS_PROXY": "a.example:1", "https_proxy": f"http://u:{PASSWORD}@b.example:2/"}
    found = proxies.read(given).towards("https", RAM.host)
    assert found is not None
    assert (found.place, found.variable) == ("b.example:2", "HTTPS_PROXY")
    assert PASSWORD not in repr(found)


@pytest.mark.parametrize(
    "text", ["socks5://p:1", "http://", "http://:3128", "http://p:port", "http://p:0", "a b", "p/x"]
)
def test_what_is_no_proxy_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(proxies.ProxyError, match=r"^HTTPS_PROXY: not http\[s\]://") as caught:
        proxies.read({"HTTPS_PROXY": text})
    assert text not in str(caught.value).replace("http://", "")


def test_no_library_finds_them_afterwards() -> None:
    names = ("HTTP_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "all_proxy")
    environment = dict.fromkeys(names, "x") | {"PATH": "/bin"}
    proxies.take(environment)
    assert environment == {"PATH": "/bin"}
