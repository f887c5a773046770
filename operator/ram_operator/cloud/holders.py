"""Who has a policy: users, groups with those who are in them, and roles. Read by lookups and right
before a document is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..constants import Reason
from ..errors import Absent, Retry
from ..model.objects import Entry
from ..model.state import CloudCalls
from ..model.vocabulary import PolicyType
from . import answers
from .calls import next_page

MOST_GROUPS: Final = 100
"""So many have the policy at most, or it is not known who does: each costs a call."""
_PAGE: Final = 1000
_LISTS: Final = (("user", "Users"), ("group", "Groups"), ("role", "Roles"))


def read(calls: CloudCalls, name: str) -> Mapping[str, Entry]:
    """The holders of a custom policy by `noun/name`, folded, and members by `group/name/member`;
    each with the name that the cloud shows. Nobody has what does not exist. Raises errors.*.
    """
    found = direct(calls, name)
    inside: dict[str, Entry] = {}
    for key, group in groups(found).items():
        inside |= {f"{key}/{each.lower()}": Entry(each) for each in members(calls, group)}
    return {**found, **inside}


def direct(calls: CloudCalls, name: str) -> dict[str, Entry]:
    """Those that have it attached, without the members of groups. One call. Raises errors.*."""
    query = {"PolicyName": name, "PolicyType": PolicyType.CUSTOM.value}
    try:
        body = calls.call("ListEntitiesForPolicy", query)
    except Absent:
        return {}
    found: dict[str, Entry] = {}
    for noun, plural in _LISTS:
        column = f"{plural[:-1]}Name"
        names = (plural, plural[:-1])
        for row in answers.rows(body, "ListEntitiesForPolicy", names, column):
            shown = str(row[column])
            found[f"{noun}/{shown.lower()}"] = Entry(shown)
    if len(groups(found)) > MOST_GROUPS:
        text = f"more than {MOST_GROUPS} groups have the policy {name}: detach it from some"
        raise Retry(Reason.PROGRESSING, text, after=600.0)
    return found


def groups(found: Mapping[str, Entry]) -> dict[str, str]:
    """The groups among them, key → name."""
    return {
        key: entry.display
        for key, entry in found.items()
        if key.startswith("group/") and key.count("/") == 1
    }


def members(calls: CloudCalls, group: str) -> list[str]:
    """The names of the users in a group, all pages. Raises errors.*."""
    names: list[str] = []
    marker = ""
    while True:
        query: dict[str, Any] = {"GroupName": group, "MaxItems": _PAGE}
        if marker:
            query["Marker"] = marker
        body = calls.call("ListUsersForGroup", query)
        rows = answers.rows(body, "ListUsersForGroup", ("Users", "User"), "UserName")
        names += [str(row["UserName"]) for row in rows]
        marker = next_page(body, "Marker", marker)
        if not marker:
            return names
