"""When a pass over a user turns to its access keys, and what it tells of them.

Called by `managed`, once the rest of the identity is as it may be, or cannot be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..constants import AccessMode, Reason
from ..errors import Retry
from ..gate.inputs import Inputs
from ..kinds import sign_in
from ..kinds.record import Identity
from ..model.key_state import KeyReport
from ..model.records import RecordFacts
from ..model.state import Desired
from ..planning import key_steps
from ..runtime.sessions import Session
from .access_keys import AccessKeys
from .ports import Ports
from .subject import Subject


def concerns(wanted: Desired, facts: RecordFacts) -> bool:
    """Whether the object asks for a key, or the operator has made one."""
    mode = sign_in.FIELD in wanted.modes and sign_in.wanted(wanted, facts, first=False)
    return mode is AccessMode.ACCESS_KEY or facts.keys.opens or bool(facts.keys.ending)


def ends(inputs: Inputs) -> bool:
    """Whether no key is asked for: that takes something away, and waits for nothing else."""
    mode = sign_in.wanted(inputs.desired, inputs.memory.record, first=False)
    return mode is not AccessMode.ACCESS_KEY


class Later(Retry):
    """The record comes first, and the key with the next look."""


def later(ports: Ports) -> Later:
    text = "the access key is made with the next look"
    return Later(Reason.PROGRESSING, text, max(ports.consistency.settle, 0.2))


@dataclass(slots=True)
class Cared:
    """What a pass has to tell of the keys, whatever it ends in."""

    told: tuple[str, ...] = ()
    """What people have to know, although nothing is to be done, a sentence each."""
    report: KeyReport | None = None
    """None where nothing is known of them."""
    blocked: bool = False
    """Something else of the user could not be written: nothing is given, whatever is asked for."""


def care(
    ports: Ports,
    subject: Subject,
    session: Session,
    inputs: Inputs,
    cared: Cared,
    *,
    late: bool,
) -> None:
    """The key as the manifest and the record have it; `late`: the record is written after this
    pass. Raises errors.* for what is yet to be done.
    """
    blocked = cared.blocked and not ends(inputs)
    if blocked and (late or not _due(ports, inputs)):
        return
    if late:
        raise later(ports)
    name = inputs.desired.cloud_name
    identity = Identity(session.account.account_id, subject.key.kind, name)
    keys = AccessKeys(ports, subject, session, identity)
    try:
        if blocked:
            keys.take(inputs.live, ends=False)
        else:
            keys.keep(inputs.desired, inputs.live)
    finally:
        cared.told, cared.report = keys.told, keys.report


def _due(ports: Ports, inputs: Inputs) -> bool:
    """Whether a key that was replaced has to go, and could be looked at."""
    now, rest = ports.clock.wall(), ports.settings.access_key_rest_seconds
    known = isinstance(inputs.live.fields.get(sign_in.FIELD), Mapping)
    return known and key_steps.due(inputs.memory.record.keys, now, rest, ends=False)
