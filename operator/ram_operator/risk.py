"""Rules on trust and on rights: what makes a change dangerous, as one table. Pure.

A rule is one function and one row in RULES. Ids are stable for ever: alerts and approvals name
them. Called by the gate; whether something is held does not depend on a rule, except that a
critical finding holds a creation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from . import documents
from .constants import Severity
from .model import Account, Finding

Parts = Iterator[tuple[str, ...]]


class On(StrEnum):
    """What a rule looks at, and so when it can be judged."""

    TRUST = "creation and change"
    CHANGE = "change"
    NAME = "creation"
    GRANT = "grant of a right"


@dataclass(frozen=True, slots=True)
class Grant:
    """A right to change rights that somebody is about to get: what gives it, and why it is one."""

    what: str
    why: str
    itself: bool = False
    """It reaches the identity that gets it."""


@dataclass(frozen=True, slots=True)
class Case:
    """All that rules may look at. What is not known is left out, and its rules find nothing."""

    account: Account
    trust: documents.Trust | None = None
    """As asked for."""
    before: documents.Trust | None = None
    """As it is; None for a creation."""
    session: tuple[int, int] | None = None
    """Seconds that a session may last, as it is and as asked for."""
    grants: tuple[Grant, ...] = ()
    arn: str = ""
    """Of the identity that is about to be created, `acs:ram::<account>:user/<name>`."""
    named: frozenset[str] = frozenset()
    """ARNs in lower case that the trusts of known roles name."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`check` yields, per thing that breaks the rule, the words that `sentence` has gaps for."""

    id: str
    title: str
    severity: Severity
    on: On
    sentence: str
    remedy: str
    check: Callable[[Case], Parts]


def _trusted(trust: documents.Trust | None) -> tuple[documents.Principal, ...]:
    return documents.trust_principals(trust) if trust is not None else ()


def _of_kind(kind: str) -> Callable[[Case], Parts]:
    def check(case: Case) -> Parts:
        for principal in _trusted(case.trust):
            if principal.kind == kind:
                yield (principal.raw,)

    return check


def _outside(case: Case) -> Parts:
    inside = case.account.trusted_accounts | {case.account.account_id}
    for principal in _trusted(case.trust):
        if principal.account_id and principal.account_id not in inside:
            yield (principal.raw,)


def _unbound(kind: str, *keys: str) -> Callable[[Case], Parts]:
    """Principals of a kind without a condition on one of the keys."""

    def check(case: Case) -> Parts:
        for principal in _trusted(case.trust):
            for key in keys:
                if principal.kind == kind and not _bounded(principal, key):
                    yield principal.raw, key

    return check


def _external_id(case: Case) -> Parts:
    for principal in _trusted(case.trust):
        foreign = principal.account_id not in ("", case.account.account_id)
        federated = principal.kind in ("oidc", "saml")
        if foreign and not federated and not _bounded(principal, "sts:externalid"):
            yield (principal.raw,)


_POSITIVE: Final = ("StringEquals", "StringLike", "StringEqualsIgnoreCase")


def _bounded(principal: documents.Principal, key: str) -> bool:
    """A positive string condition on `key` all of whose values name something.

    A pattern like `*:*`, of wildcards and separators, stands for anything there is.
    """
    return any(
        operator in _POSITIVE
        and condition_key.lower() == key
        and bool(values)
        and all(any(symbol.isalnum() for symbol in value) for value in values)
        for operator, condition_key, values in principal.conditions
    )


def _unlisted(case: Case) -> Parts:
    lists = {
        "service": case.account.trusted_services,
        "saml": case.account.trusted_providers,
        "oidc": case.account.trusted_providers,
    }
    for principal in _trusted(case.trust):
        allowed = lists.get(principal.kind)
        if allowed is not None and principal.raw.lower() not in allowed:
            yield (principal.raw,)


def _any_service(case: Case) -> Parts:
    return _of_kind("service")(case) if case.account.trusted_services is None else iter(())


def _by_name(trust: documents.Trust | None) -> dict[tuple[str, str], list[documents.Grant]]:
    """What each principal is granted; statements that cannot be read are nobody's."""
    found: dict[tuple[str, str], list[documents.Grant]] = {}
    for grant in trust.grants if trust is not None else ():
        if grant.effect == "Allow" and grant.principal is not None:
            name = (grant.principal.spelled, grant.principal.folded)
            found.setdefault(name, []).append(grant)
    return found


