"""Tags of roles and policies: TagResources, UntagResources, ListTagResources."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from typing import TypeVar

from .common import TAGS, merge_tags, tag_page
from .entities import Policy, Role, fold
from .errors import not_exist
from .params import Param
from .registry import Action, Body, Call
from .versioned import Versioned

E = TypeVar("E", Role, Policy)

_TYPE = Param("ResourceType", required=True, choices=("role", "policy"), code="")
_NAMES = Param("ResourceNames", "names", required=True, low=1, high=50)


def _resource(call: Call, name: str) -> Role | Policy:
    account, kind = call.account, call.text("ResourceType")
    found = (account.roles if kind == "role" else account.policies).get(fold(name))
    if found is None:
        raise not_exist(kind.capitalize(), name)
    return found


def _resources(call: Call) -> list[Role | Policy]:
    # All are looked up before the first is changed: the call takes effect whole or not at all.
    return [_resource(call, name) for name in call.values["ResourceNames"]]


def _store(call: Call, found: Role | Policy, tags: tuple[tuple[str, str], ...]) -> None:
    if isinstance(found, Role):
        role = dataclasses.replace(found, tags=tags)
        call.account.roles.put(fold(found.name), role, call.now)
    else:
        policy = dataclasses.replace(found, tags=tags)
        call.account.policies.put(fold(found.name), policy, call.now)


def _tag(call: Call) -> Body:
    changes = [(f, merge_tags(call, f.tags, call.values["Tag"])) for f in _resources(call)]
    for found, tags in changes:
        _store(call, found, tags)
    return {}


def _untag(call: Call) -> Body:
    keys: Sequence[str] = call.values.get("TagKeys", ())
    everything = call.flag("All") and not keys
    for found in _resources(call):
        kept = () if everything else tuple(t for t in found.tags if t[0] not in keys)
        _store(call, found, kept)
    return {}


def _list(call: Call) -> Body:
    if call.text("ResourceType") == "role":
        rows, token = tag_page(call, functools.partial(_wanted, call, call.account.roles), _named)
    else:
        found = functools.partial(_wanted, call, call.account.policies)
        rows, token = tag_page(call, found, _named)
    return {"TagResources": rows, **({"NextToken": token} if token else {})}


def _wanted(call: Call, entities: Versioned[E], first: str) -> Iterator[tuple[str, E]]:
    """The named entities, or all if none is named, in the order of their keys."""
    names = call.values.get("ResourceNames")
    if not names:
        yield from entities.walk(first, call.as_of)
        return
    for key in sorted({fold(name) for name in names}):
        entity = entities.seen(key, call.as_of)
        if entity is not None:
            yield key, entity


def _named(found: Role | Policy) -> dict[str, str]:
    kind = "role" if isinstance(found, Role) else "policy"
    return {"ResourceType": kind, "ResourceName": found.name}


_ANY = ("acs:ram:*:{account}:{ResourceType}/*",)

ACTIONS = (
    Action(
        "TagResources",
        _tag,
        "write",
        (_TYPE, _NAMES, dataclasses.replace(TAGS, required=True, low=1)),
        _ANY,
        "attachmentsPerSecond",
    ),
    Action(
        "UntagResources",
        _untag,
        "write",
        (_TYPE, _NAMES, Param("TagKeys", "names", high=20), Param("All", "bool")),
        _ANY,
        "attachmentsPerSecond",
    ),
    Action(
        "ListTagResources",
        _list,
        "read",
        (
            _TYPE,
            Param("ResourceNames", "names", high=50),
            TAGS,
            Param("NextToken"),
            Param("PageSize", "int", code=""),
        ),
        _ANY,
    ),
)
