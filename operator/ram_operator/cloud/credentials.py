"""Where the operator's own credentials come from. They never reach a log, status or error text."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ..constants import Reason
from ..errors import RamOperatorError, Stalled

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


EXPIRATION: Final = "expiration"
"""Key of a Secret, beside those: when a temporary key ends, as AssumeRole answers it."""
Secret = Mapping[str, str] | None
"""The `data` of one, in base64; None where there is none."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """One key pair, with a token when it is temporary. `repr` shows none of it."""

    access_key_id: str = field(repr=False)
    access_key_secret: str = field(repr=False)
    security_token: str = field(repr=False, default="")
    expiration: str = field(repr=False, default="")
    """When it ends, as whoever put it there says."""

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
    found = Credentials(key_id, secret, source.get(names["security_token"], "").strip())
    for part, name in names.items():
        if not _is_key(getattr(found, part)):
            raise Stalled(Reason.CREDENTIALS_INVALID, f"{where}: the value of {name} {_ODD}")
    return found


_ODD: Final = (
    "has what no key has: a blank, a line break or another control character in it, or other than"
    " ASCII letters; write it anew, exactly as the console gave it"
)


def _is_key(value: str) -> bool:
    """Whether it can be sent: anything else fails in the SDK, as if the cloud did not answer."""
    return value.isascii() and value.isprintable() and " " not in value


DEFAULT_SECRET: Final = "ram-operator-credentials"  # noqa: S105 - the name of one
"""Whose values the shipped Deployment puts into the environment as the pod starts."""


def from_environment(
    environment: Mapping[str, str], namespace: str, secret: Callable[[str], Secret]
) -> Credentials:
    """The Secret that the environment is filled from, as it is now: it may have been made, or
    changed, since the pod began. Without it the variables that Alibaba Cloud's own tools read.
    Raises Stalled(CredentialsInvalid).
    """
    given = any(environment.get(name) for name in ENVIRONMENT.values())
    try:
        data = secret(DEFAULT_SECRET)
    except RamOperatorError:
        if not given:
            raise
        data = None
    if data is not None:
        return from_secret(DEFAULT_SECRET, data)
    if given:
        return _pick(environment, ENVIRONMENT, "the operator's environment")
    raise Stalled(
        Reason.CREDENTIALS_INVALID,
        f"there is no Secret {DEFAULT_SECRET} in namespace {namespace}, and no key in the"
        " operator's environment; write the key into two files and make it:"
        f" {_COMMAND.format(namespace)}; it is looked for again within five minutes",
    )


_COMMAND: Final = (
    f"kubectl create secret generic {DEFAULT_SECRET} -n {{}} --from-file=accessKeyId"
    " --from-file=accessKeySecret"
)


def from_secret(name: str, data: Secret) -> Credentials:
    """A Secret's `data` (base64). Raises Stalled(CredentialsInvalid) that names no value."""
    if data is None:
        raise Stalled(
            Reason.CREDENTIALS_INVALID,
            f"Secret {name} does not exist in the operator's namespace; create it there",
        )
    plain: dict[str, str] = {}
    for key in (*SECRET_KEYS.values(), EXPIRATION):
        try:
            plain[key] = base64.b64decode(data.get(key, ""), validate=True).decode()
        except ValueError:
            raise Stalled(
                Reason.CREDENTIALS_INVALID, f"Secret {name}: the value of key {key} is no text"
            ) from None
    found = _pick(plain, SECRET_KEYS, f"Secret {name}")
    return replace(found, expiration=plain[EXPIRATION].strip())
