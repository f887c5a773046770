"""What was agreed on to end ends, although nothing else may be written of its object.

Called where a pass ends because the object may not be managed, is protected or cannot be read:
whoever brings that about, by an edit of the manifest or of the account, would else keep what
somebody let him have for a time. An end is in the record, with who has the identity, and of the
manifest nothing is needed. It only takes away.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ..constants import Mode
from ..errors import RamOperatorError
from ..gate.inputs import Approval, Inputs, Memory
from ..kinds import tenancy
from ..kinds.record import Identity, facts_of
from ..kinds.schema import Kind
from ..model.changes import place
from ..model.objects import Account, Key, Owner, UnknownPart
from ..model.outcome import Outcome, Plan
from ..model.records import RecordFacts
from ..model.state import Applied, Desired, Live
from ..model.steps import EntryStep, Step
from ..model.vocabulary import Presence
from ..planning import last_applied, plan
from ..runtime.sessions import Session
from . import account_changed, applying, key_endings
from .gated_write import GatedWrite
from .ports import Ports
from .subject import Subject

AGAIN: Final = 5.0
"""Seconds until what could not be ended is tried again, where the failure does not say."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What was taken away, what kept the rest from it, and when it is tried again."""

    done: tuple[Step, ...] = ()
    errors: tuple[RamOperatorError, ...] = ()
    after: float | None = None
    applied: Applied | None = None
    """What counts as applied from now on, where that is known."""
    gone: frozenset[str] = frozenset()
    """Places whose end has come and that were empty already."""
    keys: key_endings.Taken = key_endings.NOTHING

    @property
    def said(self) -> tuple[str, ...]:
        """A sentence each."""
        return (
            *(f"its agreed end has come: {step.summary}" for step in self.done),
            *(f"what was agreed on to end is there still: {e.message}" for e in self.errors),
            *self.keys.said,
        )


def carry_out(ports: Ports, key: Key, body: Mapping[str, Any]) -> Ended | None:
    """Take away what is there beyond its agreed end; None where there is none, or nothing is
    written in the account of the object.
    """
    subject = Subject.lenient(key, body)
    found = ports.accounts.find(subject.options.account)
    if found is None or found.account.mode is not Mode.MANAGE:
        return None
    session = found.on_behalf(key.namespace)
    mine = (i for i in account_changed.owned(ports, subject) if _in(session, i))
    owner = subject.owner(ports.settings.cluster_name)
    ended, keys = [], key_endings.NOTHING
    for identity in mine:
        ended.append(of_one(ports, subject, session, identity, owner))
        keys = keys.joined(key_endings.of_one(ports, subject, session, identity))
    errors = tuple(error for each in ended for error in each.errors)
    waits = [after for after in (*(each.after for each in ended), keys.after) if after is not None]
    waits += [getattr(error, "after", None) or AGAIN for error in (*errors, *keys.errors)]
    done = tuple(step for each in ended for step in each.done)
    if not done and not waits and not keys.keys:
        return None
    applied = next((each.applied for each in ended if each.applied is not None), None)
    return Ended(done, errors, min(waits, default=None), applied, keys=keys)


def beside(outcome: Outcome, ended: Ended) -> Outcome:
    """Both: why the object is not managed, and what ended all the same."""
    waits = [after for after in (outcome.after, ended.after) if after is not None]
    return replace(
        outcome,
        steps_done=(*outcome.steps_done, *ended.done),
        applied=outcome.applied or ended.applied,
        also=(*outcome.also, *ended.said),
        keys=ended.keys.report,
        after=min(waits, default=None),
    )


def _in(session: Session, identity: Identity) -> bool:
    return identity.account_id == session.account.account_id


def of_one(
    ports: Ports, subject: Subject, session: Session, identity: Identity, owner: Owner | None
) -> Ended:
    """What ends of the identity, if it is the owner's; None: nobody's. Nothing of the cloud is read
    before an end has come.
    """
    now = ports.clock.stamp()
    if not _due(facts_of(ports.cache.get(identity.key), identity), now):
        return Ended()
    if (wait := ports.consistency.unsettled(subject.key)) > 0:
        # An old answer would show what was just taken away.
        return Ended(after=wait)
    try:
        facts = facts_of(ports.records.read(identity), identity)
        if facts.owner != owner or facts.newer:
            return Ended()
        due = _due(facts, now)
        live = _look(ports, session, identity, facts, due)
    except RamOperatorError as error:
        return Ended(errors=(error,))
    if live is None:
        return Ended()
    decision = _plan(subject, session, facts, live, now)
    gate = GatedWrite(ports, subject, identity, session, live.cloud_id)
    carried = applying.carry_out(ports, subject, session, gate, decision)
    before = subject.applied_to(live.cloud_id)
    left = last_applied.lacking(before, (part for step in carried.done for part in step.parts))
    known = left if carried.done and before.known else None
    return Ended(carried.done, carried.errors, applied=known, gone=_gone(live, due))


def _gone(live: Live, due: Collection[str]) -> frozenset[str]:
    """Of these places those that were read, and hold nothing."""
    parts = {name: part for name, part in live.fields.items() if isinstance(part, Mapping)}
    there = {place(name, key) for name, part in parts.items() for key in part}
    return frozenset(w for w in due if w.partition("[")[0] in parts and w not in there)


def _due(facts: RecordFacts, now: str) -> frozenset[str]:
    """The places whose agreed end has come."""
    latest = max(now, facts.latest)
    return frozenset(name for name, end in facts.ends.items() if "" < end <= latest)


def _look(
    ports: Ports, session: Session, identity: Identity, facts: RecordFacts, due: Collection[str]
) -> Live | None:
    """What there is of the identity; None where nothing is due, or it is another one. Raises
    errors.*: what cannot be read may be there.
    """
    if not due or not facts.cloud_id:
        return None
    live = ports.observer(session).look(identity.kind, identity.cloud_name)
    if live.presence is Presence.UNKNOWN:
        assert live.error is not None
        raise live.error
    for name in sorted({where.partition("[")[0] for where in due}):
        part = live.fields.get(name)
        if isinstance(part, UnknownPart):
            raise part.error
    return live if live.cloud_id == facts.cloud_id else None


def _plan(subject: Subject, session: Session, facts: RecordFacts, live: Live, now: str) -> Plan:
    row, account = subject.row, session.account
    memory = Memory(subject.options, Applied(), facts)
    nothing = Desired(live.cloud_name, {})
    decision = plan.endings(Inputs(row, account, nothing, live, memory, Approval(now=now)))
    # What the operator itself has its rights by is not touched.
    left = [step for step in decision.steps if not _of_itself(row, account, step)]
    return replace(decision, steps=tuple(left))


def _of_itself(row: Kind, account: Account, step: Step) -> bool:
    entries = step.entries.values() if isinstance(step, EntryStep) else ()
    (name,) = step.fields
    return any(tenancy.is_itself(account, row.field(name), entry) for entry in entries)
