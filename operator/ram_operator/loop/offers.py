"""What is held, in the record and on the object: offered, still open, withdrawn. Called by the
pass.

Nobody is shown a digest that the record does not have. Nothing here makes a permission.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from .. import times
from ..cluster import event_writer
from ..constants import (
    ANNOTATION_ACKNOWLEDGE,
    ANNOTATION_APPROVE,
    ANNOTATION_APPROVED_BY,
    ANNOTATION_CHANGED_BY,
    ANNOTATION_REJECT,
    ANNOTATION_REJECTED_BY,
    HANDLED_REJECTION,
    ConditionType,
    EventReason,
    Reason,
)
from ..errors import InvalidSpec, RamOperatorError, Retry
from ..gate import approvals
from ..gate.inputs import Approval, Guard, Scope
from ..kinds import manifest
from ..kinds.record import Identity, facts_of, identity_of
from ..kinds.table import ACCOUNT
from ..model import digests
from ..model.changes import Held
from ..model.objects import Key
from ..model.outcome import Plan
from ..model.records import Pending, RecordFacts, Rejection, Why
from ..model.vocabulary import HeldKind, HeldVerdict
from ..reporting import conditions
from ..reporting.events import Event
from ..runtime.queue import Lane
from .ports import Ports
from .subject import Subject


def approval(ports: Ports, subject: Subject, identity: Identity, cloud_id: str) -> Approval:
    """What people say of the object's change. Raises Retry when the guard cannot be read."""
    approve = subject.annotation(ANNOTATION_APPROVE)
    guard = Guard.MISSING
    if approve:
        # Without an approval it makes no difference, and costs requests.
        offered = facts_of(ports.cache.get(identity.key), identity).pending
        matters = offered is not None and offered.digest == approve
        guard = guard_state(ports, subject) if matters else _counting(ports, subject, None)
    return Approval(
        scope=Scope(
            cluster=ports.settings.cluster_name,
            account_id=identity.account_id,
            kind=identity.kind,
            name=identity.folded,
            cloud_id=cloud_id,
            namespace=subject.key.namespace,
            object=subject.key.name,
        ),
        approve=approve,
        reject=subject.annotation(ANNOTATION_REJECT),
        acknowledge=subject.annotation(ANNOTATION_ACKNOWLEDGE),
        approver=subject.annotation(ANNOTATION_APPROVED_BY)[:256],
        author=subject.annotation(ANNOTATION_CHANGED_BY),
        rejecter=subject.annotation(ANNOTATION_REJECTED_BY)[:256],
        asked=subject.asked,
        guard=guard,
        now=ports.clock.stamp(),
        milliseconds=int(ports.clock.wall() * 1000),
    )


_STAMPING: Final = (Guard.INTACT, Guard.FILES)


def guard_state(
    ports: Ports, subject: Subject, *, fresh: bool = False, stamp: str = ANNOTATION_APPROVED_BY
) -> Guard:
    """An approval that nobody stamped was written while nobody looked, and counts as such."""
    found = _counting(ports, subject, subject.key, fresh=fresh)
    if found is Guard.MISSING and not fresh:
        # It may have been put back since: what is only remembered ends no offer.
        found = _counting(ports, subject, subject.key, fresh=True)
    stamped = bool(subject.annotation(stamp)) or not ports.guard.stamps
    return found if stamped or found not in _STAMPING else Guard.MISSING


def _counting(ports: Ports, subject: Subject, key: Key | None, *, fresh: bool = False) -> Guard:
    """As far as the account is content with it."""
    found = ports.guard.state(key, fresh=fresh)
    if found is Guard.REDUCED and ports.accounts.get(subject.options.account).account.four_eyes:
        return Guard.MISSING
    return found


_TRUST_ALONE: Final = (HeldKind.TRUST_CHANGE, HeldVerdict.WIDER)


