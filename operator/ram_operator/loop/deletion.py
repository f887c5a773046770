"""One pass over an object that is being deleted and carries our finalizer.

The cloud identity is deleted only if the object said deletionPolicy Delete while it was alive: we
add the finalizer only then. Whatever is not ours, or is to be kept, is let go untouched. Until the
cloud agrees that the identity is gone the finalizer stays, and the status says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .. import times
from ..cluster import finalizers
from ..constants import ANNOTATION_ABANDON, DeletionPolicy, EventReason, KeyOnDelete, Mode, Reason
from ..errors import DeleteConflict, InvalidSpec, OutcomeUnknown, RamOperatorError, Retry, Stalled
from ..kinds import manifest, tenancy
from ..kinds.record import Identity, facts_of, understood
from ..kinds.table import KINDS
from ..model.objects import Key, Owner
from ..model.outcome import Outcome, Plan
from ..model.records import ABANDONED, DELETED, WITHDRAWN, RecordFacts
from ..model.state import Live
from ..model.steps import Step, permit_of
from ..model.vocabulary import GateVerdict, HeldKind, Phase, Presence
from ..reporting.events import Event
from ..runtime.sessions import Session
from . import (
    access_keys,
    account_changed,
    braking,
    gated_write,
    noted_looks,
    offers,
    own_rights,
)
from .held_deletions import HeldDeletion
from .ports import Ports
from .results import LookAgain, Result
from .standing import may_have_made
from .subject import Subject

KEPT: Final = "kept in the cloud, as deletionPolicy says"


@dataclass(frozen=True, slots=True)
class Released:
    """The finalizer is gone; `event` tells what became of the identity."""

    event: Event


_DECIDED: Final = frozenset({Reason.SUSPENDED, Reason.OBSERVE_ONLY})
"""Somebody decided that nothing is deleted."""


class DeletionPass:
    """State of one pass; made anew for each."""

    def __init__(self, ports: Ports, key: Key, body: Mapping[str, Any]) -> None:
        self._ports = ports
        self._invalid: InvalidSpec | None = None
        spec: Mapping[str, Any] = body.get("spec") or {}
        try:
            options = manifest.options(spec)
        except InvalidSpec as error:
            # How to manage it is not known, so nothing is deleted; it can be given up all the same.
            options, self._invalid = manifest.options({}), error
        self._subject = Subject(key, body, KINDS[key.kind], options)
        self._owner = self._subject.owner(ports.settings.cluster_name)
        self.said: Mapping[str, Any] = {}
        """What the status is to say of a rejection, see `offers.answer`."""

    @property
    def account(self) -> str | None:
        """The RamAccount that it lives in, where its spec tells."""
        return None if self._invalid is not None else self._subject.options.account

    def run(self) -> Result | Released | None:
        """None: nothing of ours is left to do. Raises LookAgain; errors.* are in the Result."""
        subject = self._subject
        if not subject.has_finalizer:
            return None
        keeps = self._invalid is None and subject.options.deletion is not DeletionPolicy.DELETE
        if keeps and not self._keyed():
            return self._release(EventReason.ABANDONED, KEPT)
        try:
            if self._abandoned():
                for identity in list(account_changed.owned(self._ports, subject)):
                    account_changed.let_go(self._ports, subject, identity, ABANDONED)
                return self._release(EventReason.ABANDONED, "left in the cloud, as asked")
            if self._invalid is not None:
                raise self._invalid
            if keeps:
                return self._without_keys(self._session())
            self.said = offers.answer(self._ports, subject)
            return self._delete(self._session())
        except RamOperatorError as error:
            # The account may be gone with the kinds, and nothing would ever end the wait for it.
            return self._undefined() or Result(self.waiting(error))

    def _keyed(self) -> bool:
        """Whether a key of the operator's making lets in, whatever the manifest says by now."""
        ports = self._ports
        found = account_changed.owned(ports, self._subject)
        return any(facts_of(ports.cache.get(each.key), each).keys.opens for each in found)

    def _without_keys(self, session: Session) -> Released:
        """The user stays, and nobody has a key any more that nobody looks after."""
        ports, subject = self._ports, self._subject
        identity = subject.identity(session.account.account_id)
        self._settled()
        live = noted_looks.look(ports, session, subject.key.kind, identity.cloud_name)
        if live.presence is Presence.UNKNOWN:
            assert live.error is not None
            raise live.error
        absent = live.presence is Presence.ABSENT
        if absent and not ports.consistency.believes(subject.key, always_twice=True):
            # After this nobody looks again, and the key would let in for ever.
            raise LookAgain(ports.consistency.settle)
        facts = understood(facts_of(ports.cache.get(identity.key), identity))
        if live.presence is Presence.PRESENT and ours(self._owner, facts, live):
            return self._release(EventReason.ABANDONED, self._end_keys(session, identity, live))
        return self._release(EventReason.ABANDONED, KEPT)

    def _end_keys(self, session: Session, identity: Identity, live: Live) -> str:
        """What became of them, and of the user. Raises errors.*"""
        ports, subject = self._ports, self._subject
        asked = subject.spec.get("accessKey") or {}
        keeps = asked.get("onDelete") == KeyOnDelete.KEEP
        if not keeps:
            braking.check(ports, session.account, subject.key, subject.uid)
        keys = access_keys.AccessKeys(ports, subject, session, identity)
        keys.end(live, keeps=keeps)
        if keeps:
            return f"{KEPT}; so are its access key and Secret {asked.get('secretName', '')}"
        if keys.ended:
            return f"{KEPT}; access key {', '.join(keys.ended)} lets nobody in any more"
        return KEPT

    def _undefined(self) -> Released | None:
        """Whoever removes the kind from the cluster asks for no deletion in the cloud."""
        if self._ports.api.defined(self._subject.key.kind):
            return None
        text = "the kind is being removed from this cluster, so kept in the cloud"
        return self._release(EventReason.ABANDONED, text)

    def _abandoned(self) -> bool:
        """Whether a person gave the identity up by naming it."""
        wanted = self._subject.annotation(ANNOTATION_ABANDON)
        status = self._subject.status
        names = {str(status.get(field) or "") for field in ("cloudId", "cloudName")}
        names |= {self._cloud_name()}
        names |= set(account_changed.names(self._ports, self._subject))
        return bool(wanted) and wanted in names

    def _cloud_name(self) -> str:
        """Where the spec does not give one: as the status shows it, else that of the object."""
        subject = self._subject
        try:
            return subject.cloud_name
        except InvalidSpec:
            return str(subject.status.get("cloudName") or subject.key.name)

    def _session(self) -> Session:
        found = self._ports.accounts.get(self._subject.options.account)
        session = found.on_behalf(self._subject.key.namespace)
        if self._subject.options.suspend:
            text = (
                f"{self._subject.suspended}: the identity is not deleted; to have it deleted set"
                " spec.suspend to false"
            )
            raise Stalled(Reason.SUSPENDED, text)
        if session.account.mode is Mode.OBSERVE:
            text = f"RamAccount {session.account.name} is in mode Observe: nothing is deleted"
            raise Stalled(Reason.OBSERVE_ONLY, text)
        account_changed.check(self._ports, self._subject, session.account)
        return session

    def _delete(self, session: Session) -> Result | Released:
        ports, subject = self._ports, self._subject
        identity = subject.identity(session.account.account_id)
        facts = understood(facts_of(ports.cache.get(identity.key), identity))
        self._settled()
        live = noted_looks.look(ports, session, subject.key.kind, identity.cloud_name)
        if live.presence is Presence.UNKNOWN:
            assert live.error is not None
            raise live.error
        if live.presence is Presence.ABSENT:
            if not facts.deleted and not ports.consistency.believes(subject.key):
                raise LookAgain(ports.consistency.settle)
            return self._gone(identity, facts, *_begun(facts))
        if not ours(self._owner, facts, live):
            return self._release(EventReason.ABANDONED, "not ours, so left in the cloud")
        tenancy.check_protected(session.account, subject.row, identity.cloud_name)
        tenancy.check_live(subject.row, live)
        own_rights.confirm(ports, session, subject.row, identity.cloud_name)
        if ports.consistency.starting() > 0:
            raise LookAgain(ports.consistency.starting())
        if (kept := self._undefined()) is not None:
            return kept
        hold = HeldDeletion(ports, subject, session, identity)
        decision = hold.judge(live)
        if decision.held is not None:
            return Result(hold.outcome(decision.held, live, self._way_out()))
        braking.check(ports, session.account, subject.key, subject.uid)
        if facts.keys.opens:
            access_keys.AccessKeys(ports, subject, session, identity).end(live)
        self._remove(session, identity, live, decision)
        permit = next((found for step in decision.steps if (found := permit_of(step))), None)
        said = (permit.digest, permit.by) if permit is not None else _begun(facts)
        return self._gone(identity, facts, *said)

    def _settled(self) -> None:
        """An old answer would show what was just removed, and it would be removed again; or not yet
        have what was just made. Raises LookAgain.
        """
        subject = self._subject
        generation = int(subject.body["metadata"].get("generation", 0))
        wait = self._ports.consistency.unread(subject.key, subject.uid, generation)
        if wait > 0:
            raise LookAgain(wait)

    def _remove(self, session: Session, identity: Identity, live: Live, decision: Plan) -> None:
        """What is attached first, then the identity. Each call is safe to repeat."""
        row, steps = self._subject.row, decision.steps
        gate = gated_write.GatedWrite(self._ports, self._subject, identity, session, live.cloud_id)
        try:
            for step in steps:
                self._write(gate, step)
        except DeleteConflict as error:
            gate.close(steps)
            raise DeleteConflict(
                f"{row.noun} {identity.cloud_name} cannot be deleted yet: {error.message};"
                " remove what still uses it",
                code=error.code,
            ) from None
        except RamOperatorError:
            gate.close(steps)
            raise
        gate.close(steps)

    def _write(self, gate: gated_write.GatedWrite, step: Step) -> None:
        """It may wait for its turn, and by then the account be set to Observe or suspended."""
        ports, key = self._ports, self._subject.key
        ports.consistency.wrote(key)
        gate.run(step)
        ports.consistency.wrote(key)

    def _gone(self, identity: Identity, facts: RecordFacts, approval: str, by: str) -> Released:
        """`approval` is the digest that it was approved as, "" where that was not needed."""
        self._ports.cache.saw_trust(identity.key, ())
        text = f"deleted {identity.cloud_name} in the cloud"
        if facts.unmade and facts.owner == self._owner:
            # An author may write our finalizer himself, and there is nothing to delete.
            account_changed.let_go(self._ports, self._subject, identity, WITHDRAWN)
            text = f"{identity.cloud_name} was never made, so nothing is deleted in the cloud"
        elif facts.exists and facts.owner == self._owner:
            account_changed.let_go(self._ports, self._subject, identity, DELETED)
        if approval:
            kind = self._subject.key.kind
            self._ports.metrics.gate.labels(kind, GateVerdict.APPROVED, "none").inc()
            text += f", approved{f' by {by}' if by else ''} as {approval}"
        return self._release(EventReason.DELETED, text)

    def _release(self, reason: EventReason, text: str) -> Released:
        fresh = self._ports.fresh(self._subject.key)
        if fresh is not None and fresh["metadata"]["uid"] == self._subject.uid:
            finalizers.remove(self._ports.api, self._subject.key, fresh)
        return Released(Event(reason, text))

    def waiting(self, error: RamOperatorError) -> Outcome:
        """Why it is not gone yet. Progress for an hour; after that, a way out in the text."""
        phase, reason, message = Phase.DELETING, Reason.DELETING, error.message
        if isinstance(error, DeleteConflict):
            reason = Reason.DELETE_CONFLICT
        if isinstance(error, Stalled):
            phase, reason = Phase.STALLED, error.reason
        elif not isinstance(error, Retry):
            phase, reason = Phase.STALLED, Reason.INTERNAL_ERROR
        since = times.seconds(self._subject.body["metadata"]["deletionTimestamp"])
        left = since + self._ports.settings.deletion_blocked_seconds - self._ports.clock.wall()
        if reason in _DECIDED:
            # No time ends it, and a namespace that is being deleted waits with it.
            message = f"{message}; the object, and its namespace, wait for that; {self._way_out()}"
        elif left < 0:
            phase, reason = Phase.STALLED, Reason.DELETION_BLOCKED
            message = f"the deletion makes no progress: {message}; {self._way_out()}"
        after = getattr(error, "after", None)
        if isinstance(error, OutcomeUnknown):
            after = self._ports.consistency.settle
        if after is not None and left > 0:
            after = min(after, left + 0.1)
        request = self._subject.request
        return Outcome(phase, reason, message, handled_request=request, after=after)

    def _way_out(self) -> str:
        subject = self._subject
        target = subject.status.get("cloudId") or self._cloud_name()
        return (
            "to leave the identity in the cloud and let the object go: kubectl annotate"
            f" -n {subject.key.namespace} {subject.row.plural} {subject.key.name}"
            f" {ANNOTATION_ABANDON}={target}"
        )


def ours(owner: Owner, facts: RecordFacts, live: Live) -> bool:
    """Whether the identity may be deleted for `owner`: by its record, else by our mark on it.

    Raises errors.* when only the mark could tell and it could not be read.
    """
    if facts.owner not in (None, owner):
        return False
    if facts.owner == owner and facts.cloud_id and facts.cloud_id == live.cloud_id:
        return True
    # Nobody has it, it was claimed and never seen, or by hand another was made in its place.
    if live.owner is not None:
        return live.owner == owner
    for part in live.unknown_parts():
        raise part.error
    # What was claimed before it was made may be of a kind that bears no mark.
    return facts.owner == owner and not facts.cloud_id and may_have_made(facts, live)


def _begun(facts: RecordFacts) -> tuple[str, str]:
    """The approval of a deletion that was begun, and whose: its process may have ended since."""
    flight = facts.in_flight
    if flight is None or flight.operation != HeldKind.DELETION:
        return "", ""
    return flight.approval, flight.by
