"""Who owns a cloud identity: the record decides, the tags in the cloud help after a loss.

Called by the pass before it plans (may this object manage that identity?) and after it has reported
(what the record is to say).
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from .. import documents, times
from ..cluster.api import Conflicted
from ..cluster.record_writer import Claim
from ..constants import AdoptionPolicy, Reason
from ..errors import RamOperatorError, Retry, Stalled
from ..kinds.record import Identity, facts_of, identity_of
from ..kinds.schema import Kind
from ..model.changes import Step
from ..model.objects import Key, Owner, UnknownPart
from ..model.records import CREATED, RecordFacts
from ..model.state import Live
from ..model.vocabulary import Presence
from ..runtime.queue import Lane
from .ports import Ports

CLOCKS_APART: Final = 60.0
"""Seconds that the cloud's clock and ours may differ."""
CREATION_MAY_TAKE: Final = 900.0
"""Seconds from the announcement of a creation, which may wait for the rate limit, to its end."""
HAND_OVER: Final = "; to hand it over, let that object give it up: annotation abandon"
HELD_CREATION: Final = "its creation waits for an approval, see its status.pending"
OLD_ANSWER: Final = 1.0
"""Seconds after which an identity that was deleted and is still shown is looked at again."""


@dataclass(frozen=True, slots=True)
class Claimant:
    """The object that wants to manage the identity."""

    owner: Owner
    uid: str
    noun: str
    adoption: AdoptionPolicy
    may_adopt: bool
    """The tenant may adopt."""
    observe: bool
    unsettled: float
    """Seconds until a look can be trusted after our own last write."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the object stands towards the identity."""

    facts: RecordFacts
    completing: bool = False
    claim_first: bool = False
    needs_record: bool = False
    gone_by_hand: bool = False
    verb: str = "Managed"


@dataclass(frozen=True, slots=True)
class RecordWork:
    """What a record is to say once the pass has been reported."""

    identity: Identity
    claim: Claim


def stand(
    claimant: Claimant, record: Mapping[str, Any] | None, identity: Identity, live: Live
) -> Standing:
    """Raises Stalled(Conflict | NotAdopted) when the identity is somebody else's."""
    facts = facts_of(record, identity)
    if facts.owner is not None and facts.owner != claimant.owner:
        raise Stalled(
            Reason.CONFLICT,
            f"{claimant.noun} {identity.cloud_name} is managed by {facts.owner};"
            f" only one object may manage an identity{HAND_OVER}",
        )
    ours = facts.owner == claimant.owner
    if live.presence is Presence.ABSENT:
        same_object = facts.owner_uid == claimant.uid
        gone = ours and same_object and bool(facts.cloud_id) and not facts.deleted
        return Standing(facts, gone_by_hand=gone)
    if facts.deleted and facts.cloud_id and facts.cloud_id == live.cloud_id:
        # No identity comes back under its id, so this answer is older than the deletion.
        text = f"{claimant.noun} {live.cloud_name} was just deleted; it is looked at again"
        raise Retry(Reason.PROGRESSING, text, max(claimant.unsettled, OLD_ANSWER))
    offered = facts.pending is not None and facts.in_flight is None
    claimed = ours and not facts.cloud_id and live.owner in (None, claimant.owner)
    made = may_have_made(facts, live) or _sent(claimant, facts, live)
    if claimed and not offered and made:
        # Claimed before it was created, and the pass did not get as far as saying so.
        return Standing(facts, completing=True, needs_record=True, verb=CREATED)
    if ours and facts.cloud_id == live.cloud_id:
        moved = facts.owner_uid != claimant.uid or facts.in_flight is not None
        return Standing(facts, needs_record=moved)
    return _found(claimant, facts, live, replaced=ours)


def _sent(claimant: Claimant, facts: RecordFacts, live: Live) -> bool:
    """Whether it is what an approved creation was to send, and bears our mark."""
    flight = facts.in_flight
    if flight is None or not flight.approval or live.owner != claimant.owner:
        return False
    trusts = [part.digest for part in live.fields.values() if isinstance(part, documents.Trust)]
    return trusts == [flight.digest]


def may_have_made(facts: RecordFacts, live: Live) -> bool:
    """Whether an identity of that creation date can be the one whose creation was announced.

    What somebody makes by hand long after an announcement that came to nothing is not ours. Where
    a date is missing or cannot be read it is not, either.
    """
    try:
        late = times.seconds(live.created_at) - times.seconds(facts.claimed_at)
    except ValueError:
        return False
    return -CLOCKS_APART <= late <= CREATION_MAY_TAKE


def _found(claimant: Claimant, facts: RecordFacts, live: Live, *, replaced: bool) -> Standing:
    """An identity that exists although no record of ours covers it."""
    tags = next((v for v in live.fields.values() if isinstance(v, UnknownPart)), None)
    if live.owner is None and tags is not None:
        raise tags.error
    if claimant.observe:
        return Standing(facts, needs_record=False)
    if live.owner == claimant.owner and not replaced:
        # Created by us, and the pass did not get as far as its record.
        return Standing(facts, completing=True, needs_record=True, verb=CREATED)
    if claimant.unsettled > 0:
        text = f"{claimant.noun} {live.cloud_name} was just written; it is looked at again"
        raise Retry(Reason.PROGRESSING, text, claimant.unsettled)
    if live.owner not in (None, claimant.owner) and not _given_up(facts, live):
        raise Stalled(
            Reason.CONFLICT,
            f"{claimant.noun} {live.cloud_name} bears the mark of {live.owner};"
            f" only one object may manage an identity{HAND_OVER}",
        )
    if claimant.adoption is AdoptionPolicy.IF_EXISTS and claimant.may_adopt:
        # What was agreed on for another identity of that name says nothing about this one.
        afresh = replace(facts, baseline=None)
        return Standing(afresh, claim_first=True, verb="Adopted")
    raise Stalled(Reason.NOT_ADOPTED, _not_adopted(claimant, live, replaced))


