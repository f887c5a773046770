"""What the loop talks to, bundled, and the one object that a pass is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..cluster.api import ClusterApi
from ..cluster.guard import AdmissionGuard
from ..cluster.record_writer import Records
from ..config import Settings
from ..constants import ANNOTATION_RECONCILE, FINALIZER
from ..errors import InvalidSpec
from ..kinds import manifest
from ..kinds.record import Identity
from ..kinds.schema import Kind, Shape
from ..kinds.table import ACCOUNT, KINDS
from ..model.objects import Key, Options, Owner
from ..model.state import Applied, Observer
from ..observability.metrics import Metrics
from ..planning.last_applied import applied_from
from ..runtime.cache import Store
from ..runtime.consistency import Recent
from ..runtime.deletion_brake import Brake
from ..runtime.queue import Lane, WorkQueue
from ..runtime.sessions import AccountOpener, Accounts, Session


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, as an argument."""

    monotonic: Callable[[], float]
    wall: Callable[[], float]
    """Seconds since the epoch."""
    stamp: Callable[[], str]
    """RFC 3339 in UTC, whole seconds."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything with effects that a pass may use."""

    settings: Settings
    clock: Clock
    store: Store
    queue: WorkQueue
    api: ClusterApi
    records: Records
    guard: AdmissionGuard
    accounts: Accounts
    opener: AccountOpener
    observer: Callable[[Session], Observer]
    recent: Recent
    brake: Brake
    metrics: Metrics
    instance: str

    def fresh(self, key: Key) -> dict[str, Any] | None:
        """The object as the API server has it now. Raises errors.*.

        One that it does not have is forgotten at once: nobody may tell of its deletion any more.
        """
        known = self.store.facts(key)
        body = self.api.get(key)
        if body is None and known is not None:
            self.missing(key, known.uid)
        return body

    def missing(self, key: Key, uid: str) -> None:
        """The API server has no such object: what a watch does that tells of its deletion.

        The pass that follows drops what else is remembered of it.
        """
        facts = self.store.facts(key)
        if not self.store.remove(key, uid):
            return
        for other in (key, *self.store.dependents(key)):
            self.queue.add(other, Lane.PERIODIC)
        if facts is not None and facts.account and not self.store.in_use(facts.account):
            self.queue.add(Key(ACCOUNT, "", facts.account), Lane.PERIODIC)


@dataclass(frozen=True, slots=True)
class Subject:
    """A managed object in one pass."""

    key: Key
    body: Mapping[str, Any]
    row: Kind
    options: Options

    @classmethod
    def of(cls, key: Key, body: Mapping[str, Any]) -> Subject:
        """Raises InvalidSpec."""
        return cls(key, body, KINDS[key.kind], manifest.options(body.get("spec") or {}))

    @classmethod
    def lenient(cls, key: Key, body: Mapping[str, Any]) -> Subject:
        """Also of a manifest that does not say well how it is to be managed."""
        try:
            return cls.of(key, body)
        except InvalidSpec:
            return cls(key, body, KINDS[key.kind], manifest.options({}))

    @property
    def spec(self) -> Mapping[str, Any]:
        spec: Mapping[str, Any] = self.body.get("spec") or {}
        return spec

    @property
    def status(self) -> Mapping[str, Any]:
        status: Mapping[str, Any] = self.body.get("status") or {}
        return status

    @property
    def uid(self) -> str:
        return str(self.body["metadata"]["uid"])

    @property
    def cloud_name(self) -> str:
        """Raises InvalidSpec."""
        return manifest.cloud_name(self.row, self.key.name, self.spec)

    def applied_to(self, cloud_id: str) -> Applied:
        """What was applied. To another identity of that name: that says nothing about this one."""
        known = str(self.status.get("cloudId") or "")
        if cloud_id and known and known != cloud_id:
            return Applied()
        names = [field.name for field in self.row.fields if field.shape is Shape.ENTRIES]
        return applied_from(self.status, names)

    @property
    def has_finalizer(self) -> bool:
        return FINALIZER in (self.body["metadata"].get("finalizers") or ())

    def annotation(self, name: str) -> str:
        return str((self.body["metadata"].get("annotations") or {}).get(name, ""))

    @property
    def request(self) -> str:
        """The value that a person last wrote to ask for a look."""
        return self.annotation(ANNOTATION_RECONCILE)[:128]

    def owner(self, cluster: str) -> Owner:
        return Owner(cluster, self.key.namespace, self.key.name)

    def identity(self, account_id: str) -> Identity:
        """Raises InvalidSpec."""
        return Identity(account_id, self.key.kind, self.cloud_name)
