"""The lists of an account: every identity that there is, whoever manages it.

A row says that something is there, and whether it is as it was; it says neither what may be
written nor that anything is gone. That is for a look at the identity itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ..constants import SERVICE_LINKED_NAMES, Reason
from ..errors import Retry
from ..kinds.group import GROUP
from ..kinds.policy import POLICY
from ..kinds.role import ROLE
from ..kinds.user import USER
from ..model.state import CloudCalls
from . import answers
from .calls import next_page


class Row(NamedTuple):
    """One identity as a list shows it."""

    name: str
    digest: bytes
    """Of all that the row says but what moves by itself: an id or a date of creation is in it, so
    that another identity under the same name is told from this one.
    """
    service_linked: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """How the identities of a kind are listed."""

    action: str
    names: tuple[str, str]
    """Under which names of the answer the rows are."""
    column: str
    """Of a row: its name, perhaps with the account's domain behind an @."""
    needs: str
    """Of a row: what tells the identity from another one that had its name."""
    parameters: Mapping[str, Any]


_MOVES: Final = frozenset({"LastLoginDate", "AttachmentCount"})
"""Columns that move by use, or by what is attached elsewhere."""
_MOST_PAGES: Final = 1000
"""More than any account has; a list that goes on is none."""

LISTINGS: Final[Mapping[str, Listing]] = {
    ROLE.kind: Listing("ListRoles", ("Roles", "Role"), "RoleName", "RoleId", {"MaxItems": 1000}),
    USER.kind: Listing(
        "IMS.ListUsers",
        ("Users", "User"),
        "UserPrincipalName",
        "UserId",
        {"MaxItems": 1000, "Status": "active,freeze"},
    ),
    GROUP.kind: Listing(
        "ListGroups", ("Groups", "Group"), "GroupName", "GroupId", {"MaxItems": 100}
    ),
    POLICY.kind: Listing(
        "ListPolicies",
        ("Policies", "Policy"),
        "PolicyName",
        "CreateDate",
        {"PolicyType": "Custom", "MaxItems": 1000},
    ),
}


def read(calls: CloudCalls, kind: str) -> dict[str, Row]:
    """All identities of the kind by folded name, all pages. Raises errors.*.

    A list in which a name stands twice moved while it was read, and is none.
    """
    listing, found, marker = LISTINGS[kind], dict[str, Row](), ""
    for _ in range(_MOST_PAGES):
        query = {**listing.parameters, **({"Marker": marker} if marker else {})}
        body = calls.call(listing.action, query)
        for entry in answers.rows(
            body, listing.action, listing.names, listing.column, listing.needs
        ):
            row = _row(listing, entry)
            if row.name.lower() in found:
                raise _moved(listing.action)
            found[row.name.lower()] = row
        marker = next_page(body, "Marker", marker)
        if not marker:
            return found
    raise _moved(listing.action)


def _row(listing: Listing, entry: Mapping[str, Any]) -> Row:
    shown = str(entry[listing.column])
    # What is behind the last @ is the account's domain, which may change.
    name = shown.rpartition("@")[0] or shown
    kept = {column: value for column, value in entry.items() if column not in _MOVES}
    text = json.dumps(kept, sort_keys=True, default=str)
    digest = hashlib.blake2b(text.encode(), digest_size=12).digest()
    linked = listing.column == "RoleName" and name.lower().startswith(SERVICE_LINKED_NAMES)
    return Row(name, digest, linked)


def _moved(action: str) -> Retry:
    return Retry(Reason.CLOUD_UNAVAILABLE, f"{action}: the list moved while it was read")
