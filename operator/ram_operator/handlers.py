"""Every trigger of the product: what kopf's watches say goes into the cache and the queue.

The handlers cannot raise, wait for nothing and decide nothing; they only remember and enqueue. One
of the few modules that know kopf.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

import kopf

from .constants import ANNOTATION_REJECT, GROUP, HANDLED_REJECTION, VERSION
from .kinds.record import holder
from .kinds.table import ACCOUNT, PLURALS, RECORD
from .model.objects import Key
from .runtime.cache import WATCHED_KINDS, Cache, Seen, key_of
from .runtime.queue import Lane, WorkQueue

log = logging.getLogger(__name__)

RECOUNT: Final = 1.0
"""Seconds in which several objects that go count as one for the RamAccount that waits for them."""


def lane_of(body: Mapping[str, Any]) -> Lane:
    """A rejection may be what an incident asks for; all else that is news is an edit."""
    rejection = (body["metadata"].get("annotations") or {}).get(ANNOTATION_REJECT)
    handled = (body.get("status") or {}).get(HANDLED_REJECTION)
    new = rejection and str(rejection).split(" ")[0] != handled
    return Lane.NARROWING if new else Lane.URGENT


class Intake:
    """Events → cache → queue."""

    def __init__(self, cache: Cache, queue: WorkQueue) -> None:
        self._cache = cache
        self._queue = queue
        self._started = False

    def saw(self, kind: str, event: Mapping[str, Any]) -> None:
        """One watch event. `type` None is kopf's first listing and counts as ADDED."""
        body = {**event["object"], "kind": kind}
        if event.get("type") == "DELETED":
            key = key_of(body)
            facts = self._cache.facts(key)
            if not self._cache.remove(key, str(body["metadata"].get("uid", ""))):
                return
            if kind == RECORD:
                # Nobody deletes one but by deleting their kind: its object writes it anew.
                if owner := holder(body):
                    self._add(owner, Lane.PERIODIC)
            else:
                self._add(key)
                self._wake(key)
                if facts is not None and facts.account:
                    self._left(facts.account)
            return
        key, seen, outward = self._cache.put(body)
        if kind == RECORD:
            if seen is Seen.NEWS:
                self._record_moved(body)
            return
        if seen is Seen.NEWS:
            self._add(key, lane_of(body))
        if outward and seen is not Seen.STALE:
            self._wake(key)

    def start(self) -> None:
        """After the barrier, once this process leads: accounts first, for everything waits for
        them. Until then events are only remembered: what came before is in the cache by now.
        """
        self._started = True
        self._all()

    def resynced(self, keys: set[Key]) -> None:
        """What a resync found that the watches had not told."""
        for key in keys:
            if key.kind != RECORD:
                self._add(key, Lane.PERIODIC)
                self._wake(key)
            elif (body := self._cache.get(key)) is not None:
                self._record_moved(body)
            else:
                # Whose it was is gone with it, and it was not the only one.
                self._all()
                return

    def _all(self) -> None:
        for kind in WATCHED_KINDS:
            if kind != RECORD:
                lane = Lane.URGENT if kind == ACCOUNT else Lane.PERIODIC
                for key in self._cache.keys(kind):
                    self._add(key, lane)

    def _add(self, key: Key, lane: Lane = Lane.URGENT, delay: float = 0.0) -> None:
        if self._started:
            self._queue.add(key, lane, delay)

    def _left(self, account: str) -> None:
        """An object of the account is gone. The last one frees it, the others shorten its list."""
        key = Key(ACCOUNT, "", account)
        if not self._cache.in_use(account):
            self._add(key)
        elif ((self._cache.get(key) or {}).get("metadata") or {}).get("deletionTimestamp"):
            self._add(key, Lane.PERIODIC, RECOUNT)

    def _wake(self, key: Key) -> None:
        for dependent in self._cache.dependents(key):
            self._add(dependent, Lane.PERIODIC)

    def _record_moved(self, body: Mapping[str, Any]) -> None:
        """A record says that its identity is managed: who refers to its object can go on.

        That of an account may say that the loss of its records is over, which all of its wait for.
        """
        if owner := holder(body):
            self._wake(owner)
            if owner.kind == ACCOUNT:
                self._add(owner)


def register(registry: kopf.OperatorRegistry, intake: Intake) -> None:
    """One event handler per watched kind."""
    for kind in WATCHED_KINDS:
        kopf.on.event(GROUP, VERSION, PLURALS[kind], id=f"watch-{kind.lower()}", registry=registry)(
            _handler(intake, kind)
        )


def _handler(intake: Intake, kind: str) -> Any:
    # `async` although it never waits: kopf sends plain functions through a thread pool.
    async def watch(event: Mapping[str, Any], **_: Any) -> None:
        try:
            intake.saw(kind, event)
        except Exception:
            log.exception("%s: a watch event could not be taken in", kind)

    return watch
