"""Decides one request at a time from raw JSON, as RAM's guide describes evaluation.

The property tests measure the comparison against it. It must stay naive and must not import
anything of the product: a mistake made in both would go unseen.
"""

from __future__ import annotations

import ipaddress
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any


@dataclass(frozen=True)
class Who:
    """A caller: kind is user, role, service, saml or oidc."""

    kind: str
    account: str
    name: str


@dataclass(frozen=True)
class Request:
    """One request; `context` lacks the keys that the request lacks."""

    action: str
    resource: str = ""
    who: Who | None = None
    context: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Reading:
    """How to take what the documentation leaves open."""

    assumed: bool = True  # probable meanings hold; otherwise such spellings match nothing
    absent_differs: bool = True  # a negated operator is true of an absent key
    fold_names: bool = True
    fold_resources: bool = False
    seed: int = 0  # decides about elements of no known meaning: 0 false, 1 true, else by text


PROBABLE = Reading()


def allows(document: Mapping[str, Any], request: Request, reading: Reading = PROBABLE) -> bool:
    """Whether an Allow statement matches and no Deny statement does."""
    whole = True
    if document.get("Version") != "1":
        whole = reading.assumed or _coin(reading, ["Version", document.get("Version")])
    hits = {
        _effect(statement["Effect"], reading)
        for statement in document["Statement"]
        if whole and _matches(statement, request, reading)
    }
    return hits - {""} == {"Allow"}


def _effect(text: str, reading: Reading) -> str:
    """What an effect of no known meaning does is up to the reading."""
    return text if text in ("Allow", "Deny") else ("", "Allow", "Deny", "")[reading.seed]


def _coin(reading: Reading, element: Any) -> bool:
    if reading.seed in (0, 1):
        return bool(reading.seed)
    text = json.dumps(element, sort_keys=True) + str(reading.seed)
    return bool(zlib.crc32(text.encode()) & 1)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@lru_cache(maxsize=100_000)
def glob(pattern: str, text: str, ignore_case: bool) -> bool:
    if ignore_case:
        pattern, text = pattern.lower(), text.lower()
    expression = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _matches(statement: Mapping[str, Any], request: Request, reading: Reading) -> bool:
    known = {"Effect", "Action", "NotAction", "Resource", "Principal", "Condition"}
    for key in statement.keys() - known:
        if not _coin(reading, [key, statement[key]]):
            return False
    if "Action" in statement:
        if not any(glob(p, request.action, True) for p in _list(statement["Action"])):
            return False
    elif any(glob(p, request.action, True) for p in _list(statement["NotAction"])):
        return False
    if "Resource" in statement:
        fold = reading.fold_resources
        if not any(glob(p, request.resource, fold) for p in _list(statement["Resource"])):
            return False
    if "Principal" in statement and not _trusted(statement["Principal"], request.who, reading):
        return False
    return _conditions(statement.get("Condition", {}), dict(request.context), reading)


def _trusted(element: Any, who: Who | None, reading: Reading) -> bool:
    assert who is not None
    if element == "*":
        return reading.assumed and who.kind in ("user", "role")
    return any(
        is_principal(key, text, who, reading)
        for key, listed in element.items()
        for text in _list(listed)
    )


def is_principal(key: str, text: str, who: Who, reading: Reading) -> bool:
    ram = who.kind in ("user", "role")
    if key == "Service":
        if "*" in text and not reading.assumed:
            return False
        return who.kind == "service" and glob(text, who.name, reading.fold_names)
    if key == "RAM":
        if text == "*":
            return ram
        if text in ("acs:ram::*:root", "acs:ram::*", "acs:ram::*:*"):
            return ram and reading.assumed
        if text.isdigit():
            return ram and reading.assumed and who.account == text
    _, _, _, account, rest = text.split(":", 4)
    if rest == "root":
        return ram and who.account == account
    if rest == "*":
        return ram and reading.assumed and who.account == account
    kind, _, name = rest.partition("/")
    if "*" in text and not reading.assumed:
        return False
    fold = kind == "role" or reading.fold_names
    right_kind = who.kind == kind.removesuffix("-provider")
    return right_kind and glob(account, who.account, False) and glob(name, who.name, fold)


def _conditions(element: Mapping[str, Any], context: dict[str, str], reading: Reading) -> bool:
    for operator, keys in element.items():
        for key, listed in keys.items():
            if operator.endswith("IfExists"):
                fine = _coin(reading, [operator, key, sorted(set(_list(listed)))])
            else:
                fine = _condition(operator, context.get(key), _list(listed), reading)
            if not fine:
                return False
    return True


def _condition(operator: str, actual: str | None, wanted: list[str], reading: Reading) -> bool:
    negative = "Not" in operator
    if actual is None:
        return negative and reading.absent_differs
    hit = any(one_value(operator.replace("Not", ""), actual, value) for value in wanted)
    return hit != negative


@lru_cache(maxsize=100_000)
def one_value(operator: str, actual: str, wanted: str) -> bool:
    if operator == "StringEquals":
        return actual == wanted
    if operator == "StringEqualsIgnoreCase":
        return actual.lower() == wanted.lower()
    if operator == "StringLike":
        return glob(wanted, actual, False)
    if operator == "Bool":
        return actual == wanted
    if operator == "IpAddress":
        address = ipaddress.ip_address(actual)
        network = ipaddress.ip_network(wanted)
        return address.version == network.version and address in network
    if operator.startswith("Numeric"):
        return _ordered(operator.removeprefix("Numeric"), Decimal(actual), Decimal(wanted))
    one, two = datetime.fromisoformat(actual), datetime.fromisoformat(wanted)
    return _ordered(operator.removeprefix("Date"), one, two)


def _ordered(test: str, actual: Any, wanted: Any) -> bool:
    return bool(
        {
            "Equals": actual == wanted,
            "LessThan": actual < wanted,
            "LessThanEquals": actual <= wanted,
            "GreaterThan": actual > wanted,
            "GreaterThanEquals": actual >= wanted,
        }[test]
    )
