"""The Principal element of trust documents: spellings to kinds, and what each probably covers.

Called by the parser. Refuses (strict) what is no principal; wildcards pass, rules judge them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple

from .canonical import Dim, Folding, Json, Kind, Principal, Term, opaque
from .globs import Glob
from .reading import Reader
from .value_sets import Spans, Words

CLASS: Final = Dim("", "class", 0, 5)
ACCOUNT: Final = Dim("", "account")
NAME: Final = Dim("", "name")
_CLASSES: Final = {Kind.USER: 0, Kind.ROLE: 1, Kind.SERVICE: 2, Kind.SAML: 3, Kind.OIDC: 4}
_PROVIDERS: Final = {"saml-provider": Kind.SAML, "oidc-provider": Kind.OIDC}
NOUNS: Final = ("user", "role", *_PROVIDERS)
"""What a trust can name one by one, as in ARNs. RAM's guide lists nothing else: no groups."""

Read = tuple[Principal, tuple[Term, ...]]


def _is(*kinds: Kind) -> Term:
    numbers = [_CLASSES[kind] for kind in kinds]
    return Term(CLASS, Spans(((min(numbers), max(numbers)),)))


def _account(account: str) -> Term:
    return Term(ACCOUNT, Words(frozenset({Glob.literal(account)})))


def _named(kind: Kind, name: str) -> Term:
    glob = Glob.pattern(name, folded=kind is Kind.ROLE)
    folding = Folding.NO if kind is Kind.ROLE else Folding.NAMES
    return Term(NAME, Words(frozenset({glob})), folding=folding)


class _Form(NamedTuple):
    """A spelling under one Principal key. `certain` False: its meaning is only assumed."""

    spelling: re.Pattern[str]
    make: Callable[[re.Match[str]], tuple[Kind, str, str, tuple[Term, ...]]]
    certain: bool
    remedy: str = ""  # not empty: refused where we would write it


def _whole(match: re.Match[str]) -> tuple[Kind, str, str, tuple[Term, ...]]:
    account = match["account"]
    return Kind.ACCOUNT, account, "", (_is(Kind.USER, Kind.ROLE), _account(account))


def _identity(match: re.Match[str]) -> tuple[Kind, str, str, tuple[Term, ...]]:
    kind, account, name = Kind(match["kind"]), match["account"], match["name"]
    return kind, account, name, (_is(kind), _account(account), _named(kind, name))


def _provider(match: re.Match[str]) -> tuple[Kind, str, str, tuple[Term, ...]]:
    kind, account, name = _PROVIDERS[match["kind"]], match["account"], match["name"]
    return kind, account, name, (_is(kind), _account(account), _named(kind, name))


def _service(match: re.Match[str]) -> tuple[Kind, str, str, tuple[Term, ...]]:
    name = match[0]
    return (
        Kind.SERVICE,
        match["account"] or "",
        name,
        (
            _is(Kind.SERVICE),
            _named(Kind.SERVICE, name),
        ),
    )


def _everyone(_: re.Match[str]) -> tuple[Kind, str, str, tuple[Term, ...]]:
    return Kind.WILDCARD, "", "", (_is(Kind.USER, Kind.ROLE),)


def _account_star(match: re.Match[str]) -> tuple[Kind, str, str, tuple[Term, ...]]:
    return (Kind.WILDCARD, *_whole(match)[1:])


def _names(match: re.Match[str]) -> tuple[Kind, str, str, tuple[Term, ...]]:
    kind, account, name = match["kind"], match["account"], match["name"]
    exact = _PROVIDERS.get(kind) or Kind(kind)
    where = () if account == "*" else (_account(account),)
    digits = "" if account == "*" else account
    return Kind.WILDCARD, digits, name, (_is(exact), *where, _named(exact, name))


def _services(match: re.Match[str]) -> tuple[Kind, str, str, tuple[Term, ...]]:
    return Kind.WILDCARD, "", match[0], (_is(Kind.SERVICE), _named(Kind.SERVICE, match[0]))


def _providers(_: re.Match[str]) -> tuple[Kind, str, str, tuple[Term, ...]]:
    return Kind.WILDCARD, "", "", (_is(Kind.SAML, Kind.OIDC),)


_ACCT = r"(?P<account>[0-9]{1,20})"
_ACCT_OR_ALL = r"(?P<account>[0-9]{1,20}|\*)"
_NAME = r"(?P<name>[A-Za-z0-9._@-]{1,128})"
_NAME_GLOB = r"(?P<name>[A-Za-z0-9._@*?-]{1,128})"

