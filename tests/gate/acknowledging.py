"""What people do who let drift be for a while, and what the cloud and the record say of it then."""

from __future__ import annotations

from typing import Any, Final

from lab.waiting import until
from lab.world import World
from tests.gate.approving import say
from tests.support.times import moment

Json = dict[str, Any]
HOUR: Final = 3600.0
ACKNOWLEDGE: Final = "ram.alibabacloud.com/acknowledge-drift"


def acknowledgeable(world: World, kind: str, name: str, *, instead_of: str = "") -> Json:
    """What of the drift may be acknowledged, once that is offered."""

    def offered(item: Json) -> bool:
        digest = item["status"].get("acknowledge", {}).get("digest", "")
        return bool(digest and digest != instead_of)

    found: Json = world.wait(kind, name, offered, "drift to acknowledge")["status"]["acknowledge"]
    return found


def text(digest: str, end: str = "") -> str:
    return f"{digest} until {end or moment(HOUR)}"


def write(world: World, kind: str, name: str, value: str | None, by: str = "approver") -> bool:
    """False where the API server refuses it."""
    return say(world, kind, name, by=by, **{"acknowledge-drift": value})


def acknowledge(world: World, kind: str, name: str, digest: str = "", end: str = "") -> Json:
    """Acknowledge what is offered, or that digest; the status once it holds."""
    digest = digest or acknowledgeable(world, kind, name)["digest"]
    assert write(world, kind, name, text(digest, end))
    return holds(world, kind, name, digest)


def holds(world: World, kind: str, name: str, digest: str) -> Json:
    """The status of the object once that acknowledgement holds."""

    def told(item: Json) -> bool:
        return bool(item["status"].get("acknowledged", {}).get("digest") == digest)

    found: Json = world.wait(kind, name, told, "the acknowledgement")["status"]
    return found


def ended(world: World, kind: str, name: str) -> Json:
    """The status once nothing is acknowledged."""
    found: Json = world.wait(
        kind, name, lambda item: "acknowledged" not in item["status"], "the acknowledgement's end"
    )["status"]
    return found


def trusts(world: World, name: str, service: str) -> bool:
    """Whether the role trusts that service in the cloud."""
    return service in str(world.cloud()["roles"][name]["trust"])


def looked(world: World, kind: str, name: str) -> Json:
    """A look that sees what was done by hand, and another one that has it confirmed."""
    world.settle()
    world.look(kind, name)
    return world.look(kind, name)


def taken_back(world: World, name: str, service: str) -> None:
    until(lambda: not trusts(world, name, service), f"that {service} is out")
