"""What a request says, independent of how it was signed.

`read_envelope` understands the header form (ACS3) and the older parameter form (V1), GET and POST,
parameters in the query or in a form body. Each form has one place for the action and its version,
which its signature covers; the other place is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from .errors import ApiError
from .json_text import refuse_halves
from .registry import OLDER

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
_NAME = re.compile(r"[A-Za-z]{1,64}")
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Line:
    """A request without its body: method, raw target, headers and the client's address."""

    method: str
    target: str
    headers: Mapping[str, str]
    source: str


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
    def authorization(self) -> str:
        """The Authorization header, which only the header form has."""
        return self.headers.get("Authorization", "").strip()

    @property
    def wants_xml(self) -> bool:
        """Whether the reply is to be XML: by the parameter Format, or what the client accepts."""
        wanted = self.given.get("Format", "") or self.headers.get("Accept", "").rpartition("/")[2]
        return wanted.upper() == "XML" and _NAME.fullmatch(self.action) is not None

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the action itself."""
        return {k: v for k, v in self.given.items() if k not in _GATEWAY_PARAMETERS}

    @property
    def host(self) -> str:
        """The Host header."""
        return self.headers.get("Host", "")


def read_envelope(line: Line, body: bytes) -> Envelope:
    """Parse a request. ApiError if it is for no API."""
    method, headers = line.method, line.headers
    path, _, raw_query = line.target.partition("?")
    if method not in ("GET", "POST"):
        raise ApiError("UnsupportedHTTPMethod", f"The method {method} is not supported.")
    if path != "/":
        raise ApiError("InvalidApi.NotFound", f"There is no API at {path}.")
    query = _pairs(raw_query)
    given = query
    if body and headers.get("Content-Type", "").lower().startswith(_FORM):
        given = {**query, **_pairs(body.decode("utf-8", "replace"))}
    if headers.get("Authorization", "").strip():
        action, version = headers.get("x-acs-action", ""), headers.get("x-acs-version", "")
    else:
        # These headers are not signed here: clients that send them besides mean the same.
        action, version = given.get("Action", ""), given.get("Version", "")
    if not action:
        raise ApiError("MissingParameter", "Action is mandatory for this request.")
    for text in (action, version):
        _refuse_halves("Action", text)
    version = OLDER.get(version, version)
    return Envelope(method, path, query, given, headers, body, action, version, line.source)


def _pairs(text: str) -> dict[str, str]:
    try:
        pairs = dict(parse_qsl(text, keep_blank_values=True))
    except ValueError:
        raise ApiError("InvalidParameter.Format", "There are too many parameters.") from None
    for name, value in pairs.items():
        _refuse_halves("", name)
        _refuse_halves(name, value)
    return pairs


def _refuse_halves(name: str, text: str) -> None:
    try:
        refuse_halves(text)
    except ValueError as error:
        raise ApiError("InvalidParameter.Format", f"The parameter {name}: {error}.") from None
