"""What the cloud has and what the cluster manages → what nobody manages, the worst first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from .. import documents
from ..kinds.entries import only_reads, policy_key
from ..kinds.group import GROUP
from ..kinds.policy import POLICY
from ..kinds.role import ROLE
from ..kinds.table import KINDS, PROVIDERS
from ..kinds.user import USER
from ..model.objects import Account
from ..model.vocabulary import Origin, PolicyType
from ..reporting.inventory import (
    NO_TRUST,
    Sort,
    Trait,
    Unmanaged,
    matches,
    of_policy,
    of_trust,
    told,
)
from .screen import plain, table
from .waiting import DOCUMENT_VERSION

IGNORED: Final = "ignored"
_TITLES: Final = ("SEVERITY", "KIND", "NAME", "WHY")


class Row(Protocol):
    """An identity as a list of the cloud shows it."""

    @property
    def name(self) -> str: ...

    @property
    def origin(self) -> Origin: ...


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the API server says, as far as the person may see it."""

    managed: frozenset[tuple[str, str]]
    """Kinds and folded names of what objects have, and of identity providers that roles of objects
    trust.
    """
    account: Account
    """The settings of the RamAccount; of one that was not seen, the strictest."""
    unseen: tuple[str, ...] = ()
    """What could not be seen, in sentences."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """What the account has."""

    account_id: str
    rows: Mapping[str, Mapping[str, Row]]
    """By kind and folded name."""
    policies: Mapping[str, frozenset[str]]
    """Of each identity, `role/name` folded."""
    groups: Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Inventory:
    """All of it."""

    account_id: str
    items: tuple[Unmanaged, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    """Identities of the account that are not listed, by the reason for that."""
    unseen: tuple[str, ...] = ()

    @property
    def left_out(self) -> str:
        """How many nobody manages and are in no list for all that, for people; "" for none."""
        number = self.counts.get(IGNORED, 0)
        if not number:
            return ""
        return (
            f"{number} more that nobody manages {'is' if number == 1 else 'are'} not listed, as"
            " spec.inventory.ignore of the RamAccount asks for."
        )

    def document(self) -> dict[str, Any]:
        """For -o json and -o yaml."""
        return {
            "apiVersion": DOCUMENT_VERSION,
            "kind": "UnmanagedIdentityList",
            "accountId": self.account_id,
            "notListed": dict(self.counts),
            "unseen": list(self.unseen),
            "items": [one.document() for one in self.items],
        }

    def table(self) -> str:
        rows = [
            [one.severity.value, one.kind, plain(one.name), plain(one.why) or "-"]
            for one in self.items
        ]
        return table(_TITLES, rows)


def left(cluster: Cluster, cloud: Cloud) -> tuple[dict[str, list[Row]], Counter[str]]:
    """The identities that nobody manages, by kind, and how many there are beside them."""
    found: dict[str, list[Row]] = {}
    counts: Counter[str] = Counter()
    for kind, rows in cloud.rows.items():
        found[kind] = []
        for folded, row in rows.items():
            if (kind, folded) in cluster.managed:
                counts["managed"] += 1
            elif row.origin is not Origin.ACCOUNT:
                counts[row.origin.value] += 1
            elif any(r.kind == kind and matches(r.name, row.name) for r in cluster.account.ignored):
                counts[IGNORED] += 1
            else:
                found[kind].append(row)
    return found, counts


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read one by one."""

    says: Callable[[str], tuple[documents.Policy, ...]]
    trust: Callable[[str], documents.Trust | None] | None
    """None where trusts are left out."""


def judged(cluster: Cluster, cloud: Cloud, reading: Reading) -> Inventory:
    """Reads each policy once that somebody has who is listed, and the trust of each such role."""
    found, counts = left(cluster, cloud)
    judge = _Judge(cluster, cloud, reading)
    items = [
        told(kind, row.name, list(judge.traits(kind, row)))
        for kind, rows in found.items()
        for row in rows
    ]
    items.sort(key=lambda one: one.rank)
    return Inventory(cloud.account_id, tuple(items), dict(counts), cluster.unseen)


class _Judge:
    def __init__(self, cluster: Cluster, cloud: Cloud, reading: Reading) -> None:
        self._cluster = cluster
        self._cloud = cloud
        self._reading = reading
        self._known: dict[str, Trait] = {}

    def traits(self, kind: str, row: Row) -> Iterator[Trait]:
        if kind in PROVIDERS:
            return
        name = f"{KINDS[kind].noun}/{row.name.lower()}"
        if kind == POLICY.kind:
            found = self._of(f"{PolicyType.CUSTOM}/{row.name}")
            if found.sort is Sort.IDENTITY:
                yield Trait(Sort.DOCUMENT, found.why)
            return
        yield from self._attached(self._cloud.policies.get(name, ()))
        for group in self._cloud.groups.get(name, ()) if kind == USER.kind else ():
            has = self._cloud.policies.get(f"{GROUP.noun}/{group}", ())
            for trait in self._attached(has):
                yield Trait(trait.sort, f"by group {group}: {trait.why}")
        if kind == ROLE.kind:
            yield self._trust(row.name)

    def _attached(self, policies: Iterable[str]) -> Iterator[Trait]:
        for policy in sorted(policies):
            kind, _, name = policy.partition("/")
            if only_reads(policy_key(kind, name)):
                continue
            found = self._of(policy)
            yield Trait(found.sort, f"{policy} {found.why}" if found.why else "")

    def _of(self, policy: str) -> Trait:
        key = policy.lower()
        if key not in self._known:
            self._known[key] = of_policy(self._reading.says(policy))
        return self._known[key]

    def _trust(self, role: str) -> Trait:
        if self._reading.trust is None:
            return Trait(Sort.ORDINARY, NO_TRUST)
        return of_trust(self._cluster.account, self._reading.trust(role))
