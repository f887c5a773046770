"""What the lists of an account say of it as a whole, one sweep after the other. Thread-safe.

A sweep finds what moved, and only what moved is looked at closely: nothing is judged, written or
reported as gone from a list. A list that misses much of what it had is doubted as a whole.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ..cloud.list_calls import Row
from ..constants import Severity
from ..reporting.inventory import Unmanaged
from .compared_list import ComparedList
from .group_readings import GroupReadings
from .provider_watch import ProviderWatch
from .report_rows import ReportRows
from .rotation import Rotation
from .sweep_rules import DOUBT, PROBES, Moved, most_missing
from .unmanaged_facts import UnmanagedFacts


class AccountLists:
    """The last lists of one account."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[str, dict[str, Row]] = {}
        self._looked: dict[str, float] = {}
        self._problems: dict[str, str] = {}
        self._partial: set[str] = set()
        self._begun: float | None = None
        self.attachments = ComparedList()
        self.memberships = ComparedList()
        self.rotations: Mapping[str, Rotation] = {"trusts": Rotation(), "signIns": Rotation()}
        self.report = ReportRows()
        self.group_readings = GroupReadings()
        self.providers = ProviderWatch()
        self.covered: Mapping[str, float] = {}
        """Since when the sweep shows all that there is of a kind, see `loop.coverage`."""
        self.failing: Mapping[str, float] = {}
        """Since when a class has a problem."""
        self.unmanaged = UnmanagedFacts()
        self._early: dict[str, dict[str, float]] = {}
        self._again: dict[str, frozenset[str]] = {}

    def begin(self, at: float) -> float:
        """A sweep begins at that time, in monotonic seconds. When the first one did."""
        with self._lock:
            self._begun = at if self._begun is None else self._begun
            return self._begun

    def took(self, kind: str, rows: Mapping[str, Row], at: float) -> Moved:
        """A whole list that was asked for at that time, in monotonic seconds. Who starts looks at
        each of its own in any case: the first list moves what was looked at before it, for nobody
        would know what came in between.
        """
        with self._lock:
            before = self._rows.get(kind)
            if before is None:
                self._accept(kind, dict(rows), at)
                early = self._early.pop(kind, {})
                return Moved(frozenset(name for name, when in early.items() if when < at))
            missing = sorted(before.keys() - rows.keys())
            moved = {name for name, row in rows.items() if row.digest != _digest(before, name)}
            if len(missing) <= most_missing(len(before)):
                self._accept(kind, dict(rows), at)
                return Moved(frozenset(moved.union(missing)))
            # Those that are probed are forgotten: were they gone indeed, the next list is doubted
            # for as many fewer.
            probed, kept = missing[:PROBES], missing[PROBES:]
            self._rows[kind] = {**rows, **{name: before[name] for name in kept}}
            self._problems[kind] = DOUBT
            return Moved(frozenset(moved.union(probed)), len(kept))

    def _accept(self, kind: str, rows: dict[str, Row], at: float) -> None:
        self._rows[kind] = rows
        self._believe(kind, at)

    def _believe(self, kind: str, at: float) -> None:
        self._looked[kind] = at
        self._problems.pop(kind, None)
        self._partial.discard(kind)

    def looked_at(self, kind: str, folded: str, at: float) -> None:
        """A close look at the identity was begun then."""
        with self._lock:
            if kind not in self._rows:
                self._early.setdefault(kind, {})[folded] = at

    def twice(self, kind: str, names: frozenset[str]) -> frozenset[str]:
        """These, and those of the sweep before: one close look may be answered with what was."""
        with self._lock:
            before, self._again[kind] = self._again.get(kind, frozenset()), names
            return before | names

    def believed(self, kind: str, at: float, *, but: str = "") -> None:
        """Another class of what is looked at was asked for then, all of it. `but`: why some of it
        could not be had, whose objects look by themselves.
        """
        with self._lock:
            self._believe(kind, at)
            if but:
                self._problems[kind] = but
                self._partial.add(kind)

    def failed(self, kind: str, problem: str) -> None:
        """The list could not be read, for that reason: what it said last stays, and grows older."""
        with self._lock:
            self._problems[kind] = problem
            self._partial.discard(kind)

    def unasked(self, kind: str) -> None:
        """Nobody asks for it any more: it grows no older."""
        with self._lock:
            self._looked.pop(kind, None)
            self._problems.pop(kind, None)

    def rows(self, kind: str) -> Mapping[str, Row] | None:
        """What the last good list said; None where there was none."""
        with self._lock:
            return self._rows.get(kind)

    def problems(self) -> Mapping[str, str]:
        """Of each list that the last sweep did not get, why."""
        with self._lock:
            return dict(self._problems)

    def broken(self) -> frozenset[str]:
        """Those of them that were not got as a whole."""
        with self._lock:
            return frozenset(self._problems.keys() - self._partial)

    def looked(self) -> Mapping[str, float]:
        """When each list was asked for that was believed, in monotonic seconds."""
        with self._lock:
            return dict(self._looked)


