"""What stands for values and entries in `status.written`. Pure; no security measure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from .. import documents
from .objects import Entry, FieldValue

KEPT: Final = "~"
"""Prefix in `status.written` of what was left as found when the identity was adopted."""
_ESCAPES: Final = (("%", "%25"), ("#", "%23"), ("~", "%7E"))


def digest(value: FieldValue) -> str:
    """8 hex digits that stand for a value in `status.written`; not a security measure."""
    if isinstance(value, (documents.Trust, documents.Policy)):
        return value.digest.removeprefix("sha256:")[:8]
    if isinstance(value, Mapping):
        plain: object = {key: entry.value for key, entry in value.items()}
    else:
        plain = value
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def entry_mark(key: str, entry: Entry) -> str:
    """How an entry that we added is noted in `status.written`; `marked_key` is the inverse.

    The marks of two keys never meet: what separates a mark's parts is escaped in the key.
    """
    for plain, escaped in _ESCAPES:
        key = key.replace(plain, escaped)
    return f"{key}#{hashlib.sha256(entry.value.encode()).hexdigest()[:8]}" if entry.value else key


def marked_key(mark: str) -> str:
    """The key that a mark stands for."""
    key = mark.partition("#")[0]
    for plain, escaped in reversed(_ESCAPES):
        key = key.replace(escaped, plain)
    return key


def plain_key(mark: str) -> str:
    """The same, also of what was left as found."""
    return marked_key(mark.removeprefix(KEPT))
