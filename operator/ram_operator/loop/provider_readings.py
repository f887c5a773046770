"""Identity providers that roles trust: each is read with each sweep, whole.

Part of the sweep. No list shows certificates, issuers and client ids. One that is another one now
has all roles looked at that trust it; the gate judges what they find.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable
from typing import Final

from ..errors import RamOperatorError
from ..kinds.identity import Identity
from ..kinds.role import ROLE
from ..model.objects import Key
from ..runtime.queue import Lane
from ..runtime.sessions import Session
from ..runtime.sweep import AccountLists
from ..runtime.unread import Tries
from .ports import Ports
from .whole_lists import owner_of

log = logging.getLogger(__name__)

PROVIDERS: Final = "providers"


def run(
    ports: Ports,
    session: Session,
    lists: AccountLists,
    jitter: Callable[[], float] = random.random,
) -> None:
    """Raises nothing of the cloud: what cannot be read is told, and grows older."""
    begun, account, watch = ports.clock.monotonic(), session.account, lists.providers
    tries = Tries(watch.unread)

    def owner(role: str) -> Key | None:
        return owner_of(ports, Identity(account.account_id, ROLE.kind, role.partition("/")[2]))

    def look(roles: Iterable[str], within: float = 0.0) -> None:
        for key in filter(None, map(owner, roles)):
            ports.queue.add(key, Lane.PERIODIC, within * jitter())

    # Who left a role in the cloud is not to have its providers read for ever.
    watch.keep(lambda role: owner(role) is not None)
    for name in watch.names():
        now, known = ports.clock.monotonic(), name in watch.unread
        try:
            state = session.kept.providers.read(session.client, name, now, fresh=True)
        except RamOperatorError as error:
            text = "RamAccount %s: identity provider %s could not be read: %s"
            log.warning(text, account.name, name, error.message)
            # It may be this one alone, and the others are swapped no less for that.
            others = tries.go_on(name, error)
            if not known and name in watch.unread:
                # From now on they look as often as without any sweep.
                look(watch.trusting(name), account.interval)
            if not others:
                break
            continue
        look(watch.took(name, state))
    _tell(lists, begun, tries)


def _tell(lists: AccountLists, begun: float, tries: Tries) -> None:
    why = tries.problem.reason if tries.problem is not None else ""
    if tries.cut:
        lists.failed(PROVIDERS, why)
    else:
        lists.believed(PROVIDERS, begun, but=why)
