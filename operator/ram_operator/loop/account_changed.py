"""An object whose identity is in another account than its RamAccount has now: nothing is written.

A RamAccount can be deleted and made anew under its name with another account id. What its objects
manage stays where it is, and is made nowhere else, until a person says which of the two is meant.
Called by the passes before they look at the cloud.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..constants import ANNOTATION_ABANDON, Reason
from ..errors import Stalled
from ..kinds.record import Identity, facts_of, identity_of
from ..model.objects import Account, Key
from ..model.records import ABANDONED, RecordFacts
from ..planning import last_applied
from .ports import Ports
from .subject import Subject


@dataclass(frozen=True, slots=True)
class _Left:
    """An identity of the object in another account."""

    account_id: str
    name: str
    cloud_id: str
    record: Identity | None = None

    @property
    def called(self) -> str:
        """What the annotation has to say to give it up."""
        return self.cloud_id or self.name


def check(ports: Ports, subject: Subject, account: Account) -> None:
    """Raises Stalled(AccountChanged), unless the annotation gives up what was left behind."""
    for left in [*_recorded(ports, subject, account), *_shown(ports, subject, account)]:
        if subject.annotation(ANNOTATION_ABANDON) != left.called:
            raise Stalled(Reason.ACCOUNT_CHANGED, _text(subject, account, left))
        if left.record is not None:
            let_go(ports, subject, left.record, ABANDONED)


def let_go(ports: Ports, subject: Subject, identity: Identity, operation: str) -> None:
    """The identity belongs to nobody from now on, if it is the object's. Raises errors.*."""
    body = ports.records.read(identity)
    owner = subject.owner(ports.settings.cluster_name)
    if body is None or facts_of(body, identity).owner != owner:
        return
    now = ports.clock.stamp()
    ports.cache.put(ports.records.deleted(body, now, operation))


def owned(ports: Ports, subject: Subject) -> Iterator[Identity]:
    """The identities of the object by the records, in whatever account."""
    owner = subject.owner(ports.settings.cluster_name)
    for key in ports.cache.owned(subject.key):
        identity, facts = _identity(ports, key)
        if facts.owner == owner:
            yield identity


def names(ports: Ports, subject: Subject) -> Iterator[str]:
    """How the records call the identities of the object: cloud ids, and names."""
    for identity in owned(ports, subject):
        yield from filter(None, (_identity(ports, identity.key)[1].cloud_id, identity.cloud_name))


def _identity(ports: Ports, key: Key) -> tuple[Identity, RecordFacts]:
    body = ports.cache.get(key) or {}
    identity = identity_of(body)
    return identity, facts_of(body, identity)


def _recorded(ports: Ports, subject: Subject, account: Account) -> Iterator[_Left]:
    for identity in owned(ports, subject):
        if identity.account_id != account.account_id:
            cloud_id = _identity(ports, identity.key)[1].cloud_id
            yield _Left(identity.account_id, identity.cloud_name, cloud_id, identity)


def _shown(ports: Ports, subject: Subject, account: Account) -> Iterator[_Left]:
    """Where there is no record, what the status shows of earlier writes still stops others."""
    status = subject.status
    shown = str(status.get("accountId") or "")
    if not last_applied.noted(status) or shown in ("", account.account_id):
        return
    if not list(owned(ports, subject)):
        yield _Left(shown, str(status.get("cloudName") or ""), str(status.get("cloudId") or ""))


def _text(subject: Subject, account: Account, left: _Left) -> str:
    what = f"{subject.row.noun} {left.name}"
    return (
        f"{what} of this object is in account {left.account_id}, and RamAccount {account.name} is"
        f" account {account.account_id} now: nothing is written to either; have the RamAccount made"
        f" with accountId {left.account_id} again, or give that {subject.row.noun} up, which stays"
        f" as it is: kubectl annotate -n {subject.key.namespace} {subject.row.plural}"
        f" {subject.key.name} {ANNOTATION_ABANDON}={left.called}"
    )
