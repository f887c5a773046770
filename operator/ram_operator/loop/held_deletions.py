"""A deletion before it is carried out: what of it is held, offered, approved.

Called by the pass over an object that is being deleted. Decides nothing that the gate can decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .. import documents
from ..cluster.record_writer import Claim
from ..constants import ANNOTATION_DELETE_REQUESTED, ANNOTATION_DELETE_REQUESTED_BY, Reason
from ..errors import RamOperatorError
from ..gate.inputs import NO_APPROVAL, Approval, Guard, Inputs, Memory
from ..kinds.record import Identity, facts_of
from ..kinds.schema import Escalation
from ..model import sentences
from ..model.changes import Held
from ..model.objects import Entry, UnknownPart
from ..model.outcome import Outcome, Plan
from ..model.records import OFFERED, RecordFacts, denying
from ..model.state import Applied, Desired, Live
from ..model.vocabulary import Phase
from ..planning import plan
from ..runtime.sessions import Session
from . import agreed_denials, offers, ownership, policy_lookups
from .managed import ManagedPass
from .ownership import RecordWork
from .ports import Ports
from .results import LookAgain
from .subject import Subject


class HeldDeletion:
    """Of one pass over one object."""

    def __init__(self, ports: Ports, subject: Subject, session: Session, identity: Identity):
        self._ports = ports
        self._subject = subject
        self._session = session
        self._identity = identity

    def judge(self, live: Live) -> Plan:
        """What is held of it now, as it is in the record, or the steps of it. Raises errors.* where
        it cannot be told or offered, LookAgain where it is not believed yet.
        """
        ports, subject, identity = self._ports, self._subject, self._identity
        check_known(subject, live)
        facts = facts_of(ports.cache.get(identity.key), identity)
        denied = self._denied(live, facts)
        inputs = self._inputs(live, facts, denied)
        decision = replace(plan.delete(inputs), unsure=denied.unread)
        if decision.held is None:
            if wait := offers.withdraw(ports, subject, identity, decision):
                raise LookAgain(wait)
            return decision
        said = offers.approval(ports, subject, identity, live.cloud_id)
        approved = plan.delete(replace(inputs, approval=self._counts(said)))
        if approved.held is None:
            ports.consistency.certain(subject.key)
            return approved
        self._have_record(facts, live)
        said = replace(said, author=requested_by(subject) or sentences.NOBODY_ASKED)
        held, wait = offers.offer(ports, subject, identity, decision, said)
        if wait:
            raise LookAgain(wait)
        return replace(decision, held=held)

    def _inputs(self, live: Live, facts: RecordFacts, denied: policy_lookups.Denied) -> Inputs:
        """Nobody has said anything of it yet, but who asked for it."""
        subject = self._subject
        gone = agreed_denials.no_users(self._ports.sources(self._session), subject, live, facts)
        memory = Memory(subject.options, Applied(), facts, denials=denied.rights, no_users=gone)
        said = replace(NO_APPROVAL, author=requested_by(subject))
        wanted = Desired(live.cloud_name, {})
        return Inputs(subject.row, self._session.account, wanted, live, memory, said)

    def _counts(self, said: Approval) -> Approval:
        """What people say of it. Of a deletion that nobody is known to have asked for, nothing:
        the API server sees to that for as long as the guard is in place.
        """
        by = requested_by(self._subject)
        unstamped = said.guard in (Guard.REDUCED, Guard.WAIVED)
        known = bool(by) or (asked(self._subject) and unstamped)
        return replace(said, author=by, approve=said.approve if known else "")

    def _denied(self, live: Live, facts: RecordFacts) -> policy_lookups.Denied:
        """Of all policies that it has, where it matters in which order they go, or that they go. Of
        a group also what nobody agreed that it has no more.
        """
        attached: dict[str, Entry] = {}
        noted: set[str] = set()
        joined = False
        for field in self._subject.row.fields:
            part = live.fields.get(field.name)
            known = facts.agreed.entries.get(denying(field.name), {})
            if isinstance(part, Mapping) and field.escalates is Escalation.ATTACHMENT:
                attached.update(part)
                noted.update(known)
            joined = joined or (field.escalates is Escalation.MEMBERSHIP and bool(part or known))
        if len(attached) < 2 and not joined:
            return policy_lookups.Denied({}, frozenset(), ())
        sources = self._ports.sources(self._session)
        found = policy_lookups.denied(sources, attached)
        keys = {*attached, *noted} if joined else ()
        agreed = agreed_denials.texts(sources, self._subject, keys, facts)
        return replace(found, rights={**agreed, **found.rights})

    def _have_record(self, facts: RecordFacts, live: Live) -> None:
        """An offer stands in the record, and it may have been lost, or never been anybody's."""
        subject = self._subject
        owner = subject.owner(self._ports.settings.cluster_name)
        if facts.owner == owner:
            return
        gated = subject.row.gated_field
        trust = live.fields.get(gated.name) if gated is not None else None
        baseline = trust if isinstance(trust, documents.Trust) else None
        claim = Claim(owner, subject.uid, live.cloud_id, baseline, OFFERED)
        ownership.carry_out(self._ports, RecordWork(self._identity, claim))

    def outcome(self, held: Held, live: Live, way_out: str) -> Outcome:
        """The object waits, and says for what and which ways there are."""
        message = sentences.held(held)
        if not requested_by(self._subject):
            message += f". {how_to_ask(self._subject)}"
        message = f"{message}. Nothing is deleted in the cloud meanwhile; {way_out}"
        waits = Outcome(
            Phase.STALLED,
            Reason.APPROVAL_REQUIRED,
            message,
            plan=Plan(held=held, in_sync=False),
            live=live,
            account_id=self._session.account.account_id,
            handled_request=self._subject.request,
        )
        return self._with_drift(waits, held)

    def _with_drift(self, waits: Outcome, held: Held) -> Outcome:
        """It may wait for ever, so the identity is looked at like any other meanwhile. Nothing is
        put right, but that what was agreed on to end ends.
        """
        try:
            found = ManagedPass(self._ports, self._subject).run().outcome
        except LookAgain as again:
            return replace(waits, drift_unconfirmed=True, after=again.after)
        except RamOperatorError:
            return waits
        if found.plan is None:
            return waits
        plan = Plan(held=held, drift=found.plan.drift, in_sync=False)
        done = replace(waits, plan=plan, steps_done=found.steps_done)
        return replace(done, applied=found.applied, kept=found.kept)


def check_known(subject: Subject, live: Live) -> None:
    """Raises the error of a part that the deletion takes away and that could not be read."""
    gated = [subject.row.gated_field.name] if subject.row.gated_field is not None else []
    for name in (*gated, *(name for name, _ in subject.row.clears)):
        part = live.fields.get(name)
        if isinstance(part, UnknownPart):
            raise part.error


def asked(subject: Subject) -> bool:
    """Whether anybody says that the object is to be deleted."""
    return bool(subject.annotation(ANNOTATION_DELETE_REQUESTED))


def requested_by(subject: Subject) -> str:
    """Who asked for the deletion, as admission stamped it; "" where nobody is known."""
    if not asked(subject):
        return ""
    return " ".join(subject.annotation(ANNOTATION_DELETE_REQUESTED_BY).split())[:256]


def how_to_ask(subject: Subject) -> str:
    """What whoever wants the deletion has to do before somebody else may approve it."""
    return (
        "Whoever wants it says so, and somebody else approves it: kubectl annotate"
        f" -n {subject.key.namespace} {subject.row.plural} {subject.key.name}"
        f" {ANNOTATION_DELETE_REQUESTED}=yes"
    )
