"""Trust documents: may this one be stored, and does it let this caller in?

`check_trust_document` is called by role handlers before a write, `trust_decision` by STS.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .entities import Caller, Role, User, fold
from .errors import malformed
from .evaluate import Decision, Statement, as_list, compile_document, decide, wildcard
from .grammar import check_trust
from .registry import Call
from .state import Account

_SERVICE = re.compile(r"(\d+@)?[A-Za-z0-9.-]+\.aliyuncs\.com")
_RAM = re.compile(r"acs:ram::(\d+):(root|user/[^/:*?]+|role/[^/:*?]+)")
_FEDERATED = re.compile(r"acs:ram::(\d+):((?:saml|oidc)-provider/[^/:*?]+)")


def check_trust_document(call: Call, text: str) -> None:
    """Refuse what the service refuses: grammar, principals of a wrong form, missing principals."""
    strict = call.universe.strict
    for number, statement in enumerate(check_trust(text, strict=strict)):
        if not strict:
            continue
        path = f"Statement[{number}]"
        if statement["Effect"] == "Deny" and not call.account.is_on("trust_accepts_deny"):
            raise malformed(f"{path}.Effect: a trust document takes Allow only.")
        for kind, value in _principals(f"{path}.Principal", statement["Principal"]):
            _check_principal(call, f"{path}.Principal.{kind}", kind, value)


def _principals(path: str, principal: Any) -> list[tuple[str, str]]:
    if principal == "*":
        return [("RAM", "*")]
    if not isinstance(principal, dict) or not principal:
        raise malformed(f"{path}: Data type mismatch, it must be an object.")
    rows: list[tuple[str, str]] = []
    for kind, values in principal.items():
        if kind not in ("RAM", "Service", "Federated"):
            raise malformed(f"{path}: Invalid policy element: {kind}.")
        entries = values if isinstance(values, list) else [values]
        if not all(isinstance(entry, str) for entry in entries):
            raise malformed(f"{path}.{kind}: a text or an array of texts is needed.")
        rows += [(kind, value) for value in as_list(values)]
    # An empty array beside another kind names nobody: older tools write both kinds always.
    if not rows:
        raise malformed(f"{path}: a text or an array of texts is needed.")
    return rows


def _check_principal(call: Call, path: str, kind: str, value: str) -> None:
    if kind == "Service":
        if not _SERVICE.fullmatch(value):
            raise malformed(f"{path}: Invalid service: {value}.")
        return
    if "*" in value or "?" in value:
        if kind == "RAM" and call.account.is_on("trust_wildcards_accepted"):
            return
        raise malformed(f"{path}: wildcards are not supported: {value}.")
    match = (_RAM if kind == "RAM" else _FEDERATED).fullmatch(value)
    if match is None:
        raise malformed(f"{path}: Invalid ARN prefix: {value}.")
    account = call.universe.accounts.get(match[1])
    # An account that is not emulated here may well exist elsewhere.
    if account is None or not call.account.is_on("trust_principals_must_exist"):
        return
    if not _exists(account, match[2], call.now):
        raise malformed(f"{path}: the principal does not exist: {value}.")


def _exists(account: Account, relative: str, now: float) -> bool:
    if relative == "root":
        return True
    kind, _, name = relative.partition("/")
    if kind.endswith("-provider"):
        return account.providers.get(fold(relative)) is not None
    found: User | Role | None = (
        account.users.get(fold(name)) if kind == "user" else account.roles.get(fold(name))
    )
    return found is not None and found.visible_from <= now


def trust_decision(
    document: str, caller: Caller, action: str, context: Mapping[str, str]
) -> Decision:
    """What a trust document says to a caller, who is a user or a role session.

    Services and identity providers never match: they come by other ways than AssumeRole.
    """
    names = _spellings(caller)

    def matches(statement: Statement) -> bool:
        return any(kind == "RAM" and _names(value, names) for kind, value in statement.principals)

    return decide(compile_document(document), action, context, matches)


def federated_decision(
    document: str, provider: str, action: str, context: Mapping[str, str]
) -> Decision:
    """What a trust document says to a token of an identity provider, by the provider's ARN."""

    def matches(statement: Statement) -> bool:
        named = (value for kind, value in statement.principals if kind == "Federated")
        return any(fold(value) == fold(provider) for value in named)

    return decide(compile_document(document), action, context, matches)


def _spellings(caller: Caller) -> tuple[str, str]:
    prefix = f"acs:ram::{caller.account_id}:"
    return f"{prefix}root", f"{prefix}{caller.kind}/{fold(caller.name)}"


def _names(value: str, spellings: tuple[str, str]) -> bool:
    pattern = wildcard(value)
    return any(pattern.fullmatch(spelling) for spelling in spellings)
