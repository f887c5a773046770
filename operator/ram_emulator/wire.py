"""What a request says, independent of how it was signed.

`read_envelope` understands the header form (ACS3) and the older parameter form (V1), GET and POST,
parameters in the query or in a form body.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from .errors import ApiError

# Parameters of the protocol, which no action sees.
_GATEWAY_PARAMETERS = frozenset(
    {
        "Action",
        "Version",
        "Format",
        "Timestamp",
        "AccessKeyId",
        "Signature",
        "SignatureMethod",
        "SignatureNonce",
        "SignatureType",
        "SignatureVersion",
        "SecurityToken",
        "RegionId",
    }
)
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Envelope:
    """A parsed request.

    query: decoded pairs of the request line. given: query and form together. headers: as received,
    looked up without regard to letter case. source: the client's address.
    """

    method: str
    path: str
    query: Mapping[str, str]
    given: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    action: str
    version: str
    source: str

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the action itself."""
        return {k: v for k, v in self.given.items() if k not in _GATEWAY_PARAMETERS}

    @property
    def host(self) -> str:
        """The Host header."""
        return self.headers.get("Host", "")


def read_envelope(
    method: str, target: str, headers: Mapping[str, str], body: bytes, source: str
) -> Envelope:
    """Parse a request; `target` is the raw request target. ApiError if it is for no API."""
    path, _, raw_query = target.partition("?")
    if method not in ("GET", "POST"):
        raise ApiError("UnsupportedHTTPMethod", f"The method {method} is not supported.")
    if path != "/":
        raise ApiError("InvalidApi.NotFound", f"There is no API at {path}.")
    query = _pairs(raw_query)
    given = query
    if body and headers.get("Content-Type", "").startswith(_FORM):
        given = {**query, **_pairs(body.decode("utf-8", "replace"))}
    action = headers.get("x-acs-action") or given.get("Action", "")
    version = headers.get("x-acs-version") or given.get("Version", "")
    if not action:
        raise ApiError("MissingParameter", "Action is mandatory for this request.")
    return Envelope(method, path, query, given, headers, body, action, version, source)


def _pairs(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))
