"""One account's connection to the cloud: every call goes through `CloudClient.call`.

Limiter first, then the real SDK in a bounded thread pool (its synchronous client keeps connections
alive, its asynchronous one opens one per call), then the table of faults. A call has a deadline:
after it the outcome of a write is unknown and has to be looked at; a wedged connection holds a
thread of the pool, never the caller.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Any, Final, Protocol

import alibabacloud_ram20150501.client as ram_client
import alibabacloud_ram20150501.models as ram_models
import alibabacloud_sts20150401.client as sts_client
from alibabacloud_tea_openapi.models import Config
from darabonba.runtime import RuntimeOptions

from ..constants import Reason
from ..errors import OutcomeUnknown, RamOperatorError, Retry
from . import answers, faults
from .credentials import Credentials
from .limiter import Limiter, action_class

log = logging.getLogger(__name__)

METHODS: Final[Mapping[str, str]] = {
    "GetUser": "get_user",
    "CreateUser": "create_user",
    "UpdateUser": "update_user",
    "DeleteUser": "delete_user",
    "ListGroupsForUser": "list_groups_for_user",
    "ListAccessKeys": "list_access_keys",
    "UpdateAccessKey": "update_access_key",
    "DeleteAccessKey": "delete_access_key",
    "GetLoginProfile": "get_login_profile",
    "DeleteLoginProfile": "delete_login_profile",
    "GetUserMFAInfo": "get_user_mfainfo",
    "UnbindMFADevice": "unbind_mfadevice",
    "AttachPolicyToUser": "attach_policy_to_user",
    "DetachPolicyFromUser": "detach_policy_from_user",
    "ListPoliciesForUser": "list_policies_for_user",
    "GetGroup": "get_group",
    "CreateGroup": "create_group",
    "UpdateGroup": "update_group",
    "DeleteGroup": "delete_group",
    "ListUsersForGroup": "list_users_for_group",
    "AddUserToGroup": "add_user_to_group",
    "RemoveUserFromGroup": "remove_user_from_group",
    "AttachPolicyToGroup": "attach_policy_to_group",
    "DetachPolicyFromGroup": "detach_policy_from_group",
    "ListPoliciesForGroup": "list_policies_for_group",
    "GetRole": "get_role",
    "CreateRole": "create_role",
    "UpdateRole": "update_role",
    "DeleteRole": "delete_role",
    "GetPolicy": "get_policy",
    "CreatePolicy": "create_policy",
    "UpdatePolicyDescription": "update_policy_description",
    "DeletePolicy": "delete_policy",
    "CreatePolicyVersion": "create_policy_version",
    "ListPolicyVersions": "list_policy_versions",
    "GetPolicyVersion": "get_policy_version",
    "SetDefaultPolicyVersion": "set_default_policy_version",
    "AttachPolicyToRole": "attach_policy_to_role",
    "DetachPolicyFromRole": "detach_policy_from_role",
    "ListPoliciesForRole": "list_policies_for_role",
    "TagResources": "tag_resources",
    "UntagResources": "untag_resources",
    "ListTagResources": "list_tag_resources",
}
"""RAM actions that the operator uses, and hence all that its own RAM policy has to allow."""

IMS: Final = "IMS."
IMS_METHODS: Final[Mapping[str, str]] = {
    "TagResources": "tag_resources",
    "ListTagResources": "list_tag_resources",
    "GetSAMLProvider": "get_samlprovider",
    "GetOIDCProvider": "get_oidcprovider",
}
"""IMS actions, called as `IMS.<action>`: RAM itself cannot tag users, and has no providers."""


_STOPPING: Final = "the operator is stopping"


class CallObserver(Protocol):
    """Told of each call once it is over; metrics hang here. Must not raise."""

    def __call__(self, action: str, result: str, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds."""

    connect: float = 5.0
    read: float = 10.0
    deadline: float = 20.0
    limiter: float = 60.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """host[:port] and whether the connection is encrypted."""

    host: str
    protocol: str = "https"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the three services of one account are."""

    ram: Endpoint
    sts: Endpoint
    ims: Endpoint


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the clients of all accounts share."""

    pool: ThreadPoolExecutor
    timeouts: Timeouts
    watch: CallObserver
    before_write: Callable[[], None]
    """Raises when this process may not write (shutting down); asked right before sending."""


