"""By which proxy a host is reached: HTTP_PROXY, HTTPS_PROXY and NO_PROXY. Pure but for `take`.

For the operator that is the cloud, for `kubectl ram` the API server. The SDK looks at the first two
by itself at each call, and at NO_PROXY never. So the operator takes them out of its environment as
it starts, and the clients are told by which proxy to go. What is shown of a proxy is its host and
port: its URL may hold a password.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

NAMES: Final = {"http": "HTTP_PROXY", "https": "HTTPS_PROXY"}
NONE: Final = "NO_PROXY"
_URL: Final = re.compile(r"https?://[^\s/?#]+/?", re.IGNORECASE)


class ProxyError(ValueError):
    """A variable that names no proxy. The text holds nothing of its value."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """One, and the variable that named it."""

    url: str = field(repr=False)
    variable: str

    @property
    def place(self) -> str:
        """host:port, without user and password."""
        return urlsplit(self.url).netloc.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Proxies:
    """What the environment says of them; nothing, unless it does."""

    by_protocol: Mapping[str, Proxy] = field(default_factory=dict)
    passed: tuple[str, ...] = ()
    """Hosts that are reached without one, in lower case."""

    def towards(self, protocol: str, host: str) -> Proxy | None:
        """The proxy for that host[:port], None where it is reached directly."""
        proxy = self.by_protocol.get(protocol)
        return None if proxy is None or _passes(protocol, host, self.passed) else proxy


def read(environment: Mapping[str, str]) -> Proxies:
    """Names in lower case count before those in capitals. Raises ProxyError."""
    found = {}
    for protocol, name in NAMES.items():
        text = _value(environment, name)
        if text:
            found[protocol] = Proxy(_checked(text, name), name)
    entries = (part.strip().lower() for part in _value(environment, NONE).split(","))
    return Proxies(found, tuple(entry for entry in entries if entry))


def take(environment: MutableMapping[str, str]) -> None:
    """Takes them out, so that no library heeds half of them; the API server is reached directly."""
    for name in (*NAMES.values(), NONE, "ALL_PROXY"):
        environment.pop(name, None)
        environment.pop(name.lower(), None)


def _value(environment: Mapping[str, str], name: str) -> str:
    return (environment.get(name.lower()) or environment.get(name) or "").strip()


def _checked(text: str, name: str) -> str:
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        known = bool(_URL.fullmatch(url) and parts.hostname and parts.port != 0)
    except ValueError:
        known = False
    if not known:
        raise ProxyError(
            f"{name}: not http[s]://[user:password@]host:port; write it so, or unset it"
        )
    return url


def _passes(protocol: str, place: str, entries: tuple[str, ...]) -> bool:
    """An entry is a host, with all below it, or one with its port, an address, a network, or *."""
    parts = urlsplit(f"//{place.lower()}")
    host, port = parts.hostname or "", parts.port or (443 if protocol == "https" else 80)
    return any(_fits(entry, host, port) for entry in entries)


def _fits(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    name, colon, number = entry.rpartition(":")
    if colon and number.isdecimal() and ":" not in name:
        return int(number) == port and _fits(name, host, port)
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        name = entry.removeprefix("*").removeprefix(".")
        return bool(name) and (host == name or host.endswith(f".{name}"))
