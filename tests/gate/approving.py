"""What approvers and attackers do: read what is offered, write annotations, look at the journal."""

from __future__ import annotations

from typing import Any, Final

from tests.support.trusts import trust_writes
from tests.support.world import World, condition

Json = dict[str, Any]
ESCALATING: Final = ("AdministratorAccess", "AliyunRAMFullAccess", "AliyunSTSAssumeRoleAccess")
GRANTS: Final = ("AttachPolicyToRole", "AttachPolicyToUser", "AttachPolicyToGroup")


def held(world: World, kind: str, name: str, *, instead_of: str = "") -> Json:
    """The object once a change of it is offered; with another digest than `instead_of`."""

    def offered(item: Json) -> bool:
        current = (
            condition(item, "Ready").get("observedGeneration") == item["metadata"]["generation"]
        )
        digest = item["status"].get("pending", {}).get("digest", "")
        return bool(current and digest and digest != instead_of)

    return world.wait(kind, name, offered, "offer")


def offer(world: World, kind: str, name: str, *, instead_of: str = "") -> str:
    """The digest that is offered."""
    return str(held(world, kind, name, instead_of=instead_of)["status"]["pending"]["digest"])


def approve(world: World, kind: str, name: str) -> str:
    """Approve what is offered, as an approver would. Returns the digest."""
    digest = offer(world, kind, name)
    world.annotate(kind, name, approve=digest)
    return digest


def opened(world: World, since: int) -> list[Json]:
    """The operator's calls that gave anybody more than he had: trusts and escalating grants."""
    grants = [
        entry
        for entry in world.writes(since)
        if entry["action"] in GRANTS and entry["parameters"]["PolicyName"] in ESCALATING
    ]
    return trust_writes(world, since) + grants
