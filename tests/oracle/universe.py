"""Requests that can tell two documents apart: every constant of both, its neighbours, fresh ones.

Shares no code with the product. Exhaustive for the pools that the generator draws from.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import product
from typing import Any, TypeVar

from tests.oracle.evaluator import Reading, Request, Who, glob, is_principal, one_value

_FILLS = ("", "x", "X9")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _statements(*documents: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for document in documents:
        yield from document["Statement"]


def _texts(patterns: set[str]) -> set[str]:
    """Members of the patterns, of their overlaps, and texts in none of them."""
    out = {"fresh"}
    plain = {re.sub(r"[*?]", "", p) for p in patterns}
    tails = {p.rpartition("*")[2] for p in patterns if "*" in p}
    for pattern in patterns:
        fills = {*_FILLS, *tails, *(t.removeprefix(pattern.split("*")[0]) for t in plain)}
        for fill in fills:
            for one in ("q", "b"):
                out.add(pattern.replace("*", fill).replace("?", one))
        out.add(pattern)
        out.add(pattern.swapcase())
        out.add(pattern.lower().replace("*", "x").replace("?", "q"))
    return out


def _actions(*documents: Mapping[str, Any]) -> set[str]:
    return {t.lower() for t in _texts(_patterns("Action", "NotAction", *documents))}


def _resources(*documents: Mapping[str, Any]) -> set[str]:
    return _texts(_patterns("Resource", "", *documents))


def _principal_texts(*documents: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for statement in _statements(*documents):
        element = statement["Principal"]
        if isinstance(element, dict):
            found.update(text for listed in element.values() for text in _list(listed))
    return found


def _callers(*documents: Mapping[str, Any]) -> set[Who]:
    accounts, names, services = {"99"}, {"fresh"}, {"fresh.aliyuncs.com"}
    for text in _principal_texts(*documents):
        accounts.update(re.findall(r"(?:^|::)(\d+)", text))
        if text.endswith("aliyuncs.com"):
            services |= {text, text.lower(), text.replace("*", "x")}
        elif "/" in text:
            name = text.rpartition("/")[2]
            names |= {name.replace("*", "x"), name.replace("*", ""), name.lower().replace("*", "")}
    out = {Who("service", "", name) for name in services}
    for kind, account, name in product(("user", "role", "saml", "oidc"), accounts, names):
        out.add(Who(kind, account, name.lower() if kind == "role" else name))
    return out


def _values(operator: str, value: str) -> set[str]:
    base = operator.replace("Not", "")
    if base.startswith("String"):
        return {value, value.swapcase(), value.lower()}
    if base == "Bool":
        return {"true", "false"}
    if base == "IpAddress":
        network = ipaddress.ip_network(value)
        low, high = network.network_address, network.broadcast_address
        return {str(low), str(high), str(low - 1), str(high + 1), "2001:db8::9", "198.51.100.77"}
    if base.startswith("Numeric"):
        number = Decimal(value)
        return {str(number), str(number - Decimal("0.5")), str(number + Decimal("0.5"))}
    moment = datetime.fromisoformat(value)
    return {(moment + timedelta(seconds=s)).isoformat() for s in (-1, 0, 1)}


Item = TypeVar("Item")


def _distinct(items: Iterable[Item], signature: Callable[[Item], Hashable]) -> list[Item]:
    """One item for each signature: a decision that rests on the signature misses nothing."""
    first: dict[Hashable, Item] = {}
    for item in sorted(items, key=lambda item: (len(str(item)), str(item))):
        first.setdefault(signature(item), item)
    return list(first.values())


def _tests(*documents: Mapping[str, Any]) -> dict[str, set[tuple[str, str]]]:
    """Condition key → (operator without negation, value) pairs."""
    out: dict[str, set[tuple[str, str]]] = {}
    for statement in _statements(*documents):
        for operator, keys in statement.get("Condition", {}).items():
            for key, listed in keys.items():
                if not operator.endswith("IfExists"):
                    pairs = {(operator.replace("Not", ""), value) for value in _list(listed)}
                    out.setdefault(key, set()).update(pairs)
    return out


def _outcomes(tests: list[tuple[str, str]], actual: str) -> Hashable:
    return tuple(one_value(operator, actual, value) for operator, value in tests)


def contexts(*documents: Mapping[str, Any]) -> list[tuple[tuple[str, str], ...]]:
    """Every combination of telling values (or absence) of the condition keys."""
    per_key: list[list[tuple[str, str] | None]] = []
    for key, tests in sorted(_tests(*documents).items()):
        found = {v for operator, value in tests for v in _values(operator, value)}
        patterns = {value for operator, value in tests if operator.startswith("String")}
        if patterns:
            found |= _texts(patterns)
        kept = _distinct(found, partial(_outcomes, sorted(tests)))
        per_key.append([None, *((key, value) for value in kept)])
    return [tuple(pair for pair in row if pair is not None) for row in product(*per_key)]


_SPELLINGS = [Reading(fold_names=fold) for fold in (True, False)]


def _distinct_callers(*documents: Mapping[str, Any]) -> list[Who]:
    pairs = sorted(
        (key, text)
        for statement in _statements(*documents)
        if isinstance(statement["Principal"], dict)
        for key, listed in statement["Principal"].items()
        for text in _list(listed)
    )

    def signature(who: Who) -> Hashable:
        trusted = tuple(is_principal(k, t, who, r) for k, t in pairs for r in _SPELLINGS)
        return who.kind in ("user", "role"), trusted

    return _distinct(_callers(*documents), signature)


def _distinct_texts(texts: set[str], patterns: set[str]) -> list[str]:
    ordered = sorted(patterns)
    return _distinct(
        texts, lambda text: tuple(glob(p, text, fold) for p in ordered for fold in (True, False))
    )


def requests(*documents: Mapping[str, Any], trust: bool) -> Iterator[Request]:
    """All requests worth asking about these documents."""
    actions = _distinct_texts(_actions(*documents), _patterns("Action", "NotAction", *documents))
    resources = _distinct_texts(_resources(*documents), _patterns("Resource", "", *documents))
    whos: list[Who | None] = [*_distinct_callers(*documents)] if trust else [None]
    for context, who, action, resource in product(contexts(*documents), whos, actions, resources):
        yield Request(action, resource, who, context)


def _patterns(one: str, two: str, *documents: Mapping[str, Any]) -> set[str]:
    return {
        text
        for s in _statements(*documents)
        for key in (one, two)
        for text in _list(s.get(key, []))
    }
