"""Identity providers that roles trust: each is read with each sweep, whole.

Part of the sweep. No list shows certificates, issuers and client ids. One that is another one now
has all roles looked at that trust it; the gate judges what they find.
"""

from __future__ import annotations

import logging
from typing import Final

from ..errors import RamOperatorError, Retry
from ..kinds.identity import Identity
from ..kinds.role import ROLE
from ..model.objects import Key
from ..runtime.queue import Lane
from ..runtime.sessions import Session
from ..runtime.sweep import AccountLists
from .ports import Ports
from .whole_lists import owner_of

log = logging.getLogger(__name__)

PROVIDERS: Final = "providers"


def run(ports: Ports, session: Session, lists: AccountLists) -> None:
    """Raises nothing of the cloud: what cannot be read is told, and grows older."""
    begun, account = ports.clock.monotonic(), session.account
    problem: RamOperatorError | None = None

    def owner(role: str) -> Key | None:
        return owner_of(ports, Identity(account.account_id, ROLE.kind, role.partition("/")[2]))

    # Who left a role in the cloud is not to have its providers read for ever.
    lists.providers.keep(lambda role: owner(role) is not None)
    for name in lists.providers.names():
        now = ports.clock.monotonic()
        try:
            state = session.kept.providers.read(session.client, name, now, fresh=True)
        except RamOperatorError as error:
            text = "RamAccount %s: identity provider %s could not be read: %s"
            log.warning(text, account.name, name, error.message)
            problem = error
            if isinstance(error, Retry):
                # Who has no answers now waits for each of them.
                break
            # It may be this one alone, and the others are swapped no less for that.
            continue
        for role in lists.providers.took(name, state):
            if (key := owner(role)) is not None:
                ports.queue.add(key, Lane.PERIODIC)
    if problem is not None:
        lists.failed(PROVIDERS, problem.reason)
    else:
        lists.believed(PROVIDERS, begun)
