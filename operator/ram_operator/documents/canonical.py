"""The values that documents become: terms, grants, Trust and Policy, their digest and JSON text.

Made by the parsers only. Frozen all through, so that a digest can stand for a value; keeps the
document's own text, so that what is written to the cloud is what the user wrote.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple

from .document_error import DocumentError
from .globs import Glob, fold
from .grammar import Family
from .value_sets import FAR, Spec, Words

Json = Any
"""What json.loads returns."""


def compact(value: Json) -> str:
    """JSON without spaces, keys in the order given."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_SORTED = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), sort_keys=True)


def sorted_json(value: Json) -> str:
    """JSON that is equal for equal values; ASCII, so that it can be hashed whatever it holds."""
    return _SORTED.encode(value)


class Effect(StrEnum):
    """What a statement does."""

    ALLOW = "Allow"
    DENY = "Deny"


class Kind(StrEnum):
    """What a principal of a trust document is."""

    ACCOUNT = "account"
    USER = "user"
    ROLE = "role"
    SERVICE = "service"
    SAML = "saml"
    OIDC = "oidc"
    WILDCARD = "wildcard"
    UNKNOWN = "unknown"


class Condition(NamedTuple):
    """One operator on one key; `values` are alternatives, sorted, as text."""

    operator: str
    key: str
    values: tuple[str, ...]


class Dim(NamedTuple):
    """A dimension of requests. `family` "" is the request itself, otherwise a condition key's."""

    family: Family | str
    key: str
    low: int = -FAR
    high: int = FAR

    @property
    def optional(self) -> bool:
        """Whether a request may lack it: every condition key may be absent."""
        return self.family != ""


class Folding(StrEnum):
    """Whose letter case a term may turn on, where the documentation does not say."""

    NO = "no"
    NAMES = "names"
    RESOURCES = "resources"


@dataclass(frozen=True, slots=True)
class Term:
    """One conjunct of a statement: the request's `dim` is in `spec`.

    A `token` names text whose meaning is not certain. With a `reading` the spec is what the text
    probably means (an assumed row of EQUIVALENCES; spec None: it means nothing); without one
    nothing is known but that equal tokens mean the same.
    """

    dim: Dim | None
    spec: Spec | None
    token: str = ""
    reading: bool = False
    folding: Folding = Folding.NO


def opaque(token: str) -> Term:
    """A term of which nothing is known."""
    return Term(None, None, token)


def doubtful(token: str) -> Term:
    """A term that probably changes nothing."""
    return Term(None, None, token, reading=True)


@dataclass(frozen=True, slots=True)
class Principal:
    """Whom a statement trusts, and under which conditions.

    `account_id` is "" where the spelling has none, `name` is the user's, role's, provider's or
    service's; `raw` is the text of the document and `spelled` the Principal key it stands under.
    """

    kind: Kind
    account_id: str
    name: str
    raw: str
    spelled: str
    conditions: tuple[Condition, ...] = ()

    @property
    def folded(self) -> str:
        """`raw` in the one spelling that RAM surely means by it: role names in lower case."""
        return fold(self.raw) if self.kind is Kind.ROLE else self.raw


@dataclass(frozen=True, slots=True)
class Grant:
    """One statement, for one principal in a trust document. What comparisons gain and lose.

    `actions` with `all_but` are the actions that are *not* meant. `terms` decide; the rest shows.
    """

    effect: Effect
    actions: tuple[str, ...]
    all_but: bool
    principal: Principal | None
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...]
    terms: tuple[Term, ...]

    @property
    def tokens(self) -> tuple[str, ...]:
        """What in this grant is not certain, sorted."""
        return tuple(sorted({term.token for term in self.terms if term.token}))

    def only(self, dim: Dim, globs: Iterable[Glob]) -> Grant:
        """The same grant for these alternatives of `dim` alone."""
        spec = Words(frozenset(globs))
        terms = tuple(
            replace(term, spec=spec) if term.dim == dim and not term.token else term
            for term in self.terms
        )
        return replace(self, terms=terms)

    @property
    def rest(self) -> Hashable:
        """Equal where `canonical` is."""
        principal = self.principal
        who = None if principal is None else (principal.spelled, principal.folded)
        return self.effect, who, self.conditions, self.tokens

    def canonical(self) -> dict[str, Json]:
        """JSON-able, equal for every certain re-spelling of this grant."""
        out: dict[str, Json] = {"Effect": str(self.effect)}
        if self.principal is not None:
            out["Principal"] = [self.principal.spelled, self.principal.folded]
        grouped: dict[str, dict[str, list[str]]] = {}
        for condition in self.conditions:
            keys = grouped.setdefault(condition.operator, {})
            keys[condition.key] = sorted(condition.values)
        if grouped:
            out["Condition"] = grouped
        if self.tokens:
            out["Uncertain"] = list(self.tokens)
        return out


