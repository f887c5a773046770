"""One pass over a RamAccount: open the session, show what was found, wake its objects.

A RamAccount that objects name carries our finalizer: without it they could neither be changed nor
deleted in the cloud. Being deleted, it waits for them and says for whom.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Mapping
from typing import Any, Final

from .. import legible, times
from ..cluster import finalizers
from ..constants import (
    ANNOTATION_ABANDON,
    ANNOTATION_RECONCILE,
    ANNOTATION_RESUME_DELETIONS,
    FINALIZER,
    Mode,
    Reason,
)
from ..errors import RamOperatorError, Retry
from ..kinds.record import Identity, stored
from ..kinds.table import ACCOUNT
from ..model.objects import Key
from ..model.outcome import Outcome
from ..model.vocabulary import Phase
from ..runtime.cache import Seen
from ..runtime.deletion_brake import ALL
from ..runtime.queue import Lane
from . import coverage, forgetting, left_ends, left_keys, ownership, unmanaged
from .ports import Ports

log = logging.getLogger(__name__)

NAMED: Final = 5
"""Objects that a waiting RamAccount names; of the others it says how many there are."""
SHOWN: Final = 50
"""Namespaces whose deletions are stopped that the status lists."""
RECOUNT: Final = 30.0
"""Seconds between two looks of a RamAccount that waits, besides those that its objects cause."""
_protecting: Final = threading.Lock()

Found = tuple[Outcome, dict[str, Any]]


def run(ports: Ports, key: Key, body: Mapping[str, Any]) -> Found | None:
    """The outcome and the account's own part of the status; None when it was let go.

    Raises errors.* where the API server did not take a finalizer off or could not be asked.
    """
    if _deleting(body):
        _drop_ghosts(ports, key.name)
    users = ports.cache.in_use(key.name)
    if _protected(body) and (not users or _abandoned(body)):
        _release(ports, key, body)
        if _deleting(body):
            return None
    outcome, extra = _look(ports, key, body)
    if _deleting(body) and users:
        outcome = _waiting(ports, key, body, outcome)
    return outcome, {**extra, **_inventory(ports, key.name, body)}


def protect(ports: Ports, name: str) -> None:
    """Called before an object of the account is worked on. Raises errors.*."""
    key = Key(ACCOUNT, "", name)
    body = ports.cache.get(key)
    if body is None or _protected(body) or _deleting(body) or _abandoned(body):
        return
    with _protecting:
        # Others may have waited here for the one that did it.
        fresh = ports.fresh(key)
        if fresh is not None and not _protected(fresh) and not _deleting(fresh):
            fresh = finalizers.add(ports.api, key, fresh)
        if fresh is not None:
            _remember(ports, fresh)


def _remember(ports: Ports, fresh: Mapping[str, Any]) -> None:
    """An edit that nobody saw yet may be in what was read: its own event is old news then."""
    key, seen, _ = ports.cache.put({**fresh, "kind": ACCOUNT})
    if seen is Seen.NEWS:
        ports.queue.add(key)


def unseen(ports: Ports, name: str) -> bool:
    """Whether the account is there and its first look is still to come: no news for anybody."""
    return not ports.accounts.seen(name) and ports.cache.facts(Key(ACCOUNT, "", name)) is not None


def gone(ports: Ports, holder: Key) -> None:
    """An object is not there any more: what it left behind is seen to. Raises errors.*"""
    left_keys.gone(ports, holder)
    ownership.gone(ports, holder)


def _look(ports: Ports, key: Key, body: Mapping[str, Any]) -> Found:
    before = ports.accounts.find(key.name)
    annotations = body["metadata"].get("annotations") or {}
    request = legible.line(str(annotations.get(ANNOTATION_RECONCILE, "")))[:128]
    try:
        sequence = int(ports.clock.wall() * 1000)
        session, identity = ports.opener.open(body, before, ports.clock.stamp(), sequence)
    except RamOperatorError as error:
        return failed(ports, key, error, request), {}
    changed = ports.accounts.set(session)
    extra = {
        "principalArn": str(identity.get("Arn") or ""),
        "principalType": str(identity.get("IdentityType") or ""),
        **_brake(ports, session.account.account_id, body),
    }
    if changed:
        wake(ports, key.name)
    _end_waits(ports, session.account.account_id)
    forgetting.sweep(ports, session.account.account_id)
    left_ends.carry_out(ports, session)
    left_keys.carry_out(ports, session)
    text = f"credentials of account {session.account.account_id} work"
    if session.account.mode is Mode.OBSERVE:
        text += "; mode Observe: nothing is written to the cloud"
    text += coverage.remark(ports, session)
    outcome = Outcome(
        Phase.DONE,
        Reason.SYNCED,
        text,
        account_id=session.account.account_id,
        verified=True,
        handled_request=request,
    )
    return outcome, extra


def failed(ports: Ports, key: Key, error: RamOperatorError, request: str) -> Outcome:
    """A verified session outlives trouble that passes by itself, and nothing else.

    Called for whatever ends a pass over the account, defects of ours included.
    """
    if isinstance(error, Retry):
        if ports.accounts.trouble(key.name, error.message):
            wake(ports, key.name)
        return Outcome(
            Phase.RETRY, error.reason, error.message, handled_request=request, after=error.after
        )
    left_keys.stopped(ports, key.name)
    if ports.accounts.drop(key.name, error.message, error.reason):
        wake(ports, key.name)
    return Outcome(Phase.STALLED, error.reason, error.message, handled_request=request)


def _end_waits(ports: Ports, account_id: str) -> None:
    """Objects may have gone while nobody looked. Raises nothing: the next look tries again."""
    for holder in ports.cache.left_waiting():
        with contextlib.suppress(RamOperatorError):
            ownership.gone(ports, holder, account_id)


def wake(ports: Ports, name: str) -> None:
    """Objects of the account have something to do."""
    for key in ports.cache.users(name):
        ports.queue.add(key, Lane.PERIODIC)


def _drop_ghosts(ports: Ports, name: str) -> None:
    """Whoever removes a kind may leave us without a word of its objects: ask for the first ones."""
    for key in ports.cache.users(name):
        if ports.fresh(key) is not None:
            return


def _protected(body: Mapping[str, Any]) -> bool:
    return FINALIZER in (body["metadata"].get("finalizers") or ())


def _deleting(body: Mapping[str, Any]) -> bool:
    return bool(body["metadata"].get("deletionTimestamp"))


def _abandoned(body: Mapping[str, Any]) -> bool:
    """A person gave the account up by naming its id."""
    wanted = (body["metadata"].get("annotations") or {}).get(ANNOTATION_ABANDON)
    return bool(wanted) and wanted == (body.get("spec") or {}).get("accountId")


def _release(ports: Ports, key: Key, body: Mapping[str, Any]) -> None:
    fresh = ports.fresh(key)
    if fresh is None or fresh["metadata"]["uid"] != body["metadata"]["uid"]:
        return
    released = finalizers.remove(ports.api, key, fresh)
    if not _deleting(released):
        _remember(ports, released)
    if _abandoned(body):
        log.info("%s: given up, as asked; its objects wait for another of its name", key)


def _waiting(ports: Ports, key: Key, body: Mapping[str, Any], found: Outcome) -> Outcome:
    """Being deleted while objects still name it. `found` is what the look at the account gave."""
    users = ports.cache.users(key.name)
    names = [f"{user.kind} {user.namespace}/{user.name}" for user in users[:NAMED]]
    more = f" and {len(users) - NAMED} more" if len(users) > NAMED else ""
    message = (
        f"{len(users)} {'object lives' if len(users) == 1 else 'objects live'} in this account"
        f" and must go first: {', '.join(names)}{more}; to let it go before them, which leaves"
        f" their identities as they are: kubectl annotate ramaccount {key.name}"
        f" {ANNOTATION_ABANDON}={(body.get('spec') or {}).get('accountId')}"
    )
    phase, reason = Phase.DELETING, Reason.DELETING
    if found.phase is not Phase.DONE:
        phase, reason = found.phase, found.reason
        message = f"{found.message}; {message}"
    since = times.seconds(str(body["metadata"]["deletionTimestamp"]))
    left = since + ports.settings.deletion_blocked_seconds - ports.clock.wall()
    after = min(found.after or RECOUNT, RECOUNT, ports.settings.stalled_seconds)
    if left > 0:
        after = min(after, left + 0.1)
    else:
        phase, reason = Phase.STALLED, Reason.DELETION_BLOCKED
    return Outcome(
        phase,
        reason,
        message,
        account_id=found.account_id,
        verified=found.verified,
        handled_request=found.handled_request,
        after=after,
    )


def _inventory(ports: Ports, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """What the last sweep found, whatever this look at the credentials says. After a start that is
    what the status has of it, until there is a newer one.
    """
    found = ports.sweeps.inventory(name)
    if found is None:
        known = (body.get("status") or {}).get("inventory")
        return {"inventory": known} if known and ports.settings.sweep_seconds else {}
    return {"inventory": unmanaged.shown(found)}


def _brake(ports: Ports, account_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Show the stops, and release those that a person named."""
    record = ports.cache.get(Identity(account_id, ACCOUNT, account_id).key)
    stops = dict(stored(record).brakes) if record is not None else {}
    annotations = body["metadata"].get("annotations") or {}
    asked = str(annotations.get(ANNOTATION_RESUME_DELETIONS, "")).split(",")
    named = [where for where, since in stops.items() if _stop(where, since) in asked]
    if named and record is not None:
        ports.cache.put(ports.records.resume_deletions(record, named))
        for where in named:
            del stops[where]
            ports.deletion_brake.reset(account_id, where)
        wake(ports, str(body["metadata"]["name"]))
    return {"deletionBrake": _shown(stops, str(body["metadata"]["name"]))} if stops else {}


def _stop(where: str, since: str) -> str:
    """What a person names it by."""
    return f"{where}/{since}" if where else since


def _shown(stops: Mapping[str, str], name: str) -> dict[str, Any]:
    """The stop of the whole account first: those of namespaces matter again once it is over."""
    order = sorted(stops)
    commands = ",".join(_stop(where, stops[where]) for where in order[:NAMED])
    whose = "of the account" if ALL in stops else "of some of its namespaces"
    reason = (
        f"too many deletions {whose} within ten minutes; to resume: kubectl annotate --overwrite"
        f" ramaccount {name} {ANNOTATION_RESUME_DELETIONS}={commands}"
    )
    parts = [{"name": where, "engagedAt": stops[where]} for where in order if where][:SHOWN]
    shown = {"engagedAt": min(stops.values()), "reason": reason}
    return {**shown, "namespaces": parts} if parts else shown
