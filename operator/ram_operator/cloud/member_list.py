"""The members of all groups of an account, and so the groups of all users: one digest each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..errors import Absent
from ..model.state import CloudCalls
from . import holders
from .held import NOTHING, Held, identity


class Members(NamedTuple):
    """Who is in which group of the account."""

    held: dict[str, Held]
    """By identity: of a group its members, of a user the groups."""
    groups: dict[str, list[str]]
    """Folded names of the groups of each user, by identity. Nobody keeps them of all."""
    read: dict[str, frozenset[str]]
    """Of the groups that were read, by folded name: folded names of their members."""


def read(calls: CloudCalls, groups: Iterable[str], known: Mapping[str, frozenset[str]]) -> Members:
    """What each of these groups, and each user in one of them, has; those that are `known`, by
    folded name, are not read. Raises errors.*: of a group that is gone there is nothing; of one
    that cannot be read nobody knows whose it is.
    """
    found, joined, fresh = dict[str, Held](), dict[str, list[str]](), dict[str, frozenset[str]]()
    for group in groups:
        names = known.get(group.lower())
        if names is None:
            try:
                names = frozenset(name.lower() for name in holders.members(calls, group))
            except Absent:
                continue
            fresh[group.lower()] = names
        found[identity("group", group)] = Held.of(names)
        for name in names:
            user = identity("user", name)
            found[user] = found.get(user, NOTHING).changed({group.lower()}, frozenset())
            joined.setdefault(user, []).append(group.lower())
    return Members(found, joined, fresh)
