"""The one table from the SDK's exceptions to `errors`: code or status → retry, stalled or bug.

Dispatch is on the wire code (`Throttling.User`), since the SDK's classes and the HTTP status of
throttling vary. The texts come from the service's own message, never from the SDK's: its connection
errors contain the full URL, and with it passwords and documents.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from darabonba.exceptions import UnretryableException
from Tea.exceptions import TeaException

from ..constants import Reason
from ..errors import (
    Absent,
    AlreadyExists,
    Bug,
    DeleteConflict,
    InvalidSpec,
    OutcomeUnknown,
    RamOperatorError,
    Refused,
    Retry,
    Stalled,
)
from ..proxies import Proxy
from .answers import number


@dataclass(frozen=True, slots=True)
class Fault:
    """What the service answered, without anything secret."""

    action: str
    writes: bool
    code: str
    status: int
    text: str
    denied_action: str = ""
    retry_after: float | None = None


Maker = Callable[[Fault], RamOperatorError]


def permission(action: str) -> str:
    """What a RAM policy calls the action, as deploy/ram-policy.json does: `ram:GetRole`."""
    service, _, name = action.rpartition(".")
    service = _CODES.get(service, service.lower())
    return f"{service or _SERVICES.get(name, 'ram')}:{name}"


_SERVICES: Final = {"GetCallerIdentity": "sts"}
"""Of actions that are called without naming their service, which is RAM for all others."""
_CODES: Final = {"ResourceManager": "ram"}
"""Services whose actions are allowed under the code of another one."""


def _throttled(fault: Fault) -> RamOperatorError:
    text = f"the cloud limits {fault.action} ({fault.code}); it is tried again more slowly"
    return Retry(Reason.THROTTLED, text, fault.retry_after)


def _absent(fault: Fault) -> RamOperatorError:
    relation = fault.code.count(".") >= 2
    return Absent(f"{fault.action}: {fault.text}", code=fault.code, relation=relation)


def _exists(fault: Fault) -> RamOperatorError:
    return AlreadyExists(f"{fault.action}: {fault.text}", code=fault.code)


def _conflict(fault: Fault) -> RamOperatorError:
    return DeleteConflict(f"{fault.action}: {fault.text} ({fault.code})", code=fault.code)


_FULL: Final = {
    "Tag": "remove some of spec.tags, or of those that the identity has in the cloud besides",
}
"""What ends in this: which field of a manifest is too full for the cloud."""


def _quota(fault: Fault) -> RamOperatorError:
    what = _FULL.get(fault.code.removeprefix("LimitExceeded").rpartition(".")[2], "")
    remedy = what or "raise the quota or remove something"
    text = f"{fault.action}: {fault.text} ({fault.code}); {remedy}"
    return Stalled(Reason.QUOTA_EXCEEDED, text)


def _denied(fault: Fault) -> RamOperatorError:
    wanted = fault.denied_action or permission(fault.action)
    text = (
        f"the operator's identity may not call {wanted}; grant it in the RAM policy of the operator"
    )
    return Stalled(Reason.ACCESS_DENIED, text)


def _at_risk(fault: Fault) -> RamOperatorError:
    text = (
        f"the cloud's risk control blocks {fault.action} ({fault.code}); look for its notice in the"
        " console's Message Center, and have the block lifted by the support"
    )
    return Stalled(Reason.ACCESS_DENIED, text)


def _credentials(fault: Fault) -> RamOperatorError:
    text = f"the cloud refuses the operator's credentials ({fault.code}); renew them"
    return Stalled(Reason.CREDENTIALS_INVALID, text)


def _clock(fault: Fault) -> RamOperatorError:
    text = f"the cloud refuses the time of the request ({fault.code}); set the operator's clock"
    return Stalled(Reason.CREDENTIALS_INVALID, text)


def _busy(fault: Fault) -> RamOperatorError:
    text = (
        f"{fault.action} met another change of the same thing that is still under way"
        f" ({fault.code}); it is tried again"
    )
    return Retry(Reason.CLOUD_UNAVAILABLE, text)


def _wrong_endpoint(fault: Fault) -> RamOperatorError:
    text = (
        f"the endpoint does not take {fault.action} ({fault.code}); correct spec.endpoints of the"
        " RamAccount, or leave it out"
    )
    return Stalled(Reason.INVALID_SPEC, text)


def _invalid(fault: Fault) -> RamOperatorError:
    return InvalidSpec(f"the cloud refuses {fault.action}: {fault.text} ({fault.code})")


def _refused(fault: Fault) -> RamOperatorError:
    return Refused(f"the cloud refuses {fault.action}: {fault.text} ({fault.code})")


def _unavailable(fault: Fault) -> RamOperatorError:
    text = f"{fault.action} got no usable answer ({fault.code or f'HTTP {fault.status}'})"
    if fault.writes:
        return OutcomeUnknown(f"{text}; its outcome is looked at")
    return Retry(Reason.CLOUD_UNAVAILABLE, text)


def _proxy_refuses(fault: Fault) -> RamOperatorError:
    text = f"a proxy wants a user and a password for {fault.action}; write them into its URL"
    return Retry(Reason.CLOUD_UNAVAILABLE, text)


def _not_understood(fault: Fault) -> RamOperatorError:
    text = (
        f"the cloud refuses {fault.action}: {_said(fault)}; look for what it names in the manifest,"
        " and correct it there"
    )
    return InvalidSpec(text)


def _not_known(fault: Fault) -> RamOperatorError:
    """Of what is missing nothing is known, least of all that it is the identity."""
    text = (
        f"the cloud does not find what {fault.action} needs: {_said(fault)}; it is looked for"
        " again. If it stays so, correct spec.endpoints of the RamAccount, or make again what is"
        " missing"
    )
    return OutcomeUnknown(text) if fault.writes else Retry(Reason.CLOUD_UNAVAILABLE, text)


def _in_the_way(fault: Fault) -> RamOperatorError:
    text = (
        f"something is in the way of {fault.action}: {_said(fault)}; it is tried again. If it stays"
        " so, look in the console for what the message names"
    )
    return OutcomeUnknown(text) if fault.writes else Retry(Reason.CLOUD_UNAVAILABLE, text)


def _said(fault: Fault) -> str:
    """In the service's own words, as far as it has any."""
    code = f"({fault.code or 'without a code'}, HTTP {fault.status})"
    return f"{fault.text} {code}" if fault.text else code


