"""Parsing of trust and permission documents, strict for what we write, lenient for what we read.

Called with the spec's document and with what the cloud returned. Decides nothing about meaning
beyond the grammar; what it does not know becomes a token (see model.Term).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from .canonical import (
    ACTION,
    RESOURCE,
    Condition,
    Dim,
    Effect,
    Folding,
    Grant,
    Json,
    Policy,
    Principal,
    Term,
    Trust,
    compact,
    doubtful,
    opaque,
    sorted_json,
)
from .condition_blocks import read_conditions
from .condition_keys import is_listed
from .globs import Glob
from .grammar import ACTION as ACTION_FORMAT
from .grammar import RESOURCE as RESOURCE_FORMAT
from .grammar import TRUST_ACTIONS
from .principals import read_principals
from .reading import Reader, fingerprint
from .value_sets import Words

_TRUST_ACTIONS: Final = {name.lower() for name in TRUST_ACTIONS}
_ELEMENTS: Final = {True: {"Principal"}, False: {"Resource", "NotAction"}}
_MOST: Final = 1_000
"""Grants of one document. RAM takes no text that is long enough for half as many; but what cannot
be read multiplies, in a statement with many actions and many resources of that kind.
"""
_COMMON: Final = {"Effect", "Action", "Condition"}
_REMEDIES: Final = {
    "NotPrincipal": "name whom you trust under Principal",
    "NotAction": "name the actions under Action",
    "NotResource": "name the resources under Resource",
    "Resource": "remove it: a trust document is about its own role",
    "Principal": "remove it: a permission document is about whom it is attached to",
    "Sid": "remove it: RAM's grammar has no Sid",
}


def parse_trust(doc: object, *, lenient: bool = False) -> Trust:
    """A role's trust document, given as JSON text or as the values that YAML makes of it.

    Strict refuses, with DocumentError, what the operator must not write: NotPrincipal, NotAction,
    Deny, unknown operators and keys, wrong types. Wildcard principals pass. Lenient raises
    DocumentError only for what is no JSON object.
    """
    reader = Reader(lenient=lenient, trust=True)
    return Trust(*_document(reader, doc))


def unreadable_trust(text: str) -> Trust:
    """What a role has in place of a trust that is no JSON object: it may let in anybody, or nobody.

    It equals itself alone, and is never sent.
    """
    return Trust(text, _unreadable(fingerprint(text)))


def unreadable_policy(text: str) -> Policy:
    """The same of a permission document."""
    return Policy(text, _unreadable(fingerprint(text)))


def parse_policy(doc: object, *, lenient: bool = False) -> Policy:
    """A permission document; Deny and NotAction are legal. Otherwise like parse_trust."""
    reader = Reader(lenient=lenient, trust=False)
    return Policy(*_document(reader, doc))


def unlisted_keys(policy: Policy) -> tuple[str, ...]:
    """Condition keys of a permission document that no table lists, sorted: maybe misspelled."""
    keys = {condition.key for grant in policy.grants for condition in grant.conditions}
    return tuple(sorted(key for key in keys if not is_listed(key, trust=False)))


def _document(reader: Reader, doc: object) -> tuple[str, tuple[Grant, ...]]:
    tree, text = reader.tree(doc)
    if tree is None:
        return text, _unreadable(fingerprint(doc))
    doubts = _version(reader, tree)
    for key in sorted(tree.keys() - {"Version", "Statement"}):
        token = reader.doubt(key, f'a RAM document has no "{key}"', "remove it", {key: tree[key]})
        doubts.append(opaque(token))
    statements = tree.get("Statement")
    if isinstance(statements, dict):
        remedy = "write a list of statements"
        doubts.append(doubtful(reader.doubt("Statement", "it is not a list", remedy, "object")))
        statements = [statements]
    if not isinstance(statements, list) or (not statements and not reader.lenient):
        remedy = "write a list with at least one statement"
        token = reader.doubt("Statement", "there is no statement", remedy, statements)
        return text, _unreadable(f"{token} {sorted_json(tree)}")
    grants: list[Grant] = []
    for at, raw in enumerate(statements):
        found = _Statement(reader, f"Statement[{at}]", raw).grants()
        grants += (replace(grant, terms=(*grant.terms, *doubts)) for grant in found)
        if len(grants) > _MOST:
            problem, remedy = "it is larger than RAM takes one", "write several documents"
            return text, _unreadable(
                f"{reader.doubt('', problem, remedy, None)} {fingerprint(doc)}"
            )
    return text, tuple(grants)


def _version(reader: Reader, tree: dict[str, Json]) -> list[Term]:
    version = tree.get("Version")
    if version == "1":
        return []
    if version is None:
        problem, remedy = "it is missing", 'write Version: "1"'
    elif version == 1 and not isinstance(version, bool):
        problem, remedy = "it is a number", 'write "1" in quotes'
    else:
        problem, remedy = f"RAM has no version {compact(version)}", 'write Version: "1"'
    token = reader.doubt("Version", problem, remedy, version)
    known = version is None or remedy.startswith('write "1"')
    return [doubtful(token) if known else opaque(token)]


_EFFECTS: Final = tuple(Effect)


def _unreadable(token: str) -> tuple[Grant, ...]:
    """Something that may allow and may deny."""
    return tuple(
        # One token for both would say that the denial always takes back what is allowed.
        Grant(effect, (), False, None, (), (), (opaque(f"{effect}? {token}"),))
        for effect in Effect
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """One alternative of an element: what it shows and what it means."""

    shown: tuple[str, ...]
    terms: tuple[Term, ...]
    principal: Principal | None = None
    all_but: bool = False


class _Statement:
    """One statement on its way to grants: one per principal and per part that is uncertain."""

    def __init__(self, reader: Reader, path: str, raw: Json) -> None:
        self.reader = reader
        self.path = path
        self.raw = raw

    def grants(self) -> tuple[Grant, ...]:
        """All grants of the statement."""
        raw = self.raw
        if not isinstance(raw, dict):
            token = self.reader.doubt(self.path, "it is not an object", "write one", raw)
            return _unreadable(token)
        effect = raw.get("Effect")
        if effect not in _EFFECTS or (self.reader.trust and effect == Effect.DENY):
            legal = str(Effect.ALLOW) if self.reader.trust else " or ".join(_EFFECTS)
            problem = "it is missing" if effect is None else f"it is {compact(effect)}"
            token = self._doubt("Effect", problem, f"write {legal}", raw)
            if effect != Effect.DENY:
                return _unreadable(token)
        conditions, terms = self._conditions()
        extra = self._extras()
        actions = self._actions()
        principals = self._principals() if self.reader.trust else [_Part((), ())]
        resources = [_Part((), ())] if self.reader.trust else self._resources()
        if len(principals) * len(actions) * len(resources) > _MOST:
            problem, remedy = "it is larger than RAM takes one", "write several statements"
            return _unreadable(self.reader.doubt(self.path, problem, remedy, raw))
        return tuple(
            Grant(
                Effect(effect),
                action.shown,
                action.all_but,
                principal.principal and replace(principal.principal, conditions=conditions),
                resource.shown,
                conditions,
                (*action.terms, *principal.terms, *resource.terms, *terms, *extra),
            )
            for principal in principals
            for action in actions
            for resource in resources
        )

    def _doubt(self, element: str, problem: str, remedy: str, value: Json) -> str:
        return self.reader.doubt(f"{self.path}.{element}", problem, remedy, value)

    def _extras(self) -> tuple[Term, ...]:
        legal = _COMMON | _ELEMENTS[self.reader.trust]
        if self.reader.trust and self.reader.lenient:
            legal = legal | {"NotAction"}
        out = []
        for key in sorted(self.raw.keys() - legal):
            where = "trust" if self.reader.trust else "permission"
            problem = f'a {where} document has no "{key}"'
            remedy = _REMEDIES.get(key, "remove it")
            out.append(opaque(self._doubt(key, problem, remedy, self.raw[key])))
        return tuple(out)

    def _conditions(self) -> tuple[tuple[Condition, ...], tuple[Term, ...]]:
        if "Condition" not in self.raw:
            return (), ()
        return read_conditions(self.reader, f"{self.path}.Condition", self.raw["Condition"])

    def _principals(self) -> list[_Part]:
        read = read_principals(self.reader, f"{self.path}.Principal", self.raw.get("Principal"))
        return [_Part((), terms, principal) for principal, terms in read]

    def _actions(self) -> list[_Part]:
        both = {"Action", "NotAction"} & self.raw.keys()
        if len(both) != 1:
            listed = {key: self.raw[key] for key in both}
            problem = (
                "there is no Action" if not both else "Action and NotAction exclude each other"
            )
            return [_Part((), (opaque(self._doubt("Action", problem, "keep one", listed)),))]
        element = both.pop()
        all_but = element == "NotAction"
        dim = _Element(self, element, ACTION, Folding.NO, all_but)
        return dim.parts(self._action_problem)

    def _action_problem(self, text: str) -> str:
        if self.reader.trust and text.lower() not in _TRUST_ACTIONS and not self.reader.lenient:
            return f'"{text}" cannot be trusted with'
        return "" if ACTION_FORMAT.fullmatch(text) else f'"{text}" is no action'

    def _resources(self) -> list[_Part]:
        return _Element(self, "Resource", RESOURCE, Folding.RESOURCES, False).parts(
            _resource_problem
        )


def _resource_problem(text: str) -> str:
    return "" if RESOURCE_FORMAT.fullmatch(text) else f'"{text}" is no resource name'


_FORMATS: Final = {
    "Action": "write for example ecs:DescribeInstances (for trust: sts:AssumeRole)",
    "NotAction": "write for example ecs:DescribeInstances",
    "Resource": 'write "*" or acs:<service>:<region>:<account id>:<name>',
}


@dataclass(frozen=True, slots=True)
class _Element:
    """A list of patterns: Action, NotAction or Resource."""

    statement: _Statement
    name: str
    dim: Dim
    folding: Folding
    negative: bool

    def parts(self, problem_of: object) -> list[_Part]:
        """The known patterns as one part, everything else as a part of its own."""
        assert callable(problem_of)
        raw = self.statement.raw.get(self.name)
        items = raw if isinstance(raw, list) else [raw]
        known: list[str] = []
        unclear: list[str] = []
        if not items:
            unclear.append(self._doubt("the list is empty", raw))
        for item in items:
            problem = problem_of(item) if isinstance(item, str) else "it is not text"
            if problem:
                unclear.append(self._doubt(problem, item))
            else:
                known.append(item)
        if unclear and self.negative:
            return [_Part((), (opaque(f"{self.name} {sorted_json(raw)}"),))]
        out = [_Part((), (opaque(token),)) for token in unclear]
        return [self._part(known), *out] if known else out

    def _doubt(self, problem: str, item: Json) -> str:
        return self.statement._doubt(self.name, problem, _FORMATS[self.name], item)

    def _part(self, known: list[str]) -> _Part:
        folded = self.dim == ACTION
        globs = frozenset(Glob.pattern(text, folded=folded) for text in known)
        term = Term(self.dim, Words(globs, self.negative), folding=self.folding)
        return _Part(tuple(sorted(set(known))), (term,), all_but=self.negative)
