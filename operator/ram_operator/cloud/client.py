"""One account's connection to the cloud: every call goes through `CloudClient.run`.

Limiter first, then a place in a bounded thread pool, in which the whole job runs: its reads and the
write that rests on them, with nothing between them that waits for a turn. The real SDK sends (its
synchronous client keeps connections alive, its asynchronous one opens one per call), the table of
faults says what an answer means. A job has a deadline: after it nothing more of it is sent, the
outcome of a write that was sent is unknown and has to be looked at; a wedged connection holds a
thread of the account's share, never the caller, and not for longer than an answer may take.
"""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import alibabacloud_ram20150501.client as ram_client
import alibabacloud_ram20150501.models as ram_models
import alibabacloud_sts20150401.client as sts_client
from alibabacloud_tea_openapi.models import Config
from darabonba.runtime import RuntimeOptions

from ..constants import Reason
from ..errors import Bug, OutcomeUnknown, RamOperatorError, Retry
from ..model.state import CloudCalls
from ..proxies import Proxies, Proxy
from . import answers, faults, transport
from .credentials import Credentials
from .endpoints import Endpoint, Endpoints
from .jobs import Needs, Reply, is_write
from .kept_answers import KEPT_SECONDS, KeptAnswers
from .limiter import ActionClass, Limiter, action_class
from .methods import METHODS
from .places import Places
from .services import (
    ACTION_TRAIL,
    ACTION_TRAIL_VERSION,
    IMS,
    RESOURCE_MANAGER,
    RESOURCE_MANAGER_VERSION,
    Ims,
    Unmodelled,
)

log = logging.getLogger(__name__)

IDENTITY: Final = "GetCallerIdentity"
_DEADLINES: Final = 3
"""A job of many reads has no more than so many deadlines of one call: it may hold locks."""
_REMEMBERED: Final = 5000
_STOPPING: Final = "the operator is stopping"


class CallObserver(Protocol):
    """Told of each call once it is over; metrics hang here. Must not raise."""

    def __call__(self, action: str, result: str, seconds: float, account: str = "") -> None: ...


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds."""

    connect: float = 5.0
    read: float = 10.0
    deadline: float = 20.0
    limiter: float = 60.0


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the clients of all accounts share."""

    pool: ThreadPoolExecutor
    timeouts: Timeouts
    watch: CallObserver
    before_write: Callable[[], None]
    """Raises when this process may not write (shutting down); asked right before sending."""
    proxies: Proxies = field(default_factory=Proxies)
    places: Places = field(default_factory=lambda: Places(32))
    """The threads of the pool: answers that do not come hold those of their account, and must not
    hold those of others.
    """
    sent: deque[str] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    """Request ids of writes, by which the operator's own are known."""


