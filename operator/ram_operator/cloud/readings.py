"""What is remembered of attachments: the policies of groups, for the members that join within a
moment, and which documents were compared with what was agreed on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..errors import Absent
from ..kinds.entries import policy_entries
from ..model.state import CloudCalls
from . import answers
from .cached_reads import FRESH_SECONDS


class GroupPolicies:
    """What the groups of one account have attached, for the members that join within seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._found: dict[str, tuple[float, frozenset[str]]] = {}

    def fresh(self, at: float) -> bool:
        """Whether what was read then, in monotonic seconds, may be believed still."""
        return self._clock() - at < FRESH_SECONDS

    def read(self, calls: CloudCalls, group: str) -> frozenset[str]:
        """Folded keys of the group's policies. Raises errors.*."""
        name = group.lower()
        with self._lock:
            at, keys = self._found.get(name, (0.0, frozenset()))
            if name in self._found and self.fresh(at):
                return keys
        try:
            body = calls.call("ListPoliciesForGroup", {"GroupName": group})
        except Absent:
            # Made so lately that it is not visible: whoever joins it then is refused by the cloud,
            # or gets what was attached since.
            return frozenset()
        names = ("Policies", "Policy")
        rows = answers.rows(body, "ListPoliciesForGroup", names, "PolicyType", "PolicyName")
        items = [{"type": row["PolicyType"], "name": row["PolicyName"]} for row in rows]
        found = frozenset(policy_entries(items))
        with self._lock:
            self._found = {k: v for k, v in self._found.items() if self.fresh(v[0])}
            self._found[name] = (self._clock(), found)
        return found

    def forget(self, group: str) -> None:
        """Something of it was written."""
        with self._lock:
            self._found.pop(group.lower(), None)


class Compared:
    """Which policies say what was agreed on for their holders, as far as somebody has looked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], object] = {}

    def holds(self, holder: str, policy: str, state: object) -> bool:
        """Whether it was compared in this state: as it was attached, and with what was agreed."""
        with self._lock:
            return self._known.get((holder, policy)) == state

    def note(self, holder: str, policy: str, state: object) -> None:
        with self._lock:
            self._known[holder, policy] = state
