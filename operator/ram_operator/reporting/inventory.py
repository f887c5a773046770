"""How bad an identity may be that nobody manages, and why: one table, and the words. Pure.

Called by the sweep, and by `kubectl ram unmanaged` for what it reads itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from .. import documents, legible
from ..constants import ACK_NAMES, Severity
from ..kinds.role import outsiders
from ..model.objects import Account
from ..model.sentences import clip

NAMED: Final = 50
"""Identities that a status names; the others are counted."""
UNUSED_SECONDS: Final = 90 * 86_400.0
"""Who did not log on for so long counts as not used."""
_LONGEST: Final = 256
_NAME: Final = 128


class Sort(StrEnum):
    """What an identity may do, or who may be it: the rows of the table."""

    IDENTITY = "identity"
    """Change rights, or become somebody else: what the gate holds."""
    OUTSIDE = "outside"
    """Somebody outside the account may be it."""
    INDIRECT = "indirect"
    """Act as another identity by a detour."""
    UNKNOWN = "unknown"
    """What it has is not known."""
    DOCUMENT = "document"
    """A policy that lets whoever has it change rights."""
    ORDINARY = "ordinary"


SEVERITIES: Final = {
    Sort.IDENTITY: Severity.CRITICAL,
    Sort.OUTSIDE: Severity.WARNING,
    Sort.INDIRECT: Severity.WARNING,
    Sort.UNKNOWN: Severity.WARNING,
    Sort.DOCUMENT: Severity.WARNING,
    Sort.ORDINARY: Severity.INFO,
}
"""What is found of an identity counts by its worst row."""
_RANKS: Final = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)
_SORTS: Final = tuple(Sort)
NOT_READ: Final = "what it allows is not known"
NOT_LISTED: Final = "what it has attached is not known"
NO_TRUST: Final = "whom it trusts is not known"
NO_GROUPS: Final = "in which groups it is is not known"


class Trait(NamedTuple):
    """One thing that is known of an identity."""

    sort: Sort
    why: str = ""


class Unmanaged(NamedTuple):
    """One identity as people are told of it."""

    kind: str
    name: str
    severity: Severity
    why: str

    @property
    def rank(self) -> tuple[int, str, str, str]:
        """What is worst comes first."""
        return _RANKS.index(self.severity), self.kind, self.name.lower(), self.name

    def document(self) -> dict[str, Any]:
        """As status and `kubectl ram unmanaged -o json` have it: one line, and not too long."""
        found = {"kind": self.kind, "name": shown(self.name), "severity": self.severity.value}
        return {**found, "why": self.why} if self.why else found


def shown(name: str) -> str:
    return clip(legible.line(name), _NAME)


def of_policy(found: Sequence[documents.Policy]) -> Trait:
    """What a policy gives whoever has it. `found` are all documents that may be in force; without
    any, nobody knows.
    """
    if not found:
        return Trait(Sort.UNKNOWN, NOT_READ)
    for sort, texts in ((Sort.IDENTITY, documents.escalates), (Sort.INDIRECT, documents.indirect)):
        reasons = sorted({text for document in found for text in texts(document)})
        if reasons:
            more = f" and {len(reasons) - 1} more" if len(reasons) > 1 else ""
            return Trait(sort, reasons[0] + more)
    return Trait(Sort.ORDINARY)


def of_trust(account: Account, trust: documents.Trust | None) -> Trait:
    """Whether somebody may be the role from outside the account whom its RamAccount does not trust.
    Without a trust nobody knows. A service account of a cluster by the provider that ACK keeps for
    it counts as one of the account's own.
    """
    if trust is None:
        return Trait(Sort.UNKNOWN, NO_TRUST)
    strangers = set(outsiders(account, trust))
    found = {
        principal.raw
        for principal in documents.trust_principals(trust)
        if principal.raw in strangers and not _known(account, principal)
    }
    if not found:
        return Trait(Sort.ORDINARY)
    first, *others = sorted(found)
    more = f" and {len(others)} more" if others else ""
    return Trait(Sort.OUTSIDE, f"{first}{more} may assume it from outside the account")


def _known(account: Account, principal: documents.Principal) -> bool:
    if principal.account_id not in ("", account.account_id):
        return principal.account_id in account.trusted_accounts
    if principal.raw.lower() in (account.trusted_providers or ()):
        return True
    of_ack = principal.kind is documents.Kind.OIDC and principal.name.lower().startswith(ACK_NAMES)
    return of_ack and documents.binds_subject(principal.conditions, account.trusted_subjects)


def worst(traits: Iterable[Trait]) -> Trait:
    """The worst of them, with the reasons of all that are as bad."""
    found = sorted(set(traits), key=lambda trait: (_SORTS.index(trait.sort), trait.why))
    if not found:
        return Trait(Sort.ORDINARY)
    texts = [trait.why for trait in found if trait.sort is found[0].sort and trait.why]
    return Trait(found[0].sort, clip(legible.line("; ".join(texts)), _LONGEST))


def told(kind: str, name: str, traits: Iterable[Trait]) -> Unmanaged:
    """The identity by its severity, with what is bad about it."""
    found = sorted(set(traits), key=lambda trait: (_SORTS.index(trait.sort), trait.why))
    bad = [trait for trait in found if SEVERITIES[trait.sort] is not Severity.INFO]
    severity = SEVERITIES[bad[0].sort] if bad else Severity.INFO
    why = "; ".join(trait.why for trait in bad)
    return Unmanaged(kind, name, severity, clip(legible.line(why), _LONGEST))


def matches(pattern: str, name: str) -> bool:
    """Whether a name is of a pattern in which `*` stands for anything; letter case does not count.

    Takes time in proportion to the lengths alone.
    """
    first, *rest = pattern.lower().split("*")
    folded = name.lower()
    if not rest:
        return folded == first
    if not folded.startswith(first):
        return False
    at = len(first)
    for part in rest[:-1]:
        found = folded.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(folded) - at >= len(rest[-1]) and folded.endswith(rest[-1])
