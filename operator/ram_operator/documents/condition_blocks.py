"""The Condition element: operators, keys and values to terms over the request's condition keys.

Called by the parser. Dates and numbers are points on a continuous scale, addresses whole numbers.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .. import times
from . import condition_keys
from .canonical import Condition, Dim, Json, Term, compact, opaque, sorted_json
from .globs import Glob
from .grammar import OPERATORS, Family, Operator
from .reading import Reader
from .value_sets import FAR, Span, Spans, Spec, Words, complement, merged

Read = tuple[tuple[Condition, ...], tuple[Term, ...]]

_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?", re.ASCII)
_ADDRESS = re.compile(r"[0-9A-Fa-f.:]+(/\d{1,3})?", re.ASCII)
_V6_BASE = 2**32
_ADDRESSES = (0, _V6_BASE + 2**128 - 1)
_RANGES: Final[dict[Family, Span]] = {
    Family.WORD: (-FAR, FAR),
    Family.NUMBER: (-FAR, FAR),
    Family.DATE: (-FAR, FAR),
    Family.BOOL: (0, 1),
    Family.ADDRESS: _ADDRESSES,
}


class _BadValue(Exception):
    """`assumed` is what the value probably means, if it means anything."""

    def __init__(self, problem: str, remedy: str, assumed: Span | None = None) -> None:
        self.problem = problem
        self.remedy = remedy
        self.assumed = assumed
        super().__init__(problem)


@dataclass(frozen=True, slots=True)
class _Site:
    """Where in the document a condition stands."""

    path: str
    operator: str
    key: str

    def token(self, listed: Json) -> str:
        """The same for equal conditions, wherever they stand and however they are spelled."""
        values = listed if isinstance(listed, list) else [listed]
        unique = sorted({sorted_json(value) for value in values})
        return f"Condition {self.operator} {self.key} {' '.join(unique)}"


def read_conditions(reader: Reader, path: str, element: Json) -> Read:
    """All conditions of a statement, and the terms that must all hold."""
    if not isinstance(element, dict):
        remedy = 'write {"<operator>": {"<key>": "<value>"}}'
        return (), (opaque(reader.doubt(path, "it is not an object", remedy, element)),)
    conditions: list[Condition] = []
    terms: list[Term] = []
    for operator, keys in element.items():
        where = f"{path}.{operator}"
        if operator not in OPERATORS:
            problem = f'RAM has no condition operator "{operator}"'
            remedy = "use one of " + ", ".join(sorted(OPERATORS))
            token = reader.doubt(path, problem, remedy, {operator: keys})
            listed = keys.items() if isinstance(keys, dict) else ()
            sites = [(_Site(where, operator, key), values) for key, values in listed]
            tokens = [site.token(values) for site, values in sites] or [token]
            terms += map(opaque, tokens)
        elif not isinstance(keys, dict) or not keys:
            remedy = 'write {"<key>": "<value>"}'
            token = reader.doubt(where, "it names no condition key", remedy, {operator: keys})
            terms.append(opaque(token))
        else:
            for key, listed in keys.items():
                site = _Site(f"{where}.{key}", operator, key)
                condition, term = _read_one(reader, site, listed)
                conditions.append(condition)
                terms.append(term)
    return tuple(sorted(conditions)), tuple(terms)


def _read_one(reader: Reader, site: _Site, listed: Json) -> tuple[Condition, Term]:
    row = OPERATORS[site.operator]
    items = listed if isinstance(listed, list) else [listed]
    texts, certain = _texts(reader, site, items)
    condition = Condition(site.operator, site.key, tuple(sorted(set(texts))))
    unclear = opaque(site.token(listed))
    if not condition_keys.is_known(site.key, trust=reader.trust):
        remedy = "use a documented key, spelled exactly"
        if not reader.trust:
            remedy = "write <service>:<Name>, or <service>:tag/<key>, spelled exactly"
        reader.doubt(site.path, f'the condition key "{site.key}" is not known', remedy, None)
        return condition, unclear
    if len(texts) < len(items) or not texts or any("${" in text for text in texts):
        return condition, unclear
    if row.family is Family.BOOL and len(texts) > 1:
        reader.doubt(site.path, "Bool takes one value", 'write "true" or "false"', None)
        return condition, unclear
    spec, exact = _spec(reader, site, row, texts)
    if spec is None:
        return condition, unclear
    token = "" if certain and exact else site.token(listed)
    dim = Dim(row.family, site.key, *_RANGES[row.family])
    return condition, Term(dim, spec, token, reading=bool(token))


def _texts(reader: Reader, site: _Site, items: list[Json]) -> tuple[list[str], bool]:
    """The values as text, and whether all of them were; values of no text form are left out."""
    if not items:
        reader.doubt(site.path, "the list is empty", "remove the key or give it a value", None)
    texts: list[str] = []
    certain = True
    for item in items:
        if isinstance(item, str):
            texts.append(item)
            continue
        certain = False
        problem = "condition values are text"
        reader.doubt(site.path, problem, f"write {compact(str(item).lower())} in quotes", None)
        if isinstance(item, (bool, int)):
            texts.append(compact(item))
    return texts, certain


def _spec(reader: Reader, site: _Site, row: Operator, texts: list[str]) -> tuple[Spec | None, bool]:
    """The set of values, None where it is not known, and whether it is certain."""
    if row.family is Family.WORD:
        made = _words(row, texts)
        if made is None:
            problem = "RAM does not say how it folds letters outside ASCII"
            reader.doubt(site.path, problem, "use StringEquals", None)
        return made, True
    exact = True
    spans: list[Span] = []
    for text in texts:
        try:
            spans.append(_span(row, text))
        except _BadValue as error:
            reader.doubt(site.path, error.problem, error.remedy, None)
            exact = False
            if error.assumed is None:
                return None, False
            spans.append(error.assumed)
    joined = merged(spans)
    if row.negative:
        return Spans(complement(joined, *_RANGES[row.family]), True), exact
    return Spans(joined), exact


def _words(row: Operator, texts: list[str]) -> Words | None:
    folded = row.test == "equals-any-case"
    if folded and not all(text.isascii() for text in texts):
        return None
    if row.test == "like":
        return Words(frozenset(Glob.pattern(text) for text in texts), row.negative)
    return Words(frozenset(Glob.literal(text, folded=folded) for text in texts), row.negative)


def _span(row: Operator, text: str) -> Span:
    """The values that pass the operator's test against one value (before any negation)."""
    if row.family is Family.BOOL:
        return _bool(text)
    if row.family is Family.ADDRESS:
        return _network(text)
    point = _POINTS[row.family](text)
    return {
        "equals": (2 * point, 2 * point),
        "below": (-FAR, 2 * point - 1),
        "at-most": (-FAR, 2 * point),
        "above": (2 * point + 1, FAR),
        "at-least": (2 * point, FAR),
    }[row.test]