def _digest(rows: Mapping[str, Row], name: str) -> bytes | None:
    row = rows.get(name)
    return row.digest if row is not None else None


@dataclass(frozen=True, slots=True)
class Count:
    """Identities of one kind in the account. Each is in one of the first five."""

    managed: int = 0
    """An object has them."""
    unmanaged: int = 0
    service_linked: int = 0
    provisioned: int = 0
    """By SCIM or CloudSSO."""
    ignored: int = 0
    """As the account's rules ask for."""
    critical: int = 0
    """Of the unmanaged ones, see `reporting.inventory`."""
    warning: int = 0
    outside: int = 0
    """Of the unmanaged ones: who is not of the account may be it."""
    unused: int = 0
    """Of all that the account's people made: nobody logged on for long."""

    @property
    def news(self) -> tuple[int, ...]:
        """What is written to the status as soon as it moves. The others move by themselves."""
        return self.managed, self.unmanaged, self.critical, self.warning, self.outside

    @property
    def severities(self) -> Mapping[Severity, int]:
        """The unmanaged ones."""
        return {
            Severity.CRITICAL: self.critical,
            Severity.WARNING: self.warning,
            Severity.INFO: self.unmanaged - self.critical - self.warning,
        }


STATES: Final = ("managed", "unmanaged", "service_linked", "provisioned", "ignored")
"""The numbers of `Count` that add up to all identities."""
SLOW_SECONDS: Final = 86_400.0
"""So often at most a status is written because of nothing but what moves by itself."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """The account as its lists show it, whoever manages what."""

    counts: Mapping[str, Count] = field(default_factory=dict)
    """By kind, of those that have been listed."""
    unmanaged: tuple[Unmanaged, ...] = ()
    """The first of those that no object has, the worst ones first."""
    unlisted: Mapping[str, str] = field(default_factory=dict)
    """Kinds, and other classes, that the last sweep could not list, with the reason."""

    @property
    def news(self) -> tuple[object, ...]:
        """What is written to the status as soon as it moves."""
        counts = {kind: count.news for kind, count in self.counts.items()}
        return counts, self.unmanaged, dict(self.unlisted)


class Sweeps:
    """The lists and inventories of all accounts, by the name of their RamAccount. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lists: dict[str, tuple[str, AccountLists]] = {}
        self._inventories: dict[str, tuple[Inventory, float]] = {}
        """With when it was written, in monotonic seconds."""

    def lists(self, name: str, account_id: str) -> AccountLists:
        """Another account under the name has lists of its own, and begins without any."""
        with self._lock:
            known, lists = self._lists.get(name, ("", AccountLists()))
            if known != account_id:
                lists = AccountLists()
                self._inventories.pop(name, None)
            self._lists[name] = (account_id, lists)
            return lists

    def counted(self, name: str, inventory: Inventory, now: float) -> bool:
        """True where the status has to say something else. What moves by itself (what services make
        and take away, what is not used for long) waits until it is said of the last one for a day.
        """
        with self._lock:
            shown, since = self._inventories.get(name, (None, now))
            quiet = shown is not None and shown.news == inventory.news
            if quiet and (shown == inventory or now - since < SLOW_SECONDS):
                return False
            self._inventories[name] = (inventory, now)
            return True

    def inventory(self, name: str) -> Inventory | None:
        """As the status has to say it."""
        with self._lock:
            return self._inventories.get(name, (None, 0.0))[0]

    def drop(self, name: str) -> None:
        """The account is not looked at any more."""
        with self._lock:
            self._lists.pop(name, None)
            self._inventories.pop(name, None)
