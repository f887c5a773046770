"""What the operator reads while nothing happens, and what it reads when it looks at an object."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from lab.waiting import until
from lab.world import World

Json = dict[str, Any]
LISTS: Final = ("ListRoles", "ListUsers", "ListGroups", "ListPolicies", "ListPolicyAttachments")
TURNS: Final = ("GetRole", "GetLoginProfile", "ListAccessKeys", "GetUserMFAInfo")
"""What no list shows. A look at a role or a user reads more, such as its policies."""
SELDOM: Final = ("ListUsersForGroup", "ListOIDCProviders", "ListSAMLProviders")
IDLE: Final = {*LISTS, *TURNS, *SELDOM, "GetCallerIdentity"}
"""What is read while nothing happens."""


def reads(world: World, since: int = 0) -> Counter[str]:
    """What the operator read since then, by action."""
    return Counter(
        entry["action"]
        for entry in world.admin.journal(world.account_id)[since:]
        if entry["caller"] == world.keys.admin_arn and entry["action"].startswith(("Get", "List"))
    )


def looked_at(world: World, since: int) -> set[str]:
    """The roles that the operator looked at or wrote since then, beside what it read in turns."""
    return {
        str(entry["parameters"]["RoleName"])
        for entry in world.admin.journal(world.account_id)[since:]
        if entry["caller"] == world.keys.admin_arn
        and entry["action"] not in TURNS
        and "RoleName" in entry["parameters"]
    }


def swept(world: World, times: int = 2) -> None:
    """So many whole sweeps have begun and ended since now."""
    seen(world, LISTS, times)


def turned(world: World) -> int:
    """Everything was read in turns once more; where the journal stood when that began."""
    return seen(world, (*LISTS, *TURNS), 2)


def seen(world: World, actions: tuple[str, ...], times: int) -> int:
    start = len(world.admin.journal(world.account_id))
    until(lambda: min(reads(world, start)[name] for name in actions) > times, "that all was read")
    return start


def inventory(world: World) -> Json:
    found = world.get("RamAccount", world.namespace)
    assert found is not None
    return dict(found["status"].get("inventory") or {})
