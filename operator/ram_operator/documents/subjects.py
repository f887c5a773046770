"""Which values of a condition name one federated subject: the forms of `oidc:sub`, as data.

Called by the rules on trust. Refuses by default: a value with a wildcard names somebody only where
what stands before the wildcard is a documented form with an owner, whole and closed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from .canonical import Condition
from .globs import Budget, Glob, TooComplex, contains

_GAP: Final = re.compile(r"<([a-z]+)>")
_NAME: Final = r"[A-Za-z0-9_.@-]+"
_GROUPS: Final = rf"{_NAME}(?:/{_NAME})*"
_LITERAL: Final = frozenset({"StringEquals", "StringLike"})
_ANY_CASE: Final = "StringEqualsIgnoreCase"


@dataclass(frozen=True, slots=True)
class Form:
    """How the subjects of one kind of issuer are written, as far as they name an owner.

    `start` ends with what closes the last name, except where `whole`: then the name is the end of
    the subject and a wildcard behind it would be a part of the name. `any_case`: no two owners
    differ in letter case alone.
    """

    issuer: str
    start: str
    source: str
    date: str
    whole: bool = False
    any_case: bool = True

    def owns(self, text: str) -> bool:
        """Whether a value that goes on in any way after `text` has one owner."""
        return not self.whole and self._pattern().match(text) is not None

    def reads(self, text: str) -> bool:
        """Whether `text` is a whole subject of this form."""
        if self.whole:
            return self._pattern().fullmatch(text) is not None
        return self._pattern().match(text) is not None

    def _pattern(self) -> re.Pattern[str]:
        parts = _GAP.split(self.start)
        texts = [
            re.escape(part) if at % 2 == 0 else _GROUPS if part == "groups" else _NAME
            for at, part in enumerate(parts)
        ]
        return re.compile("".join(texts))


FORMS: Final = (
    Form(
        "GitHub Actions",
        "repo:<owner>/<repository>:",
        "GitHub documentation, OpenID Connect reference",
        "2026-11-28",
    ),
    Form(
        "GitLab CI/CD",
        "project_path:<groups>/<project>:",
        "GitLab documentation, OpenID Connect authentication using ID tokens",
        "2026-11-28",
    ),
    Form(
        "Kubernetes, ACK with RRSA among them",
        "system:serviceaccount:<namespace>:<name>",
        "Kubernetes documentation, authenticating; ACK guide, RRSA",
        "2026-11-28",
        whole=True,
    ),
)


def binds(conditions: Iterable[Condition], key: str) -> bool:
    """Whether one of the conditions asks for values of `key` that are spelled out.

    All values have to be, since they are alternatives; no wildcard, no variable.
    """
    return any(_spelled_out(c, key) and all(map(_plain, c.values)) for c in conditions)


def binds_subject(conditions: Iterable[Condition], listed: Iterable[str] = ()) -> bool:
    """Whether one of the conditions on `oidc:sub` names one owner by each of its values.

    `listed` are patterns that somebody who may has said to be fine. The conditions of a statement
    hold all at once, so one that binds is enough.
    """
    fine = tuple(Glob.pattern(pattern) for pattern in listed)
    budget = Budget()
    try:
        return any(
            bool(c.values)
            and c.key.lower() == "oidc:sub"
            and all(_owned(c.operator, value, fine, budget) for value in c.values)
            for c in conditions
        )
    except TooComplex:
        return False


def _spelled_out(condition: Condition, key: str) -> bool:
    known = condition.operator in (*_LITERAL, _ANY_CASE)
    return known and condition.key.lower() == key and bool(condition.values)


def _plain(value: str) -> bool:
    """Neither a wildcard, wherever the operator knows some, nor a variable, nor nothing at all."""
    return not any(c in value for c in "*?") and "${" not in value and any(map(str.isalnum, value))


def _owned(operator: str, value: str, listed: tuple[Glob, ...], budget: Budget) -> bool:
    budget.spend(16 + len(value))
    if "${" in value or operator not in (*_LITERAL, _ANY_CASE):
        return False
    if operator == _ANY_CASE:
        # Other issuers have subjects that differ in letter case alone.
        return _plain(value) and any(form.any_case and form.reads(value) for form in FORMS)
    if _plain(value):
        return True
    before = re.split(r"[*?]", value, maxsplit=1)[0]
    if any(form.owns(before) for form in FORMS):
        return True
    return any(contains(outer, Glob.pattern(value), budget) for outer in listed)
