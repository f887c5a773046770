"""JSON merge patches (RFC 7386) between two values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def between(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The smallest merge patch that turns `old` into `new`; empty when they are equal."""
    patch: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            inner = between(before, value)
            if inner:
                patch[key] = inner
        elif before != value:
            patch[key] = value
    return patch
