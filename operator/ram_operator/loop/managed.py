"""One pass over one managed object: watch → desired → observe → diff → gate → apply → outcome.

Kind-agnostic; called by `reconcile`, which reports the outcome and then does the record work.
Raises errors.* and LookAgain; decides nothing that `plan`, `drift` or `clearance` can decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..cluster import finalizers
from ..cluster.record_writer import Claim
from ..constants import DeletionPolicy, Mode
from ..errors import RamOperatorError
from ..gate.inputs import NO_APPROVAL, Inputs
from ..kinds import manifest, sign_in, tenancy
from ..kinds.record import Identity, facts_of, understood
from ..model.key_state import KeyReport
from ..model.outcome import Outcome, Plan
from ..model.records import CLAIMED, CREATED, NOTHING_AGREED, OFFERED, Agreed
from ..model.state import Desired, Live
from ..model.steps import Creation, WriteTrust, permit_of
from ..model.vocabulary import Presence
from ..planning import last_applied, plan
from ..reporting import carryover, verdict
from ..runtime.queue import Lane
from ..runtime.sessions import Session
from . import (
    account_changed,
    acknowledging,
    applying,
    forgetting,
    gated_write,
    lookups,
    mentioned_names,
    noted_looks,
    offers,
    own_rights,
    ownership,
    watching,
)
from .applying import Carried
from .evidence import Evidence
from .key_care import Cared, Later, care, concerns, later
from .ownership import RecordWork
from .ports import Ports
from .results import LookAgain, Result
from .standing import Claimant, Standing, stand
from .subject import Subject


@dataclass(slots=True)
class _Written:
    """How far the writes of a pass came."""

    applied: Carried
    decision: Plan
    claimed: bool = False
    """The identity was taken over."""


class ManagedPass:
    """State of one pass; made anew for each."""

    def __init__(self, ports: Ports, subject: Subject) -> None:
        self._ports = ports
        self._subject = subject
        self._owner = subject.owner(ports.settings.cluster_name)
        self._generation = int(subject.body["metadata"].get("generation", 0))
        self._approval = NO_APPROVAL
        self._unread: tuple[str, ...] = ()
        self._doubted: frozenset[str] = frozenset()
        """Places of what looks like drift and may be an old answer."""
        self._cared = Cared()
        self._keyed = False
        """The object has an access key to care for, see `access_keys`."""
        self._unconfirmed = False
        """That is so of all that looks like drift: nothing is told of it."""

    def run(self) -> Result:
        """The whole pass, readable as a checklist."""
        subject, ports = self._subject, self._ports
        found = ports.accounts.get(subject.options.account)
        session = found.on_behalf(subject.key.namespace)
        account_changed.check(ports, subject, session.account)
        if (wait := ports.consistency.unread(subject.key, subject.uid, self._generation)) > 0:
            raise LookAgain(wait)
        wanted = self._desired(session)
        tenant = tenancy.check(session.account, subject.row, subject.key, wanted)
        identity = Identity(session.account.account_id, subject.key.kind, wanted.cloud_name)
        understood(facts_of(forgetting.known(ports, identity), identity))
        ownership.vacate(ports, identity, self._owner)
        record = forgetting.known(ports, identity)
        if offers.brief(ports, subject, identity):
            claimant = self._claimant(session, tenant.adoption)
            if (result := self._approved(session, identity, wanted, claimant)) is not None:
                return result
        live = noted_looks.look(ports, session, subject.key.kind, wanted.cloud_name)
        if live.presence is Presence.UNKNOWN:
            assert live.error is not None
            raise live.error
        tenancy.check_live(subject.row, live)
        mentioned_names.note(ports.cache, identity, subject.row, live)
        own_rights.watch(ports, session, subject.row, live)
        standing = stand(self._claimant(session, tenant.adoption), record, identity, live)
        self._approval = offers.approval(ports, subject, identity, live.cloud_id)
        self._keyed = concerns(wanted, standing.facts)
        wanted = sign_in.expecting(wanted, live, standing.facts, completing=standing.completing)
        evidence = Evidence(ports, subject, session)
        known = evidence.rights(wanted, live, standing)
        self._unread = known.unread
        agreed, gives = standing.facts.agreed, bool(known.reasons or known.moved)
        noted_looks.paced(ports, session, live, identity, agreed, gives=gives)
        inputs = evidence.inputs((wanted, live), standing, known, self._approval)
        if live.presence is Presence.ABSENT:
            return self._absent(session, identity, inputs, standing)
        return self._present(session, identity, inputs, standing)

    def _approved(
        self, session: Session, identity: Identity, wanted: Desired, claimant: Claimant
    ) -> Result | None:
        """The approved change of a trust and nothing else, with what it needs read and no more.

        None when anything is not as it was offered: then everything is looked at. That follows in
        any case, a little later.
        """
        ports, key = self._ports, self._subject.key
        live = ports.observer(session).glance(key.kind, wanted.cloud_name)
        stopped = applying.stopped(self._subject, session) is not None
        if live.presence is not Presence.PRESENT or stopped:
            return None
        tenancy.check_live(self._subject.row, live)
        standing = stand(claimant, ports.cache.get(identity.key), identity, live)
        if standing.needs_record or standing.claim_first or ports.consistency.starting() > 0:
            return None
        self._approval = offers.approval(ports, self._subject, identity, live.cloud_id)
        evidence, known = Evidence(ports, self._subject, session), lookups.NOTHING
        decision = plan.update(evidence.inputs((wanted, live), standing, known, self._approval))
        if [type(step) for step in decision.steps] != [WriteTrust]:
            return None
        if permit_of(decision.steps[0]) is None or decision.held or decision.waiting:
            return None
        self._judged_object()
        applied = self._carry_out(session, identity, decision, live.cloud_id)
        ports.queue.add(key, Lane.PERIODIC, ports.consistency.settle)
        outcome = self._outcome(session, decision, live, applied)
        # What was applied of the rest is as it was.
        return Result(replace(outcome, applied=None))

    def _desired(self, session: Session) -> Desired:
        subject = self._subject
        sources = self._ports.sources(session)
        keys = manifest.references(subject.row, subject.key.namespace, subject.spec)
        resolved = {key: lookups.resolve(sources, key, self._owner) for key in keys}
        circumstances = manifest.Circumstances(self._owner, self._ports.clock.wall())
        found = manifest.build(subject.row, subject.key, subject.spec, resolved, circumstances)
        return manifest.keeping(found, subject.spec, subject.uid)

    def _claimant(self, session: Session, may_adopt: bool) -> Claimant:
        return Claimant(
            owner=self._owner,
            uid=self._subject.uid,
            noun=self._subject.row.noun,
            adoption=self._subject.options.adoption,
            may_adopt=may_adopt,
            observe=applying.stopped(self._subject, session) is not None,
            unsettled=self._ports.consistency.unsettled(self._subject.key),
        )

    def _absent(
        self, session: Session, identity: Identity, inputs: Inputs, standing: Standing
    ) -> Result:
        if standing.gone_by_hand:
            if not self._ports.consistency.believes(self._subject.key, always_twice=True):
                raise LookAgain(self._ports.consistency.settle)
            what = (inputs.row.noun, inputs.desired.cloud_name)
            return Result(verdict.gone(what, identity.account_id, self._subject.request))
        named = mentioned_names.trusted(self._ports.cache, identity, inputs.row)
        inputs = replace(inputs, named=named)
        decision = plan.create(inputs)
        if applying.stopped(self._subject, session) is not None:
            return Result(self._outcome(session, decision, None, None))
        applied = Carried((), (), {})
        if decision.held is not None and not decision.steps:
            self._judged_object()
            try:
                if standing.facts.owner != self._owner:
                    if not standing.facts.exists:
                        forgetting.room(self._ports, identity, self._owner.namespace)
                    offered = Claim(self._owner, self._subject.uid, "", None, OFFERED)
                    ownership.carry_out(self._ports, RecordWork(identity, offered))
                decision = self._offered(identity, decision)
            except RamOperatorError as error:
                applied = replace(applied, errors=(error,))
        if decision.steps:
            self._finalizer(self._judged_object())
            claim = RecordWork(identity, self._claim("", decision, CLAIMED))
            claimed_now = inputs.row.claim_first and ownership.carry_out(self._ports, claim)
            applied = self._carry_out(session, identity, decision)
            if claimed_now and applied.refused:
                ownership.withdraw(self._ports, identity)
        if any(isinstance(step, Creation) for step in applied.done):
            return self._created(session, identity, inputs, _Written(applied, decision))
        return Result(self._outcome(session, decision, None, applied))

    def _created(
        self, session: Session, identity: Identity, inputs: Inputs, done: _Written
    ) -> Result:
        decision, applied = done.decision, done.applied
        if decision.held is not None:
            # It is offered once there is a record of what was created.
            self._ports.queue.add(self._subject.key, Lane.PERIODIC, self._ports.consistency.settle)
        live = last_applied.made(inputs.desired, applied.facts)
        decision = plan.told(inputs.row, decision, live)
        if self._keyed and not applied.errors:
            applied = replace(applied, errors=(later(self._ports),))
        claim = self._claim(live.cloud_id, decision, CREATED, applied.agreed)
        outcome = self._outcome(session, decision, live, applied)
        return Result(outcome, RecordWork(identity, claim, made=True))

    def _present(
        self, session: Session, identity: Identity, inputs: Inputs, standing: Standing
    ) -> Result:
        surprising, unread = plan.drifted(inputs), inputs.live.unknown_fields
        doubts = self._ports.consistency.doubts(self._subject.key, surprising, unread)
        self._doubted, self._unconfirmed = doubts, bool(doubts) and doubts == surprising
        decision = plan.update(inputs, doubts)
        if doubts:
            self._again(decision)
        if applying.stopped(self._subject, session) is not None:
            return Result(self._watched(session, identity, inputs, decision))
        work = RecordWork(identity, self._claim(inputs.live.cloud_id, decision, standing.verb))
        wants_record = standing.needs_record or plan.agreed(inputs)
        written = _Written(Carried((), (), {}), decision)
        try:
            self._prepare(session, standing, work, written)
            self._write(session, identity, inputs, written)
            if decision.held is not None and wants_record:
                ownership.carry_out(self._ports, work)
                wants_record = False
                if standing.facts.in_flight is not None and not decision.steps:
                    # The record has learnt what became of it, so there may be less to hold.
                    raise LookAgain(0.2)
            written.decision = self._offered(identity, decision)
            if not doubts:
                acknowledging.offer(self._ports, self._subject, identity, decision, self._approval)
            if self._keyed:
                care(self._ports, self._subject, session, inputs, self._cared, late=wants_record)
        except RamOperatorError as error:
            # Neither what was written nor what was found goes untold because this failed.
            wants_record = self._failed(identity, written, error) and wants_record
        done = (inputs.live, written.applied)
        outcome = replace(self._outcome(session, written.decision, *done), adopted=written.claimed)
        watching.looked(self._ports, self._subject, inputs, decision, claimed=written.claimed)
        # The gated write has its own record work.
        if not wants_record or any(permit_of(step) for step in decision.steps):
            return Result(outcome)
        agreed = written.applied.agreed
        claim = self._claim(inputs.live.cloud_id, decision, standing.verb, agreed)
        return Result(outcome, RecordWork(identity, claim))

    def _again(self, decision: Plan) -> None:
        """What is asked for does not wait, and what looks like drift is looked at again soon."""
        settle = self._ports.consistency.settle
        if self._unconfirmed and not decision.steps:
            raise LookAgain(settle, Lane.NARROWING)
        self._ports.queue.add(self._subject.key, Lane.NARROWING, settle)

    def _watched(
        self, session: Session, identity: Identity, inputs: Inputs, decision: Plan
    ) -> Outcome:
        """Nothing is written but what was agreed on to end while the object is suspended."""
        self._ports.consistency.unwatched(self._subject.key, self._subject.uid)
        ended = plan.ended(inputs, decision)
        applied = None
        started = self._ports.consistency.starting() <= 0
        if ended and session.account.mode is Mode.MANAGE and started:
            self._judged_object()
            cloud_id, only = inputs.live.cloud_id, replace(decision, steps=ended)
            applied = self._carry_out(session, identity, only, cloud_id)
        return self._outcome(session, decision, inputs.live, applied)

    def _prepare(
        self, session: Session, standing: Standing, work: RecordWork, written: _Written
    ) -> None:
        subject = self._subject
        if written.decision.steps or standing.claim_first:
            own_rights.confirm(self._ports, session, subject.row, work.identity.cloud_name)
        if subject.has_finalizer != self._undoes:
            self._finalizer(self._judged_object())
        if standing.claim_first:
            ownership.carry_out(self._ports, work)
            written.claimed = True

    def _write(
        self, session: Session, identity: Identity, inputs: Inputs, written: _Written
    ) -> None:
        consistency, decision = self._ports.consistency, written.decision
        if not decision.steps:
            return
        if consistency.starting() > 0:
            raise LookAgain(consistency.starting())
        self._judged_object()
        written.applied = self._carry_out(session, identity, decision, inputs.live.cloud_id)
        self._cared.blocked = bool(written.applied.errors)

    def _failed(self, identity: Identity, written: _Written, error: RamOperatorError) -> bool:
        """What is held is shown, with its digest if that is on offer. May the record be told?"""
        written.applied = replace(written.applied, errors=(*written.applied.errors, error))
        if (held := written.decision.held) is not None:
            held = offers.standing(self._ports, identity, held, self._approval)
            written.decision = replace(written.decision, held=held)
        return isinstance(error, Later)

    def _offered(self, identity: Identity, decision: Plan) -> Plan:
        """What is held is in the record before anybody is shown what to approve."""
        decision = replace(decision, unsure=(*decision.unsure, *self._unread))
        ports, subject = self._ports, self._subject
        if decision.held is None:
            if any(permit_of(step) for step in decision.steps):
                return decision
            wait = offers.withdraw(ports, subject, identity, decision)
        else:
            held, wait = offers.offer(ports, subject, identity, decision, self._approval)
            decision = replace(decision, held=held)
        if wait and not decision.steps:
            raise LookAgain(wait)
        return decision

    def _claim(
        self, cloud_id: str, decision: Plan, operation: str, done: Agreed = NOTHING_AGREED
    ) -> Claim:
        found = (decision.baseline, operation, decision.providers, decision.live_digest)
        agreed = decision.agreed.joined(done)
        return Claim(self._owner, self._subject.uid, cloud_id, *found, agreed)

    def _judged_object(self) -> Mapping[str, Any]:
        """The object itself: the cache may hold a manifest that is gone or changed."""
        fresh = self._ports.fresh(self._subject.key)
        if fresh is None or not gated_write.still(fresh, self._subject):
            raise LookAgain(0.2)
        return fresh

    def _finalizer(self, fresh: Mapping[str, Any]) -> None:
        """Present exactly when deleting the object has to undo something: it may carry the one of
        a try that asked otherwise.
        """
        change = finalizers.add if self._undoes else finalizers.remove
        change(self._ports.api, self._subject.key, fresh)

    @property
    def _undoes(self) -> bool:
        return self._keyed or self._subject.options.deletion is DeletionPolicy.DELETE

    def _carry_out(
        self, session: Session, identity: Identity, decision: Plan, cloud_id: str = ""
    ) -> Carried:
        gate = gated_write.GatedWrite(self._ports, self._subject, identity, session, cloud_id)
        return applying.carry_out(self._ports, self._subject, session, gate, decision)

    def _outcome(
        self, session: Session, decision: Plan, live: Live | None, applied: Carried | None
    ) -> Outcome:
        done = applied.done if applied is not None else ()
        missing = [part for step in decision.steps if step not in done for part in step.parts]
        errors = applied.errors if applied is not None else ()
        what = f"{self._subject.row.noun} {self._subject.cloud_name}"
        stopped, status = applying.stopped(self._subject, session), self._subject.status
        case = verdict.Case(what, stopped, status, decision, live, errors)
        found, also = verdict.judge(case)
        account_id, memory = session.account.account_id, None
        if live is not None and live.cloud_name and not live.arn:
            live = replace(live, arn=self._subject.row.own_arn(account_id, live.cloud_name))
        if applied is not None and (live is not None or done):
            before = self._subject.applied_to(live.cloud_id if live is not None else "")
            memory = last_applied.after_steps(before, decision.applied, missing)
            memory = replace(memory, known=True)
        return Outcome(
            found.phase,
            found.reason,
            found.message,
            plan=decision,
            live=live,
            account_id=account_id,
            steps_done=done,
            applied=memory,
            observe_only=stopped is not None,
            drift_unconfirmed=self._unconfirmed,
            kept=carryover.drift_of(status, decision.unread),
            shows={field.name: field.show for field in self._subject.row.fields if field.show},
            handled_request="" if self._doubted else self._subject.request,
            after=found.after,
            also=(*also, *self._cared.told),
            keys=self._cared.report if self._keyed else KeyReport(),
        )
