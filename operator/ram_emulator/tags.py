"""Tags of roles and policies: TagResources, UntagResources, ListTagResources."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from .common import TAGS, cut, has_tags, merge_tags, page_size
from .entities import Policy, Role, fold
from .errors import not_exist
from .params import Param
from .registry import Action, Body, Call

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
    kind = call.text("ResourceType")
    wanted_names = [fold(name) for name in call.values.get("ResourceNames", ())]
    wanted_tags = call.values.get("Tag", ())
    entities: list[tuple[str, Role | Policy]] = (
        [*call.account.roles.items_seen(call.as_of)]
        if kind == "role"
        else [*call.account.policies.items_seen(call.as_of)]
    )
    rows = [
        (
            f"{key}\n{tag_key}",
            {
                "ResourceType": kind,
                "ResourceName": entity.name,
                "TagKey": tag_key,
                "TagValue": tag_value,
            },
        )
        for key, entity in entities
        if (not wanted_names or key in wanted_names) and has_tags(entity.tags, wanted_tags)
        for tag_key, tag_value in entity.tags
    ]
    size = page_size(call, "PageSize", 100)
    chosen, token = cut(call, rows, call.optional("NextToken"), size, "NextToken")
    return {"TagResources": chosen, **({"NextToken": token} if token else {})}


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
