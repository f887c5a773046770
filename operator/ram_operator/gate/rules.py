"""Rules on trust and on rights: what makes a change dangerous, as one table. Pure.

A rule is one function and one row, here or in `practice`. Ids are stable for ever: alerts and
approvals name them. Called by the gate; whether something is held does not depend on a rule, except
that a critical finding holds a creation.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .. import documents
from ..constants import Severity
from ..model.changes import Finding
from ..model.objects import Account
from . import checks, practice
from .checks import Case
from .rule import On, Rule

_GATE: Final = (
    Rule(
        "RAM001",
        "Everybody is trusted",
        Severity.CRITICAL,
        On.TRUST,
        "{} trusts every Alibaba Cloud account",
        "name the accounts, users, roles or services that need the role",
        checks.of_kind(documents.Kind.WILDCARD),
    ),
    Rule(
        "RAM002",
        "Account outside the trusted list",
        Severity.CRITICAL,
        On.TRUST,
        "{} is outside the accounts that are trusted",
        "add the account to RamAccount spec.gate.trustedAccounts, or remove it from the trust",
        checks.outside,
    ),
    Rule(
        "RAM003",
        "Principal of unknown meaning",
        Severity.CRITICAL,
        On.TRUST,
        "{} is no principal whose meaning is known",
        "write the principal as a full ARN or as <service>.aliyuncs.com",
        checks.of_kind(documents.Kind.UNKNOWN),
    ),
    Rule(
        "RAM004",
        "OIDC provider without an oidc:sub of one owner",
        Severity.CRITICAL,
        On.TRUST,
        "{} is trusted for subjects of its issuer that may be anybody's",
        "add a condition StringEquals oidc:sub that names the workload; wildcards only behind what"
        " names one owner, like repo:<owner>/<repository>:*, without variables",
        checks.any_subject,
    ),
    Rule(
        "RAM005",
        "OIDC provider without oidc:aud or oidc:iss",
        Severity.WARNING,
        On.TRUST,
        "{} is trusted without a condition on {}",
        "add conditions StringEquals oidc:aud and oidc:iss",
        checks.unbound(documents.Kind.OIDC, "oidc:aud", "oidc:iss"),
    ),
    Rule(
        "RAM006",
        "Other account without sts:ExternalId (confused deputy)",
        Severity.WARNING,
        On.TRUST,
        "{} is trusted without sts:ExternalId",
        "agree on an external id with the other side and add StringEquals sts:ExternalId",
        checks.external_id,
    ),
    Rule(
        "RAM007",
        "Whole account trusted",
        Severity.WARNING,
        On.TRUST,
        "{} trusts every user and role of the account that may call sts:AssumeRole",
        "name the users or roles instead of the account's root",
        checks.of_kind(documents.Kind.ACCOUNT),
    ),
    Rule(
        "RAM008",
        "SAML provider without saml:recipient",
        Severity.WARNING,
        On.TRUST,
        "{} is trusted without a condition on {}",
        "add a condition StringEquals saml:recipient with the sign-in address of your site",
        checks.unbound(documents.Kind.SAML, "saml:recipient"),
    ),
    Rule(
        "RAM009",
        "Service or provider outside the trusted list",
        Severity.CRITICAL,
        On.TRUST,
        "{} is on none of the lists of services and providers that are trusted",
        "add it to RamAccount spec.gate.trustedServices or trustedProviders, or remove it",
        checks.unlisted,
    ),
    Rule(
        "RAM010",
        "Service trusted without a list",
        Severity.WARNING,
        On.TRUST,
        "{} is trusted, and no list says which services may be",
        "list the services that you use in RamAccount spec.gate.trustedServices",
        checks.any_service,
    ),
    Rule(
        "RAM011",
        "Entity added",
        Severity.WARNING,
        On.CHANGE,
        "{} was not trusted before",
        "approve only if you know who that is and why it needs the role",
        checks.added,
    ),
    Rule(
        "RAM012",
        "Entity removed",
        Severity.WARNING,
        On.CHANGE,
        "{} is trusted no longer",
        "make sure that nothing that runs still needs the role that way",
        checks.removed,
    ),
    Rule(
        "RAM013",
        "Condition dropped or weakened",
        Severity.CRITICAL,
        On.CHANGE,
        "of those who stay trusted: {}",
        "keep the condition, or say in the review why it is not needed",
        checks.weakened,
        worded=frozenset({0}),
    ),
    Rule(
        "RAM014",
        "End moved later",
        Severity.WARNING,
        On.CHANGE,
        "{} is trusted for longer than was agreed on",
        "keep the end, or agree on the new one with whoever approved the old one",
        checks.later_end,
    ),
    Rule(
        "RAM015",
        "Longer session",
        Severity.WARNING,
        On.CHANGE,
        "a session may last {1} seconds instead of {0}",
        "keep sessions as short as the work allows",
        checks.longer,
    ),
    Rule(
        "RAM016",
        "Name already trusted elsewhere",
        Severity.CRITICAL,
        On.NAME,
        "a known role trusts {} already, and would trust what is created now",
        "choose another name, or take the old one out of the trust first",
        checks.named,
    ),
    Rule(
        "RAM017",
        "Right to change rights",
        Severity.CRITICAL,
        On.GRANT,
        "{}: {}",
        "give a right that names the actions and resources that are needed",
        checks.escalating,
        worded=frozenset({1}),
    ),
    Rule(
        "RAM018",
        "Privileged role that an outsider can assume",
        Severity.CRITICAL,
        On.GRANT,
        "{} may assume the role that is about to get a right to change rights",
        "give the right to another role, which only users and roles of the account may assume",
        checks.privileged,
    ),
    Rule(
        "RAM019",
        "Identity that can widen itself",
        Severity.CRITICAL,
        On.GRANT,
        "{} lets the identity that has it change what it may do itself",
        "leave the identity's own name and its policies out of the resources",
        checks.itself,
    ),
    Rule(
        "RAM020",
        "Identity provider changed behind its name",
        Severity.CRITICAL,
        On.PROVIDER,
        "{}",
        "find out in ActionTrail who changed the provider; put it back, or approve what it is now",
        checks.moved,
        worded=frozenset({0}),
    ),
    Rule(
        "RAM021",
        "Right to act as another identity by a detour",
        Severity.WARNING,
        On.GRANT,
        "{}: {}",
        "name the actions and resources that are needed; set RamAccount spec.gate.holdIndirect to"
        " have such rights wait for an approval",
        checks.detours,
        worded=frozenset({1}),
    ),
    Rule(
        "RAM022",
        "Detour to other identities for an outsider",
        Severity.CRITICAL,
        On.GRANT,
        "{} may assume from outside the account the role that is about to get a right to act as"
        " another identity",
        "give the right to another role, which only users and roles of the account may assume",
        checks.detours_outside,
    ),
    Rule(
        "RAM023",
        "Longer session of a privileged role",
        Severity.CRITICAL,
        On.GRANT,
        "a session may last {1} seconds instead of {0}, and {2}",
        "keep sessions of such a role as short as the work allows",
        checks.longer_privileged,
        worded=frozenset({2}),
    ),
    Rule(
        "RAM024",
        "Console login of a privileged role",
        Severity.CRITICAL,
        On.GRANT,
        "whoever assumes the role may use the console with it, and {}",
        "leave consoleLogin at Deny for roles that programs use, and give people another role",
        checks.console_privileged,
        worded=frozenset({0}),
    ),
    Rule(
        "RAM025",
        "Condition key that nobody lists",
        Severity.WARNING,
        On.DOCUMENT,
        "a condition is on {}, which no list of documented keys has; RAM takes a misspelt key, too,"
        " and what is allowed under it is never allowed, what is denied never denied",
        "compare the key with the guide of the service, letter by letter; leave it if it is there",
        checks.unlisted_keys,
    ),
    Rule(
        "RAM026",
        "Ways to sign in that are left to others",
        Severity.INFO,
        On.ACCESS,
        "the manifest says {}: logins and keys that were agreed on are no drift, and one that comes"
        " later is a warning, unless the user may have rights to change rights",
        "write accessMode: None, or nothing, for a user that is not to sign in",
        checks.left_to_others,
    ),
)
RULES: Final = (*_GATE, *practice.RULES)
"""By their ids."""


def judge(case: Case, *kinds: On) -> tuple[Finding, ...]:
    """Findings of the rules that look at `kinds`, most severe first, in a stable order."""
    found = [
        _finding(rule, parts)
        for rule in RULES
        if rule.on in kinds
        for parts in sorted(set(rule.check(case)))
    ]
    return tuple(sorted(found, key=lambda finding: finding.severity is not Severity.CRITICAL))


def _finding(rule: Rule, parts: tuple[str, ...]) -> Finding:
    facts = tuple(part for at, part in enumerate(parts) if at not in rule.worded)
    text = rule.sentence.format(*parts)
    return Finding(rule.id, rule.severity, text, rule.remedy, facts, rule.revision)


def assess(
    trust: documents.Trust,
    account: Account,
    before: documents.Trust | None = None,
    session: tuple[int, int] | None = None,
) -> tuple[Finding, ...]:
    """Findings on a trust document; with `before` also on what changes."""
    return judge(Case(account, trust, before, session), On.TRUST, On.CHANGE)


def dangerous(found: tuple[Finding, ...]) -> bool:
    """Whether a new role with these findings has to wait for a person."""
    return any(finding.severity is Severity.CRITICAL for finding in found)


def merged(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings of several changes, each one once, in the order of `judge`."""
    return tuple(sorted(dict.fromkeys(found), key=_place))


def _place(finding: Finding) -> tuple[bool, int, tuple[str, ...], str]:
    mild = finding.severity is not Severity.CRITICAL
    return mild, _IDS.index(finding.id), finding.facts, finding.message


_IDS: Final = tuple(rule.id for rule in RULES)
