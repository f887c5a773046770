"""Where the services of a cloud account are, and which hosts may be told its credentials."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..errors import InvalidSpec


@dataclass(frozen=True, slots=True)
class Endpoint:
    """host[:port] and whether the connection is encrypted."""

    host: str
    protocol: str = "https"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the services of one account are."""

    ram: Endpoint
    sts: Endpoint
    ims: Endpoint
    resource_manager: Endpoint
    action_trail: Endpoint


DEFAULT_ENDPOINTS: Final = {
    "ram": "ram.aliyuncs.com",
    "sts": "sts.aliyuncs.com",
    "ims": "ims.aliyuncs.com",
    "resourceManager": "resourcemanager.aliyuncs.com",
    "actionTrail": "actiontrail.ap-southeast-1.aliyuncs.com",
}
_BESIDE: Final = ("ims", "resourceManager", "actionTrail")
OFFICIAL: Final = re.compile(
    r"(ram|sts|ims|resourcemanager|actiontrail)(-vpc)?\.([a-z]{2}-[a-z0-9-]+\.|vpc-proxy\.)?aliyuncs\.com(:443)?"
)
"""Not just any host below aliyuncs.com: strangers' buckets and functions have theirs there too."""

_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")


def endpoints(spec: Mapping[str, Any], *, custom: bool) -> Endpoints:
    """The addresses of an account's services. Raises InvalidSpec.

    A RAM that is none of Alibaba Cloud's own serves these others too, unless the
    manifest says otherwise: what it is asked must not reach the public service by accident.
    """
    wanted = {**DEFAULT_ENDPOINTS, **spec}
    found = {name: endpoint(name, wanted[name], custom=custom) for name in DEFAULT_ENDPOINTS}
    if not _official(found["ram"]):
        found |= {name: found["ram"] for name in _BESIDE if name not in spec}
    return Endpoints(*(found[name] for name in DEFAULT_ENDPOINTS))


def _official(where: Endpoint) -> bool:
    return where.protocol == "https" and OFFICIAL.fullmatch(where.host.lower()) is not None


def endpoint(name: str, text: str, *, custom: bool) -> Endpoint:
    """host[:port], with or without http(s):// before it. Raises InvalidSpec.

    `custom` accepts hosts that are not RAM's and STS's own, and connections without TLS.
    """
    protocol, separator, host = text.partition("://")
    if not separator:
        protocol, host = "https", text
    if not _official(Endpoint(host, protocol)) and not custom:
        raise InvalidSpec(
            f"spec.endpoints.{name}: {text} is no https endpoint of {name.upper()} in aliyuncs.com;"
            " the operator accepts others only with --allow-custom-endpoints true"
        )
    if protocol not in ("http", "https") or not _HOST.fullmatch(host):
        raise InvalidSpec(f"spec.endpoints.{name}: {text} is no [http[s]://]host[:port]")
    return Endpoint(host, protocol)
