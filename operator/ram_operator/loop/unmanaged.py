"""What the lists of an account say of identities that nobody manages: how many, which, how bad.

Part of the sweep. Each policy that such an identity has is read once in a while, a few in each
sweep, and what it allows is judged as the gate judges it. Nothing is written to the cloud.
"""

from __future__ import annotations

import heapq
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from .. import documents
from ..cloud import list_calls, role_calls
from ..cloud.held import identity
from ..cloud.list_calls import Row
from ..constants import Severity
from ..errors import Absent, Bug, RamOperatorError
from ..kinds.entries import custom_key, only_reads, policy_key
from ..kinds.group import GROUP
from ..kinds.identity import Identity
from ..kinds.policy import POLICY
from ..kinds.role import ROLE, TRUST
from ..kinds.table import KINDS, PROVIDERS, RECORD
from ..kinds.user import USER
from ..model.objects import Account, Key
from ..model.vocabulary import Origin, PolicyType
from ..reporting.inventory import (
    NAMED,
    NO_GROUPS,
    NOT_LISTED,
    UNUSED_SECONDS,
    Sort,
    Trait,
    Unmanaged,
    matches,
    of_policy,
    of_trust,
    told,
    worst,
)
from ..runtime.sessions import Session
from ..runtime.sweep import AccountLists, Count, Inventory
from ..runtime.unmanaged_facts import KEPT_SECONDS, UNLISTED_SECONDS
from ..runtime.unread import Tries
from .ports import Ports
from .whole_lists import KINDS_OF, owner_of

log = logging.getLogger(__name__)

READS: Final = 20
"""Policies that are read in one sweep: those of a large account are known after an hour."""
UNMANAGED_TRUSTS: Final = "unmanagedTrusts"
CLASSES: Final = (UNMANAGED_TRUSTS,)
"""Classes of what is looked at that are about nobody's objects."""
_PLATFORM: Final = {Origin.SERVICE_LINKED: "service_linked", Origin.PROVISIONED: "provisioned"}
_SYSTEM: Final = f"{PolicyType.SYSTEM}/"
_ANY: Final = Key(RECORD, "", "")
"""The record of no role."""


def learn(
    ports: Ports,
    session: Session,
    lists: AccountLists,
    policies: Mapping[str, frozenset[str]] | None,
    groups: Mapping[str, list[str]] | None,
) -> None:
    """Judge what lists say of those that nobody manages: who has which policies, and is in which
    groups; None where that is not known, or not asked now. Raises nothing of the cloud.
    """
    facts = lists.unmanaged
    if groups is not None:
        mine = {
            name: found for name, found in groups.items() if _concerns(ports, session, lists, name)
        }
        facts.groups = {name: tuple(sorted(found)) for name, found in mine.items()}
    if policies is None:
        return
    lent = (facts.groups or {}).values()
    shared = {identity(GROUP.noun, name) for found in lent for name in found}
    asked = [name for name in policies if name in shared or _concerns(ports, session, lists, name)]
    names = _by_key(each for name in asked for each in policies[name])
    facts.policies.only(names.keys())
    _read(ports, session, lists, names)
    traits = {key: _trait(lists, key, names[key]) for key in names}
    found = {name: worst(traits[key] for key in _by_key(policies[name])) for name in asked}
    facts.rights = {name: each for name, each in found.items() if each.sort is not Sort.ORDINARY}


def _by_key(policies: Iterable[str]) -> dict[str, str]:
    """Names of policies by folded key: lists do not spell them as they were given. Those that are
    known to read alone are nothing to anybody.
    """
    found: dict[str, str] = {}
    for policy in policies:
        kind, _, name = policy.partition("/")
        key = policy_key(kind, name)
        found[key] = min(policy, found.get(key, policy))
    return {key: policy for key, policy in found.items() if not only_reads(key)}


