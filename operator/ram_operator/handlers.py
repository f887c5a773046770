"""Every trigger of the product: what kopf's watches say goes into the cache and the queue.

The handlers cannot raise, wait for nothing and decide nothing; they only remember and enqueue. One
of the few modules that know kopf, with its settings and how it is run.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import kopf

from .constants import COMPONENT, GROUP, VERSION
from .kinds import manifest
from .kinds.record import holder
from .kinds.table import ACCOUNT, KINDS, PLURALS, RECORD
from .model.objects import Key
from .runtime.cache import WATCHED_KINDS, Cache, Seen, key_of
from .runtime.queue import Lane, WorkQueue

log = logging.getLogger(__name__)

RECOUNT: Final = 1.0
"""Seconds in which several objects that go count as one for the RamAccount that waits for them."""


NO_FINALIZER: Final = "none of kopf"
"""A name that the API server takes from nobody, for its blanks."""


def lane_of(body: Mapping[str, Any]) -> Lane:
    """A rejection may be what an incident asks for; all else that is news is an edit."""
    named, handled = manifest.rejection(body)
    return Lane.NARROWING if named and named != handled else Lane.URGENT


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
        """In another order each time: who is ended again and again before he is through must not
        begin with the same ones for ever.
        """
        for key in self._cache.keys(ACCOUNT):
            self._add(key)
        found = [key for kind in KINDS for key in self._cache.keys(kind)]
        random.shuffle(found)
        for key in found:
            self._add(key, Lane.PERIODIC)

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
            elif self._cache.outside(owner):
                # Of what has an identity more than the facts is kept: its pass reads it.
                self._add(owner, Lane.PERIODIC)


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


async def run(
    registry: kopf.OperatorRegistry, endpoint: str | None, ends: Callable[[], None]
) -> None:
    """kopf, until it is told to stop, or fails. `endpoint`: the address of the liveness probe.

    `ends` is called as soon as one of the tasks is over that run for as long as the process does.
    From then on kopf ends the others, and waits for each of them for as long as it takes.
    """
    around = asyncio.all_tasks()
    tasks = await kopf.spawn_tasks(
        registry=registry, clusterwide=True, standalone=True, liveness_endpoint=endpoint
    )
    for task in tasks:
        task.add_done_callback(lambda _: ends())
    await kopf.run_tasks(tasks, ignored=around)


class NothingHandled(kopf.DiffBaseStorage):
    """Nothing of an object is compared, so nothing of it is copied or decoded: that would take ten
    times as long as all else of an event, and an annotation that is no JSON would keep kopf from
    handing on anything of its object, and one of its workers busy for minutes.
    """

    def build(self, **_: Any) -> kopf.BodyEssence:
        return kopf.BodyEssence()

    def fetch(self, **_: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        return None


class Patience:
    """Seconds between attempts of a request to the API server, without an end."""

    def __iter__(self) -> Iterator[float]:
        return itertools.chain((1.0, 1.0, 2.0, 3.0, 5.0), itertools.repeat(8.0))


def configure(settings: kopf.OperatorSettings) -> None:
    """kopf, with a reason per line."""
    # We keep our own finalizer. From an object that has the one of this name kopf takes it away.
    settings.persistence.finalizer = NO_FINALIZER
    # Kopf compares what it has handled with what there is, for handlers that we do not have.
    settings.persistence.diffbase_storage = NothingHandled()
    # Without a limit kopf keeps a worker task per object alive; without a short idle time-out each
    # slot of a limited pool sits idle for seconds after every object. What a start lists waits as
    # dicts until a slot is free, so slots must come free faster than objects are listed.
    settings.queueing.worker_limit = 256
    settings.queueing.idle_timeout = 0.01
    # Whole lists of ten thousand objects, decoded at once for each kind, cost half a gigabyte, and
    # each object as large as the API server takes costs three megabytes of a page.
    settings.watching.chunk_size = 20
    # Idle watches die silently behind load balancers: end them before that, from our side.
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 310
    settings.watching.connect_timeout = 10
    settings.networking.request_timeout = 30
    # Kopf gives up a watch, and with it the process, after 54 s of 403 or 5xx in a row, which an
    # API server that starts or a missing binding may answer for longer.
    settings.networking.error_backoffs = Patience()
    # Events are ours to post, on transitions only.
    settings.posting.enabled = False
    settings.posting.reporting_component = f"{GROUP}/{COMPONENT}"
    # A drop in mid-listing would go on from a resourceVersion and skip the rest.
    settings.scanning.disabled = False
