"""What a world really looks like, in the model's words, and what must hold of it at every rest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lab.world import World
from tests.histories.acting import TEAM
from tests.histories.commands import ACTIONS, OUTSIDER, SERVICES, SLOTS, THEIRS
from tests.histories.model import OUTSIDE, Model, Name
from tests.oracle.evaluator import Request, Who, allows

Json = dict[str, Any]
PLACES: Final = {
    "RamRole": "roles",
    "RamPolicy": "policies",
    "RamUser": "users",
    "RamGroup": "groups",
}
_RENAMED: Final = {"session": "maxSessionDuration"}
_DOCUMENTS: Final = ("AssumeRolePolicyDocument", "NewAssumeRolePolicyDocument")


def trusted(document: Json) -> frozenset[str]:
    """Who may assume a role with this trust, decided request by request."""
    now = (("acs:CurrentTime", "2026-01-01T00:00:00Z"),)
    callers = {name: Who("service", "", name) for name in SERVICES}
    callers[OUTSIDE] = Who("user", OUTSIDE.split(":")[3], "x")
    return frozenset(
        name
        for name, who in callers.items()
        if allows(document, Request("sts:AssumeRole", who=who, context=now))
    )


def allowed(document: Json) -> frozenset[str]:
    """Which of the actions that histories use the document allows."""
    return frozenset(a for a in (*ACTIONS, "a:b") if allows(document, Request(a, "acs:x:y:1:z")))


def seen(state: Json) -> dict[Name, Json]:
    """The slots' identities as they are."""
    found = {}
    for kind, names in SLOTS.items():
        for name in names:
            live = state[PLACES[kind]].get(name)
            if live is not None:
                found[kind, name] = _fields(kind, live)
    return found


def _fields(kind: str, live: Json) -> Json:
    shown: Json = {
        key: live[_RENAMED.get(key, key)]
        for key in ("description", "session", "displayName", "comments")
        if _RENAMED.get(key, key) in live
    }
    if kind == "RamPolicy":
        shown["document"] = allowed(live["document"])
    else:
        shown["policies"] = frozenset((kind, name) for kind, name in live["policies"])
    if kind == "RamRole":
        shown["trust"] = trusted(live["trust"])
    if kind == "RamGroup":
        shown["members"] = frozenset(("User", name) for name in live["members"])
    if kind in ("RamRole", "RamPolicy"):
        shown["tag"] = live["tags"].get(TEAM)
    return {key: "" if value is None and key != "tag" else value for key, value in shown.items()}


def expected(model: Model) -> dict[Name, Json]:
    """The slots' identities as they have to be."""
    return {name: dict(identity.fields) for name, identity in model.cloud.items()}


def differences(state: Json, model: Model) -> Iterator[str]:
    """One line per field in which the cloud is not as it has to be."""
    real, wanted = seen(state), expected(model)
    for name in sorted(real.keys() | wanted.keys()):
        one, other = real.get(name), wanted.get(name)
        if one is None or other is None:
            yield f"{name}: {'is missing' if one is None else 'should not exist'}"
            continue
        for key in sorted(one.keys() | other.keys()):
            if one.get(key) != other.get(key):
                was, should = _shown(one.get(key)), _shown(other.get(key))
                yield f"{name} {key}: is {was}, has to be {should}"


def _shown(value: Any) -> str:
    return str(sorted(value)) if isinstance(value, frozenset) else repr(value)


def theirs(state: Json) -> str:
    """What nobody manages, as text; what others may do to it by a reference is left out."""
    slots = {name for names in SLOTS.values() for name in names}
    kept = {
        place: {name: dict(live) for name, live in state[place].items() if name not in slots}
        for place in PLACES.values()
    }
    kept["users"][OUTSIDER].pop("groups")
    kept["policies"][THEIRS].pop("attachments")
    return json.dumps(kept, sort_keys=True)


def trust_offences(world: World, asked: Mapping[str, list[frozenset[str]]]) -> Iterator[str]:
    """Each trust that the operator sent although neither a manifest asked for it nor it takes back.

    The journal has everybody's writes, so that it is known whom the role trusted before.
    """
    live: dict[str, frozenset[str]] = {}
    for entry in world.admin.journal(world.account_id, writes=True):
        if entry["effect"] != "write":
            continue
        role = str(entry["parameters"].get("RoleName", "")).lower()
        ours = entry["caller"] == world.keys.admin_arn
        sent = next((entry["parameters"][p] for p in _DOCUMENTS if p in entry["parameters"]), None)
        if entry["action"] == "DeleteRole":
            live.pop(role, None)
        if sent is None:
            continue
        after, before = trusted(json.loads(sent)), live.get(role)
        live[role] = after
        if not ours:
            continue
        if before is None and (after not in asked.get(role, []) or OUTSIDE in after):
            yield f"call {entry['n']}: {role} was created for {sorted(after)}"
        elif before is not None and not after < before:
            yield f"call {entry['n']}: {role} went from {sorted(before)} to {sorted(after)}"
