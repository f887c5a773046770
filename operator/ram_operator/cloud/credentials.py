"""Where the operator's own credentials come from. They never reach a log, status or error text."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ..constants import Reason
from ..errors import Stalled

ENVIRONMENT: Final = {
    "access_key_id": "ALIBABA_CLOUD_ACCESS_KEY_ID",
    "access_key_secret": "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    "security_token": "ALIBABA_CLOUD_SECURITY_TOKEN",
}
SECRET_KEYS: Final = {
    "access_key_id": "accessKeyId",
    "access_key_secret": "accessKeySecret",
    "security_token": "securityToken",
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """One key pair, with a token when it is temporary. `repr` shows none of it."""

    access_key_id: str = field(repr=False)
    access_key_secret: str = field(repr=False)
    security_token: str = field(repr=False, default="")

    @property
    def fingerprint(self) -> str:
        """Tells whether credentials were replaced, without being any use to anybody else."""
        parts = (self.access_key_id, self.access_key_secret, self.security_token)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _pick(source: Mapping[str, str], names: Mapping[str, str], where: str) -> Credentials:
    key_id = source.get(names["access_key_id"], "").strip()
    secret = source.get(names["access_key_secret"], "").strip()
    if not key_id or not secret:
        wanted = f"{names['access_key_id']} and {names['access_key_secret']}"
        raise Stalled(Reason.CREDENTIALS_INVALID, f"{where} does not have {wanted}; set both")
    return Credentials(key_id, secret, source.get(names["security_token"], "").strip())


def from_environment(environment: Mapping[str, str]) -> Credentials:
    """The variables that Alibaba Cloud's own tools read. Raises Stalled(CredentialsInvalid)."""
    return _pick(environment, ENVIRONMENT, "the operator's environment")


def from_secret(name: str, data: Mapping[str, str] | None) -> Credentials:
    """A Secret's `data` (base64). Raises Stalled(CredentialsInvalid) that names no value."""
    if data is None:
        raise Stalled(
            Reason.CREDENTIALS_INVALID,
            f"Secret {name} does not exist in the operator's namespace; create it there",
        )
    plain: dict[str, str] = {}
    for key in SECRET_KEYS.values():
        try:
            plain[key] = base64.b64decode(data.get(key, ""), validate=True).decode()
        except ValueError:
            raise Stalled(
                Reason.CREDENTIALS_INVALID, f"Secret {name}: the value of key {key} is no text"
            ) from None
    return _pick(plain, SECRET_KEYS, f"Secret {name}")