def brief(ports: Ports, subject: Subject, identity: Identity) -> bool:
    """Whether the object waits for nothing but an approval of its trust, and bears it.

    Then the trust alone has to be read. The status is only a hint here: what is written is judged.
    """
    status, present = subject.status, subject.status.get("conditions") or ()
    current = status.get("observedGeneration") == subject.body["metadata"].get("generation")
    pending = status.get("pending") or {}
    if not current or (pending.get("kind"), pending.get("verdict")) != _TRUST_ALONE:
        return False
    if conditions.is_true(present, ConditionType.DRIFTED):
        return False
    offered = facts_of(ports.cache.get(identity.key), identity).pending
    return offered is not None and offered.digest == subject.annotation(ANNOTATION_APPROVE)


log = logging.getLogger(__name__)

_OLDER: Final = "an older version of the operator offered it"
_MORE: Final = "what is left of it is more than it was given for"


def answer(ports: Ports, subject: Subject) -> dict[str, Any]:
    """End the offers of the object that it says no to, or does not ask for any more; before, and
    whether or not, the cloud can be read. Raises errors.*.

    Returns what the status is to say of the rejection that the object bears, and of an offer that
    it shows and that has ended: no digest is shown that opens nothing.
    """
    named, handled = manifest.rejection(subject.body)
    keys = set(ports.cache.owned(subject.key))
    all_known = True
    if named and named != handled:
        # Others may take the rejection away from then on, so the word of a watch is not enough.
        own = _own(ports, subject)
        all_known = own is not None
        keys |= {own} if own is not None else set()
    for key in sorted(keys):
        body = ports.api.get(key) if named and named != handled else ports.cache.get(key)
        all_known = _answered(ports, subject, key, body) and all_known
    found: dict[str, Any] = {HANDLED_REJECTION: named} if named and all_known else {}
    shown = subject.status.get("pending") or {}
    if shown.get("digest") and not _offered(ports, subject, str(shown["digest"])):
        found["pending"] = {k: v for k, v in shown.items() if k not in ("digest", "expires")}
    return found


def _offered(ports: Ports, subject: Subject, digest: str) -> bool:
    bodies = [ports.cache.get(key) for key in ports.cache.owned(subject.key)]
    offered = [own_facts(ports, subject, body).pending for body in bodies]
    return any(pending is not None and pending.digest == digest for pending in offered)


def _own(ports: Ports, subject: Subject) -> Key | None:
    """The record of the identity that the object is about; None where that cannot be told."""
    account = (subject.spec.get("accountRef") or {}).get("name", "default")
    found = ports.cache.get(Key(ACCOUNT, "", str(account)))
    try:
        return subject.identity(str(found["spec"]["accountId"])).key if found else None
    except InvalidSpec:
        return None


@dataclass(frozen=True, slots=True)
class _End:
    """Why an offer ends, or a write that was begun may not be sent again."""

    why: str
    rejection: Rejection | None = None
    begun: bool = False


def _answered(ports: Ports, subject: Subject, key: Key, body: Mapping[str, Any] | None) -> bool:
    """Whether all is done that the object says of this record. A rejection of what an older version
    offered is noted once the change is offered anew.
    """
    facts = own_facts(ports, subject, body)
    if _end(subject, facts, ports.clock.stamp()) is not None:
        fresh = ports.fresh(subject.key)
        if fresh is None or not _same(fresh, subject):
            # Its own event has news of it.
            return False
        body = ports.api.get(key)
        facts = own_facts(ports, subject, body)
        found = _end(subject, facts, ports.clock.stamp())
        if found is not None and body is not None:
            _carry_out(ports, subject, body, facts, found)
            return True
    pending = facts.pending
    if pending is None:
        return True
    said = Approval(reject=subject.annotation(ANNOTATION_REJECT))
    return not (pending.rejected or said.rejects(pending.digest))


def own_facts(ports: Ports, subject: Subject, body: Mapping[str, Any] | None) -> RecordFacts:
    """What the record says, if it is the object's."""
    facts = facts_of(body, identity_of(body))
    ours = facts.owner == subject.owner(ports.settings.cluster_name)
    return facts if ours else RecordFacts()


def _same(fresh: Mapping[str, Any], subject: Subject) -> bool:
    meta, known = fresh["metadata"], subject.body["metadata"]
    return (meta.get("uid"), meta.get("generation")) == (known.get("uid"), known.get("generation"))


