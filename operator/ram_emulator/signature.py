"""Verifying who signed a request: ACS3-HMAC-SHA256 and the older HMAC-SHA1 form.

`Gatekeeper.admit` turns an envelope into a caller or raises the gateway's own codes. The order of
checks: form, key, date, nonce, payload, signature, session token.
"""

from __future__ import annotations

import base64
import calendar
import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from .entities import Caller, Session
from .errors import ApiError
from .state import ROOT, Universe
from .sts import session_caller
from .wire import Envelope

ALGORITHM = "ACS3-HMAC-SHA256"
SKEW_SECONDS = 900

_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]+)"
)
_MUST_SIGN = frozenset(
    {
        "host",
        "x-acs-action",
        "x-acs-content-sha256",
        "x-acs-date",
        "x-acs-signature-nonce",
        "x-acs-version",
    }
)
_OF_A_SESSION = "x-acs-security-token"
# Older SDKs split the message at these words, to compare the text with their own.
_MISMATCH = "Specified signature is not matched with our calculation. server string to sign is:"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request claims about its signature, in either form."""

    key_id: str
    date: str
    nonce: str
    token: str


def canonical_query(query: Mapping[str, str]) -> str:
    """Sorted, with RFC 3986 quoting."""
    return "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in sorted(query.items()))


def acs3_string(envelope: Envelope, signed_headers: str) -> str:
    """The string to sign of the header form, over exactly the headers that the request names."""
    names = signed_headers.split(";")
    lines = "".join(f"{n}:{envelope.headers.get(n, '').strip()}\n" for n in names)
    payload = hashlib.sha256(envelope.body).hexdigest()
    query = canonical_query(envelope.query)
    request = f"{envelope.method}\n{envelope.path}\n{query}\n{lines}\n{signed_headers}\n{payload}"
    # Header bytes that are no text count as they came.
    digest = hashlib.sha256(request.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{ALGORITHM}\n{digest}"


def acs3_signature(secret: str, text: str) -> str:
    """The hex HMAC-SHA256 of a string to sign."""
    return hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()


def v1_string(method: str, given: Mapping[str, str]) -> str:
    """The string to sign of the older form, over all parameters but the signature."""
    query = canonical_query({k: v for k, v in given.items() if k != "Signature"})
    return f"{method}&%2F&{quote(query, safe='~')}"


def v1_signature(secret: str, text: str) -> str:
    """The base64 HMAC-SHA1 of a string to sign."""
    digest = hmac.new(f"{secret}&".encode(), text.encode(), "sha1").digest()
    return base64.b64encode(digest).decode()


class Gatekeeper:
    """Authenticates requests against one universe; remembers nonces for half an hour."""

    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        self._nonces: dict[str, float] = {}

    def admit(self, envelope: Envelope) -> Caller:
        """The caller of a request; ApiError with the gateway's code if it is not believed."""
        if envelope.authorization:
            match = _AUTHORIZATION.fullmatch(envelope.authorization)
            if match is None:
                raise ApiError("IncompleteSignature", "The Authorization header is not complete.")
            return self._admit_acs3(envelope, match)
        return self._admit_v1(envelope)

    def _admit_acs3(self, envelope: Envelope, match: re.Match[str]) -> Caller:
        header, names = envelope.headers.get, match[2].lower().split(";")
        needed = _MUST_SIGN | {name for name in (_OF_A_SESSION,) if name in envelope.headers}
        missing = sorted(needed.difference(names))
        if missing:
            raise ApiError("IncompleteSignature", f"Not signed: {', '.join(missing)}.")
        claim = Claim(
            key_id=match[1],
            date=header("x-acs-date", ""),
            nonce=header("x-acs-signature-nonce", ""),
            token=header(_OF_A_SESSION, ""),
        )
        secret = self._precheck(claim)
        text = acs3_string(envelope, match[2])
        if header("x-acs-content-sha256") != hashlib.sha256(envelope.body).hexdigest():
            raise ApiError("SignatureDoesNotMatch", f"{_MISMATCH}{text}")
        return self._finish(claim, text, acs3_signature(secret, text), match[3])

    def _admit_v1(self, envelope: Envelope) -> Caller:
        given = envelope.given
        needed = ("AccessKeyId", "Signature", "Timestamp", "SignatureNonce")
        missing = [name for name in needed if not given.get(name)]
        if missing:
            raise ApiError("IncompleteSignature", f"Missing: {', '.join(missing)}.")
        if given.get("SignatureMethod", "HMAC-SHA1") != "HMAC-SHA1":
            raise ApiError("InvalidSignatureMethod", "Only HMAC-SHA1 is supported here.")
        claim = Claim(
            key_id=given["AccessKeyId"],
            date=given["Timestamp"],
            nonce=given["SignatureNonce"],
            token=given.get("SecurityToken", ""),
        )
        secret = self._precheck(claim)
        text = v1_string(envelope.method, given)
        return self._finish(claim, text, v1_signature(secret, text), given["Signature"])

    def _precheck(self, claim: Claim) -> str:
        """Key, date and nonce; the secret of the key."""
        key = self._universe.find_key(claim.key_id)
        session = self._universe.sessions.get(claim.key_id)
        if key is None and session is None:
            raise ApiError("InvalidAccessKeyId.NotFound", "The access key is not found.")
        if key is not None and not key.active:
            raise ApiError("InvalidAccessKeyId.Inactive", "The access key is inactive.")
        try:
            stamp = calendar.timegm(time.strptime(claim.date, "%Y-%m-%dT%H:%M:%SZ"))
        except ValueError:
            raise ApiError("InvalidTimeStamp.Format", "The date is not in ISO 8601.") from None
        if abs(time.time() - stamp) > SKEW_SECONDS:
            raise ApiError("InvalidTimeStamp.Expired", "The date is more than 15 minutes off.")
        if not claim.nonce:
            raise ApiError("MissingParameter", "SignatureNonce is mandatory for this request.")
        if claim.nonce in self._nonces:
            raise ApiError("SignatureNonceUsed", "The signature nonce was used already.")
        return key.secret if key is not None else session.secret if session is not None else ""

    def _finish(self, claim: Claim, text: str, expected: str, given: str) -> Caller:
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise ApiError("SignatureDoesNotMatch", f"{_MISMATCH}{text}")
        session = self._check_token(claim)
        self._remember(claim.nonce)
        return session_caller(session) if session is not None else self._key_caller(claim.key_id)

    def _check_token(self, claim: Claim) -> Session | None:
        session = self._universe.sessions.get(claim.key_id)
        code = "InvalidSecurityToken"
        if session is None:
            if claim.token:
                raise ApiError(f"{code}.MismatchWithAccessKey", "The token is not of this key.")
            return None
        if not claim.token:
            raise ApiError("MissingSecurityToken", "SecurityToken is mandatory for this key.")
        if claim.token != session.token:
            known = any(s.token == claim.token for s in self._universe.sessions.values())
            kind = "MismatchWithAccessKey" if known else "Malformed"
            raise ApiError(f"{code}.{kind}", "The security token is not valid.")
        if session.expires <= self._universe.clock.now():
            raise ApiError(f"{code}.Expired", "The security token has expired.")
        return session

    def _key_caller(self, key_id: str) -> Caller:
        owner = self._universe.owners[key_id]
        self._universe.note_use(key_id)
        account_id = owner.account_id
        prefix = f"acs:ram::{account_id}"
        if owner.user == ROOT:
            return Caller("account", account_id, "root", account_id, f"{prefix}:root")
        user = self._universe.accounts[account_id].users.get(owner.user)
        if user is None:
            raise ApiError("InvalidAccessKeyId.NotFound", "The access key is not found.")
        return Caller("user", account_id, user.name, user.user_id, f"{prefix}:user/{user.name}")

    def _remember(self, nonce: str) -> None:
        now = time.monotonic()
        self._nonces[nonce] = now
        # Insertion order is age order, so only the oldest ones have to be looked at.
        while self._nonces:
            oldest = next(iter(self._nonces))
            if self._nonces[oldest] >= now - 2 * SKEW_SECONDS:
                break
            del self._nonces[oldest]
