"""Endpoints of a RamAccount: which hosts are the cloud's own, and what the others need."""

from __future__ import annotations

import pytest

from ram_operator.cloud.endpoints import DEFAULT_ENDPOINTS, Endpoint, endpoint
from ram_operator.errors import InvalidSpec

OFFICIAL = [
    *DEFAULT_ENDPOINTS.values(),
    "sts.cn-hangzhou.aliyuncs.com",
    "sts.ap-southeast-1.aliyuncs.com",
    "sts-vpc.cn-hangzhou.aliyuncs.com",
    "ram.vpc-proxy.aliyuncs.com",
    "ram.aliyuncs.com:443",
    "RAM.AliyunCS.com",
]
# Each would receive signed requests, with the documents that they carry.
STRANGERS = [
    "aliyuncs.com",
    "evil.com",
    "ramaliyuncs.com",
    "ram.aliyuncs.com.evil.com",
    "evil.com/ram.aliyuncs.com",
    "evil.com#.ram.aliyuncs.com",
    "evil.com?.ram.aliyuncs.com",
    "ram.aliyuncs.com@evil.com",
    "ram.aliyuncs.com:443@evil.com",
    "ram.aliyuncs.com:8443",
    "user@ram.aliyuncs.com",
    "bucket.oss-cn-hangzhou.aliyuncs.com",
    "sts.oss-cn-hangzhou.aliyuncs.com",
    "1234567890123456.cn-shanghai.fc.aliyuncs.com",
    "ram.1234567890123456.cn-shanghai.fc.aliyuncs.com",
    "ram.aliyuncs.com.",
    "ram.aliyuncs.com\n",
    "127.0.0.1:8080",
    "",
]


@pytest.mark.parametrize("host", OFFICIAL)
@pytest.mark.parametrize("custom", [False, True])
def test_the_clouds_own_hosts_are_accepted_with_tls(host: str, custom: bool) -> None:
    assert endpoint("ram", host, custom=custom) == Endpoint(host, "https")
    assert endpoint("ram", f"https://{host}", custom=custom) == Endpoint(host, "https")


@pytest.mark.parametrize("host", OFFICIAL)
def test_without_tls_nobody_is_accepted(host: str) -> None:
    with pytest.raises(InvalidSpec, match="no https endpoint"):
        endpoint("ram", f"http://{host}", custom=False)


@pytest.mark.parametrize("host", STRANGERS)
@pytest.mark.parametrize("prefix", ["", "https://", "http://"])
def test_hosts_of_others_are_refused(prefix: str, host: str) -> None:
    with pytest.raises(InvalidSpec, match=r"^spec\.endpoints\.sts: ") as caught:
        endpoint("sts", prefix + host, custom=False)
    assert "--allow-custom-endpoints" in caught.value.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://127.0.0.1:8080", Endpoint("127.0.0.1:8080", "http")),
        ("https://proxy.example", Endpoint("proxy.example", "https")),
        ("emulator:80", Endpoint("emulator:80", "https")),
    ],
)
def test_the_flag_opens_other_hosts(text: str, expected: Endpoint) -> None:
    assert endpoint("ram", text, custom=True) == expected


@pytest.mark.parametrize(
    "text",
    ["ftp://host", "http://", "http://a:b@host", "host/path", "host?query", "host:", "a b", "://x"],
)
def test_even_then_it_is_a_host_and_no_url(text: str) -> None:
    with pytest.raises(InvalidSpec):
        endpoint("ram", text, custom=True)
