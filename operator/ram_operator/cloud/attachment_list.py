"""Every attachment of an account, by one call per hundred: who has what, as one digest each.

ResourceManager lists what RAM lists of one identity at a time, and what it gives for a resource
group as well. It is another service over the same entities: it may lag, and its pages are numbered,
so that rows move while they are read. What it says is a reason to look, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..constants import Reason
from ..errors import Retry
from ..kinds.entries import policy_key
from ..model.state import CloudCalls
from . import answers
from .held import Held, identity

ACTION: Final = "ResourceManager.ListPolicyAttachments"
_PAGE: Final = 100
_MOST_PAGES: Final = 1000
_NOUNS: Final = {"IMSUser": "user", "IMSGroup": "group", "ServiceRole": "role"}
_GROUPS: Final = "rg-"
"""How ids of resource groups begin; whatever else stands there is the whole account."""


def read(calls: CloudCalls) -> dict[str, Held]:
    """What each identity of the account has; who has nothing is not in it. Raises errors.*.

    A list that moved while it was read is read once more; if it moves again, nobody knows.
    """
    try:
        return _read(calls)
    except _MovedError:
        return _read(calls)


class _MovedError(Retry):
    def __init__(self) -> None:
        super().__init__(Reason.CLOUD_UNAVAILABLE, f"{ACTION}: the list moved while it was read")


def _read(calls: CloudCalls) -> dict[str, Held]:
    found, rows, total = dict[str, tuple[list[str], list[str]]](), 0, -1
    for number in range(1, _MOST_PAGES + 1):
        body = calls.call(ACTION, {"PageNumber": number, "PageSize": _PAGE})
        page = answers.rows(
            body,
            ACTION,
            ("PolicyAttachments", "PolicyAttachment"),
            "PolicyName",
            "PolicyType",
            "PrincipalName",
            "PrincipalType",
        )
        count = body.get("TotalCount")
        if not isinstance(count, int) or isinstance(count, bool):
            raise answers.incomplete(ACTION, "TotalCount")
        if total not in (-1, count):
            raise _MovedError
        total = count
        for row in page:
            _take(found, row)
        rows += len(page)
        if rows >= total or not page:
            break
    if rows != total:
        raise _MovedError
    return {name: Held.of(*parts) for name, parts in found.items()}


def _take(found: dict[str, tuple[list[str], list[str]]], row: Mapping[str, Any]) -> None:
    noun = _NOUNS.get(row["PrincipalType"])
    if noun is None:
        # Of a sort that nobody here manages.
        return
    shown = str(row["PrincipalName"])
    # What is behind the last @ is the account's domain, which may change.
    policies, others = found.setdefault(identity(noun, shown.rpartition("@")[0] or shown), ([], []))
    key = policy_key(row["PolicyType"], row["PolicyName"])
    scope = str(row.get("ResourceGroupId") or "")
    scope = scope if scope.startswith(_GROUPS) else ""
    other = f"{key} {scope} {row.get('AttachDate') or ''}"
    if other in others or (not scope and key in policies):
        raise _MovedError
    others.append(other)
    if not scope:
        policies.append(key)
