"""What rules look at, and the checks behind them: each yields the names of what breaks it. Pure.

Called by the table in `rules` only, which has the words, the severities and the remedies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from .. import documents, times
from ..constants import AccessMode
from ..kinds.role import NOT_OURS, outsiders
from ..model.objects import Account, FieldValue, UnknownPart, nothing

Parts = Iterator[tuple[str, ...]]


def itself(case: Case) -> Parts:
    for grant in case.grants:
        if grant.itself:
            yield (grant.what,)


@dataclass(frozen=True, slots=True)
class Grant:
    """A right to change rights that somebody is about to get: what gives it, and why it is one."""

    what: str
    why: str
    itself: bool = False
    """It reaches the identity that gets it."""
    indirect: bool = False
    """It changes no right, and lets act as somebody else by a detour."""


def moved(case: Case) -> Parts:
    for sentence in case.moved:
        yield (sentence,)


def left_to_others(case: Case) -> Parts:
    if case.access == AccessMode.UNMANAGED:
        yield (f"accessMode: {case.access}",)


def named(case: Case) -> Parts:
    if case.arn and case.arn.lower() in case.named:
        yield (case.arn,)


def privileged(case: Case) -> Parts:
    """Who is or will be trusted counts: the right may come first."""
    if all(grant.indirect for grant in case.grants):
        return
    for principal in (*_trusted(case.trust), *_trusted(case.before)):
        foreign = principal.account_id not in ("", case.account.account_id)
        if foreign or principal.kind in NOT_OURS or principal.kind == documents.Kind.SERVICE:
            yield (principal.raw,)


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
    console: bool = False
    """Whether those who assume the role are to have the console with it."""
    privileged: tuple[str, ...] = ()
    """Why the role whose session gets longer, or which gets the console, is more than an ordinary
    one.
    """
    grants: tuple[Grant, ...] = ()
    arn: str = ""
    """Of the identity that is about to be created, `acs:ram::<account>:user/<name>`."""
    named: frozenset[str] = frozenset()
    """ARNs in lower case that the trusts of known roles name."""
    document: documents.Policy | None = None
    """Of a policy: what it lets do, as asked for."""
    moved: tuple[str, ...] = ()
    """What became of identity providers that are trusted, one sentence each."""
    access: str = ""
    """The accessMode that a manifest says, empty where it says none."""
    kind: str = ""
    """Of the object, RamUser for example, where rules look at the identity as it is."""
    live: Mapping[str, FieldValue | UnknownPart] = field(default_factory=nothing)
    """What the identity has, by field."""
    now: str = ""
    """RFC 3339 in UTC."""


def _trusted(trust: documents.Trust | None) -> tuple[documents.Principal, ...]:
    return documents.trust_principals(trust) if trust is not None else ()


def of_kind(kind: documents.Kind) -> Callable[[Case], Parts]:
    def check(case: Case) -> Parts:
        for principal in _trusted(case.trust):
            if principal.kind == kind:
                yield (principal.raw,)

    return check


def outside(case: Case) -> Parts:
    inside = case.account.trusted_accounts | {case.account.account_id}
    for principal in _trusted(case.trust):
        if principal.account_id and principal.account_id not in inside:
            yield (principal.raw,)


def unbound(kind: documents.Kind, *keys: str) -> Callable[[Case], Parts]:
    """Principals of a kind without a condition on one of the keys."""

    def check(case: Case) -> Parts:
        for principal in _trusted(case.trust):
            for key in keys:
                if principal.kind == kind and not documents.binds(principal.conditions, key):
                    yield principal.raw, key

    return check


def any_subject(case: Case) -> Parts:
    """OIDC providers that are trusted without a condition that names one owner of subjects."""
    listed = case.account.trusted_subjects
    for principal in _trusted(case.trust):
        bound = documents.binds_subject(principal.conditions, listed)
        if principal.kind == documents.Kind.OIDC and not bound:
            yield (principal.raw,)


def external_id(case: Case) -> Parts:
    for principal in _trusted(case.trust):
        foreign = principal.account_id not in ("", case.account.account_id)
        federated = principal.kind in (documents.Kind.OIDC, documents.Kind.SAML)
        if (
            foreign
            and not federated
            and not documents.binds(principal.conditions, "sts:externalid")
        ):
            yield (principal.raw,)


def unlisted_keys(case: Case) -> Parts:
    """Condition keys of a permission document that are in no list."""
    for key in documents.unlisted_keys(case.document) if case.document is not None else ():
        yield (key,)


def unlisted(case: Case) -> Parts:
    lists = {
        documents.Kind.SERVICE: case.account.trusted_services,
        documents.Kind.SAML: case.account.trusted_providers,
        documents.Kind.OIDC: case.account.trusted_providers,
    }
    for principal in _trusted(case.trust):
        allowed = lists.get(principal.kind)
        if allowed is not None and principal.raw.lower() not in allowed:
            yield (principal.raw,)


def any_service(case: Case) -> Parts:
    return (
        of_kind(documents.Kind.SERVICE)(case) if case.account.trusted_services is None else iter(())
    )


def _by_name(trust: documents.Trust | None) -> dict[tuple[str, str], list[documents.Grant]]:
    """What each principal is granted; statements that cannot be read are nobody's."""
    found: dict[tuple[str, str], list[documents.Grant]] = {}
    for grant in trust.grants if trust is not None else ():
        if grant.effect == documents.Effect.ALLOW and grant.principal is not None:
            name = (grant.principal.spelled, grant.principal.folded)
            found.setdefault(name, []).append(grant)
    return found


