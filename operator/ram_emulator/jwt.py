"""Reading an OpenID token, and verifying who signed it: RS256 with the published keys of an issuer.

No library is needed for RSA with a small exponent. Called by `federated`; knows nothing of RAM.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .json_text import parse

# What stands before a SHA-256 digest in a PKCS #1 v1.5 signature.
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
_LEAST_KEY_BYTES, _MOST_KEY_BYTES = 128, 1024


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key as an issuer publishes it: its id, and modulus and exponent in Base64 for URLs."""

    kid: str
    n: str
    e: str


@dataclass(frozen=True, slots=True)
class Token:
    """A token taken apart; nothing of it is verified yet."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes


def read_token(text: str) -> Token:
    """The parts of a token; ValueError for what is none."""
    head, claims, signature = text.split(".")
    parts = [parse(_bytes(part).decode()) for part in (head, claims)]
    if not all(isinstance(part, dict) for part in parts):
        raise ValueError("a token has two objects")
    return Token(parts[0], parts[1], f"{head}.{claims}".encode(), _bytes(signature))


def is_signed(token: Token, keys: Iterable[PublicKey]) -> bool:
    """Whether the key that the token names has signed it, by the one method that is taken."""
    if token.header.get("alg") != "RS256":
        return False
    return any(_fits(token, key) for key in keys if key.kid == token.header.get("kid"))


def _fits(token: Token, key: PublicKey) -> bool:
    try:
        modulus, exponent = (int.from_bytes(_bytes(part), "big") for part in (key.n, key.e))
    except ValueError:
        return False
    size = (modulus.bit_length() + 7) // 8
    signature = int.from_bytes(token.signature, "big")
    if not _LEAST_KEY_BYTES <= size <= _MOST_KEY_BYTES or exponent.bit_length() > 32:
        return False
    if len(token.signature) != size or signature >= modulus:
        return False
    found = pow(signature, exponent, modulus).to_bytes(size, "big")
    tail = b"\x00" + _SHA256 + hashlib.sha256(token.signed).digest()
    return hmac.compare_digest(found, b"\x00\x01" + b"\xff" * (size - len(tail) - 2) + tail)


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