class CloudClient:
    """Signed calls of one account. Thread-safe."""

    def __init__(
        self,
        credentials: Credentials,
        endpoints: Endpoints,
        limiter: Limiter,
        wiring: Wiring,
        account: str = "",
    ) -> None:
        """`account` is whose places in the pool it takes, with its other clients."""
        transport.limit_answers(wiring.timeouts.read)
        self._wiring = wiring
        self._account = account
        self._limiter = limiter
        self._endpoints = endpoints
        self._ram = ram_client.Client(_config(credentials, endpoints.ram, wiring))
        self._sts = sts_client.Client(_config(credentials, endpoints.sts, wiring))
        self._ims = Ims(_config(credentials, endpoints.ims, wiring))
        self._elsewhere = {
            RESOURCE_MANAGER: Unmodelled(
                _config(credentials, endpoints.resource_manager, wiring), RESOURCE_MANAGER_VERSION
            ),
            ACTION_TRAIL: Unmodelled(
                _config(credentials, endpoints.action_trail, wiring), ACTION_TRAIL_VERSION
            ),
        }
        self._kept = KeptAnswers()
        self._tenant = ""

    def on_behalf(self, tenant: str) -> CloudClient:
        """This client for one of those who share it: tenants take turns at the rate limit."""
        mine = copy.copy(self)
        mine._tenant = tenant
        return mine

    def call(self, action: str, parameters: Mapping[str, Any]) -> Reply:
        """One reading action of RAM, or with the prefix of another service (`IMS.`).
        Raises errors.* only.

        What writes is sent by `run` alone, with what it rests on.
        """
        if is_write(action):
            raise Bug(f"{action} would be sent outside a job")
        needs = Needs(what=action, reads=1)

        def ask() -> Reply:
            return self.run(needs, lambda calls: calls.call(action, parameters))

        return self._kept.answer(action, ask) if action in KEPT_SECONDS else ask()

    def own_requests(self) -> frozenset[str]:
        """Request ids of what this process wrote last, in whatever account."""
        return frozenset(self._wiring.sent.copy())

    def caller_identity(self) -> Reply:
        """STS GetCallerIdentity: which account and principal the credentials belong to."""
        body = self.call(IDENTITY, {})
        # Without it an account could not be told from another, nor what is the operator's own.
        return answers.part({"answer": body}, IDENTITY, "answer", "AccountId", "Arn")

    def run(self, needs: Needs, work: Callable[[CloudCalls], Reply]) -> Reply:
        """Run `work` in the pool once all tokens that it may need are there. Raises errors.*.

        What `work` calls is sent at once. After the deadline this returns by raising, and `work`
        cannot call any more.
        """
        self._take(needs)
        job = _Job(_Sending(self._send, self._proxy), self._wiring, self._limiter, needs)
        end = time.monotonic() + self._wiring.timeouts.deadline * min(needs.calls, _DEADLINES)
        try:
            future = self._submit(work, job, needs, end)
            try:
                return future.result(timeout=max(0.0, end - time.monotonic()))
            except FutureTimeout:
                future.cancel()
                raise job.give_up() from None
            except CancelledError:
                # The pool begins nothing that was still in its line.
                raise _stopping() from None
        finally:
            for kind, left in job.close().items():
                self._limiter.give_back(kind, left)

    def _submit(
        self, work: Callable[[CloudCalls], Reply], job: CloudCalls, needs: Needs, end: float
    ) -> Future[Reply]:
        """Once the account has a place; it is free when the thread is, however long that takes."""
        places = self._wiring.places
        ticket = places.take(self._account, end - time.monotonic())
        if ticket is None:
            text = (
                f"{needs.what} was not sent: {places.held(self._account)} calls to this account"
                " wait for answers, and more are not sent at once"
            )
            raise Retry(Reason.CLOUD_UNAVAILABLE, text)
        try:
            future = self._wiring.pool.submit(work, job)
        except RuntimeError:
            # The pool takes nothing more.
            places.leave(ticket)
            raise _stopping() from None
        future.add_done_callback(lambda _: places.leave(ticket))
        return future

    def _take(self, needs: Needs) -> None:
        """What is scarce comes first: the reads must not be kept from others meanwhile."""
        taken: list[tuple[ActionClass, int]] = []
        for kind, count in needs.tokens:
            patience = self._wiring.timeouts.limiter
            if not self._limiter.acquire(kind, patience, count, self._tenant):
                for earlier, tokens in taken:
                    self._limiter.give_back(earlier, tokens)
                text = f"{needs.what} waits for its turn; the account's rate limit is used up"
                raise Retry(Reason.THROTTLED, text)
            taken.append((kind, count))

    def _proxy(self, action: str) -> Proxy | None:
        where = self._endpoints
        endpoint = where.sts if action == IDENTITY else where.ram
        if action.startswith(IMS):
            endpoint = where.ims
        elif action.startswith(RESOURCE_MANAGER):
            endpoint = where.resource_manager
        elif action.startswith(ACTION_TRAIL):
            endpoint = where.action_trail
        return self._wiring.proxies.towards(endpoint.protocol, endpoint.host)

    def _send(self, action: str, parameters: Mapping[str, Any]) -> Any:
        """By the SDK, whose exceptions it raises."""
        if action == IDENTITY:
            return self._sts.get_caller_identity_with_options(RuntimeOptions())
        if action.startswith(IMS):
            return self._ims.send(action.removeprefix(IMS), parameters)
        for prefix, service in self._elsewhere.items():
            if action.startswith(prefix):
                return service.send(action.removeprefix(prefix), parameters)
        request = getattr(ram_models, action + "Request")().from_map(dict(parameters))
        return getattr(self._ram, METHODS[action] + "_with_options")(request, RuntimeOptions())


@dataclass(frozen=True, slots=True)
class _Sending:
    """How a call of an action is sent, and by which proxy it goes."""

    call: Callable[[str, Mapping[str, Any]], Any]
    proxy: Callable[[str], Proxy | None]


