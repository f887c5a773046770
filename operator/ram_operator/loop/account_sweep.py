"""One sweep over the lists of an account: what moved is looked at, what nobody manages is counted.

The lists decide nothing. An identity that moved, came or is missing there wakes the object that it
belongs to, whose pass looks at it closely; a custom policy wakes all that attach it as well.
"""

from __future__ import annotations

import functools
import logging
import random
from collections.abc import Callable, Iterator
from typing import Final

from ..cloud import holders, list_calls
from ..errors import RamOperatorError
from ..kinds.identity import Identity
from ..kinds.role import ROLE
from ..kinds.table import ACCOUNT, KINDS, PLURALS
from ..kinds.user import USER
from ..model.objects import Key
from ..model.vocabulary import Lends
from ..observability.account_metrics import AccountState
from ..runtime.queue import Lane
from ..runtime.sessions import Session
from ..runtime.sweep import STATES, AccountLists, Inventory
from . import (
    coverage,
    kept_secrets,
    provider_lists,
    provider_readings,
    reports,
    rotations,
    unmanaged,
    whole_lists,
)
from .ports import Ports
from .provider_readings import PROVIDERS
from .reports import REPORT
from .whole_lists import KINDS_OF, owner_of

log = logging.getLogger(__name__)

CLASSES: Final = {
    **{kind: PLURALS[kind] for kind in list_calls.LISTINGS},
    **{name: name for name in (*whole_lists.CLASSES, *rotations.CLASSES, *unmanaged.CLASSES)},
    **{name: name for name in (REPORT, PROVIDERS)},
    **provider_lists.CLASSES,
}
"""What metrics call each class of what is looked at."""


class Sweeper:
    """Begins the sweep of each account that is due. Called by one thread, again and again."""

    def __init__(
        self,
        ports: Ports,
        begin: Callable[[Callable[[], None]], None],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`begin` runs what it is given beside us: one slow account keeps no other waiting."""
        self._ports = ports
        self._begin = begin
        self._jitter = jitter
        self._due: dict[tuple[str, str], float] = {}
        """By the name and the id of the account."""
        self._running: set[str] = set()

    def turn(self) -> None:
        """Each account that may be looked at begins with a sweep, and has one per interval."""
        ports = self._ports
        interval, now = ports.settings.sweep_seconds, ports.clock.monotonic()
        for key in ports.cache.keys(ACCOUNT):
            session = ports.accounts.find(key.name)
            if session is None:
                continue
            coverage.watch(ports, session, self._jitter)
            if key.name in self._running:
                continue
            account_id = session.account.account_id
            if now < self._due.get((key.name, account_id), now):
                continue
            self._due[key.name, account_id] = now + interval * (0.9 + 0.2 * self._jitter())
            self._running.add(key.name)
            try:
                self._begin(functools.partial(self._one, key.name, session))
            except RuntimeError as error:
                self._running.discard(key.name)
                log.warning("RamAccount %s: its sweep could not begin: %s", key.name, error)

    def _one(self, name: str, session: Session) -> None:
        try:
            run(self._ports, session)
            kept_secrets.run(self._ports, session)
        except Exception:
            # The next one is tried all the same; until then the looks grow older.
            log.exception("RamAccount %s: the sweep failed", name)
        finally:
            self._running.discard(name)


def run(ports: Ports, session: Session) -> None:
    """All lists once. Raises nothing: what cannot be listed is told, and grows older."""
    name, account_id = session.account.name, session.account.account_id
    lists = ports.sweeps.lists(name, account_id)
    begun = lists.begin(ports.clock.monotonic())
    if ports.sweeps.inventory(name) is None:
        # Should a first sweep never end, its looks grow old all the same.
        ports.metrics.accounts.set(name, AccountState({}, _ages(lists, begun)))
    for kind in list_calls.LISTINGS:
        asked = ports.clock.monotonic()
        try:
            rows = list_calls.read(session.client, kind)
        except RamOperatorError as error:
            log.warning("RamAccount %s: %s could not be listed: %s", name, kind, error.message)
            lists.failed(kind, error.reason)
            continue
        moved = lists.took(kind, rows, asked)
        if moved.doubted:
            text = (
                "RamAccount %s: the list of %s misses too much at once, %d more than are looked at"
            )
            log.warning(text, name, kind, moved.doubted)
        for folded in sorted(lists.twice(kind, moved.names)):
            for key in _concerned(ports, session, Identity(account_id, kind, folded)):
                ports.queue.add(key, Lane.PERIODIC)
    policies = whole_lists.attachments(ports, session, lists)
    groups = whole_lists.memberships(ports, session, lists)
    unmanaged.learn(ports, session, lists, policies, groups)
    unmanaged.trusts(ports, session, lists)
    provider_lists.run(ports, session, lists)
    provider_readings.run(ports, session, lists)
    reports.run(ports, session, lists)
    rotations.run(ports, session, lists)
    current = ports.accounts.find(name)
    if current is None or current.account.account_id != account_id:
        # It is of an account that has the name no more.
        return
    inventory = unmanaged.inventory(ports, current, lists)
    ports.metrics.accounts.set(name, _measured(inventory, lists, begun))
    if ports.sweeps.counted(name, inventory, ports.clock.monotonic()):
        ports.queue.add(Key(ACCOUNT, "", name), Lane.PERIODIC)


def _measured(inventory: Inventory, lists: AccountLists, begun: float) -> AccountState:
    numbers = {
        (kind, state): getattr(count, state)
        for kind, count in inventory.counts.items()
        for state in STATES
    }
    severities = {
        (kind, severity.value): number
        for kind, count in inventory.counts.items()
        for severity, number in count.severities.items()
    }
    failing = {CLASSES[kind]: why for kind, why in lists.problems().items()}
    unused = {kind: count.unused for kind, count in inventory.counts.items() if kind == USER.kind}
    roles = inventory.counts.get(ROLE.kind)
    outside = roles.outside if roles is not None else None
    return AccountState(numbers, _ages(lists, begun), failing, severities, unused, outside)


def _ages(lists: AccountLists, begun: float) -> dict[str, float]:
    looked = lists.looked()
    tried = {*looked, *lists.problems()}
    # What is never asked for has no age.
    classes = {kind: name for kind, name in CLASSES.items() if kind != REPORT or kind in tried}
    return {name: looked.get(kind, begun) for kind, name in classes.items()}


def _concerned(ports: Ports, session: Session, identity: Identity) -> Iterator[Key]:
    """The objects that have to look: whose it is, and who attaches it."""
    owner = owner_of(ports, identity)
    if owner is not None:
        yield owner
    if KINDS[identity.kind].lends is Lends.ATTACHED:
        policy = owner or Key(identity.kind, "", "")
        yield from ports.cache.attaching(policy, session.account.name, identity.cloud_name)
        yield from _holders(ports, session, identity)


def _holders(ports: Ports, session: Session, policy: Identity) -> Iterator[Key]:
    """Whoever has the policy, also where no manifest says so."""
    try:
        found = holders.direct(session.client, policy.cloud_name)
    except RamOperatorError as error:
        name = session.account.name
        log.warning("RamAccount %s: who has %s is unknown: %s", name, policy, error.message)
        return
    for key in found:
        noun, _, folded = key.partition("/")
        owner = owner_of(ports, Identity(policy.account_id, KINDS_OF[noun], folded))
        if owner is not None:
            yield owner