ACTION = Dim("", "action")
RESOURCE = Dim("", "resource")


def _canonical(grants: Iterable[Grant]) -> list[tuple[str, Json]]:
    """Per action all its resources, then the actions that have the same ones together; each with
    its JSON, by which they are sorted.

    That is a function of the set of (action, resource) pairs, so splitting or joining statements
    does not show.
    """
    rests: dict[Hashable, dict[str, Json]] = {}
    resources: dict[tuple[Hashable, tuple[str, ...]], set[str]] = {}
    for grant in grants:
        rest = grant.rest
        if rest not in rests:
            rests[rest] = grant.canonical()
        folded = tuple(sorted({fold(action) for action in grant.actions}))
        each = [("all but", *folded)] if grant.all_but else [("", name) for name in folded or ("",)]
        for names in each:
            resources.setdefault((rest, names), set()).update(grant.resources)
    actions: dict[tuple[Hashable, tuple[str, ...]], list[tuple[str, ...]]] = {}
    for (rest, names), found in resources.items():
        actions.setdefault((rest, tuple(sorted(found))), []).append(names)
    rows = []
    for (rest, found_resources), spelled in actions.items():
        plain = sorted(names[1] for names in spelled if not names[0])
        excluded = sorted(names[1:] for names in spelled if names[0])
        row = {**rests[rest], "Resource": list(found_resources)}
        row |= {"Action": plain, "NotAction": [list(names) for names in excluded]}
        rows.append((sorted_json(row), row))
    return sorted(rows, key=itemgetter(0))


@dataclass(frozen=True)
class _Document:
    """What Trust and Policy share. `text` is the JSON as it would be sent to the cloud."""

    text: str
    grants: tuple[Grant, ...]

    @property
    def _format(self) -> str:
        return type(self).__name__.lower() + "/1"

    @cached_property
    def digest(self) -> str:
        """ "sha256:" and 64 hex digits, of the grants as JSON: sorted, without repeats, lists for
        scalars, role names folded. Equal digests mean the same; the reverse need not hold.
        """
        rows = ",".join(text for text, _ in _canonical(self.grants))
        whole = f'{{"format":"{self._format}","grants":[{rows}]}}'
        return "sha256:" + hashlib.sha256(whole.encode()).hexdigest()

    @cached_property
    def spelled(self) -> str:
        """Stands for the document letter by letter: what is read of it depends on nothing else."""
        said = self.text or repr(self.grants)
        return hashlib.sha256(
            f"{type(self).__name__} {len(self.grants)} {said}".encode(errors="surrogatepass")
        ).hexdigest()

    def to_json(self) -> str:
        """The document for the cloud: compact, statements in the user's order.

        Raises DocumentError for a live document that was not JSON in the first place.
        """
        if not self.text:
            raise DocumentError("", "the document is no JSON", "write a RAM document instead")
        return self.text


@dataclass(frozen=True)
class Trust(_Document):
    """Who may assume a role: an AssumeRolePolicyDocument as a set of grants."""

    def to_send(self) -> str:
        """The document as it is sent: principals as lists, and one action as text.

        Both spellings mean the same to RAM. The official Terraform provider reads nothing else: its
        next look at the role ends in a crash otherwise. Raises DocumentError as `to_json` does.
        """
        tree = json.loads(self.to_json())
        for statement in tree.get("Statement") or ():
            if isinstance(statement, dict):
                _as_listed(statement)
        return compact(tree)


def _as_listed(statement: dict[str, Json]) -> None:
    principal, action = statement.get("Principal"), statement.get("Action")
    if isinstance(principal, dict):
        lists = {k: v if isinstance(v, list) else [v] for k, v in principal.items()}
        statement["Principal"] = lists
    if isinstance(action, list) and len(action) == 1:
        statement["Action"] = action[0]


@dataclass(frozen=True)
class Policy(_Document):
    """What may be done: a permission document as a set of grants."""


def digests(found: Iterable[_Document]) -> frozenset[str]:
    """Stands for what was judged, to be compared later."""
    return frozenset(document.digest for document in found)


NOBODY = Trust('{"Statement":[],"Version":"1"}', ())
"""Trusts nobody: the other side when a whole trust is shown as gained or lost. Never written."""


def trust_principals(trust: Trust) -> tuple[Principal, ...]:
    """Everybody whom an Allow statement of `trust` names, with the conditions, in its order.

    A statement that cannot be read counts as one principal of kind unknown.
    """
    return tuple(
        grant.principal or Principal(Kind.UNKNOWN, "", "", "a statement that cannot be read", "")
        for grant in trust.grants
        if grant.effect == Effect.ALLOW
    )
