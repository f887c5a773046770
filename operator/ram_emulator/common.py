"""Parameters, look-ups, paging and small shapes that several family modules share."""

from __future__ import annotations

import base64
import binascii
import functools
import itertools
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from .entities import Policy, Role, Tags, User, fold
from .errors import ApiError, invalid, limit_exceeded, not_exist
from .json_text import parse
from .params import Param
from .registry import Call

T = TypeVar("T")
Tagged = TypeVar("Tagged", Role, Policy, User)

_ROLE = re.compile(r"[A-Za-z0-9._@-]+")
_PRINCIPAL = re.compile(r"[A-Za-z0-9._@-]+")
_POLICY = re.compile(r"[A-Za-z0-9-]+")
_POSITION = re.compile(r"p([0-9]{1,12})")

ROLE_NAME = Param("RoleName", required=True, pattern=_ROLE, low=1, high=64)
# The documented pattern has no underscore; reading stays lenient because service-linked names do.
NEW_ROLE_NAME = Param(
    "RoleName", required=True, pattern=re.compile(r"[A-Za-z0-9.-]+"), low=1, high=64
)
USER_NAME = Param("UserName", required=True, pattern=_PRINCIPAL, low=1, high=64)
GROUP_NAME = Param("GroupName", required=True, pattern=_PRINCIPAL, low=1, high=64)
POLICY_NAME = Param("PolicyName", required=True, pattern=_POLICY, low=1, high=128)
POLICY_TYPE = Param("PolicyType", required=True, choices=("System", "Custom"), code="")
DESCRIPTION = Param("Description", high=1024)
NEW_DESCRIPTION = Param("NewDescription", high=1024)
TAGS = Param("Tag", "tags", high=20)
PAGING = (Param("Marker"), Param("MaxItems", "int", code=""))


def find_role(call: Call, as_of: float) -> Role:
    """The role that the call names, or 404."""
    role = call.account.roles.seen(fold(call.text("RoleName")), as_of)
    if role is None:
        raise not_exist("Role", call.text("RoleName"))
    return role


def find_policy(call: Call, as_of: float, policy_type: str | None = None) -> Policy:
    """The policy that the call names, or 404; the type is the call's own unless given."""
    kind = policy_type or call.text("PolicyType")
    policy = call.account.policy(kind, call.text("PolicyName"), as_of)
    if policy is None:
        raise not_exist("Policy", call.text("PolicyName"))
    return policy


def page(
    call: Call, rows: Sequence[tuple[str, T]], most: int = 1000, default: int = 100
) -> tuple[list[T], dict[str, Any]]:
    """One page of (key, row) pairs, and the reply's IsTruncated and Marker.

    Rows go by key. The marker is a position or the last key, see the behaviour
    `list_skips_row_on_concurrent_delete`.
    """
    size = page_size(call, "MaxItems", most, default)
    taken, marker = cut(call, rows, call.optional("Marker"), size, "Marker")
    reply: dict[str, Any] = {"IsTruncated": marker is not None}
    if marker is not None:
        reply["Marker"] = marker
    return taken, reply


def page_size(call: Call, parameter: str, most: int, default: int = 100) -> int:
    """The page size asked for; out of range it is refused or clamped."""
    size = call.number(parameter, min(default, most))
    if 1 <= size <= most:
        return size
    if call.account.text("max_items_out_of_range") == "refuse":
        raise invalid(parameter, "", f"{parameter} must be between 1 and {most}.")
    return max(1, min(size, most))


def cut(
    call: Call, rows: Sequence[tuple[str, T]], token: str | None, size: int, parameter: str
) -> tuple[list[T], str | None]:
    """`size` rows from where `token` points, and the token of the next page."""
    ordered = sorted(rows, key=lambda row: row[0])
    start, after = _read_token(token, parameter)
    start = start or sum(1 for key, _ in ordered if key <= after)
    chosen = ordered[start : start + size]
    end = start + size
    if end >= len(ordered):
        return [row for _, row in chosen], None
    return [row for _, row in chosen], _token(call, end, chosen[-1][0])


