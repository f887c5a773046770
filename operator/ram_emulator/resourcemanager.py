"""ResourceManager 2020-03-31, as far as it shows what RAM does not: attachments of every scope.

ListPolicyAttachments. Its pages have numbers: what is attached or detached meanwhile moves rows.
"""

from __future__ import annotations

from typing import Any

from .clock import iso
from .common import optional_text, page_size
from .entities import Holder, Policy, fold
from .errors import ApiError, not_exist
from .params import Param
from .principals import WHOLE_ACCOUNT
from .registry import RESOURCE_MANAGER, Action, Body, Call
from .roles import role_principal_name

_TYPES = {"user": "IMSUser", "group": "IMSGroup", "role": "ServiceRole"}
_DEFAULT_PAGE = 10
_MOST_ROWS = 100


def _list(call: Call) -> Body:
    _refuse_unknown(call)
    lag = call.account.seconds("policy_attachments_stale_seconds")
    as_of = min(call.as_of, call.now - lag)
    rows = [
        row
        for key, holders in sorted(call.account.holders.items_seen(as_of))
        for holder in holders
        if (row := _row(call, key, holder, as_of)) is not None and _wanted(call, row)
    ]
    size = page_size(call, "PageSize", _MOST_ROWS, _DEFAULT_PAGE)
    number = call.number("PageNumber", 1)
    missing, total = call.account.text("policy_attachments_rows_missing"), len(rows)
    if missing:
        rows = [row for place, row in enumerate(rows) if place % 3 != 2]
    if missing == "uncounted":
        total = len(rows)
    if call.account.is_on("policy_attachments_total_moves"):
        total += number
    start = (number - 1) * size
    if start and call.account.is_on("policy_attachments_rows_repeat"):
        start -= 1
    return {
        "PageNumber": number,
        "PageSize": size,
        "TotalCount": total,
        "PolicyAttachments": {"PolicyAttachment": rows[start : number * size]},
    }


def _refuse_unknown(call: Call) -> None:
    scope, name = call.optional("ResourceGroupId"), call.optional("PolicyName")
    account = call.account
    if scope and scope not in (account.account_id, *account.resource_groups):
        # The service spells this one so.
        raise ApiError(
            "EntityNotExists.ResourceGroup", f"The resource group does not exist: {scope}"
        )
    kinds = [call.optional("PolicyType")] if call.optional("PolicyType") else ["System", "Custom"]
    if name and not any(account.policy(str(kind), name, call.as_of) for kind in kinds):
        raise not_exist("Policy", name)


def _row(call: Call, key: str, holder: Holder, as_of: float) -> dict[str, Any] | None:
    """An attachment as it is shown; None if one of its ends is gone."""
    policy = call.account.policy_by_key(key, as_of)
    kind, _, folded = holder.principal_key.partition("/")
    name = _principal_name(call, kind, folded, as_of)
    if policy is None or name is None:
        return None
    return {
        **_policy_fields(call, policy),
        "PrincipalType": _TYPES[kind],
        "PrincipalName": _spelled(call, name),
        "ResourceGroupId": holder.scope or call.account.account_id,
        "AttachDate": iso(holder.attached),
    }


def _spelled(call: Call, name: str) -> str:
    """A name in the case in which the list shows it; what is behind an @ is in lower case."""
    case = call.account.text("policy_attachments_names")
    if case == "given":
        return name
    own, at, domain = name.rpartition("@")
    if not at:
        own, domain = name, ""
    return (own.upper() if case == "upper" else fold(own)) + at + domain


def _policy_fields(call: Call, policy: Policy) -> dict[str, str]:
    return {
        "PolicyName": _spelled(call, policy.name),
        "PolicyType": policy.type,
        **optional_text(call, "Description", policy.description),
    }


def _principal_name(call: Call, kind: str, folded: str, as_of: float) -> str | None:
    account = call.account
    if kind == "user":
        user = account.users.seen(folded, as_of)
        return None if user is None else f"{user.name}@{account.default_domain}"
    if kind == "group":
        group = account.groups.seen(folded, as_of)
        return None if group is None else f"{group.name}@group.{account.default_domain}"
    role = account.roles.seen(folded, as_of)
    return None if role is None else role_principal_name(account, role)


def _wanted(call: Call, row: dict[str, Any]) -> bool:
    exact = ("ResourceGroupId", "PolicyType", "PrincipalType")
    folded = ("PolicyName", "PrincipalName")
    given = {name: call.optional(name) for name in (*exact, *folded)}
    return all(given[name] in (None, "", row[name]) for name in exact) and all(
        not given[name] or fold(str(given[name])) == fold(row[name]) for name in folded
    )


ACTIONS = (
    Action(
        "ListPolicyAttachments",
        _list,
        "read",
        (
            Param("ResourceGroupId"),
            Param("PolicyType", choices=("", "System", "Custom"), code=""),
            Param("PolicyName"),
            Param("PrincipalType", choices=("", *_TYPES.values()), code=""),
            Param("PrincipalName"),
            Param("PageNumber", "int", low=1, code=""),
            Param("PageSize", "int", code=""),
            Param("Language"),
        ),
        WHOLE_ACCOUNT,
        version=RESOURCE_MANAGER,
    ),
)
