"""What approvers and attackers do: read what is offered, write annotations, look at the journal."""

from __future__ import annotations

from typing import Any, Final

from lab import RequestFailed
from lab.waiting import until
from lab.world import World, condition, is_ready
from tests.support.trusts import trust_writes

Json = dict[str, Any]
ESCALATING: Final = ("AdministratorAccess", "AliyunRAMFullAccess", "AliyunSTSAssumeRoleAccess")
OPENING: Final = ("AddUserToGroup", "CreatePolicyVersion", "CreateUser", "SetDefaultPolicyVersion")
HELD: Final = "ApprovalRequired"
GRANTS: Final = ("AttachPolicyToRole", "AttachPolicyToUser", "AttachPolicyToGroup")


def held(world: World, kind: str, name: str, *, instead_of: str = "") -> Json:
    """The object once a change of it is offered; with another digest than `instead_of`.

    A pass that has to come again shows what the one before held.
    """

    def offered(item: Json) -> bool:
        generation, ready = item["metadata"]["generation"], condition(item, "Ready")
        acted_upon = item["status"].get("observedGeneration") == generation
        says_so = (ready["reason"], ready.get("observedGeneration")) == (HELD, generation)
        digest = item["status"].get("pending", {}).get("digest", "")
        return bool((acted_upon or says_so) and digest and digest != instead_of)

    return world.wait(kind, name, offered, "offer")


def offer(world: World, kind: str, name: str, *, instead_of: str = "") -> str:
    """The digest that is offered."""
    return str(held(world, kind, name, instead_of=instead_of)["status"]["pending"]["digest"])


def say(
    world: World, kind: str, name: str, *, by: str = "approver", **annotations: str | None
) -> bool:
    """Somebody else than the author writes annotations. False when the API server refuses it."""
    named = {f"ram.alibabacloud.com/{key}": value for key, value in annotations.items()}
    body = {"metadata": {"annotations": named}}
    try:
        world.cluster.patch_as(by, world.path(kind, name), body)
    except RequestFailed:
        return False
    return True


def approve(world: World, kind: str, name: str) -> str:
    """Approve what is offered, as an approver would. Returns the digest."""
    digest = offer(world, kind, name)
    assert say(world, kind, name, approve=digest)
    return digest


def approve_until_ready(world: World, kind: str, name: str) -> None:
    """Approve what is offered, and once more what is offered in its place: the API server takes
    some moments to enforce a guard that was put back, and what is approved in them is void.
    """

    def ready() -> bool:
        item = world.get(kind, name) or {}
        digest = item["status"].get("pending", {}).get("digest", "")
        known = item["metadata"].get("annotations", {}).get("ram.alibabacloud.com/approve")
        if digest and digest != known:
            say(world, kind, name, approve=digest)
        return is_ready(item)

    until(ready, f"that {kind} {name} is ready")


def patched(world: World, kind: str, name: str, digest: str, **spec: Any) -> None:
    """An edit and an approval in one write; one after the other where that is refused."""
    body = {
        "metadata": {"annotations": {"ram.alibabacloud.com/approve": digest}},
        "spec": spec,
    }
    try:
        world.patch(kind, name, body)
    except RequestFailed:
        world.edit(kind, name, **spec)
        say(world, kind, name, approve=digest)


def applied(world: World, kind: str, name: str, digest: str, **spec: Any) -> None:
    """A new object that bears an approval from the start, or gets it at once."""
    body = world.manifest(kind, name, spec, annotations={"ram.alibabacloud.com/approve": digest})
    try:
        world.cluster.request("POST", world.path(kind), body)
    except RequestFailed:
        world.create(kind, name, spec)
        say(world, kind, name, approve=digest)


def opened(world: World, since: int) -> list[Json]:
    """The operator's calls that gave anybody more than he had: trusts, escalating grants and
    documents, members, and users, whom a trust may name already.
    """
    found = trust_writes(world, since)
    for entry in world.writes(since):
        grant = entry["action"] in GRANTS and entry["parameters"]["PolicyName"] in ESCALATING
        if grant or entry["action"] in OPENING:
            found.append(entry)
    return found
