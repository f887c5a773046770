"""What the loop talks to, bundled."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import documents
from ..cloud import holders, policy_calls, user_calls
from ..cluster.api import ClusterApi
from ..cluster.guard import AdmissionGuard
from ..cluster.record_writer import Records
from ..config import Settings
from ..kinds.policy import DOCUMENT
from ..kinds.table import ACCOUNT
from ..model.objects import Entry, Key, UnknownPart
from ..model.state import Observer
from ..observability.metrics import Metrics
from ..runtime import bodies
from ..runtime.cache import Cache
from ..runtime.consistency import Consistency
from ..runtime.deletion_brake import DeletionBrake, Scope
from ..runtime.left_since import LeftKeys
from ..runtime.questions import Authors
from ..runtime.queue import Lane, WorkQueue
from ..runtime.refused_writes import Refusals
from ..runtime.sessions import AccountOpener, Accounts, Session
from ..runtime.sweep import Sweeps
from .sources import Sources


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, as an argument."""

    monotonic: Callable[[], float]
    wall: Callable[[], float]
    """Seconds since the epoch."""
    stamp: Callable[[], str]
    """RFC 3339 in UTC, whole seconds."""
    processor: Callable[[], float] = time.thread_time
    """Seconds of processor time of the thread that asks."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything with effects that a pass may use."""

    settings: Settings
    clock: Clock
    cache: Cache
    queue: WorkQueue
    api: ClusterApi
    records: Records
    guard: AdmissionGuard
    accounts: Accounts
    opener: AccountOpener
    observer: Callable[[Session], Observer]
    consistency: Consistency
    deletion_brake: DeletionBrake
    refusals: Refusals
    metrics: Metrics
    instance: str
    sweeps: Sweeps = field(default_factory=Sweeps)
    authors: Authors = field(default_factory=Authors)
    left_keys: LeftKeys = field(default_factory=LeftKeys)

    def body(self, key: Key) -> dict[str, Any] | None:
        """The object as the watches told of it, for a pass over it. Raises errors.*: of one whose
        namespace is no tenant, or was none until now, or has too many, nothing was kept, and the
        API server is asked.
        """
        if not self.cache.outside(key):
            return self.cache.get(key)
        body = self.fresh(key)
        if body is None:
            return None
        self.cache.put(body)
        if self.cache.outside(key):
            self.cache.pin(key)
            self.cache.put(body)
            return body
        # Whatever names it could not be found so far.
        for dependent in self.cache.dependents(key):
            self.queue.add(dependent, Lane.PERIODIC)
        return body

    def fresh(self, key: Key) -> dict[str, Any] | None:
        """What `bodies` keeps of the object as the API server has it now. Raises errors.*.

        One that it does not have is forgotten at once: nobody may tell of its deletion any more.
        """
        known = self.cache.facts(key)
        body = self.api.get(key)
        if body is None and known is not None:
            self.missing(key, known.uid)
        return bodies.kept(body)[0] if body is not None else None

    def sources(self, session: Session) -> Sources:
        """What lookups for an object of that account rest on."""
        settings = self.settings
        readings = _Readings(
            session, self.consistency, settings.document_settle_seconds, self.clock
        )
        return Sources(settings.cluster_name, session.account, self.cache, readings)

    def brake_scope(self, account_id: str, namespace: str) -> Scope:
        """For the brake on deletions. Objects without an identity count for nothing."""
        living = self.cache.living
        return Scope(account_id, namespace, living(account_id, namespace), living(account_id))

    def missing(self, key: Key, uid: str) -> None:
        """The API server has no such object: what a watch does that tells of its deletion.

        The pass that follows drops what else is remembered of it.
        """
        facts = self.cache.facts(key)
        if not self.cache.remove(key, uid):
            return
        for other in (key, *self.cache.dependents(key)):
            self.queue.add(other, Lane.PERIODIC)
        if facts is not None and facts.account and not self.cache.in_use(facts.account):
            self.queue.add(Key(ACCOUNT, "", facts.account), Lane.PERIODIC)


@dataclass(frozen=True, slots=True)
class _Readings:
    """What the sessions of an account read and remember, see `sources.Readings`."""

    session: Session
    consistency: Consistency
    settle: float
    clock: Clock

    def policy(self, kind: str, name: str) -> tuple[documents.Policy, ...]:
        return self.session.kept.policies.read(self.session.client, kind, name)

    def version(self, name: str) -> tuple[str, documents.Policy | UnknownPart]:
        found = policy_calls.read_policy(self.session.client, name)
        document = found.fields[DOCUMENT.name]
        assert isinstance(document, documents.Policy | UnknownPart)
        return found.default_version, document

    def compared(self, holder: str, policy: str, state: object) -> bool:
        return self.session.kept.compared.holds(holder, policy, state)

    def note(self, holder: str, policy: str, state: object) -> None:
        self.session.kept.compared.note(holder, policy, state)

    def holders(self, name: str) -> Mapping[str, Entry]:
        return holders.read(self.session.client, name)

    def has_user(self, name: str) -> bool:
        return user_calls.exists(self.session.client, name)

    def sent(self, name: str) -> tuple[documents.Policy, ...]:
        return self.session.kept.policies.sent(name)

    def predecessor(self) -> bool:
        return self.consistency.inherits(self.settle)

    def provider(self, name: str, *, fresh: bool) -> str:
        now = self.clock.monotonic()
        return self.session.kept.providers.read(self.session.client, name, now, fresh=fresh)
