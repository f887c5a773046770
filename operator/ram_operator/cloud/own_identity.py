"""By which policies and groups the operator itself has its rights, kept for a moment.

Called by `own_rights`; judges nothing. What cannot be read raises, and never counts as nothing.
Grants for one resource group alone do not show in these lists.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

from .. import documents
from ..constants import Reason
from ..errors import Stalled
from ..kinds import tenancy
from ..model.state import CloudCalls
from ..model.vocabulary import Lends
from . import answers
from .cached_reads import CUSTOM

Own = frozenset[tuple[Lends, str]]
"""(how, folded name) of what the operator has its rights by."""


class OwnIdentity:
    """What one account's credentials have their rights by. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: tuple[float, str, Own] | None = None

    def read(self, calls: CloudCalls, arn: str, now: float, age: float) -> Own:
        """For the principal `arn`, at most `age` seconds old; `now` on the monotonic clock.

        Raises errors.*.
        """
        with self._lock:
            known = self._found
        if known is not None and known[1] == arn and now - known[0] <= age:
            return known[2]
        found = frozenset(_read(calls, arn))
        with self._lock:
            self._found = (now, arn, found)
        return found


def _read(calls: CloudCalls, arn: str) -> Iterator[tuple[Lends, str]]:
    noun, name = tenancy.principal(arn)
    if noun == "root":
        return
    if noun not in (documents.Kind.USER, documents.Kind.ROLE):
        text = f"the operator's own principal {arn or 'is not known, and'} cannot be looked up"
        raise Stalled(Reason.PROTECTED, text)
    yield from _attached(calls, noun, name)
    if noun == documents.Kind.USER:
        for group in _groups(calls, name):
            yield Lends.JOINED, group.lower()
            yield from _attached(calls, "group", group)


def _attached(calls: CloudCalls, noun: str, name: str) -> Iterator[tuple[Lends, str]]:
    title = noun.capitalize()
    action = f"ListPoliciesFor{title}"
    body = calls.call(action, {f"{title}Name": name})
    for row in answers.rows(body, action, ("Policies", "Policy"), "PolicyType", "PolicyName"):
        # What Alibaba Cloud keeps, the type System, nobody in the account can change.
        if row["PolicyType"] == CUSTOM:
            yield Lends.ATTACHED, str(row["PolicyName"]).lower()


def _groups(calls: CloudCalls, name: str) -> list[str]:
    body = calls.call("ListGroupsForUser", {"UserName": name})
    rows = answers.rows(body, "ListGroupsForUser", ("Groups", "Group"), "GroupName")
    return [str(row["GroupName"]) for row in rows]
