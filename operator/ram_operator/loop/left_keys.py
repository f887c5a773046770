"""An access key of the operator's making ends, although its object is gone and ended nothing.

Whoever takes the finalizer off an object before it is deleted would else leave a key that lets in
for ever: no pass comes by. Called by the look at the account. A key that is left is made inactive
and never deleted, once the API server has been without the object for a while. What was given up,
or belongs to another cluster, stays as it is; so it is where the record came from a backup and no
object has settled it, for then it may be the record of a copy of the cluster.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..constants import EventReason, Mode, Reason
from ..errors import InvalidSpec, RamOperatorError, Retry, Stalled
from ..kinds import tenancy
from ..kinds.record import Identity, facts_of, identity_of, understood
from ..kinds.table import ACCOUNT, KINDS
from ..kinds.user import USER
from ..model.objects import Key
from ..model.records import RecordFacts
from ..model.vocabulary import KeyChange, Presence
from ..reporting.events import Event
from ..runtime.queue import Lane
from ..runtime.sessions import Session
from . import braking, left_ends, noted_looks
from .access_keys import AccessKeys
from .ports import Ports
from .subject import Subject

log = logging.getLogger(__name__)

MOST: Final = 50
"""Users that one look at the account is about."""
SOON: Final = 60.0
"""Seconds until what could not be done is tried again."""


@dataclass(frozen=True, slots=True)
class _Left:
    """A user whose object is gone, and what its record says."""

    identity: Identity
    facts: RecordFacts
    subject: Subject

    @property
    def called(self) -> str:
        key = self.subject.key
        return f"user {self.identity.cloud_name} of {key.namespace}/{key.name}"


def gone(ports: Ports, holder: Key) -> None:
    """An object is not there any more: is its key, the account that it is in is looked at."""
    ids = {f.keyed for key in ports.cache.owned(holder) if (f := ports.cache.facts(key))}
    for account in ports.cache.keys(ACCOUNT):
        session = ports.accounts.find(account.name)
        if session is not None and session.account.account_id in ids:
            ports.queue.add(account, Lane.NARROWING)


def stopped(ports: Ports, name: str) -> None:
    """That RamAccount is not worked in for now, since it is suspended or does not fit: what may
    come back has the whole time once it is.
    """
    session = ports.accounts.find(name)
    if session is not None:
        ports.left_keys.forget(session.account.account_id)


def carry_out(ports: Ports, session: Session) -> None:
    """End the keys of all users whose objects are gone. Raises nothing: what could not be done is
    told by the metric, and tried again.
    """
    account, now = session.account, ports.clock.monotonic()
    keyed = ports.cache.keyed(account.account_id)
    records = [key for key in keyed if not _held(ports, session, key)]
    runs = bool(records) and _runs(ports, session)
    since = ports.left_keys.seen(account.account_id, records, now, runs=runs)
    over = sum(
        _turn(ports, session, key, *since[key], runs=runs)
        for key in random.sample(records, min(len(records), MOST))
    )
    ports.metrics.accounts.left(account.name, len(records) - over)


def _runs(ports: Ports, session: Session) -> bool:
    """Whether the time runs in which an object may come back: it could be there, and what is done
    at the end of it may be.
    """
    account = session.account
    if account.mode is not Mode.MANAGE:
        return False
    try:
        return ports.api.serves(USER.kind)
    except RamOperatorError as error:
        log.warning("%s: left access keys wait: %s", account.name, error.message)
        return False


def _turn(
    ports: Ports, session: Session, key: Key, since: float, news: bool, *, runs: bool
) -> bool:
    """Whether nothing is left of that one."""
    now, wait = ports.clock.monotonic(), ports.settings.left_key_seconds
    account, again = Key(ACCOUNT, "", session.account.name), since + wait - now
    try:
        if again <= 0:
            return runs and _one(ports, session, key)
        if news:
            _announce(ports, session, key, wait, runs=runs)
    except RamOperatorError as error:
        name = identity_of(ports.cache.get(key)).cloud_name
        log.warning("user %s: its access key is left and lets in: %s", name, error.message)
        if isinstance(error, Retry):
            again = max(again, error.after or SOON, 1.0)
    if runs and again > 0:
        ports.queue.add(account, Lane.NARROWING, again + 0.1)
    return False


def _held(ports: Ports, session: Session, key: Key) -> bool:
    """Whether an object is there, as far as the watches have told, whose passes see to the key; or
    none ever was.
    """
    body = ports.cache.get(key)
    identity = identity_of(body)
    holder = _holder(ports, identity, facts_of(body, identity))
    return holder is None or _asks(session, identity, holder, ports.cache.get(holder))


def _holder(ports: Ports, identity: Identity, facts: RecordFacts) -> Key | None:
    """The object that the key was made for; None where it was given up, or is another cluster's."""
    owner = facts.owner
    if owner is None or owner.cluster != ports.settings.cluster_name or identity.kind not in KINDS:
        return None
    return Key(identity.kind, owner.namespace, owner.name)