def trusts(ports: Ports, session: Session, lists: AccountLists) -> None:
    """Read whom roles trust that nobody manages: at once where a list shows a new one or one that
    moved, else once in a day. Raises nothing of the cloud: what cannot be read is told, and ages.
    """
    found, turn = lists.unmanaged.trusts, ports.settings.sweep_seconds
    rows = lists.rows(ROLE.kind)
    if rows is None:
        return
    mine = {
        folded: row.digest
        for folded, row in rows.items()
        if _concerns(ports, session, lists, identity(ROLE.noun, folded))
    }
    found.heard(mine, ports.clock.monotonic())
    tries = Tries(found.unread)
    for role in found.due(ports.clock.monotonic(), turn):
        asked = ports.clock.monotonic()
        try:
            trust = role_calls.read_role(session.client, rows[role].name).fields[TRUST.name]
        except Absent:
            # The next list says so.
            continue
        except RamOperatorError as error:
            text = "RamAccount %s: whom the role %s trusts could not be read: %s"
            log.warning(text, session.account.name, role, error.message)
            if not tries.go_on(role, error):
                break
            continue
        known = trust if isinstance(trust, documents.Trust) else None
        found.keep(role, asked, of_trust(session.account, known))
    if tries.problem is not None:
        lists.failed(UNMANAGED_TRUSTS, tries.problem.reason)
    elif not found.late(ports.clock.monotonic(), turn):
        # Its age is how long ago nothing was overdue.
        lists.believed(UNMANAGED_TRUSTS, ports.clock.monotonic())


def _concerns(ports: Ports, session: Session, lists: AccountLists, name: str) -> bool:
    """Whether nobody has the identity, and people of the account made it."""
    noun, _, folded = name.partition("/")
    kind = KINDS_OF[noun]
    row = (lists.rows(kind) or {}).get(folded)
    if row is None or row.origin is not Origin.ACCOUNT:
        return False
    return owner_of(ports, Identity(session.account.account_id, kind, folded)) is None


def _row(lists: AccountLists, key: str) -> Row | None:
    """Of a custom policy."""
    kind, _, name = key.partition("/")
    return (lists.rows(POLICY.kind) or {}).get(name) if kind == PolicyType.CUSTOM else None


def _state(lists: AccountLists, key: str) -> bytes:
    """What lists say of a custom policy: as long as that stays, so does its document."""
    row = _row(lists, key)
    return row.digest if row is not None else b""


def _trait(lists: AccountLists, key: str, name: str) -> Trait:
    row = _row(lists, key)
    found = lists.unmanaged.policies.find(key, _state(lists, key)) or of_policy(())
    shown = f"{PolicyType.CUSTOM}/{row.name}" if row is not None else name
    return Trait(found.sort, f"{shown} {found.why}" if found.why else "")


def _read(ports: Ports, session: Session, lists: AccountLists, wanted: Mapping[str, str]) -> None:
    """The documents that are due, those of system policies first."""
    known, now = lists.unmanaged.policies, ports.clock.monotonic()
    due: list[str] = []
    for key in sorted(wanted, key=lambda key: (not key.startswith(_SYSTEM), key)):
        state = _state(lists, key)
        good_for = KEPT_SECONDS if state or key.startswith(_SYSTEM) else UNLISTED_SECONDS
        if known.due(key, state, now, good_for):
            due.append(key)
    tries = Tries(known.unread)
    for key in known.unread.last(due)[:READS]:
        kind, _, name = wanted[key].partition("/")
        asked = ports.clock.monotonic()
        try:
            trait = of_policy(session.kept.policies.read(session.client, kind, name))
        except (Absent, Bug):
            # Nobody can read it, and the next day is soon enough to try again.
            trait = of_policy(())
        except RamOperatorError as error:
            text = "RamAccount %s: the policy %s could not be read: %s"
            log.warning(text, session.account.name, key, error.message)
            if not tries.go_on(key, error):
                return
            continue
        known.keep(key, _state(lists, key), asked, trait)


def inventory(ports: Ports, session: Session, lists: AccountLists) -> Inventory:
    """The account as its lists show it, whoever manages what."""
    account, now = session.account, ports.clock.wall()
    counts, named = dict[str, Count](), list[Unmanaged]()
    for kind in (*list_calls.LISTINGS, *PROVIDERS):
        rows = lists.rows(kind)
        if rows is None:
            continue
        tally: Counter[str] = Counter()
        for folded, row in rows.items():
            state = _where(ports, account, kind, folded, row)
            tally[state] += 1
            tally["unused"] += state not in _PLATFORM.values() and _unused(row, now)
            if state == "unmanaged":
                traits = list(_traits(account, lists, kind, folded))
                tally["outside"] += any(trait.sort is Sort.OUTSIDE for trait in traits)
                one = told(kind, row.name, traits)
                tally[one.severity.value] += 1
                named.append(one)
        tally.pop(Severity.INFO.value, None)
        counts[kind] = Count(**tally)
    first = heapq.nsmallest(NAMED, named, key=lambda one: one.rank)
    return Inventory(counts, tuple(first), lists.problems())


