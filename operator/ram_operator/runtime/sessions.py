"""RamAccount: credentials → a verified session, and the registry from which objects take theirs.

No object is read or written through an account before GetCallerIdentity has shown, in this process,
that the credentials belong to `spec.accountId`. One account id has one RamAccount: the first to
claim its record.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from .. import times
from ..cloud import credentials
from ..cloud.cached_reads import PolicyDocuments
from ..cloud.client import CloudClient, Wiring
from ..cloud.endpoints import endpoints
from ..cloud.limiter import ActionClass, Limiter
from ..cloud.own_identity import OwnIdentity
from ..cloud.writing import Kept, Writer
from ..cluster.api import ClusterApi, Conflicted
from ..cluster.record_writer import Claim, Records
from ..config import Settings
from ..constants import Reason
from ..errors import InvalidSpec, Retry, Stalled
from ..kinds.account import account_settings
from ..kinds.record import Identity, stored, understood
from ..kinds.table import ACCOUNT, RECORD
from ..model.objects import Account, Key, Owner
from ..model.records import CLAIMED
from .cache import Cache


@dataclass(frozen=True, slots=True)
class Session:
    """A verified account, ready for calls."""

    account: Account
    client: CloudClient
    connection: tuple[Any, ...]
    """What the client was built from; another value means another client."""
    own: OwnIdentity = field(default_factory=OwnIdentity, compare=False)
    kept: Kept = field(default_factory=Kept, compare=False)
    """What sessions of the same account id share, one after the other and side by side."""
    patience: float = 20.0
    """Seconds that a write waits for others to the same identity."""
    expires: float | None = None
    """When the credentials end, in seconds since the epoch; None where nobody says so."""

    def on_behalf(self, namespace: str) -> Session:
        """The same for a pass over an object of that namespace, which has turns of its own."""
        return replace(self, client=self.client.on_behalf(namespace))

    @property
    def writer(self) -> Writer:
        """The way by which all writes go."""
        return Writer(self.client, self.kept, self.patience)


class Accounts:
    """Sessions by RamAccount name. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._problems: dict[str, tuple[Reason, str]] = {}

    def get(self, name: str) -> Session:
        """Raises Retry(DependencyNotReady) or Stalled(Suspended).

        The object is woken when the account is ready.
        """
        unknown = (Reason.DEPENDENCY_NOT_READY, "it does not exist or was not verified yet")
        with self._lock:
            session = self._sessions.get(name)
            reason, problem = self._problems.get(name, unknown)
        if session is None:
            if reason is Reason.SUSPENDED:
                raise Stalled(reason, problem)
            raise Retry(
                Reason.DEPENDENCY_NOT_READY, f"RamAccount {name} is not ready: {problem}", 60.0
            )
        return session

    def seen(self, name: str) -> bool:
        """Whether this process has looked at the account, whatever came of it."""
        with self._lock:
            return name in self._sessions or name in self._problems

    def find(self, name: str) -> Session | None:
        with self._lock:
            return self._sessions.get(name)

    def set(self, session: Session) -> bool:
        """True when something changed that objects have to know."""
        name = session.account.name
        with self._lock:
            before = self._sessions.get(name)
            self._sessions[name] = session
            self._problems.pop(name, None)
        return before is None or before.account != session.account

    def drop(self, name: str, problem: str, reason: Reason = Reason.DEPENDENCY_NOT_READY) -> bool:
        """The account may not be used. True when that is news for its objects."""
        with self._lock:
            before = self._problems.get(name)
            self._problems[name] = (reason, problem)
            return self._sessions.pop(name, None) is not None or before != (reason, problem)

    def trouble(self, name: str, problem: str) -> bool:
        """It could not be verified this time, which a verified session outlives. True when that is
        news for its objects.
        """
        found = (Reason.DEPENDENCY_NOT_READY, problem)
        with self._lock:
            news = name not in self._sessions and self._problems.get(name) != found
            if news:
                self._problems[name] = found
        return news


@dataclass(frozen=True, slots=True)
class _First:
    """What the first record of an account would say. `known`: it had one already."""

    uid: str
    known: bool
    now: str
    sequence: int


