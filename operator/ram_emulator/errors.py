"""The error values that the emulated service answers with.

Owns the one table that gives a code its HTTP status. Raised by every handler and by the gateway,
turned into a response body by `gateway`. Must not know HTTP requests or state.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The longest prefix that fits decides; statuses are those of the published error tables.
_STATUS_BY_PREFIX: Mapping[str, int] = {
    "": 400,
    "EntityNotExist": 404,
    "EntityAlreadyExists": 409,
    "DeleteConflict": 409,
    "LimitExceeded": 409,
    "NoPermission": 403,
    "Inactive": 403,
    "CheckAuthenticationCodeFail": 403,
    "AuthenticationFail": 401,
    "InvalidAccessKeyId.NotFound": 404,
    "InvalidAction.NotFound": 404,
    "InvalidApi.NotFound": 404,
    "UnsupportedHTTPMethod": 403,
    "InternalError": 500,
    "ServiceUnavailable": 503,
    "Rejected.Throttling": 503,
}


def status_of(code: str) -> int:
    """The HTTP status that belongs to an error code."""
    prefix = max((p for p in _STATUS_BY_PREFIX if code.startswith(p)), key=len)
    return _STATUS_BY_PREFIX[prefix]


class ApiError(Exception):
    """A refusal that the caller sees: code, message, status and optional extras.

    `detail` becomes `AccessDeniedDetail`; `headers` are added to the response.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        detail: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status_of(code) if status is None else status
        self.detail = detail
        self.headers = dict(headers or {})

    def body(self, request_id: str, host: str) -> dict[str, Any]:
        """The wire body with the keys that the real gateway sends."""
        body: dict[str, Any] = {
            "RequestId": request_id,
            "HostId": host,
            "Code": self.code,
            "Message": self.message,
            "Recommend": f"See the error table of RAM 2015-05-01 for {self.code}.",
        }
        if self.detail is not None:
            body["AccessDeniedDetail"] = dict(self.detail)
        return body


def not_exist(entity: str, name: str) -> ApiError:
    """404 for a missing entity (`Role`) or relation (`Role.Policy`)."""
    return ApiError(f"EntityNotExist.{entity}", f"The {_words(entity)} does not exist: {name}")


def already_exists(entity: str, name: str) -> ApiError:
    """409 for an entity or relation that is there already."""
    return ApiError(f"EntityAlreadyExists.{entity}", f"The {_words(entity)} already exists: {name}")


def limit_exceeded(entity: str, limit: int) -> ApiError:
    """409 for a quota of the account."""
    return ApiError(
        f"LimitExceeded.{entity}",
        f"The count of {_words(entity)} beyond the current limits: {limit}",
    )


def delete_conflict(code: str, what: str) -> ApiError:
    """409 for a deletion that something else still blocks."""
    return ApiError(f"DeleteConflict.{code}", what)


def invalid(parameter: str, problem: str, message: str) -> ApiError:
    """400 for a parameter; `problem` is the last part of the code, empty for the short form."""
    suffix = f".{problem}" if problem else ""
    return ApiError(f"InvalidParameter.{parameter}{suffix}", message)


def malformed(message: str) -> ApiError:
    """400 for a document that breaks the grammar."""
    return ApiError("MalformedPolicyDocument", message)


def _words(entity: str) -> str:
    return entity.replace(".", " ").lower()