_BY_STATUS: Final[dict[int, Maker]] = {
    400: _not_understood,
    401: _credentials,
    403: _denied,
    404: _not_known,
    407: _proxy_refuses,
    408: _unavailable,
    409: _in_the_way,
    429: _throttled,
}
"""What a code that no row knows means at least, by the HTTP status that it comes with."""

TABLE: Final[tuple[tuple[re.Pattern[str], Maker], ...]] = tuple(
    (re.compile(pattern), maker)
    for pattern, maker in (
        (r"Throttling(\..*)?|Rejected\.Throttling|TooManyRequests", _throttled),
        (r"EntityNotExist(\..*)?", _absent),
        (r"EntityAlreadyExists(\..*)?", _exists),
        (r"DeleteConflict(\..*)?", _conflict),
        (r"LimitExceeded(\..*)?", _quota),
        (r"Forbidden\.RiskControl", _at_risk),
        (r"Forbidden\.AccessKeyDisabled|InvalidAccessKeyId(\..*)?", _credentials),
        (r"NoPermission|Forbidden(\..*)?|NotAuthorized(\..*)?", _denied),
        (r"Inactive|AuthenticationFail\..*", _denied),
        (r"SignatureDoesNotMatch|IncompleteSignature|InvalidSignatureMethod", _credentials),
        (r"InvalidSecurityToken(\..*)?|MissingSecurityToken", _credentials),
        (r"InvalidTimeStamp(\..*)?|IllegalTimestamp", _clock),
        (r"SignatureNonceUsed|ServiceUnavailable|InternalError", _unavailable),
        (r"OperationConflict(\..*)?|ConcurrentUpdate(\..*)?", _busy),
        (r"(OperationFailed\.)?LastTokenProcessing|SystemBusy", _busy),
        (r"Invalid\.ResourceGroup\.Status", _busy),
        (r"InvalidApi\..*|InvalidProduct\..*|InvalidAction\..*|InvalidVersion", _wrong_endpoint),
        (r"InvalidProtocol\.NeedSsl|UnsupportedHTTPMethod", _wrong_endpoint),
        (r"MalformedPolicyDocument(\..*)?", _refused),
        (r"Invalid[A-Za-z]*(\..*)?|Missing[A-Za-z]*(\..*)?|NotSupport.*", _invalid),
    )
)