def _bool(text: str) -> Span:
    number = {"true": 1, "false": 0}.get(text.lower())
    if number is None:
        raise _BadValue(f'"{text}" is neither true nor false', 'write "true" or "false"')
    if text not in ("true", "false"):
        raise _BadValue(f'"{text}" is not in lower case', f'write "{text.lower()}"', (number,) * 2)
    return number, number


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise _BadValue(f'"{text}" is no number', "write digits with at most six decimals")
    whole, _, part = text.partition(".")
    return int(whole + part.ljust(6, "0"))


def _date(text: str) -> int:
    remedy = "write a time such as 2030-01-31T00:00:00+08:00"
    if not times.is_condition_time(text):
        raise _BadValue(f'"{text}" is no time with a zone', remedy)
    try:
        return times.microseconds(text)
    except ValueError:
        raise _BadValue(f'"{text}" is no time of any calendar', remedy) from None


_POINTS: Final[dict[Family, Callable[[str], int]]] = {Family.NUMBER: _number, Family.DATE: _date}


def _network(text: str) -> Span:
    remedy = "write an address or a range such as 192.0.2.0/24"
    if not _ADDRESS.fullmatch(text):
        raise _BadValue(f'"{text}" is no address range', remedy)
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise _BadValue(f'"{text}" is no address range', remedy) from None
    base = 0 if network.version == 4 else _V6_BASE
    span = base + int(network.network_address), base + int(network.broadcast_address)
    if ipaddress.ip_interface(text).ip != network.network_address:
        raise _BadValue(f'"{text}" is an address inside a range', f"write {network}", span)
    return span
