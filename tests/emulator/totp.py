"""An authenticator app for tests, written from RFC 6238."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time


def code(seed: str, at: float) -> str:
    """The six digits that an app shows at a time in seconds since the epoch."""
    message = struct.pack(">Q", int(at) // 30)
    digest = hmac.new(base64.b32decode(seed), message, hashlib.sha1).digest()
    start = digest[19] & 0xF
    (word,) = struct.unpack(">I", digest[start : start + 4])
    return f"{(word & 0x7FFFFFFF) % 10**6:06d}"


def codes(seed: str, offset: float = 0.0) -> dict[str, str]:
    """The two consecutive codes that binding asks for, `offset` seconds from now."""
    now = time.time() + offset
    return {
        "AuthenticationCode1": code(seed, now - 30),
        "AuthenticationCode2": code(seed, now),
    }