def _end(subject: Subject, facts: RecordFacts, now: str) -> _End | None:
    """What the object alone says against the offer, or against a write that was begun."""
    pending, flight = facts.pending, facts.in_flight
    said = Approval(
        reject=subject.annotation(ANNOTATION_REJECT),
        rejecter=subject.annotation(ANNOTATION_REJECTED_BY),
        now=now,
    )
    if pending is not None and pending.asked:
        if (rejection := approvals.rejection(pending, said)) is not None:
            return _End(f"the change was rejected by {rejection.by}", rejection)
        if why := _asked_otherwise(subject, pending.asked):
            return _End(why)
    if flight is None or not flight.approval:
        return None
    rejection = approvals.rejection(flight, said)
    if rejection is not None and not _told(rejection, facts):
        return _End(f"the change was rejected by {rejection.by}", rejection, begun=True)
    if not flight.asked or flight.sends >= approvals.SENDS:
        return None
    why = _asked_otherwise(subject, flight.asked)
    return _End(why, begun=True) if why else None


def _told(rejection: Rejection, facts: RecordFacts) -> bool:
    """Whether the record has it: the annotation stays for as long as people leave it there."""
    return any(replace(each, at=rejection.at) == rejection for each in facts.rejections)


def _asked_otherwise(subject: Subject, before: Mapping[str, str]) -> str:
    """Why what was offered for the manifest of before ends, in words; "" where it does not."""
    if digests.older(before.values()):
        return _OLDER
    moved = _difference(before, subject.asked)
    return f"the manifest asks for something else now ({moved})" if moved else ""


