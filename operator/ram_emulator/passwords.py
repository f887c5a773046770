"""Passwords: salted digests, and the account's policy applied to a new one.

Used by login profiles. Passwords never leave this module in clear text, not even in an error.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .errors import invalid

_ROUNDS = 1000
_KEPT = 24


def digest(password: str) -> str:
    """A salted digest of a password, as text."""
    salt = secrets.token_hex(8)
    return f"{salt}:{_hash(salt, password)}"


def matches(stored: str, password: str) -> bool:
    """Whether a digest is that of a password."""
    salt, _, expected = stored.partition(":")
    return hmac.compare_digest(expected, _hash(salt, password))


def _hash(salt: str, password: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), _ROUNDS).hex()


def remembered(password: str, earlier: Sequence[str]) -> tuple[str, ...]:
    """The digests of a user after a new password, newest first."""
    return (digest(password), *earlier)[:_KEPT]


def refuse_weak(policy: Mapping[str, Any], password: str, parameter: str) -> None:
    """`InvalidParameter.<parameter>.TooWeak` unless the password fits the policy."""
    demands: Mapping[str, Callable[[str], bool]] = {
        "RequireLowercaseCharacters": str.islower,
        "RequireUppercaseCharacters": str.isupper,
        "RequireNumbers": str.isdigit,
        "RequireSymbols": lambda ch: not ch.isalnum(),
    }
    fits = policy["MinimumPasswordLength"] <= len(password) <= 32 and all(
        any(test(ch) for ch in password) for name, test in demands.items() if policy[name]
    )
    if not fits:
        raise invalid(parameter, "TooWeak", "The password does not fit the password policy.")


def refuse_reused(policy: Mapping[str, Any], password: str, earlier: Sequence[str]) -> None:
    """`InvalidParameter.NewPassword.ReusePrevention` for one of the last passwords."""
    if any(matches(old, password) for old in earlier[: policy["PasswordReusePrevention"]]):
        raise invalid("NewPassword", "ReusePrevention", "The password was used before.")
