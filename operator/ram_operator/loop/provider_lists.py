"""The lists of identity providers, for the inventory of an account.

Part of the sweep, as often as members are read. Nothing is judged by them: whom a provider lets in
is read whole where a role trusts it, see `provider_readings`.
"""

from __future__ import annotations

import logging
from typing import Final

from ..cloud import list_calls
from ..errors import RamOperatorError
from ..kinds.table import PROVIDERS
from ..runtime.sessions import Session
from ..runtime.sweep import AccountLists
from .ports import Ports

log = logging.getLogger(__name__)

CLASSES: Final = {kind: f"{kind.lower()}s" for kind in PROVIDERS}
"""What metrics call them."""


def run(ports: Ports, session: Session, lists: AccountLists) -> None:
    """Raises nothing of the cloud: what cannot be listed is told, and grows older."""
    every, turn = ports.settings.members_seconds, ports.settings.sweep_seconds
    for kind in PROVIDERS:
        asked, last = ports.clock.monotonic(), lists.looked().get(kind)
        # The sweep that comes next would be late.
        if last is not None and asked - last + turn / 2.0 < every:
            continue
        try:
            rows = list_calls.read(session.client, kind)
        except RamOperatorError as error:
            text = "RamAccount %s: %s could not be listed: %s"
            log.warning(text, session.account.name, kind, error.message)
            lists.failed(kind, error.reason)
            continue
        lists.took(kind, rows, asked)
