"""The path of a call: parse, authenticate, faults, rate, permission, parameters, handler, journal.

`Gateway.handle` is the entry point of the cloud port, `Gateway.answer` what it does with a request
that is read. Handlers run without awaiting, so each call is atomic. Bodies are always JSON except
where a fault says otherwise.
"""

from __future__ import annotations

import json
import logging
import signal
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from . import (
    accesskeys,
    actiontrail,
    attachments,
    credential_report,
    diagnostics,
    federated,
    federated_saml,
    groups,
    ims,
    ims_profiles,
    ims_users,
    mfa,
    policies,
    profiles,
    providers,
    resourcemanager,
    roles,
    service_credentials,
    settings,
    sts,
    tags,
    users,
    xml,
)
from .authorize import IDENTITY, authorize, no_permission
from .clock import iso
from .diagnostics import Refusal
from .entities import Caller
from .errors import ApiError
from .evaluate import Decision
from .faults import Fault, Faults
from .journal import Journal, redacted
from .params import read_params
from .ratelimit import RateLimiter, throttled
from .registry import SERVICES, Action, Call
from .signature import Gatekeeper
from .state import Universe
from .wire import Envelope, Line, read_envelope

_FAMILIES = (
    roles,
    policies,
    attachments,
    tags,
    users,
    groups,
    profiles,
    accesskeys,
    mfa,
    settings,
    sts,
    ims,
    ims_profiles,
    ims_users,
    credential_report,
    service_credentials,
    providers,
    diagnostics,
    resourcemanager,
    federated,
    federated_saml,
    actiontrail,
)

ACTIONS: Mapping[tuple[str, str], Action] = {
    (action.version, action.name): action for module in _FAMILIES for action in module.ACTIONS
}

_LOG = logging.getLogger("ram_emulator")

_BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>502</body></html>"
_STALE_SECONDS = 60.0


