"""The credential report, for users who cannot sign in: once in hours it says whether that is so.

Part of the sweep. Who has neither a password nor a key, by the last close look and by the report,
is not read in turns. Whose row moved has his object look. Without a report all are read in turns.
"""

from __future__ import annotations

import logging
from typing import Final

from .. import times
from ..cloud import report_calls
from ..constants import Mode, Reason
from ..errors import RamOperatorError
from ..kinds.identity import Identity
from ..kinds.user import USER
from ..runtime.queue import Lane
from ..runtime.rotation import CATCHING_UP
from ..runtime.sessions import Session
from ..runtime.sweep import AccountLists
from . import rotations
from .ports import Ports
from .whole_lists import owner_of

log = logging.getLogger(__name__)

REPORT: Final = "credentialReport"
_BELIEVED: Final = 2.0
"""Times its interval that a report counts: the next one may take a while to be made."""


def run(ports: Ports, session: Session, lists: AccountLists) -> None:
    """Raises nothing of the cloud: what cannot be had is told. To have a report made is a write of
    a kind, and an account that is observed has none.
    """
    every, account = ports.settings.report_seconds, session.account
    turns = lists.rotations[rotations.SIGN_INS]
    if not every or account.mode is Mode.OBSERVE:
        lists.unasked(REPORT)
        turns.rest(frozenset(), b"")
        return
    now = ports.clock.monotonic()
    age = lists.report.age(now)
    if age is None or age + ports.settings.sweep_seconds / 2.0 >= every:
        _ask(ports, session, lists)
    age = lists.report.age(now)
    believed = age is not None and age <= _BELIEVED * every
    if believed and REPORT not in lists.problems():
        # Its age is how long ago none was overdue.
        lists.believed(REPORT, now)
    elif age is not None and not believed and REPORT not in lists.problems():
        # The cloud refuses nothing, and makes none.
        lists.failed(REPORT, Reason.CLOUD_UNAVAILABLE)
    left = _BELIEVED * every - age if age is not None else 0.0
    turns.rest(_still(lists.report.without(), left), rotations.CANNOT_SIGN_IN)


def _still(shown: frozenset[str], left: float) -> frozenset[str]:
    """Those that it stands for while it counts for so many seconds more. In its last half an hour
    these become fewer: else all would have to be read in the turn in which it counts no more.
    """
    if left < 0.0:
        return frozenset()
    if left >= CATCHING_UP:
        return shown
    return frozenset(name for name in shown if hash(name) % 1000 < 1000 * left / CATCHING_UP)


def _ask(ports: Ports, session: Session, lists: AccountLists) -> None:
    account, at = session.account, ports.clock.monotonic()
    try:
        if not report_calls.made(session.client):
            # The next sweep asks again.
            return
        made, rows = report_calls.read(session.client)
        moved = lists.report.took(made, rows, at - _older(ports, made))
    except RamOperatorError as error:
        text = "RamAccount %s: there is no credential report: %s"
        log.warning(text, account.name, error.message)
        lists.failed(REPORT, error.reason)
        return
    lists.believed(REPORT, at)
    for name in sorted(moved):
        folded = name.partition("/")[2]
        owner = owner_of(ports, Identity(account.account_id, USER.kind, folded))
        if owner is not None:
            ports.queue.add(owner, Lane.PERIODIC)


def _older(ports: Ports, made: str) -> float:
    """Seconds since the report was made: it is about that moment, and whoever asks for one gets an
    older one that somebody else had made. 0 where its time is none, or to come.
    """
    at = times.seconds_or_none(made)
    return max(0.0, ports.clock.wall() - at) if at is not None else 0.0
