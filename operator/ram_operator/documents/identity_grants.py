"""What of a permission document lets its holder change rights or become somebody else.

Called by the gate, which agrees on exactly that: what else a document allows may move freely.
Deny never counts, as nowhere in `escalation`: it makes no grant safer here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from .actions import ActionClass
from .canonical import ACTION, Effect, Grant, Policy, compact
from .comparing import Verdict, compare_policy
from .document_error import DocumentError
from .escalation import denies, given_free, only_denies, reasons
from .globs import Budget, Glob
from .kept import Verdicts
from .parsing import parse_policy
from .reading import tree_of
from .value_sets import Words


def identity_grants(policy: Policy) -> Policy:
    """The Allow grants of class identity, each for the actions that make it one.

    Its digest stands for them: documents that differ in anything else have the same one.
    """
    return _of_class(policy, ActionClass.IDENTITY)


def indirect_grants(policy: Policy) -> Policy:
    """The same of the grants that let act as another identity by a detour."""
    return _of_class(policy, ActionClass.INDIRECT)


_KEPT: Final[Verdicts[Policy]] = Verdicts()


def _of_class(policy: Policy, kind: ActionClass) -> Policy:
    key = policy.spelled, kind
    found = _KEPT.of(key, lambda: judged(policy, kind, Budget()), len(policy.text))
    assert found is not None
    return found


def judged(policy: Policy, kind: ActionClass, budget: Budget) -> Policy:
    """The part as such; spends of `budget`, and takes whole what that does not suffice for."""
    allows = [grant for grant in policy.grants if grant.effect == Effect.ALLOW]
    return Policy("", tuple(part for grant in allows for part in _part(grant, kind, budget)))


def _counts(grant: Grant, kind: ActionClass, budget: Budget) -> bool:
    return any(found is kind for found, _ in reasons(grant, budget))


def _part(grant: Grant, kind: ActionClass, budget: Budget) -> list[Grant]:
    """The grant for those of its actions that count; whole where they cannot be told apart."""
    if not _counts(grant, kind, budget):
        return []
    specs = [term.spec for term in grant.terms if term.dim == ACTION and not term.token]
    if grant.all_but or len(specs) != 1 or not isinstance(specs[0], Words) or specs[0].negative:
        return [grant]
    singles = [_single(grant, action) for action in grant.actions]
    names = tuple(one.actions[0] for one in singles if _counts(one, kind, budget))
    if not names or budget.over:
        return [grant]
    globs = [Glob.pattern(name, folded=True) for name in names]
    return [replace(grant.only(ACTION, globs), actions=names)]


def _single(grant: Grant, action: str) -> Grant:
    return replace(grant.only(ACTION, [Glob.pattern(action, folded=True)]), actions=(action,))


def identity_text(policy: Policy) -> str:
    """A document that can be parsed again and has the same `identity_grants`; "" where there are
    none. Its statements are those that bear one, or all where they cannot be taken apart.
    """
    part = identity_grants(policy)
    if not part.grants:
        return ""
    budget = Budget()
    try:
        tree: dict[str, Any] = tree_of(policy.text)
        bearing = [raw for raw in tree["Statement"] if _bears(raw, budget)]
        text = compact({**tree, "Statement": bearing})
        found = identity_grants(parse_policy(text, lenient=True))
    except (ValueError, KeyError, TypeError, DocumentError):
        return policy.text
    return text if found.digest == part.digest else policy.text


def _bears(raw: object, budget: Budget) -> bool:
    alone = parse_policy({"Version": "1", "Statement": [raw]}, lenient=True)
    return bool(judged(alone, ActionClass.IDENTITY, budget).grants)


def denied_text(policy: Policy) -> str:
    """A document that `denies` the same as the policy and allows nothing; "" where that is nothing.
    All of the policy where its statements cannot be taken apart.
    """
    if not (found := denies(policy)):
        return ""
    try:
        tree: dict[str, Any] = tree_of(policy.text)
        text = compact({**tree, "Statement": [raw for raw in tree["Statement"] if _denies(raw)]})
        part = parse_policy(text, lenient=True)
    except (ValueError, KeyError, TypeError, DocumentError):
        return policy.text
    return text if denies(part) == found else policy.text


def _denies(raw: object) -> bool:
    alone = parse_policy({"Version": "1", "Statement": [raw]}, lenient=True)
    return only_denies(alone) and bool(denies(alone))


def together(policies: Sequence[Policy]) -> Policy:
    """A document that grants what each of them grants: of whatever may stand behind one name."""
    others = list({policy.digest: policy for policy in policies}.values())
    if len(others) == 1:
        return others[0]
    statements: list[Any] = []
    for policy in others:
        try:
            found = tree_of(policy.text)["Statement"]
        except (ValueError, KeyError, TypeError):
            found = [None]
        statements += found if isinstance(found, list) else [found]
    return parse_policy({"Version": "1", "Statement": statements}, lenient=True)


def within_identity_grants(agreed: Policy, policy: Policy) -> bool:
    """Whether `policy` certainly gives no identity grant that `agreed` does not give."""
    before, after = identity_grants(agreed), identity_grants(policy)
    if not after.grants:
        return True
    return compare_policy(before, after).verdict in (Verdict.SAME, Verdict.NARROWER)


def exceeds_rights(agreed: Policy, document: Policy) -> bool:
    """Whether a document may let change rights more than the agreed one does: it gives more of
    them, or denies less.
    """
    if not within_identity_grants(agreed, document):
        return True
    return bool(given_free(compare_policy(agreed, document)))