def _where(ports: Ports, account: Account, kind: str, folded: str, row: Row) -> str:
    """By which number of `Count` it is counted."""
    if _had(ports, account, kind, folded) and (kind in KINDS or row.origin is Origin.ACCOUNT):
        return "managed"
    if row.origin in _PLATFORM:
        return _PLATFORM[row.origin]
    ignored = any(rule.kind == kind and matches(rule.name, row.name) for rule in account.ignored)
    return "ignored" if ignored else "unmanaged"


def _had(ports: Ports, account: Account, kind: str, folded: str) -> bool:
    """Whether an object has it; of an identity provider, whether the trust of a role names it that
    has a record: then it is watched.
    """
    if kind in KINDS:
        return owner_of(ports, Identity(account.account_id, kind, folded)) is not None
    arn = f"acs:ram::{account.account_id}:{PROVIDERS[kind]}/{folded}"
    return ports.cache.trusted(arn, _ANY)


def _unused(row: Row, now: float) -> bool:
    """Whoever never logged on may live by keys: nothing is known of him."""
    return bool(row.last_login) and now - row.last_login >= UNUSED_SECONDS


def _traits(account: Account, lists: AccountLists, kind: str, folded: str) -> Iterator[Trait]:
    facts = lists.unmanaged
    if kind in PROVIDERS:
        # It lets nobody in by itself: a role that trusts it is judged by that.
        return
    if kind == POLICY.kind:
        yield from _of_custom(lists, folded)
        return
    name = identity(KINDS[kind].noun, folded)
    if kind == ROLE.kind:
        yield facts.trusts.find(folded) or of_trust(account, None)
    if facts.rights is None:
        yield Trait(Sort.UNKNOWN, NOT_LISTED)
        return
    if (own := facts.rights.get(name)) is not None:
        yield own
    if kind == USER.kind:
        yield from _lent(facts.rights, facts.groups, name)


def _lent(
    rights: Mapping[str, Trait], groups: Mapping[str, tuple[str, ...]] | None, name: str
) -> Iterator[Trait]:
    if groups is None:
        yield Trait(Sort.UNKNOWN, NO_GROUPS)
        return
    for group in groups.get(name, ()):
        if (lent := rights.get(identity(GROUP.noun, group))) is not None:
            yield Trait(lent.sort, f"by group {group}: {lent.why}")


def _of_custom(lists: AccountLists, folded: str) -> Iterator[Trait]:
    """A policy is nothing by itself. One that somebody has who is not managed was read."""
    row = (lists.rows(POLICY.kind) or {})[folded]
    found = lists.unmanaged.policies.find(custom_key(folded), row.digest)
    if found is not None and found.sort is Sort.IDENTITY:
        yield Trait(Sort.DOCUMENT, found.why)


def shown(found: Inventory) -> dict[str, Any]:
    """The inventory as the status has it."""
    parts: dict[str, Any] = {
        "identities": [
            {
                "kind": kind,
                "managed": count.managed,
                "unmanaged": count.unmanaged,
                Severity.CRITICAL.value: count.critical,
                Severity.WARNING.value: count.warning,
                Origin.SERVICE_LINKED.value: count.service_linked,
                Origin.PROVISIONED.value: count.provisioned,
                "ignored": count.ignored,
                **({"unused": count.unused} if kind == USER.kind else {}),
                **({"outside": count.outside} if kind == ROLE.kind else {}),
            }
            for kind, count in found.counts.items()
        ],
        "unmanaged": [f"{one.kind}/{one.document()['name']}" for one in found.unmanaged],
        "unmanagedBySeverity": [one.document() for one in found.unmanaged],
        "unlisted": [{"kind": kind, "reason": why} for kind, why in found.unlisted.items()],
    }
    return {name: part for name, part in parts.items() if part}
