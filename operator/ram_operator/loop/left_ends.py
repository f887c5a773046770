"""What was agreed on to end ends, although no object asks for the identity any more.

Whoever may delete an object that keeps its identity in the cloud, or give an identity up, would
else keep in for ever whom somebody let in for a time: no pass over an object comes by. Called by
the look at the account. It only takes away.
"""

from __future__ import annotations

import logging
import random
from typing import Final

from .. import times
from ..cluster import event_writer
from ..constants import EventReason, Mode
from ..errors import RamOperatorError
from ..kinds.record import Identity, facts_of, identity_of
from ..kinds.table import ACCOUNT, KINDS
from ..model.objects import Key, Owner
from ..reporting.events import Event
from ..runtime.queue import Lane
from ..runtime.sessions import Session
from . import endings
from .ports import Ports
from .subject import Subject

log = logging.getLogger(__name__)

MOST: Final = 50
"""Identities that one look at the account is about."""
SURE: Final = 3600.0
"""Seconds after an end from which what is not there is gone, and not only missing in an old answer:
a record that has forgotten an end carries it out no more.
"""
SOON: Final = 60.0
"""Seconds until what could not be done is tried again."""


def carry_out(ports: Ports, session: Session) -> None:
    """Take away what is there beyond its agreed end, of all that no object speaks of. Raises
    nothing: the next look tries again.
    """
    account, now = session.account, ports.clock.wall()
    if account.mode is not Mode.MANAGE:
        return
    due: list[tuple[float, Key]] = []
    for key in ports.cache.ending(account.account_id):
        facts = ports.cache.facts(key)
        ends = facts.ends if facts is not None and not _held(ports, facts.owner) else ()
        seconds = [at for end in ends if (at := times.seconds_or_none(end)) is not None]
        if over := [at for at in seconds if at <= now]:
            due.append((max(over), key))
        if later := [at - now for at in seconds if at > now]:
            ports.queue.add(Key(ACCOUNT, "", account.name), Lane.NARROWING, min(later) + 0.1)
    for key in _some(due):
        _one(ports, session, key)


def _some(due: list[tuple[float, Key]]) -> list[Key]:
    """What has ended last, and some of what may have been tried before: a record keeps its ends for
    a while, and none of them keeps another waiting for ever.
    """
    keys = [key for _, key in sorted(due, reverse=True)]
    latest, others = keys[: MOST // 2], keys[MOST // 2 :]
    return latest + random.sample(others, min(len(others), MOST - len(latest)))


def _held(ports: Ports, owner: Key | None) -> bool:
    """Whether an object is there whose own passes see to it."""
    return owner is not None and ports.cache.facts(owner) is not None


def _one(ports: Ports, session: Session, key: Key) -> None:
    ended = endings.Ended()
    identity = identity_of(ports.cache.get(key))
    if identity.kind not in KINDS:
        return
    try:
        owner = facts_of(ports.records.read(identity), identity).owner
        subject = _subject(session, identity, owner)
        # The word of a watch is not enough for what the object itself would do otherwise.
        if owner is None or ports.fresh(subject.key) is None:
            ended = endings.of_one(ports, subject, session.on_behalf(""), identity, owner)
            _forget(ports, identity, owner, ended.gone)
    except RamOperatorError as error:
        ended = endings.Ended(errors=(error,))
    account = Key(ACCOUNT, "", session.account.name)
    if ended.errors or ended.after is not None:
        ports.queue.add(account, Lane.NARROWING, max(ended.after or SOON, 1.0))
    for text in ended.said:
        what = f"{KINDS[identity.kind].noun} {identity.cloud_name}: {text}"
        said = f"no object asks for it any more: {what}"
        tell(ports, session, Event(EventReason.UPDATED, said))


def _forget(ports: Ports, identity: Identity, owner: Owner | None, gone: frozenset[str]) -> None:
    """What was taken away is no more business of anybody's here: who attaches it anew, by hand or
    with another tool, keeps it. Raises errors.*.
    """
    if not gone:
        return
    body, now = ports.records.read(identity), times.seconds(ports.clock.stamp())
    facts = facts_of(body, identity)
    if body is None or facts.owner != owner:
        return
    over = {where: facts.ends[where] for where in gone & facts.ends.keys()}
    over = {where: "" for where, end in over.items() if times.seconds(end) + SURE <= now}
    if over:
        ports.cache.put(ports.records.agree(body, ends=over))


def _subject(session: Session, identity: Identity, owner: Owner | None) -> Subject:
    """Stands for the object that is gone; one that never was, where the identity was given up."""
    name, namespace = (owner.name, owner.namespace) if owner else (identity.folded, "")
    return Subject.gone(Key(identity.kind, namespace, name), "", session.account.name)


def tell(ports: Ports, session: Session, event: Event) -> None:
    """On the account, for nobody looks at an object that is gone."""
    account = Key(ACCOUNT, "", session.account.name)
    log.info("%s: %s", account, event.message)
    body = ports.cache.get(account)
    if body is None:
        return
    try:
        event_writer.post(ports.api, account, body, event, (ports.instance, ports.clock.stamp()))
    except RamOperatorError as error:
        log.warning("%s: event not posted: %s", account, error.message)
