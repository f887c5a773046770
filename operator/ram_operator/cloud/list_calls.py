"""The lists of an account: every identity that there is, whoever manages it.

A row says that something is there, and whether it is as it was; it says neither what may be
written nor that anything is gone. That is for a look at the identity itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from .. import times
from ..constants import ACK_NAMES, CLOUDSSO_NAMES, SERVICE_LINKED_NAMES, Reason
from ..errors import Retry
from ..kinds.group import GROUP
from ..kinds.policy import POLICY
from ..kinds.role import ROLE
from ..kinds.user import USER
from ..model.state import CloudCalls
from ..model.vocabulary import Origin
from . import answers, held
from .calls import next_page


class Row(NamedTuple):
    """One identity as a list shows it."""

    name: str
    digest: bytes
    """Of all that the row says but what moves by itself: an id or a date of creation is in it, so
    that another identity under the same name is told from this one.
    """
    origin: Origin = Origin.ACCOUNT
    last_login: float = 0.0
    """Seconds since the epoch; 0 where the list does not say."""


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
_MIRRORED: Final = frozenset({"SCIM", "CloudSSO"})
"""Kinds of provisioning by which a user is kept elsewhere; the others are Manual."""
_CLOUDSSO_MAKES: Final = frozenset({"RoleName", "PolicyName"})
_DIGITS: Final = 16
"""No time in milliseconds has so many."""
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

PROVIDERS: Final[Mapping[str, Listing]] = {
    "RamOidcProvider": Listing(
        "IMS.ListOIDCProviders",
        ("OIDCProviders", "OIDCProvider"),
        "OIDCProviderName",
        "CreateDate",
        {"MaxItems": 100},
    ),
    "RamSamlProvider": Listing(
        "IMS.ListSAMLProviders",
        ("SAMLProviders", "SAMLProvider"),
        "SAMLProviderName",
        "CreateDate",
        {"MaxItems": 100},
    ),
}
"""Identity providers. Their lists say that they are there, and not all that they let in by."""


def read(calls: CloudCalls, kind: str) -> dict[str, Row]:
    """All identities of the kind by folded name, all pages. Raises errors.*.

    A list in which a name stands twice moved while it was read, and is none.
    """
    listing, found, marker = (LISTINGS.get(kind) or PROVIDERS[kind]), dict[str, Row](), ""
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
    digest = held.told(text, 12)
    return Row(name, digest, _origin(listing, name, entry), _time(entry.get("LastLoginDate")))


def _origin(listing: Listing, name: str, entry: Mapping[str, Any]) -> Origin:
    folded = name.lower()
    if listing.column == "RoleName" and folded.startswith(SERVICE_LINKED_NAMES):
        return Origin.SERVICE_LINKED
    if listing.column == "OIDCProviderName" and folded.startswith(ACK_NAMES):
        return Origin.PROVISIONED
    if listing.column in _CLOUDSSO_MAKES and folded.startswith(CLOUDSSO_NAMES):
        return Origin.PROVISIONED
    if entry.get("ProvisionType") in _MIRRORED:
        return Origin.PROVISIONED
    return Origin.ACCOUNT


def _time(shown: Any) -> float:
    """As lists write it: milliseconds in digits, or RFC 3339; nothing where it never was."""
    text = str(shown or "")
    if text.isdecimal():
        return int(text) / 1000.0 if len(text) < _DIGITS else 0.0
    return times.seconds_or_none(text) or 0.0


def _moved(action: str) -> Retry:
    return Retry(Reason.CLOUD_UNAVAILABLE, f"{action}: the list moved while it was read")
