"""A Secret with an access key that somebody deleted is found with the next sweep, not hours later.

Whether it is there is asked of the API server one by one, by metadata alone: to watch Secrets would
take a right to all of the namespace's. Called by the sweep; it only wakes the pass that decides.
"""

from __future__ import annotations

import logging

from ..cluster import secrets
from ..constants import Mode
from ..errors import RamOperatorError, Stalled
from ..kinds.record import stored
from ..model.objects import Key
from ..runtime.queue import Lane
from ..runtime.sessions import Session
from .ports import Ports
from .subject import Subject

log = logging.getLogger(__name__)


def run(ports: Ports, session: Session) -> None:
    """Wake each user whose Secret is gone. Raises nothing: the next sweep asks again."""
    account = session.account
    if account.mode is not Mode.MANAGE:
        return
    for record in ports.cache.keyed(account.account_id):
        facts = ports.cache.facts(record)
        if facts is None or facts.owner is None:
            continue
        try:
            if _gone(ports, record, facts.owner):
                ports.queue.add(facts.owner, Lane.PERIODIC)
        except Stalled:
            # Without the right in that namespace its object says so.
            continue
        except RamOperatorError as error:
            log.warning("%s: Secrets were not looked at: %s", account.name, error.message)
            return


def _gone(ports: Ports, record: Key, holder: Key) -> bool:
    """Whether there was a Secret for that object, and it is not there. Raises errors.*"""
    body, known = ports.cache.get(holder), ports.cache.get(record)
    if body is None or known is None or Subject.lenient(holder, body).options.suspend:
        return False
    keys = stored(known).keys
    if not keys.secret_uid:
        return False
    return not secrets.there(ports.api, holder.namespace, keys.secret, keys.secret_uid)
