"""How the matrices see an identity in the cloud: without what differs from world to world.

SHOWN is the table over the kinds; the functions without `shown_` make what a manifest asks for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from lab.world import TRUST_FC
from ram_operator import documents

Json = dict[str, Any]
BYSTANDERS: Final = ("operator", "by-hand", "ann", "bob", "carol", "others")
"""Users and groups that a world has beside the identity of the story; only hands touch them."""


def digest(trust: Json) -> str:
    """Stands for a trust by meaning."""
    return documents.parse_trust(json.dumps(trust)).digest


def role(description: str, session: int, policies: list[Json], tags: Json) -> Json:
    return {
        "trust": digest(TRUST_FC),
        "description": description,
        "session": session,
        "policies": _names(policies),
        "tags": tags,
    }


def policy(description: str, versions: list[Json], tags: Json) -> Json:
    return {
        "versions": [_digest(version) for version in versions],
        "document": _digest(versions[-1]),
        "description": description,
        "attachments": [],
        "tags": tags,
    }


def user(display_name: str, comments: str, policies: list[Json]) -> Json:
    """Without any way to log in."""
    return {
        "displayName": display_name,
        "comments": comments,
        "policies": _names(policies),
        "groups": [],
        "credentials": [],
    }


def group(comments: str, policies: list[Json], members: Sequence[str]) -> Json:
    return {"comments": comments, "policies": _names(policies), "members": list(members)}


def shown_role(live: Json) -> Json:
    return {
        "trust": digest(live["trust"]),
        "description": live["description"],
        "session": live["maxSessionDuration"],
        "policies": live["policies"],
        "tags": _tags(live),
    }


def shown_policy(live: Json) -> Json:
    return {
        "versions": [_digest(document) for document in live["versions"].values()],
        "document": _digest(live["document"]),
        "description": live["description"],
        "attachments": live["attachments"],
        "tags": _tags(live),
    }


def shown_user(live: Json) -> Json:
    """Without tags: the mark of a user is a help that is done without where it fails."""
    names = ("displayName", "comments", "policies", "groups")
    credentials = [*(key["status"] for key in live["accessKeys"])]
    credentials += [name for name in ("loginProfile", "mfa") if name in live]
    return {**{name: live[name] for name in names}, "credentials": credentials}


def shown_group(live: Json) -> Json:
    return {name: live[name] for name in ("comments", "policies", "members")}


SHOWN: Final[Mapping[str, tuple[str, Callable[[Json], Json]]]] = {
    "RamRole": ("roles", shown_role),
    "RamPolicy": ("policies", shown_policy),
    "RamUser": ("users", shown_user),
    "RamGroup": ("groups", shown_group),
}
"""Kind → where the account's state has its identities, and how one is shown."""


def _names(policies: list[Json]) -> list[list[str]]:
    return sorted([entry["type"], entry["name"]] for entry in policies)


def _digest(document: Json) -> str:
    return documents.parse_policy(json.dumps(document)).digest


def _tags(live: Json) -> Json:
    """Without the owner's mark, which has to be there and is another one in each world."""
    tags = live["tags"]
    plain = {key: value for key, value in tags.items() if not key.startswith("ram-operator/")}
    assert len(tags) - len(plain) == 3, f"the owner's mark is not whole: {tags}"
    return plain
