"""What the operator has its own rights by, nobody manages: whatever a tenant may claim or adopt.

Called by the passes: for each look from memory, and before anything is written or taken over anew.
Its principal itself is the business of `tenancy`.
"""

from __future__ import annotations

import contextlib
from typing import Final

from ..constants import Reason
from ..errors import RamOperatorError, Retry, Stalled
from ..kinds.schema import Kind
from ..model.state import Live
from ..model.vocabulary import Lends, Presence
from ..runtime.sessions import Session
from .ports import Ports

LOOKED: Final = 600.0
"""Seconds that a look may rest on, as long as nothing is written."""
SURE: Final = 2.0
"""Seconds that a write may rest on."""


def watch(ports: Ports, session: Session, row: Kind, live: Live) -> None:
    """Raises Stalled(Protected) for what the operator has its rights by, as far as is known."""
    if live.presence is not Presence.PRESENT:
        # What is not there lends nothing to anybody.
        return
    with contextlib.suppress(_Unknown):
        _check(ports, session, row, live.cloud_name, LOOKED)


def confirm(ports: Ports, session: Session, row: Kind, name: str) -> None:
    """The same before a write: raises errors.* too where it is not known."""
    try:
        _check(ports, session, row, name, SURE)
    except _Unknown as unknown:
        text = (
            f"{row.noun} {name} exists, and may be what the operator itself has its rights by,"
            f" which could not be read: {unknown.error.message}"
        )
        if isinstance(unknown.error, Retry):
            raise Retry(unknown.error.reason, text, unknown.error.after) from None
        raise Stalled(unknown.error.reason, text) from None


class _Unknown(Exception):
    """It could not be read."""

    def __init__(self, error: RamOperatorError) -> None:
        super().__init__(error.message)
        self.error = error


def _check(ports: Ports, session: Session, row: Kind, name: str, age: float) -> None:
    if row.lends is Lends.NOTHING:
        return
    now, arn = ports.clock.monotonic(), session.account.own_principal
    try:
        own = session.own.read(session.client, arn, now, age)
    except RamOperatorError as error:
        raise _Unknown(error) from None
    if (row.lends, name.lower()) in own:
        raise Stalled(
            Reason.PROTECTED,
            f"{row.noun} {name} is protected: the operator itself ({arn}) has its rights by it;"
            " choose another name, or give the operator its rights by another",
        )