class AccountOpener:
    """Opens sessions: settings, credentials, client, identity, uniqueness."""

    def __init__(
        self,
        settings: Settings,
        cache: Cache,
        api: ClusterApi,
        wiring: Wiring,
        environment: Mapping[str, str],
    ) -> None:
        self._environment = environment
        self._settings = settings
        self._cache = cache
        self._api = api
        self._records = Records(api)
        self._wiring = wiring
        self._lock = threading.Lock()
        self._kept: dict[str, Kept] = {}
        self._first: set[str] = set()
        """Accounts that no process had a record of before this one."""

    def _kept_of(self, account_id: str) -> Kept:
        """The same for all sessions of the account: a pass may still write by an earlier one.

        Who opens an account that has been worked on may inherit writes whose sender is gone.
        """
        with self._lock:
            if account_id not in self._kept:
                settle = self._settings.document_settle_seconds
                inherited = 0.0 if account_id in self._first else settle
                self._kept[account_id] = Kept(PolicyDocuments(settle, inherited=inherited))
            return self._kept[account_id]

    def open(
        self, body: Mapping[str, Any], before: Session | None, now: str, sequence: int
    ) -> tuple[Session, Mapping[str, Any]]:
        """A session for the RamAccount, and what GetCallerIdentity said. Raises errors.*."""
        name = str(body["metadata"]["name"])
        spec = body["spec"]
        account = account_settings(name, spec)
        if account.suspend:
            text = f"RamAccount {name} is suspended: nothing is read or written"
            raise Stalled(Reason.SUSPENDED, text)
        known = bool((body.get("status") or {}).get("accountId"))
        lost = self._claim(account, _First(str(body["metadata"]["uid"]), known, now, sequence))
        keys = self._credentials(spec.get("credentials") or {})
        client, connection = self._client(name, spec, keys, before)
        identity = client.caller_identity()
        found = str(identity.get("AccountId") or "")
        if found != account.account_id:
            raise Stalled(
                Reason.ACCOUNT_MISMATCH,
                f"the credentials belong to account {found or 'unknown'}, not to"
                f" {account.account_id}; nothing is written until they agree",
            )
        arn = str(identity.get("Arn") or "")
        account = replace(account, own_principal=arn, records_lost=lost)
        kept = self._kept_of(account.account_id)
        patience = self._settings.call_deadline
        session = Session(account, client, connection, kept=kept, patience=patience)
        return replace(session, expires=times.seconds_or_none(keys.expiration)), identity

    def _claim(self, account: Account, first: _First) -> bool:
        """Whether records of the account were lost: it had one, and somebody took it away."""
        identity = Identity(account.account_id, ACCOUNT, account.account_id)
        record = self._cache.get(identity.key)
        owner = Owner(self._settings.cluster_name, "", account.name)
        lost_at = first.now if first.known else ""
        claim = Claim(owner, first.uid, "", None, CLAIMED, lost_at=lost_at)
        if record is None:
            try:
                written = self._records.claim(identity, claim, first.now, first.sequence)
                # No watch may tell of it: where all records are being deleted, this one goes, too,
                # and only who knew of it sees at the next list that it is not there.
                self._cache.put({**written, "kind": RECORD})
                if not first.known:
                    self._first.add(account.account_id)
                return first.known
            except Conflicted:
                record = self._records.read(identity)
                if record is None:
                    text = "the record of the account is being deleted"
                    raise Retry(Reason.RETRYING, text) from None
                # As above: perhaps it is our own, and its answer was lost.
                self._cache.put({**record, "kind": RECORD})
        known = understood(stored(record))
        holder = known.owner.name if known.owner is not None else ""
        if holder in ("", account.name):
            return known.lost
        other = self._api.get(Key(ACCOUNT, "", holder))
        if other is not None and (other.get("spec") or {}).get("accountId") == account.account_id:
            raise Stalled(
                Reason.CONFLICT,
                f"account {account.account_id} is managed by RamAccount {holder};"
                " one account has one RamAccount",
            )
        self._records.renew(record, claim, first.now)
        return known.lost

    def _client(
        self,
        name: str,
        spec: Mapping[str, Any],
        keys: credentials.Credentials,
        before: Session | None,
    ) -> tuple[CloudClient, tuple[Any, ...]]:
        where = endpoints(spec.get("endpoints") or {}, custom=self._settings.allow_custom_endpoints)
        limits = spec.get("rateLimit") or {}
        reads = float(limits.get("readsPerSecond", 20))
        rates = {
            ActionClass.READ: reads,
            # Of its limit no figure is published; it is taken for a tenth of RAM's.
            ActionClass.RESOURCE_MANAGER: reads / 10.0,
            # Half of what it takes.
            ActionClass.ACTION_TRAIL: 1.0,
            ActionClass.WRITE: float(limits.get("writesPerSecond", 4)),
            ActionClass.ATTACH: float(limits.get("attachmentsPerSecond", 2)),
        }
        connection = (keys.fingerprint, where, tuple(sorted(rates.items())))
        if before is not None and before.connection == connection:
            return before.client, connection
        # Its calls are counted as those of the account.
        wiring = replace(self._wiring, watch=partial(self._wiring.watch, account=name))
        return CloudClient(keys, where, Limiter(rates), wiring, name), connection

    def _secret(self, name: str) -> credentials.Secret:
        return self._api.secret_data(self._settings.operator_namespace, name)

    def _credentials(self, spec: Mapping[str, Any]) -> credentials.Credentials:
        kind, where = spec.get("type", "Environment"), self._settings.operator_namespace
        if kind == "Environment":
            return credentials.from_environment(self._environment, where, self._secret)
        if kind == "Secret":
            name = str(spec.get("secretName") or "")
            return credentials.from_secret(name, self._secret(name))
        raise InvalidSpec(
            f"spec.credentials.type: {kind!r} is unknown; write Environment or Secret"
        )