def _given_up(facts: RecordFacts, live: Live) -> bool:
    """Whether the mark that the identity bears is that of who let go of this very identity."""
    # In full: a name that the record had to cut proves nothing.
    mine = live.owner is not None and str(live.owner) == facts.given_up_by
    return mine and bool(facts.cloud_id) and facts.cloud_id == live.cloud_id


def _not_adopted(claimant: Claimant, live: Live, replaced: bool) -> str:
    what = f"{claimant.noun} {live.cloud_name}"
    how = (
        f"{what} was deleted and created again by hand"
        if replaced
        else f"{what} exists already and was not created by this object"
    )
    if claimant.adoption is not AdoptionPolicy.IF_EXISTS:
        return how + "; set spec.adoptionPolicy to IfExists to take it over, or choose another name"
    return how + "; the namespace may not adopt, see spec.tenants[].adoption of the RamAccount"


def vacate(ports: Ports, identity: Identity, owner: Owner) -> None:
    """A claim on what never came to be ends with the object that made it. Raises errors.*."""
    body = ports.store.get(identity.key)
    facts = facts_of(body, identity)
    if body is None or facts.owner in (None, owner) or facts.owner.cluster != owner.cluster:
        return
    made = facts.in_flight is not None or exists(facts)
    holder = Key(identity.kind, facts.owner.namespace, facts.owner.name)
    if made or facts.pending is None or ports.fresh(holder) is not None:
        return
    ports.store.put(ports.records.disown(body))


def exists(facts: RecordFacts) -> bool:
    return bool(facts.cloud_id) and not facts.deleted


def gone(ports: Ports, holder: Key, account_id: str = "") -> None:
    """What is held for an object that is gone waits for nobody: no record lists it any more.

    Only in the account of that id, where one is given. Raises errors.*.
    """
    for key in ports.store.waiting(holder):
        if not account_id or key.name.startswith(account_id + "."):
            _end_wait(ports, holder, key)


def _end_wait(ports: Ports, holder: Key, key: Key) -> None:
    """Judged by what the API server has: the store may not know yet that the object is back."""
    body = ports.api.get(key)
    facts = facts_of(body, identity_of(body))
    if body is None or facts.pending is None or facts.in_flight is not None:
        return
    owner = Owner(ports.settings.cluster_name, holder.namespace, holder.name)
    if facts.owner != owner or ports.fresh(holder) is not None:
        return
    if exists(facts):
        ports.store.put(ports.records.end(body))
    else:
        ports.store.put(ports.records.disown(body))


def carry_out(ports: Ports, work: RecordWork) -> bool:
    """Make the record say what the pass has done; whether nobody had it before. Raises errors.*."""
    now = ports.clock.stamp()
    body = ports.records.read(work.identity)
    facts = facts_of(body, work.identity)
    before = facts.owner
    if body is None:
        try:
            sequence = int(ports.clock.wall() * 1000)
            body = ports.records.claim(work.identity, work.claim, now, sequence)
        except Conflicted:
            text = "another object claimed the same identity at the same time"
            raise Retry(Reason.PROGRESSING, text, 1.0) from None
    else:
        if before not in (None, work.claim.owner):
            text = f"{work.identity.cloud_name} is managed by {before}"
            raise Stalled(Reason.CONFLICT, text)
        body = ports.records.renew(body, work.claim, now)
    ports.store.put(body)
    if work.claim.cloud_id and not exists(facts):
        _tell_dependents(ports, work)
    return before is None


def _tell_dependents(ports: Ports, work: RecordWork) -> None:
    """What they refer to is there now. The watch brings no news of what the store has already."""
    owner = work.claim.owner
    for key in ports.store.dependents(Key(work.identity.kind, owner.namespace, owner.name)):
        ports.queue.add(key, Lane.PERIODIC)


def withdraw(ports: Ports, identity: Identity) -> None:
    """The creation that was claimed was refused: whoever makes the identity now is somebody else.

    A failure is left at that: the next pass claims again, and the date bounds what a claim covers.
    """
    with contextlib.suppress(RamOperatorError, Conflicted):
        body = ports.records.read(identity)
        if body is not None:
            ports.store.put(ports.records.deleted(body, ports.clock.stamp(), "Withdrawn"))


def tell_members(ports: Ports, row: Kind, account_id: str, step: Step) -> None:
    """Have the objects looked at whose status shows a membership that this step changed."""
    field = next((field for field in row.fields if field.name == step.field), None)
    if field is None or not field.shown_on:
        return
    for entry in step.values["entries"]:
        identity = Identity(account_id, field.shown_on, entry.display)
        owner = facts_of(ports.store.get(identity.key), identity).owner
        if owner is not None:
            key = Key(field.shown_on, owner.namespace, owner.name)
            ports.queue.add(key, Lane.PERIODIC, max(ports.recent.settle, 0.05))