_FORMS: Final[dict[str, tuple[_Form, ...]]] = {
    "RAM": (
        _Form(re.compile(rf"acs:ram::{_ACCT}:root"), _whole, True),
        _Form(re.compile(rf"acs:ram::{_ACCT}:(?P<kind>user|role)/{_NAME}"), _identity, True),
        _Form(re.compile(r"\*"), _everyone, True),
        _Form(re.compile(r"acs:ram::\*(:root|:\*)?"), _everyone, False),
        _Form(re.compile(rf"acs:ram::{_ACCT}:\*"), _account_star, False),
        _Form(
            re.compile(rf"acs:ram::{_ACCT_OR_ALL}:(?P<kind>user|role)/{_NAME_GLOB}"), _names, False
        ),
        _Form(re.compile(_ACCT), _whole, False, "write acs:ram::<account id>:root"),
    ),
    "Service": (
        _Form(
            re.compile(r"(?:(?P<account>[0-9]{1,20})@)?[A-Za-z0-9.-]+\.aliyuncs\.com"),
            _service,
            True,
        ),
        _Form(re.compile(r"(?=[^*?]*[*?])[A-Za-z0-9.@*?-]+"), _services, False),
    ),
    "Federated": (
        _Form(
            re.compile(rf"acs:ram::{_ACCT}:(?P<kind>saml-provider|oidc-provider)/{_NAME}"),
            _provider,
            True,
        ),
        _Form(
            re.compile(
                rf"acs:ram::{_ACCT_OR_ALL}:(?P<kind>saml-provider|oidc-provider)/{_NAME_GLOB}"
            ),
            _names,
            False,
        ),
        _Form(re.compile(r"\*"), _providers, False),
    ),
}
_REMEDIES: Final = {
    "RAM": "write acs:ram::<account id>:root, :user/<name> or :role/<name>",
    "Service": "write <service>.aliyuncs.com",
    "Federated": "write acs:ram::<account id>:saml-provider/<name> or :oidc-provider/<name>",
}


def read_principals(reader: Reader, path: str, element: Json) -> list[Read]:
    """Each principal of a Principal element with its terms; the terms of one are a conjunction."""
    if element == "*":
        everyone = Principal(Kind.WILDCARD, "", "", "*", "")
        return [(everyone, _assumed((_is(Kind.USER, Kind.ROLE),), 'Principal "*"'))]
    if not isinstance(element, dict) or not element:
        remedy = 'write for example {"RAM": ["acs:ram::<account id>:root"]}'
        return [_unknown(reader.doubt(path, "it names nobody", remedy, element), element, "")]
    # An empty list beside others names nobody: trusts of older tools have it.
    nobody = all(listed == [] for listed in element.values())
    out: list[Read] = []
    for key, listed in element.items():
        where = f"{path}.{key}"
        if key not in _FORMS:
            problem, remedy = f'"{key}" is no kind of principal', "use RAM, Service or Federated"
            token = reader.doubt(path, problem, remedy, {key: listed})
            out.append(_unknown(token, listed, key))
            continue
        items = listed if isinstance(listed, list) else [listed]
        if nobody:
            remedy = "name whom you trust under RAM, Service or Federated"
            token = reader.doubt(where, "the list is empty", remedy, {key: listed})
            out.append(_unknown(token, listed, key))
        several = isinstance(listed, list)
        out += [
            _read_one(reader, f"{where}[{at}]" if several else where, key, item)
            for at, item in enumerate(items)
        ]
    return out


def _read_one(reader: Reader, path: str, key: str, item: Json) -> Read:
    if not isinstance(item, str):
        token = reader.doubt(path, "it is not text", "write it in quotes", {key: item})
        return _unknown(token, item, key)
    for form in _FORMS[key]:
        match = form.spelling.fullmatch(item)
        if match is None:
            continue
        kind, account, name, terms = form.make(match)
        principal = Principal(kind, account, name, item, key)
        if form.remedy:
            reader.doubt(path, f'"{item}" is no documented principal', form.remedy, item)
        return principal, terms if form.certain else _assumed(terms, f"{key} {item}")
    token = reader.doubt(path, f'"{item}" is no principal', _REMEDIES[key], {key: item})
    kind = Kind.WILDCARD if "*" in item or "?" in item else Kind.UNKNOWN
    return _unknown(token, item, key, kind)


def _assumed(terms: tuple[Term, ...], token: str) -> tuple[Term, ...]:
    return tuple(replace(term, token=token, reading=True) for term in terms)


def _unknown(token: str, element: Json, key: str, kind: Kind = Kind.UNKNOWN) -> Read:
    raw = element if isinstance(element, str) else token
    return Principal(kind, "", "", raw, key), (opaque(token),)
