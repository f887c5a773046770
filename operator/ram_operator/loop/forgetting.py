"""Records of what never came to be: whoever may edit objects makes as many of them as he likes.

A creation that was held leaves a record when its object goes: nobody has agreed on anything of that
name, so what somebody makes by hand under it is no first contact. Such a record is let go after a
while; its name is kept in the account's record, and the record comes back, with the same meaning,
before anything is judged under that name. Called by the passes.
"""

from __future__ import annotations

import contextlib
from typing import Any

from .. import times
from ..constants import Reason
from ..errors import RamOperatorError, Stalled
from ..kinds import forgotten
from ..kinds.record import Identity, identity_of, stored
from ..kinds.table import ACCOUNT
from ..model.objects import Key
from .ports import Ports

BATCH = 50
"""Records that go at one look at the account."""


def room(ports: Ports, identity: Identity, namespace: str) -> None:
    """Raises Stalled where a creation that is held would leave one record too many of its
    namespace: nobody has the set of names filled, and others' identities found in it.
    """
    most = ports.settings.unmade_records
    if ports.cache.left(identity.account_id, namespace) >= most:
        days = ports.settings.unmade_seconds / 86_400
        raise Stalled(
            Reason.QUOTA_EXCEEDED,
            f"{most} creations of namespace {namespace} were held within {days:g} days, and their"
            " objects went before anybody made them: no other is offered until the oldest of these"
            " is as old; ask for what needs no approval, or for one of these again",
        )


def sweep(ports: Ports, account_id: str) -> None:
    """Let go what is too old. Raises nothing: the next look tries again."""
    with contextlib.suppress(RamOperatorError):
        if due := _due(ports, account_id):
            _let_go(ports, account_id, due)


def known(ports: Ports, identity: Identity) -> dict[str, Any] | None:
    """The identity's record, which comes back if it may have been let go. Raises errors.*.

    It goes in this order: the name into the account's record, that into the cache, the record out
    of it. So whoever does not find the record finds the name, whatever goes on at once.
    """
    body = ports.cache.get(identity.key)
    return body if body is not None else recalled(ports, identity)


def recalled(ports: Ports, identity: Identity) -> dict[str, Any] | None:
    """The record that an identity without one has again; None where none was let go. Raises
    errors.*.
    """
    account = ports.cache.get(_of_account(identity.account_id).key)
    if account is None or not forgotten.has(stored(account).forgotten, name_of(identity)):
        return None
    body = ports.records.read(identity)
    if body is None:
        now, sequence = ports.clock.stamp(), int(ports.clock.wall() * 1000)
        body = ports.records.recall(identity, now, sequence)
    ports.cache.put(body)
    return body


def _due(ports: Ports, account_id: str) -> list[Key]:
    """The oldest first."""
    before = ports.clock.wall() - ports.settings.unmade_seconds
    found = ports.cache.idle(account_id)
    return [key for since, _, key in found if _seconds(since) < before][:BATCH]


def _seconds(since: str) -> float:
    try:
        return times.seconds(since)
    except ValueError:
        return 0.0


def _let_go(ports: Ports, account_id: str, due: list[Key]) -> None:
    """The names first: a record that is gone without that would be as if it had never been."""
    found = [body for key in due if (body := ports.api.get(key)) is not None]
    bodies = [body for body in found if stored(body).idle]
    account = ports.records.read(_of_account(account_id))
    if account is None or not bodies:
        return
    names = [name_of(identity_of(body)) for body in bodies]
    if not all(forgotten.has(stored(account).forgotten, name) for name in names):
        account = ports.records.forget(account, names)
    ports.cache.put(account)
    for body in bodies:
        with contextlib.suppress(RamOperatorError):
            # Of exactly this version: somebody may claim it at this moment.
            key = ports.records.drop(body)
            ports.cache.remove(key, str(body["metadata"]["uid"]))


def _of_account(account_id: str) -> Identity:
    return Identity(account_id, ACCOUNT, account_id)


def name_of(identity: Identity) -> str:
    """As the account's record has it."""
    return f"{identity.kind}/{identity.folded}"
