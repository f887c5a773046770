"""Sentences about what a comparison gains and loses.

Called by the comparison only. One table of words; no clock, no counts, sorted by the caller.
"""

from __future__ import annotations

from typing import Final

from .canonical import Condition, Effect, Grant, Kind, Principal
from .globs import fold
from .grammar import OPERATORS

_WHO: Final = {
    Kind.ACCOUNT: "account {id} (all its users and roles)",
    Kind.USER: "user {raw}",
    Kind.ROLE: "role {raw}",
    Kind.SERVICE: "service {raw}",
    Kind.SAML: "SAML provider {raw}",
    Kind.OIDC: "OIDC provider {raw}",
    Kind.WILDCARD: "everybody that {raw} stands for",
    Kind.UNKNOWN: "the principal of unknown meaning {raw}",
}
_DEEDS: Final = {
    "sts:assumerole": "assume this role",
    "sts:setsourceidentity": "set the source identity of sessions of this role",
}
_VERBS: Final = {
    (True, True): "can now",
    (True, False): "may now be able to",
    (False, True): "can no longer",
    (False, False): "may no longer be able to",
}
_ALLOWED: Final = {
    (Effect.ALLOW, True, True): "is now allowed",
    (Effect.ALLOW, True, False): "may now be allowed",
    (Effect.ALLOW, False, True): "is no longer allowed",
    (Effect.ALLOW, False, False): "may no longer be allowed",
    (Effect.DENY, True, True): "is no longer denied",
    (Effect.DENY, True, False): "may no longer be denied",
    (Effect.DENY, False, True): "is now denied",
    (Effect.DENY, False, False): "may now be denied",
}


def describe(condition: Condition) -> str:
    """ "sts:ExternalId = x or y"; what RAM does not know as it is spelled."""
    row = OPERATORS[condition.operator]
    joiner = " and " if row.negative else " or "
    return f"{condition.key} {row.words} {joiner.join(condition.values) or 'nothing'}"


def who(principal: Principal) -> str:
    """The principal with the word for its kind."""
    return _WHO[principal.kind].format(id=principal.account_id, raw=principal.raw)


def sentences(
    grant: Grant, others: tuple[Grant, ...], *, gain: bool, certain: bool
) -> tuple[str, ...]:
    """One sentence per action of a trust grant, one for a grant of a permission document.

    `others` are the grants of the side that does not give `grant`.
    """
    if grant.principal is None:
        return (_of_policy(grant, others, gain=gain, certain=certain),)
    subject, verb = who(grant.principal), _VERBS[gain, certain]
    near = [g for g in others if g.principal and g.principal.folded == grant.principal.folded]
    if grant.all_but or not grant.actions:
        return (f"{subject} {verb} do {_deeds(grant)} on this role{_when(grant, near)}",)
    actions = sorted({fold(action) for action in grant.actions})
    return tuple(
        f"{subject} {verb} {_DEEDS.get(action, f'do {action} on this role')}"
        f"{_when(grant, [g for g in near if action in map(fold, g.actions)])}"
        for action in actions
    )


def _deeds(grant: Grant) -> str:
    if grant.all_but:
        return "everything but " + ", ".join(grant.actions)
    return ", ".join(grant.actions) or "something that cannot be read"


def _of_policy(grant: Grant, others: tuple[Grant, ...], *, gain: bool, certain: bool) -> str:
    what = f"{_deeds(grant)} on {', '.join(grant.resources) or 'resources that cannot be read'}"
    if grant in others:
        what = f"part of {what}"  # the difference lies in what is denied
    near = [
        g
        for g in others
        if (g.actions, g.all_but, g.resources) == (grant.actions, grant.all_but, grant.resources)
    ]
    return f"{what} {_ALLOWED[grant.effect, gain, certain]}{_when(grant, near)}"


def _when(grant: Grant, near: list[Grant]) -> str:
    """Under which conditions; where the other side asks for more, what is not asked for here."""
    own = set(grant.conditions)
    kept = [set(other.conditions) for other in near if other.effect == grant.effect]
    stricter = [theirs for theirs in kept if own < theirs]
    if stricter:
        missing = min(stricter, key=lambda theirs: (len(theirs), sorted(theirs))) - own
        return " without the condition " + " and ".join(map(describe, sorted(missing)))
    text = " when " + " and ".join(map(describe, sorted(own))) if own else ""
    unread = [token for token in grant.tokens if token.startswith("Condition ")]
    return text or (" under conditions that cannot be read" if unread else "")
