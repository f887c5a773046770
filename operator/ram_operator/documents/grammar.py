"""What RAM's documentation says about documents, as tables: operators, equal spellings.

Read by the parsers of this package and by the reference page. Facts only; no decisions here. Keys
of conditions are in `condition_keys`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Family(StrEnum):
    """What kind of value a condition operator compares."""

    WORD = "word"
    NUMBER = "number"
    DATE = "date"
    BOOL = "bool"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Operator:
    """One condition operator: `test` is how a value is compared, `negative` inverts the whole."""

    family: Family
    test: str
    negative: bool
    words: str  # how a sentence says it


def _ordered(prefix: str, family: Family) -> dict[str, Operator]:
    rows = {
        "Equals": ("equals", False, "="),
        "NotEquals": ("equals", True, "is not"),
        "LessThan": ("below", False, "<"),
        "LessThanEquals": ("at-most", False, "<="),
        "GreaterThan": ("above", False, ">"),
        "GreaterThanEquals": ("at-least", False, ">="),
    }
    return {prefix + name: Operator(family, *row) for name, row in rows.items()}


OPERATORS: Final[dict[str, Operator]] = {
    "StringEquals": Operator(Family.WORD, "equals", False, "="),
    "StringNotEquals": Operator(Family.WORD, "equals", True, "is not"),
    "StringEqualsIgnoreCase": Operator(Family.WORD, "equals-any-case", False, "= (any case)"),
    "StringNotEqualsIgnoreCase": Operator(
        Family.WORD, "equals-any-case", True, "is not (any case)"
    ),
    "StringLike": Operator(Family.WORD, "like", False, "is like"),
    "StringNotLike": Operator(Family.WORD, "like", True, "is not like"),
    **_ordered("Numeric", Family.NUMBER),
    **_ordered("Date", Family.DATE),
    "Bool": Operator(Family.BOOL, "equals", False, "="),
    "IpAddress": Operator(Family.ADDRESS, "equals", False, "is in"),
    "NotIpAddress": Operator(Family.ADDRESS, "equals", True, "is not in"),
}
"""Every operator of RAM's grammar pages; it has no …IfExists, ForAnyValue:, ForAllValues:, Null."""

ACTION: Final = re.compile(r"\*|[A-Za-z0-9*?-]+:[A-Za-z0-9_*?:/.-]+")
RESOURCE: Final = re.compile(r"\*|acs:[^\x00-\x1f\x7f]*[^\x00-\x20\x7f]")
"""Object names of OSS have spaces, and letters of any script."""
TRUST_ACTIONS: Final = ("sts:AssumeRole", "sts:SetSourceIdentity")


class Certainty(StrEnum):
    """How well a row of EQUIVALENCES is founded."""

    DOCUMENTED = "documented"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Two spellings that are (or may be) one meaning."""

    id: str
    one: str
    other: str
    certainty: Certainty
    source: str


_GRAMMAR = "RAM guide, policy structure and syntax"
_SEMANTICS = "follows from: any Allow statement that matches allows"

EQUIVALENCES: Final = (
    Equivalence("scalar", '"x"', '["x"]', Certainty.DOCUMENTED, _GRAMMAR),
    Equivalence("order", '["a","b"]', '["b","a"]', Certainty.DOCUMENTED, _GRAMMAR),
    Equivalence("repeat", '["a","a"]', '["a"]', Certainty.DOCUMENTED, _SEMANTICS),
    Equivalence("split", "two statements", "one with both", Certainty.DOCUMENTED, _SEMANTICS),
    Equivalence(
        "empty-list",
        '{"RAM": [], "Service": ["x"]}',
        '{"Service": ["x"]}',
        Certainty.DOCUMENTED,
        "the official Terraform provider writes both lists in its older form; an empty one names"
        " nobody",
    ),
    Equivalence(
        "empty-condition",
        "Condition: {}",
        "no Condition",
        Certainty.DOCUMENTED,
        "published modules send the empty object; conditions are a conjunction",
    ),
    Equivalence("action-case", "sts:assumerole", "sts:AssumeRole", Certainty.DOCUMENTED, _GRAMMAR),
    Equivalence(
        "role-case",
        "acs:ram::1:role/Admin",
        "acs:ram::1:role/admin",
        Certainty.DOCUMENTED,
        "GetRole replies carry the role's ARN in lower case",
    ),
    Equivalence(
        "time-zone",
        "2030-01-01T08:00:00+08:00",
        "2030-01-01T00:00:00Z",
        Certainty.DOCUMENTED,
        "RAM guide, policy elements: Date operators take ISO 8601, in which both are one time",
    ),
    Equivalence(
        "number",
        "1",
        "1.0",
        Certainty.DOCUMENTED,
        "RAM guide, policy elements: Numeric operators compare numbers",
    ),
    Equivalence(
        "one-address",
        "192.0.2.7",
        "192.0.2.7/32",
        Certainty.DOCUMENTED,
        "RAM guide, policy elements: IpAddress takes addresses and CIDR blocks",
    ),
    Equivalence(
        "ignored-case",
        "StringEqualsIgnoreCase App",
        "StringEqualsIgnoreCase app",
        Certainty.DOCUMENTED,
        "RAM guide, policy elements: what the operator is for",
    ),
    Equivalence(
        "name-case",
        "acs:ram::1:user/Ann",
        "acs:ram::1:user/ann",
        Certainty.ASSUMED,
        "look-up of names ignores case; said of policies only, so users, providers and services"
        " are taken to be alike",
    ),
    Equivalence(
        "resource-case",
        "acs:ram:*:1:role/Admin",
        "acs:ram:*:1:role/admin",
        Certainty.ASSUMED,
        "RAM names ignore case, object names in OSS do not; the guide does not say",
    ),
    Equivalence("bare-account", "1", "acs:ram::1:root", Certainty.ASSUMED, "in no official page"),
    Equivalence(
        "account-wildcard", "acs:ram::1:*", "acs:ram::1:root", Certainty.ASSUMED, "no source"
    ),
    Equivalence(
        "public",
        "acs:ram::*:root",
        '{"RAM":"*"}',
        Certainty.ASSUMED,
        "published configurations and scanners; no official page",
    ),
    Equivalence(
        "public-string",
        '"Principal":"*"',
        '{"RAM":"*"}',
        Certainty.ASSUMED,
        "a provider's reader maps it to the entity *; no official page",
    ),
    Equivalence(
        "name-wildcard",
        "acs:ram::1:user/a*",
        "every user of the account whose name starts with a",
        Certainty.ASSUMED,
        "wildcards are documented for Action and Resource only",
    ),
    Equivalence(
        "version",
        "Version 1, or none",
        'Version "1"',
        Certainty.ASSUMED,
        "refused today; documents from before 2022-11-28 may have it",
    ),
    Equivalence(
        "unquoted",
        "true",
        '"true"',
        Certainty.ASSUMED,
        "condition values are strings; what another type does is not documented",
    ),
    Equivalence(
        "truth-case",
        "TRUE",
        "true",
        Certainty.ASSUMED,
        "Bool takes true and false; what other letters do is not documented",
    ),
    Equivalence(
        "lone-statement",
        "Statement: {…}",
        "Statement: [{…}]",
        Certainty.ASSUMED,
        "the grammar has a list only",
    ),
    Equivalence(
        "host-bits",
        "10.0.0.1/8",
        "10.0.0.0/8",
        Certainty.ASSUMED,
        "not documented for IpAddress",
    ),
)
"""The closed table: nothing outside it is taken for equal. Assumed rows never make a verdict."""
