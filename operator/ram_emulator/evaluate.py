"""Deciding a request by permission and trust documents.

`decide` answers for one set of documents; `authorize` and `sts` combine the answers. Lenient: what
cannot be read never allows. Rules: explicit Deny, then Allow, else implicit deny.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from .json_text import parse


class Decision(Enum):
    """The outcome of one set of documents."""

    ALLOW = "Allow"
    EXPLICIT_DENY = "ExplicitDeny"
    IMPLICIT_DENY = "ImplicitDeny"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with its lists made uniform; `principals` is None in permission documents."""

    deny: bool
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]
    principals: tuple[tuple[str, str], ...]


Matches = Callable[[Statement], bool]

_LETTER = {"?": "."}
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")


@functools.lru_cache(maxsize=16384)
def compile_document(text: str) -> tuple[Statement, ...]:
    """The statements of a document text; a text that is no policy has none."""
    try:
        document = parse(text)
    except ValueError:
        return ()
    rows = document.get("Statement") if isinstance(document, dict) else None
    if isinstance(rows, dict):
        rows = [rows]
    if not isinstance(rows, list):
        return ()
    return tuple(_statement(row) for row in rows if isinstance(row, dict))


def _statement(row: Mapping[str, Any]) -> Statement:
    conditions = [
        (operator, key, as_list(values))
        for operator, keys in _pairs(row.get("Condition"))
        for key, values in _pairs(keys)
    ]
    principal = row.get("Principal")
    if isinstance(principal, str):
        principal = {"RAM": principal}
    principals = [(kind, value) for kind, values in _pairs(principal) for value in as_list(values)]
    return Statement(
        deny=row.get("Effect") != "Allow",
        actions=as_list(row.get("Action")),
        not_actions=as_list(row.get("NotAction")),
        resources=as_list(row.get("Resource")),
        conditions=tuple(conditions),
        principals=tuple(principals),
    )


def _pairs(value: Any) -> Iterable[tuple[str, Any]]:
    """The entries of an object; a document that was not checked may have something else there."""
    return value.items() if isinstance(value, dict) else ()


def as_list(value: Any) -> tuple[str, ...]:
    """A scalar or an array as a tuple of texts; absent is empty."""
    if value is None:
        return ()
    rows = value if isinstance(value, list) else [value]
    return tuple(str(row) for row in rows)


def decide(
    statements: Iterable[Statement],
    action: str,
    context: Mapping[str, str],
    matches: Matches,
) -> Decision:
    """Explicit Deny over Allow over nothing, for the statements that `matches` selects."""
    allowed = False
    for statement in statements:
        if not _action_matches(statement, action) or not matches(statement):
            continue
        if not all(_condition(c, context) for c in statement.conditions):
            continue
        if statement.deny:
            return Decision.EXPLICIT_DENY
        allowed = True
    return Decision.ALLOW if allowed else Decision.IMPLICIT_DENY


def on_resource(resource: str) -> Matches:
    """Select permission statements whose Resource covers an ARN; names ignore letter case."""

    def matches(statement: Statement) -> bool:
        return any(
            pattern == "*" or wildcard(_any_region(pattern)).fullmatch(resource)
            for pattern in statement.resources
        )

    return matches


def _any_region(pattern: str) -> str:
    # `acs:ram::1:role/x` and `acs:ram:*:1:role/x` are both in use; RAM has no regions.
    parts = pattern.split(":", 3)
    if len(parts) == 4 and parts[2] == "":
        parts[2] = "*"
    return ":".join(parts)


def _action_matches(statement: Statement, action: str) -> bool:
    if statement.not_actions:
        return not any(wildcard(p).fullmatch(action) for p in statement.not_actions)
    return any(p == "*" or wildcard(p).fullmatch(action) for p in statement.actions)


@functools.lru_cache(maxsize=16384)
def wildcard(pattern: str, ignore_case: bool = True) -> re.Pattern[str]:
    """`*` is any run, `?` one character."""
    head, *rest = ("".join(_LETTER.get(ch, re.escape(ch)) for ch in p) for p in pattern.split("*"))
    # Each run ends at the first place where what follows fits, and is not tried again: a pattern of
    # many stars takes a time that grows with its length, not with its power.
    middle = "".join(f"(?>.*?{part})" for part in rest[:-1] if part)
    text = f"{head}{middle}.*{rest[-1]}" if rest else head
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError("no number")
    return float(text)


def _date(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _ordered(
    parse: Callable[[str], float], test: Callable[[float, float], bool]
) -> Callable[[str, str], bool]:
    return lambda have, want: test(parse(have), parse(want))


def _in_network(have: str, want: str) -> bool:
    return ipaddress.ip_address(have) in ipaddress.ip_network(want, strict=False)


_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "Equals": lambda a, b: a == b,
    "LessThan": lambda a, b: a < b,
    "LessThanEquals": lambda a, b: a <= b,
    "GreaterThan": lambda a, b: a > b,
    "GreaterThanEquals": lambda a, b: a >= b,
}

# Positive operators: true if any value fits. The negative ones are their negation.
_POSITIVE: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda have, want: have == want,
    "StringEqualsIgnoreCase": lambda have, want: have.lower() == want.lower(),
    "StringLike": lambda have, want: wildcard(want, False).fullmatch(have) is not None,
    "Bool": lambda have, want: have.lower() == want.lower(),
    "IpAddress": _in_network,
    **{f"Numeric{name}": _ordered(_number, test) for name, test in _ORDER.items()},
    **{f"Date{name}": _ordered(_date, test) for name, test in _ORDER.items()},
}
_NEGATIVE: Mapping[str, str] = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}
OPERATORS = frozenset({*_POSITIVE, *_NEGATIVE})


def _condition(condition: tuple[str, str, Sequence[str]], context: Mapping[str, str]) -> bool:
    """One operator and key; a key that the request lacks fails a positive operator only."""
    operator, key, values = condition
    have = context.get(key)
    base = _NEGATIVE.get(operator, operator)
    test = _POSITIVE.get(base)
    if test is None:
        return False
    try:
        fits = have is not None and any(test(have, value) for value in values)
    except ValueError:
        return False
    return not fits if operator in _NEGATIVE else fits
