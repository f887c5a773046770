"""Access keys that are to go, although nothing else may be written of their object.

Called by `endings`, for the same reason: whoever has the rest of it refused, by an edit of
it or of the account, would else keep the key of a program for which nobody asks any more, and one
that was replaced. It only takes away, and of the manifest it needs the mode alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..constants import AccessMode
from ..errors import RamOperatorError
from ..kinds import sign_in, tenancy
from ..kinds.record import Identity, facts_of
from ..model.key_state import NO_KEYS, KeyReport
from ..model.vocabulary import Presence
from ..planning import key_steps
from ..runtime.sessions import Session
from . import noted_looks
from .access_keys import AccessKeys
from .ports import Ports
from .subject import Subject


@dataclass(frozen=True, slots=True)
class Taken:
    """What let somebody in and does no more, what kept the rest, and when it is tried again."""

    keys: tuple[str, ...] = ()
    """The ends of their ids."""
    errors: tuple[RamOperatorError, ...] = ()
    after: float | None = None
    report: KeyReport | None = None

    @property
    def said(self) -> tuple[str, ...]:
        """A sentence each."""
        return (
            *(f"its access key {key} is inactive now" for key in self.keys),
            *(f"its access key has to go, and is there still: {e.message}" for e in self.errors),
        )

    def joined(self, other: Taken) -> Taken:
        waits = [after for after in (self.after, other.after) if after is not None]
        keys, errors = (*self.keys, *other.keys), (*self.errors, *other.errors)
        return Taken(keys, errors, min(waits, default=None), other.report or self.report)


NOTHING: Final = Taken()


def of_one(ports: Ports, subject: Subject, session: Session, identity: Identity) -> Taken:
    """Take away what is due of the identity, which is the object's. Nothing of the cloud is read
    before that.
    """
    facts = facts_of(ports.cache.get(identity.key), identity)
    if facts.keys == NO_KEYS or subject.options.suspend:
        return Taken()
    ends = subject.spec.get(subject.row.field(sign_in.FIELD).as_found) == AccessMode.NONE
    now, rest = ports.clock.wall(), ports.settings.access_key_rest_seconds
    itself = tenancy.runs_as(session.account, subject.row, identity.cloud_name)
    if itself or not key_steps.due(facts.keys, now, rest, ends=ends):
        return Taken()
    if (wait := ports.consistency.unsettled(subject.key)) > 0:
        return Taken(after=wait)
    keys = AccessKeys(ports, subject, session, identity)
    try:
        _take(ports, session, keys, identity, ends=ends)
    except RamOperatorError as error:
        return Taken(tuple(keys.ended), (error,), report=keys.report)
    return Taken(tuple(keys.ended), report=keys.report)


def _take(
    ports: Ports, session: Session, keys: AccessKeys, identity: Identity, *, ends: bool
) -> None:
    """Raises errors.*"""
    facts = facts_of(ports.records.read(identity), identity)
    if facts.newer or not facts.cloud_id:
        return
    live = noted_looks.look(ports, session, identity.kind, identity.cloud_name)
    if live.presence is Presence.UNKNOWN:
        assert live.error is not None
        raise live.error
    if live.cloud_id == facts.cloud_id:
        keys.take(live, ends=ends)