def _asks(
    session: Session, identity: Identity, holder: Key, body: Mapping[str, Any] | None
) -> bool:
    """Whether the object is there and may be about that very user. One that was made anew under
    its name for another user sees to that one; what it has in another account is said there.
    """
    if body is None:
        return False
    subject = Subject.lenient(holder, body)
    try:
        mine = "spec" not in body or subject.cloud_name.lower() == identity.folded
    except InvalidSpec:
        return True
    return mine or subject.options.account != session.account.name


def _read(ports: Ports, session: Session, key: Key) -> _Left | None:
    """By what the API server has now; None where the key is not left. Raises errors.*."""
    identity = identity_of(ports.cache.get(key))
    body = ports.records.read(identity)
    facts = facts_of(body, identity)
    if body is not None:
        ports.cache.put(body)
    holder = _holder(ports, identity, facts)
    if holder is None or not facts.keys.opens:
        return None
    if _asks(session, identity, holder, ports.fresh(holder)):
        return None
    return _Left(identity, facts, Subject.gone(holder, facts.owner_uid, session.account.name))


def _announce(ports: Ports, session: Session, key: Key, wait: float, *, runs: bool) -> None:
    """That it lets in, while somebody may still bring the object back. Raises errors.*"""
    left = _read(ports, session, key)
    if left is None:
        return
    when = f"in {wait:g} s"
    if not runs:
        when += " from when the account is managed and the kind served again,"
    text = (
        f"{left.called}: the object is gone, and its access key lets in; it is made inactive"
        f" {when} unless the object is there again by then"
    )
    left_ends.tell(ports, session, Event(EventReason.ACCESS_KEY_LEFT, text, warning=True))


def _one(ports: Ports, session: Session, key: Key) -> bool:
    """Whether nothing is left of it. Raises errors.*"""
    left = _read(ports, session, key)
    if left is None:
        return True
    _check(ports, session, left)
    holder, identity = left.subject.key, left.identity
    if (wait := ports.consistency.unsettled(holder)) > 0:
        raise Retry(Reason.PROGRESSING, "its last write is awaited", wait)
    session = session.on_behalf(holder.namespace)
    live = noted_looks.look(ports, session, identity.kind, identity.cloud_name)
    if live.presence is Presence.UNKNOWN:
        assert live.error is not None
        raise live.error
    if live.presence is Presence.ABSENT or live.cloud_id != left.facts.cloud_id:
        # Its keys went with it. Should it come back from the recycle bin, it is found then.
        return True
    braking.check(ports, session.account, holder, left.facts.owner_uid)
    keys = AccessKeys(ports, left.subject, session, identity, lambda: _still(ports, session, left))
    try:
        keys.end(live)
    finally:
        _tell(ports, session, left, keys.ended)
    return True


def _check(ports: Ports, session: Session, left: _Left) -> None:
    """Raises errors.* where it is not for this operator to end the key."""
    understood(left.facts)
    if not left.facts.settled:
        raise Stalled(Reason.CONFLICT, "its record was restored from a backup")
    if tenancy.runs_as(session.account, left.subject.row, left.identity.cloud_name):
        raise Stalled(Reason.PROTECTED, "the operator itself runs as it")
    if not ports.api.serves(left.identity.kind):
        # Whoever removes the kind from the cluster asks for nothing in the cloud.
        raise Stalled(Reason.DELETING, "the kind is not served by this cluster")


def _still(ports: Ports, session: Session, left: _Left) -> None:
    """Raises Retry where an object of that name is there again: its passes decide."""
    holder = left.subject.key
    if _asks(session, left.identity, holder, ports.fresh(holder)):
        raise Retry(Reason.PROGRESSING, f"{left.called}: the object is there again", SOON)


def _tell(ports: Ports, session: Session, left: _Left, ended: Sequence[str]) -> None:
    if not ended:
        return
    for _ in ended:
        ports.metrics.key_changed(KeyChange.ENDED)
    ids = ", ".join(ended)
    text = (
        f"{left.called}: the object went without its access key being ended; {ids} is inactive now,"
        " and stays in the cloud"
    )
    left_ends.tell(ports, session, Event(EventReason.ACCESS_KEY_ENDED, text, warning=True))