def _difference(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    return ", ".join(k for k in sorted({*before, *now}) if before.get(k) != now.get(k))


def _carry_out(
    ports: Ports, subject: Subject, body: Mapping[str, Any], facts: RecordFacts, found: _End
) -> None:
    known = found.rejection and approvals.remembered(facts.rejections, found.rejection)
    if found.begun:
        ports.cache.put(ports.records.spend(body, approvals.SENDS, known or ()))
        digest = facts.in_flight.approval if facts.in_flight is not None else ""
    else:
        ports.cache.put(ports.records.end(body, known or ()))
        digest = facts.pending.digest if facts.pending is not None else ""
    _tell(ports, subject, digest, found.why)


def _tell(ports: Ports, subject: Subject, digest: str, why: str) -> None:
    """An approval that was given opens nothing any more: whoever gave it has to know."""
    if not digest or subject.annotation(ANNOTATION_APPROVE) != digest:
        return
    text = f"the approval {digest} opens nothing any more: {why}"
    log.info("%s: %s", subject.key, text)
    event = Event(EventReason.APPROVAL_VOIDED, text, warning=True)
    by = (ports.instance, ports.clock.stamp())
    try:
        event_writer.post(ports.api, subject.key, subject.body, event, by)
    except RamOperatorError as error:
        log.warning("%s: event not posted: %s", subject.key, error.message)


def offer(
    ports: Ports, subject: Subject, identity: Identity, decision: Plan, said: Approval
) -> tuple[Held, float]:
    """Have the record say what is held, before anybody is shown the digest. Raises errors.*.

    Returns the change as it is to be shown, and when to look again since a look that differs from
    the offer is not believed yet: in seconds, 0 otherwise. The record must exist and be the
    object's.
    """
    held = decision.held
    assert held is not None
    body = ports.cache.get(identity.key)
    facts = facts_of(body, identity)
    wanted = approvals.offer(held, said, facts)
    if wanted.why is Why.STANDS and facts.pending is not None:
        ports.consistency.certain(subject.key)
        if wanted.pending == facts.pending:
            return _shown(held, said, facts, wanted.pending), 0.0
    elif decision.incomplete or (wanted.why is Why.MOVED and decision.unsure):
        return _standing(held, said, facts, decision.unsure), 0.0
    elif wanted.why is Why.MOVED:
        look = approvals.digest(approvals.knowing(held, facts.rejections), said.scope, 0)
        if (wait := ports.consistency.doubted(subject.key, look)) != 0.0:
            twice = ("a second look that says the same",)
            return _standing(held, said, facts, twice), _soon(ports, subject, wait)
        if early := _early(ports, subject, facts):
            return _standing(held, said, facts, early), 0.0
    return _written(ports, subject, identity, held, said), 0.0


def _early(ports: Ports, subject: Subject, facts: RecordFacts) -> tuple[str, ...]:
    """Why it is not offered anew yet, nothing where it may be: until then nobody approves anything,
    neither what was offered nor what it is by now.
    """
    clock, seconds = ports.clock, ports.settings.replacement_seconds
    until = approvals.quiet(facts.pending, clock.stamp(), seconds) if facts.pending else ""
    if not until:
        return ()
    ports.queue.add(subject.key, Lane.PERIODIC, times.seconds(until) - clock.wall() + 1.0)
    return (f"that it stays so until {until}, since it moved by something else not long ago",)


def _soon(ports: Ports, subject: Subject, wait: float | None) -> float:
    """Seconds that the pass may be silent for; 0 where what is seen changes all the time."""
    ports.queue.add(subject.key, Lane.PERIODIC, wait or ports.consistency.settle)
    return wait or 0.0


def _written(
    ports: Ports, subject: Subject, identity: Identity, held: Held, said: Approval
) -> Held:
    body = ports.records.read(identity)
    facts = facts_of(body, identity)
    if body is None or facts.owner != subject.owner(ports.settings.cluster_name):
        raise Retry(Reason.PROGRESSING, "the record moved while its change was judged", 0.5)
    wanted = approvals.offer(held, said, facts)
    before = facts.pending
    if before != wanted.pending or facts.sequence != wanted.sequence:
        body = ports.records.offer(body, wanted, said.now)
        ports.cache.put(body)
        ports.consistency.certain(subject.key)
        if before is not None and before.digest != wanted.pending.digest:
            _tell(ports, subject, before.digest, _moved(before, wanted.pending, said.now))
        elif before is None and facts.in_flight is not None and wanted.why is Why.MOVED:
            _tell(ports, subject, facts.in_flight.approval, _MORE)
    return _shown(held, said, facts_of(body, identity), wanted.pending)


def _moved(before: Pending, after: Pending, now: str) -> str:
    """Why another offer has taken the place of this one, in words."""
    if approvals.expired(before, now):
        return f"the offer expired at {before.expires}"
    if not before.asked or digests.older(before.asked.values()):
        return _OLDER
    return f"what it was given for has moved ({_difference(before.parts, after.parts)})"


def _shown(held: Held, said: Approval, facts: RecordFacts, pending: Pending) -> Held:
    return approvals.offered(approvals.knowing(held, facts.rejections), said, facts, pending)


def standing(ports: Ports, identity: Identity, held: Held, said: Approval) -> Held:
    """What is held, where nothing may be offered anew: the digest of an offer is shown only with
    exactly what it is for.
    """
    return _standing(held, said, facts_of(ports.cache.get(identity.key), identity), ())


def _standing(held: Held, said: Approval, facts: RecordFacts, missing: tuple[str, ...]) -> Held:
    held = replace(approvals.knowing(held, facts.rejections), missing=missing)
    stands = approvals.digest(held, said.scope, facts.sequence)
    if facts.pending is None or facts.pending.digest != stands:
        return held
    return approvals.offered(held, said, facts, facts.pending)


def withdraw(ports: Ports, subject: Subject, identity: Identity, decision: Plan) -> float:
    """Nothing is held any more: the record says so, once that is sure. Raises errors.*.

    Returns when to look again where it is not, in seconds; 0 otherwise.
    """
    pending = facts_of(ports.cache.get(identity.key), identity).pending
    if pending is None or decision.unsure:
        return 0.0
    if (wait := ports.consistency.doubted(subject.key, "")) != 0.0:
        return _soon(ports, subject, wait)
    body = ports.records.read(identity)
    found = facts_of(body, identity).pending
    if body is not None and found is not None and found.digest == pending.digest:
        ports.cache.put(ports.records.end(body))
        ports.consistency.certain(subject.key)
        _tell(ports, subject, pending.digest, "nothing is held any more")
    return 0.0
