"""What is told of accounts as a whole: what there is in them, and how old the looks at it are.

Series go when their account goes. Ages are taken when somebody asks: one that stands still because
nobody looks any more would be the worst lie.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


@dataclass(frozen=True, slots=True)
class AccountState:
    """Of one RamAccount."""

    identities: Mapping[tuple[str, str], int]
    """How many, by kind and state, as `runtime.sweep.STATES`."""
    looked: Mapping[str, float]
    """When each class was asked for last and believed, in monotonic seconds; of one that never was,
    when it was first to be.
    """
    failing: Mapping[str, str] = field(default_factory=dict)
    """Of each class that the last sweep did not get, why."""
    unmanaged: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """How many that no object has, by kind and severity."""
    unused: Mapping[str, int] = field(default_factory=dict)
    """How many are not used any more, by kind, where the cloud says so."""
    outside: int | None = None
    """Roles that no object has and that somebody outside may be; None where no roles are listed."""


class AccountStates(Collector):
    """Thread-safe. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._states: dict[str, AccountState] = {}
        self._left: dict[str, int] = {}

    def set(self, account: str, state: AccountState) -> None:
        with self._lock:
            self._states[account] = state

    def left(self, account: str, users: int) -> None:
        """So many users have a key of the operator's making, and no object any more."""
        with self._lock:
            self._left[account] = users

    def forget(self, account: str) -> None:
        with self._lock:
            self._states.pop(account, None)
            self._left.pop(account, None)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        count, unmanaged, unused, outside = _identities()
        age, failing = _looks()
        with self._lock:
            states, left, now = dict(self._states), dict(self._left), self._clock()
        keys = _keys()
        for account, users in left.items():
            keys.add_metric([account], users)
        for account, state in states.items():
            for (kind, name), number in state.identities.items():
                count.add_metric([account, kind, name], number)
            for (kind, severity), number in state.unmanaged.items():
                unmanaged.add_metric([account, kind, severity], number)
            for kind, number in state.unused.items():
                unused.add_metric([account, kind], number)
            if state.outside is not None:
                outside.add_metric([account], state.outside)
            for name, at in state.looked.items():
                age.add_metric([account, name], now - at)
            for name, reason in state.failing.items():
                failing.add_metric([account, name, reason], 1.0)
        return count, unmanaged, unused, outside, keys, age, failing


def _identities() -> tuple[GaugeMetricFamily, ...]:
    count = GaugeMetricFamily(
        "ram_operator_identities",
        "Identities in the account as its lists show them: those that an object has (managed),"
        " that none has (unmanaged), that none has and a rule of the RamAccount tells to ignore"
        " (ignored), that services of Alibaba Cloud made for themselves (service_linked), and"
        " that SCIM or CloudSSO keeps (provisioned).",
        labels=["account", "kind", "state"],
    )
    unmanaged = GaugeMetricFamily(
        "ram_operator_unmanaged_identities",
        "The identities that no object has (unmanaged), by severity: critical are those whose"
        " policies let them change rights or become somebody else.",
        labels=["account", "kind", "severity"],
    )
    unused = GaugeMetricFamily(
        "ram_operator_unused_identities",
        "Users who logged on once and then not for 90 days, managed or not. Of keys and roles"
        " no list says when they were used.",
        labels=["account", "kind"],
    )
    outside = GaugeMetricFamily(
        "ram_operator_unmanaged_outside_trusts",
        "Roles that no object has and that somebody may assume from outside the account whom its"
        " RamAccount does not trust, as far as their trusts were read.",
        labels=["account"],
    )
    return count, unmanaged, unused, outside


def _keys() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "ram_operator_left_access_keys",
        "Users whose access key the operator made, and whose object is gone without having ended"
        " it: the key lets in until the operator has made it inactive, which it does after"
        " --left-key-seconds.",
        labels=["account"],
    )


def _looks() -> tuple[GaugeMetricFamily, ...]:
    age = GaugeMetricFamily(
        "ram_operator_observation_age_seconds",
        "Seconds since the account was looked at as a whole, by class of what is looked at; of"
        " a class that never was, since the operator would have had to; of what is read in"
        " turns (trusts, signIns, unmanagedTrusts), since no reading was overdue.",
        labels=["account", "class"],
    )
    failing = GaugeMetricFamily(
        "ram_operator_list_failing",
        "1 while the last sweep did not get a list of the account, or did not believe it, by"
        " the reason.",
        labels=["account", "class", "reason"],
    )
    return age, failing
