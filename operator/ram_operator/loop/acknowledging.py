"""Drift that people acknowledge, in the record and on the object: begun, ended, offered. Called by
the pass.

What an annotation means is for `gate.acknowledgements`; here it is read again from the API server,
with its guard, before the record is told. Nothing here makes a permission.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .. import times
from ..cluster import event_writer, record_drift
from ..constants import ANNOTATION_ACKNOWLEDGE, ANNOTATION_ACKNOWLEDGED_BY, EventReason
from ..errors import RamOperatorError
from ..gate import acknowledgements
from ..gate.acknowledgements import Turn
from ..gate.inputs import Approval, Guard
from ..kinds.record import Identity, facts_of
from ..model.objects import Key
from ..model.outcome import Acknowledging, Plan
from ..model.records import RecordFacts
from ..reporting.events import Event
from ..runtime.queue import Lane
from . import offers
from .ports import Ports
from .subject import Subject

log = logging.getLogger(__name__)


def answer(ports: Ports, subject: Subject) -> None:
    """Begin and end what the object says of drift, before, and whether or not, the cloud can be
    read. Raises errors.*.
    """
    for key in sorted(ports.cache.owned(subject.key)):
        facts = offers.own_facts(ports, subject, ports.cache.get(key))
        if _turn(ports, subject, facts) is not Turn.STAYS:
            _answered(ports, subject, key)
        holds = offers.own_facts(ports, subject, ports.cache.get(key)).acknowledged
        if holds is not None:
            # Its end wakes the object by itself.
            left = times.seconds(holds.until) - ports.clock.wall() - acknowledgements.WARNS
            if left > 0:
                ports.queue.add(subject.key, Lane.PERIODIC, left + 0.1)


def _turn(ports: Ports, subject: Subject, facts: RecordFacts) -> Turn:
    text = subject.annotation(ANNOTATION_ACKNOWLEDGE)
    return acknowledgements.turn(facts, text, subject.uid, ports.clock.stamp())


def _answered(ports: Ports, subject: Subject, key: Key) -> None:
    """The same by what the API server has now: the word of a watch is not enough."""
    fresh = ports.fresh(subject.key)
    if fresh is None or fresh["metadata"].get("uid") != subject.uid:
        return
    now_says = replace(subject, body=fresh)
    body = ports.api.get(key)
    facts = offers.own_facts(ports, now_says, body)
    turn, now = _turn(ports, now_says, facts), ports.clock.stamp()
    if body is None or turn is Turn.STAYS:
        return
    if turn is Turn.ENDS:
        _end(ports, now_says, body, facts, now)
        return
    # It counts from now on, so what was only remembered of the guard does not do.
    guard = offers.guard_state(ports, now_says, fresh=True, stamp=ANNOTATION_ACKNOWLEDGED_BY)
    if guard is Guard.MISSING:
        # What was written while nobody guarded it stays void, whoever wrote it.
        ports.cache.put(ports.records.change(body, record_drift.end(facts, now, _UNGUARDED)))
        text = f"the acknowledgement of drift is not honoured: {_UNGUARDED}"
        _tell(ports, now_says, Event(EventReason.ACKNOWLEDGEMENT_NOT_HONOURED, text, warning=True))
        return
    _begin(ports, now_says, body, facts, guard)


_UNGUARDED = "the admission policies that guard it are missing, altered, or do not answer"


def _begin(
    ports: Ports, subject: Subject, body: Mapping[str, Any], facts: RecordFacts, guard: Guard
) -> None:
    offer, by = facts.drift_offer, subject.annotation(ANNOTATION_ACKNOWLEDGED_BY)
    assert offer is not None
    text = subject.annotation(ANNOTATION_ACKNOWLEDGE)
    holds = acknowledgements.begun(offer, text, by, str(guard), ports.clock.stamp())
    ports.cache.put(ports.records.change(body, record_drift.begin(facts, holds)))
    fields = ", ".join(each.field for each in holds.entries)
    text = f"drift acknowledged by {holds.by} until {holds.until}: {fields}"
    _tell(ports, subject, Event(EventReason.DRIFT_ACKNOWLEDGED, text, warning=True))


def _end(
    ports: Ports, subject: Subject, body: Mapping[str, Any], facts: RecordFacts, now: str
) -> None:
    known = facts.acknowledged
    assert known is not None
    over = acknowledgements.over(known, facts.latest, now)
    why = "its time is over" if over else "the object does not say it any more"
    ports.cache.put(ports.records.change(body, record_drift.end(facts, now, why)))
    text = f"the acknowledgement of drift by {known.by} has ended: {why}"
    _tell(ports, subject, Event(EventReason.ACKNOWLEDGEMENT_ENDED, text, warning=True))


def _tell(ports: Ports, subject: Subject, event: Event) -> None:
    log.info("%s: %s", subject.key, event.message)
    by = (ports.instance, ports.clock.stamp())
    try:
        event_writer.post(ports.api, subject.key, subject.body, event, by)
    except RamOperatorError as error:
        log.warning("%s: event not posted: %s", subject.key, error.message)


def offer(
    ports: Ports, subject: Subject, identity: Identity, decision: Plan, said: Approval
) -> None:
    """Have the record say what drift may be acknowledged, once it was seen for certain. Raises
    errors.*. Where less was seen than is offered, and not all could be read, the offer stays.
    """
    facts = facts_of(ports.cache.get(identity.key), identity)
    found = decision.acknowledgeable
    if facts.drift_offer is not None and decision.unread:
        offered = {each.field for each in facts.drift_offer.entries}
        if {each.field for each in found} < offered:
            return
    if acknowledgements.offered(found, said.scope, facts, said.now) == facts.drift_offer:
        return
    body = ports.records.read(identity)
    facts = facts_of(body, identity)
    wanted = acknowledgements.offered(found, said.scope, facts, said.now)
    ours = facts.owner == subject.owner(ports.settings.cluster_name)
    if body is not None and ours and wanted != facts.drift_offer:
        ports.cache.put(ports.records.change(body, record_drift.offer(wanted)))


def _guard(ports: Ports) -> Guard:
    """As far as it was looked at: it is only told of."""
    try:
        return ports.guard.state()
    except RamOperatorError:
        return Guard.INTACT


def known(ports: Ports, key: Key, body: Mapping[str, Any]) -> Acknowledging:
    """What is to be told of it once the pass is over."""
    subject = Subject.lenient(key, body)
    text = subject.annotation(ANNOTATION_ACKNOWLEDGE)
    for each in sorted(ports.cache.owned(key)):
        facts = offers.own_facts(ports, subject, ports.cache.get(each))
        clock, latest = ports.clock.stamp(), facts.latest
        holds, found = facts.acknowledged, facts.drift_offer
        if holds is not None and acknowledgements.over(holds, latest, clock):
            # Nothing ends it in the record of an object that is being deleted.
            holds = None
        if holds is None and found is None:
            continue
        ending = holds is not None and acknowledgements.ending(holds, max(clock, latest))
        guard = _guard(ports) if found is not None and text else Guard.INTACT
        approval = Approval(acknowledge=text, guard=guard)
        return Acknowledging(holds, ending, found, acknowledgements.voided(facts, approval))
    return Acknowledging()