def _moved(here: documents.Trust | None, there: documents.Trust | None) -> Parts:
    """Who is in one trust and not in the other."""
    others = _by_name(there)
    for name, grants in _by_name(here).items():
        if name not in others:
            yield (_raw(grants),)


def _raw(grants: list[documents.Grant]) -> str:
    principal = grants[0].principal
    assert principal is not None
    return principal.raw


def _added(case: Case) -> Parts:
    return _moved(case.trust, case.before) if case.before is not None else iter(())


def _removed(case: Case) -> Parts:
    return _moved(case.before, case.trust)


def _kept(case: Case) -> Iterator[tuple[list[documents.Grant], list[documents.Grant]]]:
    """What those who stay trusted were granted, and what they are to be."""
    after = _by_name(case.trust)
    for name, grants in _by_name(case.before).items():
        if name in after:
            yield grants, after[name]


def _weakened(case: Case) -> Parts:
    for before, after in _kept(case):
        sides = (documents.Trust("", tuple(before)), documents.Trust("", tuple(after)))
        for text in documents.compare_trust(*sides).gain_sentences:
            yield (text,)


def _later_end(case: Case) -> Parts:
    for before, after in _kept(case):
        if _end(before) < _end(after):
            yield (_raw(after),)


_NEVER_ENDS: Final = datetime.max.replace(tzinfo=UTC)
_ENDS: Final = ("DateLessThan", "DateLessThanEquals")


def _end(grants: list[documents.Grant]) -> datetime:
    """When the last of the grants ends."""
    return max(_grant_end(grant) for grant in grants)


def _grant_end(grant: documents.Grant) -> datetime:
    """Values of one condition are alternatives, conditions hold all at once."""
    ends = [
        max((_moment(value) for value in values), default=_NEVER_ENDS)
        for operator, key, values in grant.conditions
        if operator in _ENDS and key.lower() == "acs:currenttime"
    ]
    return min(ends, default=_NEVER_ENDS)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _NEVER_ENDS
    return moment if moment.tzinfo is not None else _NEVER_ENDS


def _longer(case: Case) -> Parts:
    if case.session is not None and case.session[1] > case.session[0]:
        yield tuple(str(seconds) for seconds in case.session)


def _named(case: Case) -> Parts:
    if case.arn and case.arn.lower() in case.named:
        yield (case.arn,)


def _escalating(case: Case) -> Parts:
    for grant in case.grants:
        yield grant.what, grant.why


def _itself(case: Case) -> Parts:
    for grant in case.grants:
        if grant.itself:
            yield (grant.what,)


_OUTSIDERS: Final = frozenset({"service", "saml", "oidc", "wildcard", "unknown"})


def _privileged(case: Case) -> Parts:
    """Who is or will be trusted counts: the right may come first."""
    if not case.grants:
        return
    for principal in (*_trusted(case.trust), *_trusted(case.before)):
        foreign = principal.account_id not in ("", case.account.account_id)
        if foreign or principal.kind in _OUTSIDERS:
            yield (principal.raw,)


