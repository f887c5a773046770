"""What the records are to say of who owns an identity. Whether somebody may is for `standing`.

Called by the passes: after one has reported, and where an object that claimed something is gone.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from ..cluster.api import Conflicted
from ..cluster.record_writer import Claim
from ..constants import Reason
from ..errors import RamOperatorError, Retry, Stalled
from ..kinds.record import Identity, facts_of, identity_of
from ..kinds.schema import Kind
from ..model.objects import Key, Owner
from ..model.records import WITHDRAWN
from ..model.steps import EntryStep, Step
from ..runtime.queue import Lane
from . import forgetting
from .ports import Ports


@dataclass(frozen=True, slots=True)
class RecordWork:
    """What a record is to say once the pass has been reported. `made`: this pass has created the
    identity.
    """

    identity: Identity
    claim: Claim
    made: bool = False


def vacate(ports: Ports, identity: Identity, owner: Owner) -> None:
    """A claim on what never came to be ends with the object that made it. Raises errors.*."""
    body = ports.cache.get(identity.key)
    facts = facts_of(body, identity)
    if body is None or facts.owner in (None, owner) or facts.owner.cluster != owner.cluster:
        return
    made = facts.in_flight is not None or facts.has_identity
    holder = Key(identity.kind, facts.owner.namespace, facts.owner.name)
    waits = facts.pending is not None or facts.unmade
    if made or not waits or ports.fresh(holder) is not None:
        return
    ports.cache.put(ports.records.disown(body))


def gone(ports: Ports, holder: Key, account_id: str = "") -> None:
    """What is held for an object that is gone waits for nobody: no record lists it any more.

    Only in the account of that id, where one is given. Raises errors.*.
    """
    for key in ports.cache.waiting(holder):
        if not account_id or key.name.startswith(account_id + "."):
            _end_wait(ports, holder, key)


def _end_wait(ports: Ports, holder: Key, key: Key) -> None:
    """Judged by what the API server has: the cache may not know yet that the object is back."""
    body = ports.api.get(key)
    facts = facts_of(body, identity_of(body))
    waits = facts.pending is not None or facts.unmade
    if body is None or not waits or facts.in_flight is not None or facts.newer:
        return
    owner = Owner(ports.settings.cluster_name, holder.namespace, holder.name)
    if facts.owner != owner or ports.fresh(holder) is not None:
        return
    if facts.has_identity:
        ports.cache.put(ports.records.end(body))
    else:
        ports.cache.put(ports.records.disown(body))


def carry_out(ports: Ports, work: RecordWork) -> bool:
    """Make the record say what the pass has done; whether nobody had it before. Raises errors.*."""
    now = ports.clock.stamp()
    body = ports.records.read(work.identity)
    if body is None:
        # It may have been let go since the pass began.
        body = forgetting.recalled(ports, work.identity)
        if body is not None and work.claim.cloud_id and not work.made:
            # What was found was taken for a first contact, and is none.
            raise Retry(Reason.PROGRESSING, "its record was let go while it was judged", 0.2)
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
    ports.cache.put(body)
    if work.claim.cloud_id and not facts.has_identity:
        _tell_dependents(ports, work)
    return before is None


def _tell_dependents(ports: Ports, work: RecordWork) -> None:
    """What they refer to is there now. The watch brings no news of what the cache has already."""
    owner = work.claim.owner
    for key in ports.cache.dependents(Key(work.identity.kind, owner.namespace, owner.name)):
        ports.queue.add(key, Lane.PERIODIC)


def withdraw(ports: Ports, identity: Identity) -> None:
    """The creation that was claimed was refused: whoever makes the identity now is somebody else.

    A failure is left at that: the next pass claims again, and the date bounds what a claim covers.
    """
    with contextlib.suppress(RamOperatorError, Conflicted):
        body = ports.records.read(identity)
        if body is not None:
            body = ports.records.deleted(body, ports.clock.stamp(), WITHDRAWN)
            ports.cache.put(body)
            if facts_of(body, identity).refused:
                # Whoever may edit objects makes as many of them as he likes.
                key = ports.records.drop(body)
                ports.cache.remove(key, str(body["metadata"]["uid"]))


def tell_members(ports: Ports, row: Kind, account_id: str, step: Step) -> None:
    """Have the objects looked at whose status shows a membership that this step changed."""
    if not isinstance(step, EntryStep):
        return
    field = next((field for field in row.fields if field.name == step.field), None)
    if field is None or not field.shown_on:
        return
    for entry in step.entries.values():
        identity = Identity(account_id, field.shown_on, entry.display)
        owner = facts_of(ports.cache.get(identity.key), identity).owner
        if owner is not None:
            key = Key(field.shown_on, owner.namespace, owner.name)
            ports.queue.add(key, Lane.PERIODIC, max(ports.consistency.settle, 0.05))