class _Ims:
    """The client of IMS, made at its first call: it costs 15 MB and a third of a second, and only
    accounts with users or identity providers need it.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._client: Any = None

    def send(self, action: str, parameters: Mapping[str, Any]) -> Any:
        import alibabacloud_ims20190815.models as ims_models
        from alibabacloud_ims20190815.client import Client

        with self._lock:
            if self._client is None:
                self._client = Client(self._config)
        request = getattr(ims_models, action + "Request")().from_map(dict(parameters))
        return getattr(self._client, IMS_METHODS[action] + "_with_options")(
            request, RuntimeOptions()
        )


class CloudClient:
    """Signed calls of one account. Thread-safe."""

    def __init__(
        self,
        credentials: Credentials,
        endpoints: Endpoints,
        limiter: Limiter,
        wiring: Wiring,
    ) -> None:
        self._wiring = wiring
        self._limiter = limiter
        self._ram = ram_client.Client(_config(credentials, endpoints.ram, wiring.timeouts))
        self._sts = sts_client.Client(_config(credentials, endpoints.sts, wiring.timeouts))
        self._ims = _Ims(_config(credentials, endpoints.ims, wiring.timeouts))

    def call(self, action: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """One action of RAM, or with the prefix `IMS.` of IMS. Raises errors.* only."""
        if action.startswith(IMS):
            name = action.removeprefix(IMS)
            return self._send(action, lambda: self._ims.send(name, parameters))
        method = getattr(self._ram, METHODS[action] + "_with_options")
        request = getattr(ram_models, action + "Request")().from_map(dict(parameters))
        return self._send(action, lambda: method(request, RuntimeOptions()))

    def caller_identity(self) -> Mapping[str, Any]:
        """STS GetCallerIdentity: which account and principal the credentials belong to."""
        body = self._send(
            "GetCallerIdentity",
            lambda: self._sts.get_caller_identity_with_options(RuntimeOptions()),
        )
        # Without it an account could not be told from another, nor what is the operator's own.
        return answers.part({"answer": body}, "GetCallerIdentity", "answer", "AccountId", "Arn")

    def _send(self, action: str, send: Callable[[], Any]) -> Mapping[str, Any]:
        kind = action_class(action.removeprefix(IMS))
        if not self._limiter.acquire(kind, self._wiring.timeouts.limiter):
            text = f"{action} waits for its turn; the account's rate limit is used up"
            raise Retry(Reason.THROTTLED, text)
        writes = not action.removeprefix(IMS).startswith(("Get", "List"))
        if writes:
            send = self._guarded(send)
        started = time.monotonic()
        try:
            body = self._wait(action, self._submit(send), writes)
        except RamOperatorError as error:
            if error.reason is Reason.THROTTLED:
                self._limiter.throttled(kind)
            self._wiring.watch(action, error.reason.value, time.monotonic() - started)
            raise
        self._wiring.watch(action, "Success", time.monotonic() - started)
        if writes:
            log.info(
                "cloud write", extra={"action": action, "request_id": body.get("RequestId", "")}
            )
        return body

    def _submit(self, send: Callable[[], Any]) -> Future[Any]:
        try:
            return self._wiring.pool.submit(send)
        except RuntimeError:
            raise Retry(Reason.PROGRESSING, _STOPPING) from None

    def _guarded(self, send: Callable[[], Any]) -> Callable[[], Any]:
        def guarded() -> Any:
            # In the thread that sends: the pool may have let the call wait.
            self._wiring.before_write()
            return send()

        return guarded

    def _wait(self, action: str, future: Future[Any], writes: bool) -> Mapping[str, Any]:
        try:
            reply = future.result(timeout=self._wiring.timeouts.deadline)
        except FutureTimeout:
            never_sent = future.cancel()
            if writes and not never_sent:
                raise OutcomeUnknown(f"{action} was not answered within its deadline") from None
            text = f"{action} was not answered within its deadline"
            raise Retry(Reason.CLOUD_UNAVAILABLE, text) from None
        except CancelledError:
            # The pool was shut down while the call stood in its line: it was never sent.
            raise Retry(Reason.PROGRESSING, _STOPPING) from None
        except RamOperatorError:
            raise
        except Exception as error:
            # `from None`: the SDK's exception texts hold the URL with all parameters.
            raise faults.classify(error, action, writes=writes) from None
        body: Mapping[str, Any] = reply.body.to_map() if reply.body is not None else {}
        if not body.get("RequestId"):
            # An empty object from a proxy must not read as an identity without any attribute.
            raise faults.unusable(action, writes=writes)
        return body


def _config(credentials: Credentials, endpoint: Endpoint, timeouts: Timeouts) -> Config:
    return Config(
        access_key_id=credentials.access_key_id,
        access_key_secret=credentials.access_key_secret,
        security_token=credentials.security_token or None,
        endpoint=endpoint.host,
        protocol=endpoint.protocol,
        connect_timeout=int(timeouts.connect * 1000),
        read_timeout=int(timeouts.read * 1000),
        user_agent="ram-operator",
    )
