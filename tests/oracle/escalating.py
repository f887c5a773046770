"""Asks of a permission document whether some request for one action gets through. Naive.

Shares no code with the product: a mistake made in both would go unseen. Deny, conditions and
resources are left out on purpose, as the rule on escalation leaves them out: whoever may do
something under some condition, somewhere, may do it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any


def may_call(statements: Iterable[Mapping[str, Any]], action: str) -> bool:
    """Whether some Allow statement lets its holder call `action` on some resource."""
    return any(s["Effect"] == "Allow" and _names(s, action) for s in statements)


def _names(statement: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not any(_like(pattern, action) for pattern in _list(statement["NotAction"]))
    return any(_like(pattern, action) for pattern in _list(statement["Action"]))


def _like(pattern: str, action: str) -> bool:
    parts = ["." if c == "?" else ".*" if c == "*" else re.escape(c) for c in pattern]
    return re.fullmatch("".join(parts), action, re.IGNORECASE) is not None


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
