"""The gated write: what is true now is judged again right before it.

Called by the pass. The gate has decided on what the watches told; here the object, its record and
the guard are read from the API server, and the record's compare-and-swap before the cloud write
makes each permission good for one write. Nothing here makes a permission.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .. import documents
from ..cloud import execute
from ..cluster.record_writer import Start
from ..constants import (
    ANNOTATION_APPROVE,
    ANNOTATION_DELETE_REQUESTED,
    ANNOTATION_REJECT,
    Mode,
    Reason,
)
from ..errors import OutcomeUnknown, RamOperatorError, Retry
from ..gate.inputs import Approval, Guard
from ..gate.review import insist
from ..kinds.record import Identity, facts_of
from ..model import provider_states, sentences
from ..model.changes import ends_of
from ..model.permissions import Cleared, Permit
from ..model.records import NOTHING_AGREED, Agreed, InFlight
from ..model.steps import (
    AgreeDocument,
    Agreement,
    CloudStep,
    Creation,
    EntryStep,
    Note,
    Step,
    Trusting,
    WriteTrust,
    permit_of,
)
from ..model.vocabulary import Direction, HeldKind
from ..runtime.sessions import Session
from . import holder_records, noted_looks
from .offers import guard_state
from .ports import Ports
from .subject import Subject


def _cleared(step: Step) -> list[Cleared]:
    return [step.cleared] if isinstance(step, Trusting) else []


def _trust(done: Sequence[Step]) -> documents.Trust | None:
    """The trust that was sent, or agreed on as it is."""
    for step in done:
        if isinstance(step, Trusting):
            return step.cleared.trust
        if isinstance(step, AgreeDocument) and isinstance(step.document, documents.Trust):
            return step.document
    return None


class GatedWrite:
    """The gated writes of one pass. All steps that rest on one approval are one write."""

    def __init__(
        self,
        ports: Ports,
        subject: Subject,
        identity: Identity,
        session: Session,
        cloud_id: str = "",
    ) -> None:
        self._ports = ports
        self._subject = subject
        self._identity = identity
        self._session = session
        self._cloud_id = cloud_id
        self._body: Mapping[str, Any] | None = None
        self._done: list[Step] = []
        self._plain: list[Step] = []
        """Done without anybody's approval."""
        self._unsent = False
        """The cloud refused a step: it surely was not carried out."""

    def run(self, step: Step) -> Mapping[str, Any]:
        """Carry out one step. Raises errors.*; Retry when something moved since it was judged, Bug
        where the gate has not judged it.
        """
        insist(step)
        if isinstance(step, Note):
            return self._note(step)
        permit = permit_of(step)
        if permit is None:
            if not isinstance(step, WriteTrust):
                reply = self._send(step)
                self._plain.append(step)
                return reply
            self._body = self._begin(step, None)
            reply = self._send(step)
            self._complete(None)
            return reply
        if self._body is None:
            self._body = self._begin(step, permit)
        try:
            reply = self._send(step)
        except OutcomeUnknown:
            raise
        except RamOperatorError:
            self._unsent = True
            raise
        self._done.append(step)
        return reply

    def close(self, steps: Sequence[Step], follows: documents.Trust | None = None) -> None:
        """After all steps: the record is completed, or says that it may be tried again. Where no
        step has a trust, `follows` is what counts as agreed on: it may have been sent before, and
        its answer been lost.
        """
        if self._body is None:
            self._agree()
            return
        resting = [step for step in steps if permit_of(step) is not None]
        if any(isinstance(step, Creation) for step in self._done):
            # The creation's own record work follows, with the id that the cloud gave.
            return
        if resting and all(step in self._done for step in resting):
            self._complete(_trust(self._done) or follows)
        elif self._unsent and not self._done:
            self._ports.cache.put(self._ports.records.unsent(self._body))

    @property
    def agreed(self) -> Agreed:
        """What the record is to say of all that was done."""
        found = NOTHING_AGREED
        for step in (*self._plain, *self._done):
            found = found.joined(step.agrees)
        return found

    def _agree(self) -> None:
        """What was done without an approval is what counts as agreed on from now on."""
        agreed = self.agreed
        if agreed == NOTHING_AGREED or any(isinstance(step, Creation) for step in self._plain):
            # The creation's own record work follows.
            return
        body = self._ports.records.read(self._identity)
        owner = self._subject.owner(self._ports.settings.cluster_name)
        if body is not None and facts_of(body, self._identity).owner == owner:
            holder_records.follow(self._ports, self._identity, agreed)
            self._ports.cache.put(self._ports.records.agree(body, agreed=agreed))

    def _note(self, step: Note) -> Mapping[str, Any]:
        """Ends and providers that need no approval. The record goes on from there."""
        ports = self._ports
        body = self._body or ports.records.read(self._identity)
        owner = self._subject.owner(ports.settings.cluster_name)
        if body is None or facts_of(body, self._identity).owner != owner:
            raise Retry(Reason.PROGRESSING, "the record moved while it was judged", 0.5)
        holder_records.follow(ports, self._identity, step.agrees)
        body = ports.records.agree(
            body, ends=step.ends, providers=step.providers, agreed=step.agrees
        )
        ports.cache.put(body)
        self._body = body if self._body is not None else None
        return {}

    def _send(self, step: CloudStep | Agreement) -> Mapping[str, Any]:
        if isinstance(step, Agreement):
            # For the record alone: ends went in when the write began, the rest comes with its end.
            return {}
        name = self._identity.cloud_name
        known = execute.with_cloud_id(step, self._cloud_id)
        writer = replace(self._session.writer, wanted=lambda: self._wanted(step))
        with noted_looks.writing(self._ports, self._session, self._identity, step):
            reply = execute.execute(writer, self._subject.row, name, known)
        self._cloud_id = str(reply.get("cloudId") or self._cloud_id)
        return reply

    def _wanted(self, step: CloudStep) -> None:
        """Whether the watches have told of anything against it while it waited for its turn."""
        ports, subject, permit = self._ports, self._subject, permit_of(step)
        may_still(ports, self._session)
        seen = ports.cache.get(subject.key)
        # An edit does not keep what takes something away waiting: there may be one every second.
        edited = seen is None or not still(seen, subject)
        if edited and (step.direction is not Direction.NARROWER or permit is not None):
            raise Retry(Reason.PROGRESSING, "the object moved while its change waited", 0.5)
        suspended = bool(((seen or {}).get("spec") or {}).get("suspend"))
        if suspended and not subject.options.suspend:
            raise Retry(Reason.PROGRESSING, "the object was suspended while its change waited", 0.5)
        if seen is not None and permit is not None:
            _check_said(replace(subject, body=seen), permit)
            self._check_begun(permit)

    def _check_begun(self, permit: Permit) -> None:
        """Of many steps that rest on one approval the later ones may wait for minutes."""
        record = self._ports.cache.get(self._identity.key)
        flight = facts_of(record, self._identity).in_flight
        if flight is None or flight.approval != permit.digest:
            raise Retry(Reason.PROGRESSING, "the approval was voided", 0.5)

    def _complete(self, baseline: documents.Trust | None) -> None:
        assert self._body is not None
        ports = self._ports
        holder_records.follow(ports, self._identity, self.agreed)
        body = ports.records.complete(self._body, ports.clock.stamp(), baseline, self.agreed)
        ports.cache.put(body)
        self._body, self._plain = None, []

    def _begin(self, step: Step, permit: Permit | None) -> Mapping[str, Any]:
        """Judge what is true now, then take the record by compare-and-swap."""
        ports, subject = self._ports, self._subject
        fresh = ports.fresh(subject.key)
        if fresh is None or not still(fresh, subject):
            raise Retry(Reason.PROGRESSING, "the object moved while its change was judged", 0.5)
        guard = self._check_approval(fresh, permit) if permit is not None else ""
        body = ports.records.read(self._identity)
        facts = facts_of(body, self._identity)
        if body is None or facts.owner != subject.owner(ports.settings.cluster_name):
            raise Retry(Reason.PROGRESSING, "the record moved while the change was judged", 0.5)
        if permit is not None:
            offered = [facts.pending.digest] if facts.pending else []
            offered += [facts.in_flight.approval] if facts.in_flight else []
            if (
                not facts.settled
                or facts.sequence != permit.sequence
                or (permit.digest not in offered)
            ):
                raise Retry(Reason.PROGRESSING, "the offer moved while it was approved", 0.5)
            holder_records.follow(ports, self._identity, step.agrees)
        start = _start(step, permit)
        flight = replace(start.flight, guard=guard, identity=self._cloud_id)
        start = replace(start, flight=flight)
        begun = ports.records.begin(body, start, ports.clock.stamp())
        ports.cache.put(begun)
        return begun

    def _check_approval(self, fresh: Mapping[str, Any], permit: Permit) -> Guard:
        """Taken back, rejected or unguarded since: whatever is true now counts. Returns how it is
        guarded.
        """
        now = replace(self._subject, body=fresh)
        _check_said(now, permit)
        guard = guard_state(self._ports, now, fresh=True)
        if guard is Guard.MISSING:
            raise Retry(Reason.PROGRESSING, "the guard of approvals is gone", 0.5)
        return guard