def _moved(trust: documents.Trust | None, other: documents.Trust | None) -> Parts:
    """Who is in one trust and not in the other."""
    others = _by_name(other)
    for name, grants in _by_name(trust).items():
        if name not in others:
            yield (_raw(grants),)


def _raw(grants: list[documents.Grant]) -> str:
    principal = grants[0].principal
    assert principal is not None
    return principal.raw


def added(case: Case) -> Parts:
    return _moved(case.trust, case.before) if case.before is not None else iter(())


def removed(case: Case) -> Parts:
    return _moved(case.before, case.trust)


def _kept(case: Case) -> Iterator[tuple[list[documents.Grant], list[documents.Grant]]]:
    """What those who stay trusted were granted, and what they are to be."""
    after = _by_name(case.trust)
    for name, grants in _by_name(case.before).items():
        if name in after:
            yield grants, after[name]


def weakened(case: Case) -> Parts:
    parts = [
        (documents.Trust("", tuple(before)), documents.Trust("", tuple(after)))
        for before, after in _kept(case)
    ]
    for comparison in documents.compare_each(parts):
        for text in comparison.gain_sentences:
            yield (text,)


def later_end(case: Case) -> Parts:
    for before, after in _kept(case):
        if _end(before) < _end(after):
            yield (_raw(after),)


_NEVER_ENDS: Final = times.LAST
_ENDS: Final = ("DateLessThan", "DateLessThanEquals")


def _end(grants: list[documents.Grant]) -> int:
    """When the last of the grants ends, in microseconds since the epoch."""
    return max(_grant_end(grant) for grant in grants)


def _grant_end(grant: documents.Grant) -> int:
    """Values of one condition are alternatives, conditions hold all at once."""
    ends = [
        max((_microseconds(value) for value in values), default=_NEVER_ENDS)
        for operator, key, values in grant.conditions
        if operator in _ENDS and key.lower() == "acs:currenttime"
    ]
    return min(ends, default=_NEVER_ENDS)


def _microseconds(text: str) -> int:
    try:
        return times.microseconds(text)
    except ValueError:
        return _NEVER_ENDS


def longer(case: Case) -> Parts:
    if case.session is not None and case.session[1] > case.session[0]:
        yield tuple(str(seconds) for seconds in case.session)


def escalating(case: Case) -> Parts:
    for grant in case.grants:
        if not grant.indirect:
            yield grant.what, grant.why


def detours(case: Case) -> Parts:
    for grant in case.grants:
        if grant.indirect:
            yield grant.what, grant.why


def detours_outside(case: Case) -> Parts:
    if any(grant.indirect for grant in case.grants):
        for raw in outsiders(case.account, case.trust, case.before):
            yield (raw,)


def console_privileged(case: Case) -> Parts:
    for sentence in case.privileged if case.console else ():
        yield (sentence,)


def longer_privileged(case: Case) -> Parts:
    for sentence in case.privileged:
        for seconds in longer(case):
            yield *seconds, sentence