class _Job:
    """The calls of one job, each on a token that was taken for it before."""

    def __init__(
        self,
        sending: _Sending,
        wiring: Wiring,
        limiter: Limiter,
        needs: Needs,
    ) -> None:
        self._sending = sending
        self._wiring = wiring
        self._limiter = limiter
        self._what = needs.what
        self._lock = threading.Lock()
        self._tokens = dict(needs.tokens)
        self._closed = False
        self._wrote = ""
        """The write that may have been sent."""
        self._under_way: tuple[str, float] | None = None

    def call(self, action: str, parameters: Mapping[str, Any]) -> Reply:
        """Send it now. Raises errors.* only."""
        kind, writes = action_class(action), is_write(action)
        started = self._begin(action, kind, writes)
        try:
            body = answers.sealed(_body(self._sending.call(action, parameters), action, writes))
        except RamOperatorError as error:
            self._end(action, error.reason.value, started)
            raise faults.by_way_of(error, self._sending.proxy(action)) from None
        except Exception as error:
            # `from None`: the SDK's exception texts hold the URL with all parameters.
            known = faults.classify(error, action, writes=writes)
            known = faults.by_way_of(known, self._sending.proxy(action), str(error))
            if known.reason is Reason.THROTTLED:
                self._limiter.throttled(kind)
            self._end(action, known.reason.value, started)
            raise known from None
        self._end(action, "Success", started)
        if writes:
            facts = {"action": action, "request_id": body.get("RequestId", "")}
            self._wiring.sent.append(facts["request_id"])
            log.info("cloud write", extra=facts)
        return body

    def _begin(self, action: str, kind: ActionClass, writes: bool) -> float:
        with self._lock:
            if self._closed:
                raise Retry(Reason.CLOUD_UNAVAILABLE, f"{action} came too late and was not sent")
            if not self._tokens.get(kind):
                raise Bug(f"{action} would be sent without a turn")
            if writes:
                # In the thread that sends, right before it does: the job may have waited.
                self._wiring.before_write()
                self._wrote = action
            self._tokens[kind] -= 1
            started = time.monotonic()
            self._under_way = (action, started)
            return started

    def _end(self, action: str, result: str, started: float) -> None:
        with self._lock:
            told, self._under_way = self._closed, None
        if not told:
            self._wiring.watch(action, result, time.monotonic() - started)

    def give_up(self) -> RamOperatorError:
        """Nothing more is sent. What is known of what was: the error for whoever waited."""
        with self._lock:
            self._closed = True
            under_way, wrote = self._under_way, self._wrote
        text = f"{wrote or self._what} was not answered within its deadline"
        error: Retry = Retry(Reason.CLOUD_UNAVAILABLE, text)
        if wrote:
            error = OutcomeUnknown(text)
        if under_way is not None:
            action, started = under_way
            faults.by_way_of(error, self._sending.proxy(action))
            self._wiring.watch(action, error.reason.value, time.monotonic() - started)
        return error

    def close(self) -> Mapping[ActionClass, int]:
        """Nothing more is sent. The tokens that are left."""
        with self._lock:
            self._closed = True
            left, self._tokens = self._tokens, {}
        return {kind: count for kind, count in left.items() if count}


def _stopping() -> RamOperatorError:
    return Retry(Reason.PROGRESSING, _STOPPING)


def _body(reply: Any, action: str, writes: bool) -> Reply:
    if isinstance(reply, Mapping):
        # Of a client without models.
        found = reply.get("body")
        body: Reply = found if isinstance(found, Mapping) else {}
    else:
        body = reply.body.to_map() if reply.body is not None else {}
    if not body.get("RequestId"):
        # An empty object from a proxy must not read as an identity without any attribute.
        raise faults.unusable(action, "200 without a RequestId", writes=writes)
    problem = answers.oddity(body)
    if problem:
        raise faults.unusable(action, problem, writes=writes)
    return body


def _config(credentials: Credentials, endpoint: Endpoint, wiring: Wiring) -> Config:
    proxy, timeouts = wiring.proxies.towards(endpoint.protocol, endpoint.host), wiring.timeouts
    return Config(
        access_key_id=credentials.access_key_id,
        access_key_secret=credentials.access_key_secret,
        security_token=credentials.security_token or None,
        endpoint=endpoint.host,
        protocol=endpoint.protocol,
        connect_timeout=int(timeouts.connect * 1000),
        read_timeout=int(timeouts.read * 1000),
        user_agent="ram-operator",
        http_proxy=proxy.url if proxy is not None else None,
        https_proxy=proxy.url if proxy is not None else None,
    )
