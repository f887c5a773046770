"""Rules on trust: what makes it dangerous to create a role, or to trust somebody. Pure.

A rule is one function and one row in RULES. Ids are stable for ever: alerts and approvals name
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from . import documents
from .constants import Severity
from .model import Account, Finding


@dataclass(frozen=True, slots=True)
class Rule:
    """`check` yields one text per principal that breaks the rule."""

    id: str
    title: str
    severity: Severity
    remedy: str
    check: Callable[[documents.Trust, Account], Iterator[str]]


def _wildcard(trust: documents.Trust, account: Account) -> Iterator[str]:
    for principal in documents.trust_principals(trust):
        if principal.kind == "wildcard":
            yield f"{principal.raw} trusts every Alibaba Cloud account"


def _unknown(trust: documents.Trust, account: Account) -> Iterator[str]:
    for principal in documents.trust_principals(trust):
        if principal.kind == "unknown":
            yield f"{principal.raw} is no principal whose meaning is known"


def _outside(trust: documents.Trust, account: Account) -> Iterator[str]:
    inside = account.trusted_accounts | {account.account_id}
    for principal in documents.trust_principals(trust):
        if principal.account_id and principal.account_id not in inside:
            yield f"{principal.raw} is outside the accounts that are trusted"


def _oidc_subject(trust: documents.Trust, account: Account) -> Iterator[str]:
    for principal in documents.trust_principals(trust):
        if principal.kind == "oidc" and not _bounded(principal, "oidc:sub"):
            yield f"{principal.raw} is trusted for every subject of its issuer"


def _oidc_audience(trust: documents.Trust, account: Account) -> Iterator[str]:
    for principal in documents.trust_principals(trust):
        for key in ("oidc:aud", "oidc:iss"):
            if principal.kind == "oidc" and not _bounded(principal, key):
                yield f"{principal.raw} is trusted without a condition on {key}"


def _external_id(trust: documents.Trust, account: Account) -> Iterator[str]:
    for principal in documents.trust_principals(trust):
        foreign = principal.account_id not in ("", account.account_id)
        federated = principal.kind in ("oidc", "saml")
        if foreign and not federated and not _bounded(principal, "sts:externalid"):
            yield f"{principal.raw} is trusted without sts:ExternalId"


def _whole_account(trust: documents.Trust, account: Account) -> Iterator[str]:
    for principal in documents.trust_principals(trust):
        if principal.kind == "account":
            yield (
                f"{principal.raw} trusts every user and role of the account that"
                " may call sts:AssumeRole"
            )


_POSITIVE: Final = ("StringEquals", "StringLike", "StringEqualsIgnoreCase")


def _bounded(principal: documents.Principal, key: str) -> bool:
    """A positive string condition on `key` none of whose values matches anything at all."""
    for operator, condition_key, values in principal.conditions:
        if operator in _POSITIVE and condition_key.lower() == key:
            return bool(values) and all(value.strip("*?") for value in values)
    return False


RULES: Final = (
    Rule(
        "RAM001",
        "Everybody is trusted",
        Severity.CRITICAL,
        "name the accounts, users, roles or services that need the role",
        _wildcard,
    ),
    Rule(
        "RAM002",
        "Account outside the trusted list",
        Severity.CRITICAL,
        "add the account to RamAccount spec.gate.trustedAccounts, or remove it from the trust",
        _outside,
    ),
    Rule(
        "RAM003",
        "Principal of unknown meaning",
        Severity.CRITICAL,
        "write the principal as a full ARN or as <service>.aliyuncs.com",
        _unknown,
    ),
    Rule(
        "RAM004",
        "OIDC provider without oidc:sub",
        Severity.CRITICAL,
        "add a condition StringEquals oidc:sub that names the workload",
        _oidc_subject,
    ),
    Rule(
        "RAM005",
        "OIDC provider without oidc:aud or oidc:iss",
        Severity.WARNING,
        "add conditions StringEquals oidc:aud and oidc:iss",
        _oidc_audience,
    ),
    Rule(
        "RAM006",
        "Other account without sts:ExternalId",
        Severity.WARNING,
        "agree on an external id with the other side and add StringEquals sts:ExternalId",
        _external_id,
    ),
    Rule(
        "RAM007",
        "Whole account trusted",
        Severity.WARNING,
        "name the users or roles instead of the account's root",
        _whole_account,
    ),
)


def assess(trust: documents.Trust, account: Account) -> tuple[Finding, ...]:
    """All findings on a trust document, most severe first, in a stable order."""
    found = [
        Finding(rule.id, rule.severity, text, rule.remedy)
        for rule in RULES
        for text in sorted(set(rule.check(trust, account)))
    ]
    return tuple(sorted(found, key=lambda finding: finding.severity is not Severity.CRITICAL))


def dangerous(findings: tuple[Finding, ...]) -> bool:
    """Whether a new role with these findings has to wait for a person."""
    return any(finding.severity is Severity.CRITICAL for finding in findings)
