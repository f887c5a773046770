"""Trusts of roles and ways to sign in of users: read by age, one identity at a time.

Part of the sweep. No list shows them, so each is read again some time after anybody looked: the
dangerous ones sooner. What differs from the last close look has its object look.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from .. import documents
from ..cloud import held, role_calls, user_calls
from ..errors import Absent, RamOperatorError
from ..kinds.identity import Identity
from ..kinds.role import ROLE, TRUST
from ..kinds.table import KINDS
from ..kinds.user import USER
from ..model.objects import Entry, FieldValue, UnknownPart
from ..model.state import CloudCalls, Live
from ..model.vocabulary import Presence
from ..runtime.queue import Lane
from ..runtime.rotation import Cadences, Pace, Rotation
from ..runtime.sessions import Session
from ..runtime.sweep import AccountLists
from ..runtime.unread import Tries
from .ports import Ports
from .whole_lists import owner_of

log = logging.getLogger(__name__)

TRUSTS: Final = "trusts"
SIGN_INS: Final = "signIns"
CLASSES: Final = (TRUSTS, SIGN_INS)
Found = Mapping[str, FieldValue | UnknownPart]


@dataclass(frozen=True, slots=True)
class _Class:
    name: str
    kind: str
    read: Callable[[CloudCalls, str], Found]
    fields: tuple[str, ...]


def _trust(calls: CloudCalls, name: str) -> Found:
    return role_calls.read_role(calls, name).fields


def _sign_in(calls: CloudCalls, name: str) -> Found:
    live = Live(Presence.PRESENT, name)
    return {
        **user_calls.read_access(calls, USER.noun, live),
        **user_calls.read_mfa(calls, USER.noun, live),
    }


_CLASSES: Final = (
    _Class(TRUSTS, ROLE.kind, _trust, (TRUST.name,)),
    _Class(SIGN_INS, USER.kind, _sign_in, ("access", "mfa")),
)


def digest(kind: str, found: Found) -> bytes | None:
    """Of what is read in turns of an identity of that kind; None where part of it is unknown."""
    values = [found.get(name) for each in _CLASSES if each.kind == kind for name in each.fields]
    texts = [_text(value) for value in values]
    if not texts or None in texts:
        return None
    whole = "\n".join(text for text in texts if text is not None)
    return held.told(whole)


def _text(value: FieldValue | UnknownPart | None) -> str | None:
    if isinstance(value, documents.Trust):
        return value.digest
    if isinstance(value, Mapping):
        return " ".join(f"{key}={_entry(value[key])}" for key in sorted(value))
    return None


def _entry(entry: Entry) -> str:
    return f"{entry.value}/{entry.handle}"


CANNOT_SIGN_IN: Final = digest(USER.kind, {"access": {}, "mfa": {}}) or b""
"""Of a user who has neither a login profile nor a key, nor a second factor."""


def rotation(lists: AccountLists, kind: str) -> Rotation | None:
    """None for kinds of which lists show everything."""
    return next((lists.rotations[each.name] for each in _CLASSES if each.kind == kind), None)


def run(ports: Ports, session: Session, lists: AccountLists) -> None:
    """What is due now. Raises nothing of the cloud: what cannot be read is told, and ages."""
    for each in _CLASSES:
        _run(ports, session, lists, each)


def _run(ports: Ports, session: Session, lists: AccountLists, each: _Class) -> None:
    account_id, turns = session.account.account_id, lists.rotations[each.name]

    def owned(name: str) -> bool:
        return owner_of(ports, Identity(account_id, each.kind, name.partition("/")[2])) is not None

    turns.keep(owned)
    # Its record may have been out of sight for a moment, or nobody has looked since there is one.
    noun, rows = KINDS[each.kind].noun, lists.rows(each.kind) or {}
    turns.expect(name for folded in rows if owned(name := f"{noun}/{folded}"))
    tries = Tries(turns.unread)
    for name in _due(ports, turns, each):
        folded, asked = name.partition("/")[2], ports.clock.monotonic()
        owner = owner_of(ports, Identity(account_id, each.kind, folded))
        try:
            found = digest(each.kind, each.read(session.client, folded))
        except Absent:
            # Its object sees to it, and finds that out by itself.
            found = b""
        except RamOperatorError as error:
            text = "RamAccount %s: %s of %s could not be read: %s"
            log.warning(text, session.account.name, each.name, name, error.message)
            others = tries.go_on(name, error)
            if owner is not None and name in turns.unread:
                # Its object says so, and looks by itself for as long as it is so.
                ports.queue.add(owner, Lane.PERIODIC)
            if not others:
                break
            continue
        if owner is not None and (found is None or turns.read(name, found, asked)):
            ports.queue.add(owner, Lane.PERIODIC)
    if tries.cut and tries.problem is not None:
        lists.failed(each.name, tries.problem.reason)
    elif not turns.late(ports.clock.monotonic(), _cadences(ports, each)):
        # Its age is how long ago nothing was overdue.
        but = tries.problem.reason if tries.problem is not None else ""
        lists.believed(each.name, ports.clock.monotonic(), but=but)


def _due(ports: Ports, turns: Rotation, each: _Class) -> list[str]:
    turn = ports.settings.sweep_seconds
    return turns.due(ports.clock.monotonic(), turn, _cadences(ports, each))


def _cadences(ports: Ports, each: _Class) -> Cadences:
    settings = ports.settings
    usual = settings.trust_seconds if each.name == TRUSTS else settings.sign_in_seconds
    harmless = max(usual, settings.harmless_trust_seconds) if each.name == TRUSTS else usual
    dangerous = min(usual, settings.dangerous_trust_seconds)
    return {Pace.DANGEROUS: dangerous, Pace.USUAL: usual, Pace.HARMLESS: harmless}