@dataclass(slots=True)
class Outcome:
    """What a call came to: the reply, and what the journal says about it.

    xml: the name of the element that a reply in XML is; empty for JSON.
    """

    request_id: str
    status: int = 200
    body: dict[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    xml: str = ""
    code: str = ""
    effect: str = "none"
    html: bool = False
    cut: bool = False

    @property
    def text(self) -> bytes:
        """The body as it goes over the wire. What is no text of a request's Host is marked."""
        if self.xml:
            root = "Error" if self.code else self.xml
            return xml.as_xml(root, self.body).encode("utf-8", "replace")
        text = json.dumps(self.body, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")

    @property
    def content_type(self) -> str:
        """What the body is."""
        return xml.CONTENT_TYPE if self.xml else "application/json"

    def fail(self, error: ApiError, host: str) -> None:
        """Answer with an error; the effect stays what it was."""
        self.status, self.code, self.headers = error.status, error.code, error.headers
        self.body = error.body(self.request_id, host)

    def bad_gateway(self) -> None:
        """Answer with the page of a proxy that lost its server."""
        self.status, self.html = 502, True


def find_action(version: str, name: str) -> Action:
    """The row of an action; the gateway's error for a name or version that it does not have."""
    action = ACTIONS.get((version, name))
    if action is None:
        if version not in SERVICES:
            raise ApiError("InvalidVersion", f"Specified version is not valid: {version}.")
        raise ApiError("InvalidAction.NotFound", f"Specified api is not found: {name}.")
    return action


class Gateway:
    """The cloud port of one server."""

    def __init__(self, universe: Universe, journal: Journal, faults: Faults) -> None:
        self._universe = universe
        self._journal = journal
        self._faults = faults
        self._gatekeeper = Gatekeeper(universe)
        self._limiter = RateLimiter()

    def replace_universe(self, universe: Universe) -> None:
        """Go on with a loaded state."""
        self._universe = universe
        self._gatekeeper = Gatekeeper(universe)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one HTTP request."""
        try:
            body = await request.read() if request.can_read_body else b""
        except web.HTTPRequestEntityTooLarge:
            return _unreadable(request, "The body is larger than 1 MiB.", 413)
        except (web.RequestPayloadError, HttpProcessingError):
            return _unreadable(request, "The body is not encoded as its headers say.", 400)
        line = Line(request.method, request.raw_path, request.headers, request.remote or "")
        return _reply(request, await self.answer(line, body))

    async def answer(self, line: Line, body: bytes) -> Outcome:
        """Do what a request asks for; whatever it is, the outcome has a reply."""
        outcome = Outcome(str(uuid.uuid4()).upper())
        envelope: Envelope | None = None
        caller: Caller | None = None
        fired: list[Fault] = []
        try:
            envelope = read_envelope(line, body)
            outcome.xml = f"{envelope.action}Response" if envelope.wants_xml else ""
            known = ACTIONS.get((envelope.version, envelope.action))
            if known is not None and not known.signed:
                caller = federated.federated_caller(self._universe, known, envelope.parameters)
            else:
                caller = self._gatekeeper.admit(envelope)
            action = known or find_action(envelope.version, envelope.action)
            fired = self._faults.plan(
                caller.account_id, SERVICES[action.version], action.name, action.effect
            )
            await self._run(envelope, caller, action, fired, outcome)
        except ApiError as error:
            outcome.fail(error, line.headers.get("Host", ""))
        except Exception:
            # A bug of the emulator: it must show in its log, and still answer in the wire's form.
            _LOG.exception("a call failed")
            bug = ApiError("InternalError", "The emulator failed; its log says why.")
            outcome.fail(bug, line.headers.get("Host", ""))
        self._record(envelope, caller, fired, outcome)
        return outcome

    async def _run(
        self,
        envelope: Envelope,
        caller: Caller,
        action: Action,
        fired: list[Fault],
        outcome: Outcome,
    ) -> None:
        for fault in fired:
            await fault.wait()
        call = self._call(envelope, caller, fired)
        if self._before(call, action, fired, outcome):
            return
        try:
            self._perform(call, action, outcome)
        except ApiError as error:
            outcome.fail(error, envelope.host)
        _after(envelope, fired, outcome)

    def _before(self, call: Call, action: Action, fired: list[Fault], outcome: Outcome) -> bool:
        """Faults that come before the effect; True if the call ends here."""
        account = call.account
        for fault in fired:
            if fault.kind in ("throttle", "throttle_retry_after"):
                forced = True if fault.kind == "throttle_retry_after" else None
                raise throttled(account, retry_after=forced)
            if fault.kind == "error_before":
                raise _injected(fault)
            if fault.kind == "deny":
                refusal = Refusal(action.permission, Decision.IMPLICIT_DENY, IDENTITY)
                raise no_permission(call, refusal)
            if fault.kind == "bad_gateway":
                outcome.bad_gateway()
            elif fault.kind == "drop_before":
                outcome.cut = True
            elif fault.kind == "kill_before":
                fault.strike()
                # A process that can still answer for itself gets its call done.
                outcome.cut = fault.signal == signal.SIGKILL
        return outcome.html or outcome.cut

    def _call(self, envelope: Envelope, caller: Caller, fired: list[Fault]) -> Call:
        account = self._universe.accounts[caller.account_id]
        now = self._universe.clock.now()
        as_of = now - account.seconds("stale_read_seconds")
        if account.is_on("own_writes_seen_at_once"):
            as_of = max(as_of, account.wrote.get(caller.arn, as_of))
        for fault in fired:
            if fault.kind == "stale":
                as_of = min(as_of, now - (fault.seconds or _STALE_SECONDS))
        context = {
            "acs:SourceIp": envelope.source,
            "acs:SecureTransport": "false",
            "acs:CurrentTime": iso(now),
            "acs:PrincipalARN": caller.arn,
        }
        values: dict[str, Any] = dict(envelope.parameters)
        return Call(self._universe, account, caller, values, now, as_of, context)

    def _perform(self, call: Call, action: Action, outcome: Outcome) -> None:
        self._limiter.take(call.account, action)
        authorize(call, action)
        body = action.handler(replace(call, values=read_params(action.params, call.values)))
        outcome.effect = action.effect
        outcome.body = {"RequestId": outcome.request_id, **body}
        if action.effect == "write":
            call.account.wrote[call.caller.arn] = call.now
            self._universe.touch()

    def _record(
        self,
        envelope: Envelope | None,
        caller: Caller | None,
        fired: list[Fault],
        outcome: Outcome,
    ) -> None:
        self._trace(envelope, caller, outcome)
        self._journal.add(
            {
                "time": iso(self._universe.clock.now()),
                "account": caller.account_id if caller else "",
                "service": SERVICES.get(envelope.version, "") if envelope else "",
                "action": envelope.action if envelope else "",
                "parameters": redacted(envelope.parameters) if envelope else {},
                "caller": caller.arn if caller else "",
                "requestId": outcome.request_id,
                "status": 0 if outcome.cut else outcome.status,
                "code": outcome.code,
                "effect": outcome.effect,
                "faults": [fault.kind for fault in fired],
            }
        )

    def _trace(self, envelope: Envelope | None, caller: Caller | None, outcome: Outcome) -> None:
        """What ActionTrail gets to know: calls that write, and those that were refused."""
        if envelope is None or caller is None:
            return
        action = ACTIONS.get((envelope.version, envelope.action))
        reached = outcome.effect == "write" or bool(outcome.code)
        if action is not None and action.effect == "write" and reached:
            done = actiontrail.Finished(outcome.request_id, outcome.code)
            now = self._universe.clock.now()
            self._universe.trail.add(actiontrail.event_of(envelope, caller, done, now))


def _injected(fault: Fault) -> ApiError:
    code = fault.code or "InternalError"
    return ApiError(code, "An error was injected.", status=fault.status or None)


def _after(envelope: Envelope, fired: list[Fault], outcome: Outcome) -> None:
    """Faults that come after the effect, which stays in the journal."""
    for fault in fired:
        if fault.kind == "error_after":
            outcome.fail(_injected(fault), envelope.host)
        elif fault.kind == "bad_gateway_after":
            outcome.bad_gateway()
        elif fault.kind == "drop_after":
            outcome.cut = True
        elif fault.kind == "kill_after":
            fault.strike()
            outcome.cut = fault.signal == signal.SIGKILL


def _unreadable(request: web.BaseRequest, message: str, status: int) -> web.StreamResponse:
    """The answer to a body that cannot be read; what is left of it is not waited for."""
    outcome = Outcome(str(uuid.uuid4()).upper())
    outcome.fail(
        ApiError("InvalidParameter.Format", message, status=status), request.headers.get("Host", "")
    )
    response = _reply(request, outcome)
    response.force_close()
    return response


def _reply(request: web.BaseRequest, outcome: Outcome) -> web.StreamResponse:
    if outcome.cut and request.transport is not None:
        request.transport.abort()
    if outcome.html:
        return web.Response(status=outcome.status, text=_BAD_GATEWAY, content_type="text/html")
    return web.Response(
        status=outcome.status,
        body=outcome.text,
        headers={**outcome.headers, "Content-Type": outcome.content_type},
    )
