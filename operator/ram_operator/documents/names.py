"""The names that a trust mentions: whoever gets one of them is trusted from his first moment.

Called by the cache, which knows which roles mention what. A name is an ARN in lower case,
`acs:ram::1:user/ann`; account and name may have wildcards. It errs towards mentioning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from .canonical import Effect, Grant, Trust
from .globs import Glob, fold
from .grammar import OPERATORS
from .principals import NOUNS

_ARN: Final = re.compile(
    rf"acs:(?:ram|sts):[^:]*:([0-9*?]*):(?:assumed-)?({'|'.join(NOUNS)})/([^/:]+)(?:/.*)?"
)
"""A session names its role, in whichever of the ways that are seen."""
_BY_ARN: Final = "acs:principalarn"
_WILD: Final = frozenset("*?")


def mentioned(trust: Trust) -> frozenset[str]:
    """Whom `trust` allows by name, as a principal or in a condition.

    A whole account is no name, and neither is a pattern that stands for everybody in it.
    """
    return frozenset(
        f"acs:ram::{found[1]}:{found[2]}/{found[3]}"
        for grant in trust.grants
        if grant.effect == Effect.ALLOW
        for text in _texts(grant)
        if (found := _ARN.fullmatch(fold(text))) and not set(found[3]) <= _WILD
    )


def _texts(grant: Grant) -> Iterator[str]:
    if grant.principal is not None:
        yield grant.principal.raw
    for operator, key, values in grant.conditions:
        if fold(key) == _BY_ARN and not OPERATORS[operator].negative:
            yield from values


def is_pattern(name: str) -> bool:
    """Whether a name that was mentioned stands for several."""
    return bool(_WILD & set(name))


def stands_for(pattern: str, arn: str) -> bool:
    """Whether the ARN, in lower case, is among those that `pattern` stands for."""
    return Glob.pattern(pattern).matches(arn)
