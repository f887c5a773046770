"""Wiring and life cycle: the barrier, workers, resync, stop.

No pass runs before this process leads and all kinds have been listed, so that the first decision is
not made on half of what there is. A process that stands by watches and remembers, and writes
nothing.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import kopf
import kubernetes.config
import prometheus_client
from kubernetes.client.api_client import ApiClient

from . import constants, handlers, proxies, times
from .cloud.client import Timeouts, Wiring
from .cloud.observe import CloseObserver
from .cloud.places import Places
from .cluster.api import ClusterApi
from .cluster.guard import AdmissionGuard
from .cluster.leases import Election, LeaseLock, Terms
from .cluster.record_writer import Records
from .cluster.voiding import void_all
from .config import Settings
from .errors import RamOperatorError, Retry
from .loop import asking
from .loop.account_sweep import Sweeper
from .loop.ports import Clock, Ports
from .loop.reconcile import Reconciler
from .model.objects import Key
from .observability.metrics import Metrics
from .runtime import liveness, turns
from .runtime.cache import WATCHED_KINDS, Cache
from .runtime.consistency import Consistency
from .runtime.deletion_brake import DeletionBrake
from .runtime.leadership import Hooks, Leadership, Time, elapsed
from .runtime.queue import Backoff, Limits, WorkQueue
from .runtime.refused_writes import Refusals
from .runtime.sessions import AccountOpener, Accounts

log = logging.getLogger(__name__)

GRACE: Final = 20.0
"""Seconds that passes in flight get to finish when the process is told to stop."""
ENDING: Final = 28.0
"""Seconds from the end of a task that was to run for ever to that of the process, at most. It is a
little less than what the shipped Deployment gives a pod."""
BARRIER_RETRY: Final = 5.0
SWEEP_TURN: Final = 0.5
ANY_HOST: Final = "0.0.0.0"  # noqa: S104 - a pod's probes and scrapes come from outside it


def _guard(settings: Settings, api: ClusterApi, clock: Clock, metrics: Metrics) -> AdmissionGuard:
    told, source = (metrics.guarded, metrics.guard_probed), constants.GuardSource(settings.guard)
    return AdmissionGuard(api, settings.unguarded_approvals, clock.monotonic, *told, source)


class Operator:
    """One process: builds all ports, runs workers, knows when it has to stop."""

    _ending = False

    def __init__(self, settings: Settings, environment: dict[str, str], clock: Clock) -> None:
        self.settings = settings
        self._closing = threading.Event()
        self._late = threading.Event()
        self._threads: list[threading.Thread] = []
        self._candidate: threading.Thread | None = None
        metrics = Metrics(prometheus_client.CollectorRegistry())
        _process_metrics(metrics)
        cache = Cache()
        self.queue = WorkQueue(
            turns.group_of(cache),
            Backoff(settings.backoff_first, settings.backoff_last),
            limits=Limits(settings.workers),
        )
        metrics.watch(self.queue.depth, self.queue.running, self.queue.longest)
        metrics.leads.set_function(self._leads)
        metrics.sweep_interval.set(settings.sweep_seconds)
        self.leadership = leadership_of(settings) if settings.leader_election else None
        api = ClusterApi(_api_client(settings.workers), metrics.cluster_write, self._check_lead)
        self._pool = ThreadPoolExecutor(settings.cloud_threads, thread_name_prefix="cloud")
        wiring = self._wiring(metrics, proxies.read(environment))
        self.ports = Ports(
            settings=settings,
            clock=clock,
            cache=cache,
            queue=self.queue,
            api=api,
            records=Records(api),
            guard=_guard(settings, api, clock, metrics),
            accounts=Accounts(),
            opener=AccountOpener(settings, cache, api, wiring, environment),
            observer=lambda session: CloseObserver(session.client),
            consistency=Consistency(settings, clock.monotonic),
            deletion_brake=DeletionBrake(clock.monotonic),
            refusals=Refusals(clock.monotonic, settings.stalled_seconds),
            metrics=metrics,
            instance=socket.gethostname(),
        )
        self.intake = handlers.Intake(cache, self.queue)
        self._reconciler = Reconciler(self.ports)

    def _wiring(self, metrics: Metrics, ways: proxies.Proxies) -> Wiring:
        timeouts, places = _timeouts(self.settings), Places(self.settings.cloud_threads)
        return Wiring(self._pool, timeouts, metrics.cloud_call, self._check_open, ways, places)

    def run(self) -> None:
        """Blocks until told to stop by a signal."""
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(_login)
        # What is worth another try is tried again in there. For anything else kopf would wait a
        # minute, again and again, and whoever starts processes would not learn of it.
        kopf.on.startup(registry=registry, errors=kopf.ErrorsMode.PERMANENT)(self._startup)
        kopf.on.cleanup(registry=registry)(self._cleanup)
        kopf.on.probe(id="queue", registry=registry, errors=kopf.ErrorsMode.PERMANENT)(self._probe)
        handlers.register(registry, self.intake)
        health = self.settings.health_address
        endpoint = f"http://{_with_host(health)}/healthz" if health else None
        try:
            asyncio.run(handlers.run(registry, endpoint, self._must_end))
        except asyncio.CancelledError:
            return
        except Exception:
            # A watch whose kind has just been taken away may end so: kopf goes on after any answer
            # but 404. A new process waits at the barrier until all kinds are there.
            log.exception("it cannot go on: this process ends, and has to be started again")
            raise SystemExit(1) from None

    def _must_end(self) -> None:
        """What has to end before the cleanup may wait for ever, and a start that waits for the API
        server has none. Nothing is watched meanwhile, and nobody starts another process.
        """
        self._closing.set()
        if not self._ending:
            self._ending = True
            _thread("end", _end_after, ENDING)

    async def _startup(self, settings: kopf.OperatorSettings, **_: Any) -> None:
        handlers.configure(settings)
        self._serve_metrics()
        await asyncio.get_running_loop().run_in_executor(None, self._barrier)
        self._threads.append(_thread("resync", self._resync))
        if self.leadership is None:
            self._begin()
        elif not self._closing.is_set():
            self._candidate = _thread("lease", self._stand, self.leadership)
        log.info("ready", extra={"cluster": self.settings.cluster_name})

    def _stand(self, leadership: Leadership) -> None:
        with _ends_with("leader election"):
            leadership.run(Hooks(self._take_over, _end))

    def _take_over(self) -> None:
        """What the predecessor wrote last may not have come by the watches yet."""
        # In a thread of its own: a slow list must not keep the lease from being renewed.
        self._threads.append(_thread("take-over", self._list_and_begin))

    def _list_and_begin(self) -> None:
        # Whoever holds the lease and does not work keeps others from working.
        with _ends_with("taking over"):
            self._barrier()
            self.ports.consistency.begin()
            self._begin()

    def _sweep(self) -> None:
        sweeper = Sweeper(self.ports, _beside)
        while self.settings.sweep_seconds and not self._closing.wait(SWEEP_TURN):
            try:
                sweeper.turn()
            except Exception:
                # Without this thread the ages of the lists would grow for no reason that shows.
                log.exception("the sweeps did not begin; they are tried again")

    def _begin(self) -> None:
        if self._closing.is_set():
            return
        self._threads.append(_thread("sweeps", self._sweep))
        asks = (self.ports, self._closing.wait, _beside)
        self._threads.append(_thread("authors", asking.run, *asks))
        self.intake.start()
        for number in range(self.settings.workers):
            self._threads.append(_thread(f"worker-{number}", self._work))

    async def _cleanup(self, **_: Any) -> None:
        self._closing.set()
        self.queue.close()
        await asyncio.get_running_loop().run_in_executor(None, self._end_work)

    def _end_work(self) -> None:
        """Wait for what is in flight. The lease is given away only when all of it is over."""
        deadline = time.monotonic() + GRACE
        _join(self._threads, deadline)
        self._late.set()
        calls = _thread("calls", lambda: self._pool.shutdown(wait=True, cancel_futures=True))
        over = _join([*self._threads, calls], deadline)
        if self.leadership is not None and self._candidate is not None:
            self.leadership.stop()
            if _join([self._candidate], deadline) and over:
                self.leadership.release()

    async def _probe(self, **_: Any) -> dict[str, int]:
        liveness.check(self.queue, self.settings.wedged_seconds)
        waiting, running = self.queue.depth(), self.queue.running()
        return {"waiting": waiting, "running": running, "leads": int(self._leads())}

    def _leads(self) -> bool:
        return self.leadership is None or self.leadership.leads

    def _barrier(self) -> None:
        """List everything once; until that works there is nothing to decide on."""
        for kind in WATCHED_KINDS:
            while not self._closing.is_set():
                try:
                    self.ports.cache.resync(kind, self.ports.api.pages(kind), set())
                    break
                except RamOperatorError as error:
                    log.error(
                        "cannot list %s: %s; apply crds/ and the operator's RBAC; trying again",
                        kind,
                        error.message,
                    )
                    self._closing.wait(BARRIER_RETRY)

    def _look_at_guard(self) -> None:
        """So that people learn of a missing guard before somebody needs an approval."""
        try:
            self.ports.guard.state(fresh=True)
        except RamOperatorError as error:
            log.warning(
                "cannot read the admission policies that guard approvals: %s", error.message
            )

    def _resync(self) -> None:
        self._look_at_guard()
        while not self._closing.wait(self.settings.resync_seconds):
            self._look_at_guard()
            for kind in WATCHED_KINDS:
                try:
                    self._list_again(kind)
                except RamOperatorError as error:
                    log.warning("resync of %s failed: %s", kind, error.message)
                except Exception:
                    # Without this thread nobody would notice a watch that has gone silent.
                    log.exception("resync of %s failed", kind)

    def _list_again(self, kind: str) -> None:
        news = set[Key]()
        try:
            self.ports.cache.resync(kind, self.ports.api.pages(kind), news)
        finally:
            self.intake.resynced(news)

    def _work(self) -> None:
        while (key := self.queue.get()) is not None:
            try:
                self._reconciler.run(key)
            finally:
                self.queue.done(key)

    def _check_open(self) -> None:
        """Asked right before each cloud write."""
        if self._late.is_set():
            raise Retry(constants.Reason.PROGRESSING, "the operator is stopping")
        self._check_lead()

    def _check_lead(self) -> None:
        """Asked right before each write to the cluster as well."""
        if self.leadership is not None:
            self.leadership.check()

    def _serve_metrics(self) -> None:
        address = self.settings.metrics_address
        if not address:
            return
        host, _, port = _with_host(address).rpartition(":")
        try:
            prometheus_client.start_http_server(int(port), host, self.ports.metrics.registry)
        except OSError as error:
            log.error(
                "cannot serve metrics on %s: %s; set --metrics-address to an address that is free",
                address,
                error.strerror,
            )
            raise


def leadership_of(settings: Settings) -> Leadership:
    """This process as a candidate, under a name that none had before it."""
    terms = Terms(settings.lease_duration_seconds, settings.renew_deadline, settings.retry_period)
    identity = f"{socket.gethostname()}_{uuid.uuid4()}"
    # Retries below would multiply the time-outs that the deadline is divided into. A client of its
    # own: renewals wait for no connection that a worker holds.
    api = ClusterApi(_api_client(1, retries=0), lambda *_: None)
    lock = LeaseLock(api, settings.operator_namespace)
    return Leadership(lock, Election(identity, terms), Time(elapsed, _micro_stamp))


@contextmanager
def _ends_with(what: str) -> Iterator[None]:
    """The process does when this fails: nothing else would notice that a thread is gone."""
    try:
        yield
    except Exception:
        log.exception("%s failed: this process ends", what)
        _end()


def _end() -> None:
    """At once: whatever this process would still do belongs to another by now."""
    logging.shutdown()
    os._exit(1)


def _end_after(seconds: float) -> None:
    time.sleep(seconds)
    log.error("it has not ended %g s after it had to: it has to be started again", seconds)
    _end()


def _thread(name: str, target: Callable[..., None], *arguments: Any) -> threading.Thread:
    # Daemons: a wedged connection must not keep the process from ending.
    thread = threading.Thread(target=target, name=name, args=arguments, daemon=True)
    thread.start()
    return thread


def _beside(work: Callable[[], None]) -> None:
    _thread("beside", work)


def _join(threads: Sequence[threading.Thread], deadline: float) -> bool:
    """Whether all of them have ended by then, in monotonic seconds."""
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return not any(thread.is_alive() for thread in threads)


async def _login(**kwargs: Any) -> kopf.ConnectionInfo | None:
    return kopf.login_via_client(**kwargs)


def _api_client(connections: int, retries: int | None = None) -> ApiClient:
    """A client from the kubeconfig or the pod's ServiceAccount, with a connection per worker."""
    configuration = kubernetes.client.Configuration()
    kubernetes.config.load_config(  # type: ignore[no-untyped-call]
        client_configuration=configuration
    )
    configuration.connection_pool_maxsize = connections + 2
    configuration.retries = retries
    return ApiClient(configuration)


def _timeouts(settings: Settings) -> Timeouts:
    return Timeouts(settings.connect_timeout, settings.read_timeout, settings.call_deadline)


def _process_metrics(metrics: Metrics) -> None:
    prometheus_client.ProcessCollector(registry=metrics.registry)
    prometheus_client.PlatformCollector(registry=metrics.registry)


def _stamp() -> str:
    return times.stamp(time.time())


CLOCK: Final = Clock(time.monotonic, time.time, _stamp)  # the machine's


def _micro_stamp() -> str:
    return times.stamp_with_microseconds(time.time())


def _with_host(address: str) -> str:
    """An address without a host means all of the pod's."""
    return address if not address.startswith(":") else f"{ANY_HOST}{address}"


def void_approvals() -> int:
    """Raise the sequences of all records, as a step after a restore. How many there were."""
    return void_all(ClusterApi(_api_client(1), lambda *_: None), time.time)


def main(settings: Settings, clock: Clock = CLOCK) -> None:
    """Run the operator with the process's environment."""
    environment = dict(os.environ)
    proxies.take(os.environ)
    Operator(settings, environment, clock).run()