def _check_said(now: Subject, permit: Permit) -> None:
    """What people say of the change by now."""
    if now.annotation(ANNOTATION_APPROVE) != permit.digest:
        raise Retry(Reason.PROGRESSING, "the approval was taken back", 0.5)
    if permit.kind is HeldKind.DELETION and not now.annotation(ANNOTATION_DELETE_REQUESTED):
        raise Retry(Reason.PROGRESSING, "the request to delete was taken back", 0.5)
    if Approval(reject=now.annotation(ANNOTATION_REJECT)).rejects(permit.digest):
        raise Retry(Reason.PROGRESSING, "the change was rejected", 0.5)


def may_still(ports: Ports, session: Session) -> None:
    """Raises Retry where the account was set to Observe, suspended, or exchanged by now."""
    found = ports.accounts.find(session.account.name)
    now = found.account if found is not None else None
    if now is None or now.account_id != session.account.account_id:
        raise Retry(Reason.PROGRESSING, "the account was exchanged while this pass waited", 0.5)
    if now.mode is not Mode.MANAGE or now.suspend:
        text = "writing was stopped while this pass waited for its turn"
        raise Retry(Reason.PROGRESSING, text, 0.5)


def _start(step: Step, permit: Permit | None) -> Start:
    cleared = next(iter(_cleared(step)), None)
    if permit is None:
        assert cleared is not None
        flight = InFlight(
            cleared.operation,
            digest=cleared.trust.digest,
            before=cleared.before.to_json() if cleared.before is not None else "",
            after=cleared.trust.to_json(),
            says=_taken_away(cleared),
        )
        return Start(flight)
    before, after = sentences.sides(permit.changes)
    trusts = [c.after for c in permit.changes if isinstance(c.after, documents.Trust)]
    seen = provider_states.accepted(permit.context, permit.changes)
    flight = InFlight(
        permit.kind,
        permit.change,
        permit.digest,
        permit.by,
        permit.sends,
        digest=trusts[0].digest if trusts else "",
        providers=seen,
        expires=permit.expires,
        parts=permit.parts,
        seen=permit.seen,
        before=before,
        after=after,
    )
    creates = cleared is not None and cleared.before is None
    return Start(flight, creates, ends_of(permit.changes), _who_is_there(step))


def _who_is_there(step: Step) -> Agreed:
    """What the record is told of others than the step changes, before anything is sent: once a
    write was begun nobody could tell who has come since.
    """
    own = step.entries if isinstance(step, EntryStep) else {}
    said = {n: {k: t for k, t in e.items() if k not in own} for n, e in step.agrees.entries.items()}
    return Agreed({name: texts for name, texts in said.items() if texts})


def _taken_away(cleared: Cleared) -> str:
    """Who loses what is taken back, in words."""
    moved = documents.compare_trust(cleared.before or documents.NOBODY, cleared.trust)
    return sentences.clip("; ".join(moved.loss_sentences), sentences.SAYS)


def still(fresh: Mapping[str, Any], subject: Subject) -> bool:
    """Whether the object is the one that was judged, and nobody wants it left alone or deleted
    since.
    """
    meta = fresh["metadata"]
    return (
        meta.get("uid") == subject.uid
        and meta.get("generation") == subject.body["metadata"].get("generation")
        and meta.get("deletionTimestamp") == subject.body["metadata"].get("deletionTimestamp")
        and bool((fresh.get("spec") or {}).get("suspend")) == subject.options.suspend
    )