_UNREADABLE: Final = (RecursionError, UnicodeError, OverflowError)


def classify(error: Exception, action: str, *, writes: bool) -> RamOperatorError:
    """The typed error for what the SDK raised. Never raises."""
    if isinstance(error, UnretryableException):
        # No status and no body: connection trouble, a time-out, or an answer that is no JSON.
        return _unavailable(Fault(action, writes, "no connection or no JSON", 0, ""))
    if isinstance(error, _UNREADABLE):
        # The SDK's own reading of the answer: brackets without end, a number of a million digits.
        return unusable(action, "an answer that nobody can read", writes=writes)
    if not isinstance(error, TeaException):
        return Bug(f"{action}: unexpected {type(error).__name__} in the SDK")
    fault = _read(error, action, writes)
    for pattern, maker in TABLE:
        if pattern.fullmatch(fault.code):
            return maker(fault)
    if fault.status >= 500:
        return _unavailable(fault)
    if by_status := _BY_STATUS.get(fault.status):
        return by_status(fault)
    if not fault.code and not fault.status:
        # What the SDK could not read of it may have been any of them.
        return unusable(action, "a refusal that says nothing", writes=writes)
    return Bug(f"{action}: unknown answer {fault.code or 'without a code'} (HTTP {fault.status})")


def by_way_of(error: RamOperatorError, proxy: Proxy | None, said: str = "") -> RamOperatorError:
    """The same error; where no usable answer came, it names the proxy that the call went by.

    said: the SDK's own words, of which nothing is shown but the proxy's status.
    """
    lost = error.reason in (Reason.CLOUD_UNAVAILABLE, Reason.OUTCOME_UNKNOWN)
    if proxy is None or not lost:
        return error
    refused = _REFUSED.search(said)
    status = f" and answered HTTP {refused[1]}" if refused else ""
    error.message += (
        f"; the call went by the proxy {proxy.place} that {proxy.variable} names{status}: look"
        " whether it lets the operator through to the cloud, or name the endpoint's host in"
        " NO_PROXY"
    )
    error.args = (error.message,)
    return error


_REFUSED: Final = re.compile(r"Tunnel connection failed: ([0-9]{3})")


def unusable(action: str, why: str, *, writes: bool) -> RamOperatorError:
    """The typed error for a 200 that is no answer of the service, and `why` it is none."""
    return _unavailable(Fault(action, writes, why, 200, ""))


def _read(error: TeaException, action: str, writes: bool) -> Fault:
    data: dict[str, Any] = error.data if isinstance(error.data, dict) else {}
    detail = data.get("AccessDeniedDetail")
    if not isinstance(detail, dict):
        detail = {}
    # The SDK formats a missing code as the word None.
    code = "" if error.code in (None, "None") else str(error.code)
    after = getattr(error, "retry_after", None)
    return Fault(
        action=action,
        writes=writes,
        code=code,
        status=int(number(getattr(error, "statusCode", None) or data.get("statusCode") or 0)),
        text=str(data.get("Message") or data.get("message") or "").strip()[:512],
        denied_action=str(detail.get("AuthAction") or ""),
        # The service says milliseconds; a minute is the most that is worth a sleeping worker.
        retry_after=min(max(number(after) / 1000.0, 0.0), 60.0) if after else None,
    )