def tag_page(
    call: Call,
    tagged: Callable[[str], Iterable[tuple[str, Tagged]]],
    show: Callable[[Tagged], dict[str, str]],
) -> tuple[list[dict[str, str]], str | None]:
    """One page of (entity, tag) rows, and the token of the next one.

    tagged: the entities in the order of their keys, from a key on. Looks at no more of them than
    the page needs. show: the fields that name an entity.
    """
    size = page_size(call, "PageSize", 100)
    start, after = _read_token(call.optional("NextToken"), "NextToken")
    rows = (
        (f"{key}\n{tag}", {**show(entity), "TagKey": tag, "TagValue": value})
        for key, entity in tagged(after.partition("\n")[0])
        if has_tags(entity.tags, call.values.get("Tag", ()))
        for tag, value in entity.tags
    )
    found = list(itertools.islice((r for r in rows if r[0] > after), start, start + size + 1))
    chosen = [row for _, row in found[:size]]
    return chosen, _token(call, start + size, found[size - 1][0]) if len(found) > size else None


def _token(call: Call, position: int, key: str) -> str:
    by_position = call.account.is_on("list_skips_row_on_concurrent_delete")
    text = f"p{position}" if by_position else f"k{key}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_token(token: str | None, parameter: str) -> tuple[int, str]:
    """How many rows come before a page, or the key of the last one that does."""
    if not token:
        return 0, ""
    try:
        text = base64.urlsafe_b64decode(token.encode()).decode()
        position = _POSITION.fullmatch(text)
        if position is not None:
            return int(position[1]), ""
        if text.startswith("k"):
            return 0, text[1:]
    except (binascii.Error, ValueError):
        pass
    raise invalid(parameter, "", f"{parameter} is not one that this service gave out.")


def optional_text(call: Call, name: str, value: str) -> dict[str, str]:
    """An optional text of a reply: its value, or what the account shows for an empty one."""
    if value or call.account.text("empty_optional_fields") == "empty":
        return {name: value}
    return {}


def shown_document(call: Call, text: str, behaviour: str) -> str:
    """A document as the service returns it."""
    return _reformat(text) if call.account.is_on(behaviour) else text


@functools.lru_cache(maxsize=16384)
def _reformat(text: str) -> str:
    try:
        return json.dumps(parse(text), ensure_ascii=False, sort_keys=True, indent=2)
    except ValueError:
        return text


def tag_rows(tags: Tags) -> dict[str, Any]:
    """Tags as replies spell them."""
    return {"Tag": [{"TagKey": key, "TagValue": value} for key, value in tags]}


def merge_tags(call: Call, current: Tags, change: Sequence[tuple[str, str]]) -> Tags:
    """Upsert by key, within the quota."""
    merged = {**dict(current), **dict(change)}
    limit = call.account.quotas["tagsPerResource"]
    if len(merged) > limit:
        raise limit_exceeded("Tag", limit)
    return tuple(sorted(merged.items()))


def has_tags(tags: Tags, wanted: Sequence[tuple[str, str]]) -> bool:
    """True if all wanted pairs are there; an empty wanted value fits any."""
    mine = dict(tags)
    return all(key in mine and value in ("", mine[key]) for key, value in wanted)


def new_description(call: Call, current: str) -> str:
    """The description after an update: unchanged if omitted."""
    given = call.optional("NewDescription")
    if given is None:
        return current
    if given == "" and not call.account.is_on("description_can_be_cleared"):
        return current
    return given


def refuse_service_linked(call: Call, role: Role) -> None:
    """Service-linked roles are changed by their service only."""
    if role.service_linked:
        code = call.account.text("service_linked_edit_code")
        raise ApiError(code, f"The role {role.name} belongs to a service and cannot be changed.")
