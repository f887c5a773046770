"""What close looks and our own writes say an identity has, kept for the lists of its account.

A list is compared with this: where both say the same nobody looks, whoever wrote what was new.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from .. import documents
from ..cloud import held
from ..errors import OutcomeUnknown
from ..kinds.entries import only_reads
from ..kinds.group import GROUP
from ..kinds.identity import Identity
from ..kinds.role import ROLE, TRUST, outsiders
from ..kinds.schema import Escalation, Kind
from ..kinds.table import KINDS
from ..kinds.user import USER
from ..model import provider_states
from ..model.records import NO_RIGHTS, Agreed, denying
from ..model.state import Live
from ..model.steps import (
    Attach,
    CloudStep,
    Creation,
    Delete,
    Detach,
    Expel,
    Join,
    Leave,
    Revoke,
    Unbind,
    WriteTrust,
)
from ..model.vocabulary import Presence
from ..runtime.compared_list import ComparedList
from ..runtime.rotation import Pace
from ..runtime.sessions import Session
from ..runtime.sweep import AccountLists
from . import rotations
from .ports import Ports

POLICIES: Final = "policies"
_MEMBERSHIP: Final[Mapping[str, str]] = {GROUP.kind: "members", USER.kind: "groups"}
"""The field of each kind that is one side of a membership."""
_NONE: Final[frozenset[str]] = frozenset()


def look(ports: Ports, session: Session, kind: str, cloud_name: str) -> Live:
    """A close look at all of the identity."""
    live = ports.observer(session).look(kind, cloud_name)
    lists = _lists(ports, session)
    if lists is not None and live.presence is not Presence.UNKNOWN:
        lists.looked_at(kind, cloud_name.lower(), live.read_at)
        name = held.identity(KINDS[kind].noun, cloud_name)
        _note(lists.attachments, name, live, POLICIES)
        if kind in _MEMBERSHIP:
            _note(lists.memberships, name, live, _MEMBERSHIP[kind])
        turns = rotations.rotation(lists, kind)
        if turns is not None:
            found = rotations.digest(kind, live.fields)
            pace = Pace.DANGEROUS if _outside(session, live) else Pace.USUAL
            turns.noted(name, found, live.read_at, pace)
        named = provider_states.named(live.value(TRUST.name), session.account.account_id)
        if named or kind == ROLE.kind:
            lists.providers.noted(name, frozenset(named))
    return live


def _outside(session: Session, live: Live) -> bool:
    """Whether somebody outside the account may assume the role, as far as is known."""
    trust = live.value(TRUST.name)
    known = trust if isinstance(trust, documents.Trust) else None
    return bool(outsiders(session.account, known))


def paced(
    ports: Ports, session: Session, live: Live, identity: Identity, agreed: Agreed, *, gives: bool
) -> None:
    """How much it matters what no list shows of the identity. `gives`: it has, or is to have, a
    right to change rights, as far as it had to be found out.
    """
    lists = _lists(ports, session)
    if lists is None:
        return
    row = KINDS[identity.kind]
    pace = _pace(row, live, agreed, gives=gives or _outside(session, live))
    folded = identity.cloud_name.lower()
    if identity.kind == GROUP.kind:
        lists.group_readings.paced(folded, pace)
    turns = rotations.rotation(lists, identity.kind)
    if turns is not None:
        turns.paced(held.identity(row.noun, folded), pace)


def _pace(row: Kind, live: Live, agreed: Agreed, *, gives: bool) -> Pace:
    fields = [field for field in row.fields if field.escalates is Escalation.ATTACHMENT]
    if gives or any(agreed.gives(field.name) for field in fields):
        return Pace.DANGEROUS
    if any(agreed.entries.get(denying(field.name)) for field in fields):
        # Whoever leaves a group that denies something has more by that.
        return Pace.USUAL
    for field in fields:
        has, known = live.value(field.name), agreed.of(field.name) or {}
        # Who may be a role is its own trust: others may widen what it has, and tell nobody.
        judged = known if row.gated_field is None else {}
        if not isinstance(has, Mapping) or not all(
            only_reads(key) or judged.get(key) == NO_RIGHTS for key in has
        ):
            return Pace.USUAL
    return Pace.HARMLESS if fields else Pace.USUAL


def _note(compared: ComparedList, name: str, live: Live, field: str) -> None:
    found = live.value(field)
    compared.noted(name, frozenset(found) if isinstance(found, Mapping) else None, live.read_at)


@contextmanager
def writing(ports: Ports, session: Session, identity: Identity, step: CloudStep) -> Iterator[None]:
    """Around one write: afterwards the identity has what it had, and what was written."""
    lists = _lists(ports, session)
    if lists is None:
        yield
        return
    name, clock = held.identity(KINDS[identity.kind].noun, identity.cloud_name), ports.clock
    try:
        yield
    except OutcomeUnknown:
        lists.group_readings.forget(*_groups(identity, step))
        for compared, other, _, _ in _moved(lists, name, step):
            compared.noted(other, None, clock.monotonic())
        raise
    now = clock.monotonic()
    for compared, other, added, taken in _moved(lists, name, step):
        compared.wrote(other, added, taken, now)
    turns = rotations.rotation(lists, identity.kind)
    if turns is not None and isinstance(step, Creation | Delete | WriteTrust | Revoke | Unbind):
        # Until the next look nobody knows what it has.
        turns.noted(name, None, now, Pace.USUAL)
    lists.group_readings.forget(*_groups(identity, step))
    if isinstance(step, Delete):
        lists.providers.noted(name, _NONE)
    if isinstance(step, Creation | Delete):
        nothing = _NONE if isinstance(step, Creation) else None
        lists.attachments.noted(name, nothing, now)
        if identity.kind in _MEMBERSHIP:
            lists.memberships.noted(name, nothing, now)


def _groups(identity: Identity, step: CloudStep) -> Iterator[str]:
    """Whose members the step moves, folded."""
    if isinstance(step, Leave):
        yield from step.entries
    elif identity.kind == GROUP.kind:
        yield identity.cloud_name.lower()


Moved = tuple[ComparedList, str, frozenset[str], frozenset[str]]


def _moved(lists: AccountLists, name: str, step: CloudStep) -> Iterator[Moved]:
    """Who has something by the step that he had not, or has no more what he had."""
    own = frozenset({name.partition("/")[2]})
    if isinstance(step, Attach | Detach):
        keys = frozenset(step.entries)
        added, taken = (keys, _NONE) if isinstance(step, Attach) else (_NONE, keys)
        yield lists.attachments, name, added, taken
    elif isinstance(step, Join | Expel | Leave):
        keys, joins = frozenset(step.entries), isinstance(step, Join)
        yield lists.memberships, name, keys if joins else _NONE, _NONE if joins else keys
        noun = GROUP.noun if isinstance(step, Leave) else USER.noun
        for key in keys:
            other = held.identity(noun, key)
            yield lists.memberships, other, own if joins else _NONE, _NONE if joins else own


def _lists(ports: Ports, session: Session) -> AccountLists | None:
    """None where no list is compared with it."""
    if not ports.settings.sweep_seconds:
        return None
    account = session.account
    return ports.sweeps.lists(account.name, account.account_id)