RULES: Final = (
    Rule(
        "RAM001",
        "Everybody is trusted",
        Severity.CRITICAL,
        On.TRUST,
        "{} trusts every Alibaba Cloud account",
        "name the accounts, users, roles or services that need the role",
        _of_kind("wildcard"),
    ),
    Rule(
        "RAM002",
        "Account outside the trusted list",
        Severity.CRITICAL,
        On.TRUST,
        "{} is outside the accounts that are trusted",
        "add the account to RamAccount spec.gate.trustedAccounts, or remove it from the trust",
        _outside,
    ),
    Rule(
        "RAM003",
        "Principal of unknown meaning",
        Severity.CRITICAL,
        On.TRUST,
        "{} is no principal whose meaning is known",
        "write the principal as a full ARN or as <service>.aliyuncs.com",
        _of_kind("unknown"),
    ),
    Rule(
        "RAM004",
        "OIDC provider without oidc:sub",
        Severity.CRITICAL,
        On.TRUST,
        "{} is trusted for every subject of its issuer",
        "add a condition StringEquals oidc:sub that names the workload",
        _unbound("oidc", "oidc:sub"),
    ),
    Rule(
        "RAM005",
        "OIDC provider without oidc:aud or oidc:iss",
        Severity.WARNING,
        On.TRUST,
        "{} is trusted without a condition on {}",
        "add conditions StringEquals oidc:aud and oidc:iss",
        _unbound("oidc", "oidc:aud", "oidc:iss"),
    ),
    Rule(
        "RAM006",
        "Other account without sts:ExternalId (confused deputy)",
        Severity.WARNING,
        On.TRUST,
        "{} is trusted without sts:ExternalId",
        "agree on an external id with the other side and add StringEquals sts:ExternalId",
        _external_id,
    ),
    Rule(
        "RAM007",
        "Whole account trusted",
        Severity.WARNING,
        On.TRUST,
        "{} trusts every user and role of the account that may call sts:AssumeRole",
        "name the users or roles instead of the account's root",
        _of_kind("account"),
    ),
    Rule(
        "RAM008",
        "SAML provider without saml:recipient",
        Severity.WARNING,
        On.TRUST,
        "{} is trusted without a condition on {}",
        "add a condition StringEquals saml:recipient with the sign-in address of your site",
        _unbound("saml", "saml:recipient"),
    ),
    Rule(
        "RAM009",
        "Service or provider outside the trusted list",
        Severity.CRITICAL,
        On.TRUST,
        "{} is on none of the lists of services and providers that are trusted",
        "add it to RamAccount spec.gate.trustedServices or trustedProviders, or remove it",
        _unlisted,
    ),
    Rule(
        "RAM010",
        "Service trusted without a list",
        Severity.WARNING,
        On.TRUST,
        "{} is trusted, and no list says which services may be",
        "list the services that you use in RamAccount spec.gate.trustedServices",
        _any_service,
    ),
    Rule(
        "RAM011",
        "Entity added",
        Severity.WARNING,
        On.CHANGE,
        "{} was not trusted before",
        "approve only if you know who that is and why it needs the role",
        _added,
    ),
    Rule(
        "RAM012",
        "Entity removed",
        Severity.WARNING,
        On.CHANGE,
        "{} is trusted no longer",
        "make sure that nothing that runs still needs the role that way",
        _removed,
    ),
    Rule(
        "RAM013",
        "Condition dropped or weakened",
        Severity.CRITICAL,
        On.CHANGE,
        "of those who stay trusted: {}",
        "keep the condition, or say in the review why it is not needed",
        _weakened,
    ),
    Rule(
        "RAM014",
        "End moved later",
        Severity.WARNING,
        On.CHANGE,
        "{} is trusted for longer than was agreed on",
        "keep the end, or agree on the new one with whoever approved the old one",
        _later_end,
    ),
    Rule(
        "RAM015",
        "Longer session",
        Severity.WARNING,
        On.CHANGE,
        "a session may last {1} seconds instead of {0}",
        "keep sessions as short as the work allows",
        _longer,
    ),
    Rule(
        "RAM016",
        "Name already trusted elsewhere",
        Severity.CRITICAL,
        On.NAME,
        "a known role trusts {} already, and would trust what is created now",
        "choose another name, or take the old one out of the trust first",
        _named,
    ),
    Rule(
        "RAM017",
        "Right to change rights",
        Severity.CRITICAL,
        On.GRANT,
        "{}: {}",
        "give a right that names the actions and resources that are needed",
        _escalating,
    ),
    Rule(
        "RAM018",
        "Privileged role that an outsider can assume",
        Severity.CRITICAL,
        On.GRANT,
        "{} may assume the role that is about to get a right to change rights",
        "give the right to another role, which only users and roles of the account may assume",
        _privileged,
    ),
    Rule(
        "RAM019",
        "Identity that can widen itself",
        Severity.CRITICAL,
        On.GRANT,
        "{} lets the identity that has it change what it may do itself",
        "leave the identity's own name and its policies out of the resources",
        _itself,
    ),
)


def judge(case: Case, *kinds: On) -> tuple[Finding, ...]:
    """Findings of the rules that look at `kinds`, most severe first, in a stable order."""
    found = [
        Finding(rule.id, rule.severity, text, rule.remedy)
        for rule in RULES
        if rule.on in kinds
        for text in sorted({rule.sentence.format(*parts) for parts in rule.check(case)})
    ]
    return tuple(sorted(found, key=lambda finding: finding.severity is not Severity.CRITICAL))


def assess(
    trust: documents.Trust,
    account: Account,
    before: documents.Trust | None = None,
    session: tuple[int, int] | None = None,
) -> tuple[Finding, ...]:
    """Findings on a trust document; with `before` also on what changes."""
    return judge(Case(account, trust, before, session), On.TRUST, On.CHANGE)


def dangerous(findings: tuple[Finding, ...]) -> bool:
    """Whether a new role with these findings has to wait for a person."""
    return any(finding.severity is Severity.CRITICAL for finding in findings)
