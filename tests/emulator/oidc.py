"""An issuer of OpenID tokens: a small RSA key, made anew in each run, and what it signs."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import random
import time
from typing import Any

_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
EXPONENT = 65537
ISSUER = "https://oidc.example/cluster"


def encoded(value: bytes | int | dict[str, Any]) -> str:
    """Base64 for URLs without padding, as tokens and published keys have it."""
    if isinstance(value, dict):
        value = json.dumps(value).encode()
    if isinstance(value, int):
        value = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


class Key:
    """An RSA key of 1024 bits."""

    def __init__(self, kid: str, seed: int) -> None:
        self.kid = kid
        chance = random.Random(seed)
        first, second = _prime(chance), _prime(chance)
        self.modulus = first * second
        self._private = pow(EXPONENT, -1, (first - 1) * (second - 1))

    @property
    def published(self) -> dict[str, str]:
        return {"kid": self.kid, "n": encoded(self.modulus), "e": encoded(EXPONENT)}

    def token(self, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token that is good unless a claim says otherwise; None leaves a claim out."""
        now = int(time.time())
        good = {"iss": ISSUER, "sub": "repo:app", "aud": "ci", "iat": now, "exp": now + 600}
        rows = {name: value for name, value in {**good, **claims}.items() if value is not None}
        head = {"alg": "RS256", "kid": self.kid, **(header or {})}
        text = f"{encoded(head)}.{encoded(rows)}"
        size = (self.modulus.bit_length() + 7) // 8
        tail = b"\x00" + _PREFIX + hashlib.sha256(text.encode()).digest()
        block = b"\x00\x01" + b"\xff" * (size - len(tail) - 2) + tail
        signature = pow(int.from_bytes(block, "big"), self._private, self.modulus)
        return f"{text}.{encoded(signature.to_bytes(size, 'big'))}"


@functools.cache
def key(kid: str = "one") -> Key:
    """The key of that name."""
    return Key(kid, sum(kid.encode()))


def _prime(chance: random.Random) -> int:
    while True:
        number = chance.getrandbits(512) | (3 << 510) | 1
        if (number - 1) % EXPONENT and all(
            pow(base, number - 1, number) == 1 for base in (2, 3, 5, 7, 11)
        ):
            return number
