"""Every attachment of an account, by one call per hundred: who has what, as one digest each.

ResourceManager lists what RAM lists of one identity at a time, and what it gives for a resource
group as well. It is another service over the same entities: it may lag, and its pages are numbered,
so that rows move while they are read. What it says is a reason to look, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

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


class Attached(NamedTuple):
    """What one identity has."""

    held: Held
    policies: frozenset[str]
    """As `System/ReadOnlyAccess`, those given for a resource group too. Nobody keeps them: they
    are many.
    """


def read(calls: CloudCalls) -> dict[str, Attached]:
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


def _read(calls: CloudCalls) -> dict[str, Attached]:
    found, rows, total = dict[str, _Rows](), 0, -1
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
    return {
        name: Attached(Held.of(policies, others), frozenset(names))
        for name, (policies, others, names) in found.items()
    }


_Rows = tuple[list[str], list[str], set[str]]
"""Keys of policies of the whole account, what else the rows say, and names of policies."""


def _take(found: dict[str, _Rows], row: Mapping[str, Any]) -> None:
    noun = _NOUNS.get(row["PrincipalType"])
    if noun is None:
        # Of a sort that nobody here manages.
        return
    shown = str(row["PrincipalName"])
    # What is behind the last @ is the account's domain, which may change.
    name = identity(noun, shown.rpartition("@")[0] or shown)
    policies, others, names = found.setdefault(name, ([], [], set()))
    key = policy_key(row["PolicyType"], row["PolicyName"])
    scope = str(row.get("ResourceGroupId") or "")
    scope = scope if scope.startswith(_GROUPS) else ""
    other = f"{key} {scope} {row.get('AttachDate') or ''}"
    if other in others or (not scope and key in policies):
        raise _MovedError
    names.add(f"{row['PolicyType']}/{row['PolicyName']}")
    others.append(other)
    if not scope:
        policies.append(key)
