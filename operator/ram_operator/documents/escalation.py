"""Which permission documents let their holder widen his own rights or become somebody else.

Called by the rules on attachments and policies. Conditions, resources and Deny never make a
document safer here; what cannot be read counts as escalating.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .globs import Budget, Glob, TooComplex, inhabited
from .model import ACTION, Grant, Policy
from .regions import Words

_STEPS: Final = 4_000


@dataclass(frozen=True, slots=True)
class _Danger:
    """Actions that match one of `actions` and none of `harmless`."""

    text: str
    actions: tuple[str, ...]
    harmless: tuple[str, ...] = ()


_BECOMES: Final = "can assume roles (sts:AssumeRole)"
_READS: Final = ("Get*", "List*")
_COPIES: Final = tuple(
    f"resourcemanager:{verb}"
    for verb in (
        "AttachPolicy",
        "AttachControlPolicy",
        "CreatePolicy",
        "CreatePolicyVersion",
        "CreateRole",
        "CreateServiceLinkedRole",
        "DeletePolicy",
        "DeletePolicyVersion",
        "DeleteRole",
        "DetachPolicy",
        "DetachControlPolicy",
        "DisableControlPolicy",
        "SetDefaultPolicyVersion",
        "UpdateControlPolicy",
        "UpdateRole",
    )
)
_DANGERS: Final = (
    _Danger(
        "can change identities and rights in RAM", ("ram:*",), tuple(f"ram:{r}" for r in _READS)
    ),
    _Danger(
        "can change identities and sign-in in IMS", ("ims:*",), tuple(f"ims:{r}" for r in _READS)
    ),
    _Danger("can hand a role to a service (ram:PassRole)", ("ram:PassRole",)),
    _Danger(_BECOMES, ("sts:AssumeRole*",)),
    _Danger("can change roles and rights through Resource Management", _COPIES),
)


def escalates(policy: Policy) -> tuple[str, ...]:
    """Why the document is escalating, as sorted sentences; empty if it is not."""
    allows = [grant for grant in policy.grants if grant.effect == "Allow"]
    return tuple(sorted({reason for grant in allows for reason in _reasons(grant)}))


def reaches(policy: Policy, names: tuple[str, ...]) -> bool:
    """Whether the document lets its holder change one of `names`, as far as resources tell.

    A name is an ARN without its start, like `1000000000000001:role/app`; RAM has no regions, and
    they are spelled `*` or not at all. Deny and conditions do not count.
    """
    targets = [f"acs:ram:{region}:{name}" for region in ("*", "") for name in names]
    return any(
        any(not text.startswith(_BECOMES) for text in _reasons(grant))
        and any(glob.matches(t) for glob in _globs(grant.resources or ("*",)) for t in targets)
        for grant in policy.grants
        if grant.effect == "Allow"
    )


def _reasons(grant: Grant) -> Iterator[str]:
    shown = ("everything but " if grant.all_but else "") + ", ".join(grant.actions)
    words = [term.spec for term in grant.terms if term.dim == ACTION]
    if not words:
        yield "has actions that cannot be read"
    for spec in words:
        assert isinstance(spec, Words)
        if Glob.pattern("*") in spec.globs and not spec.negative:
            yield "allows every action (*)"
            continue
        for danger in _DANGERS:
            for text in _matched(grant, spec, danger, shown):
                yield f"{danger.text}: allows {text}"


def _matched(grant: Grant, spec: Words, danger: _Danger, shown: str) -> Iterator[str]:
    harmless = _globs(danger.harmless)
    wanted = _globs(danger.actions)
    if spec.negative:
        if _possible([wanted], harmless | spec.globs):
            yield shown
        return
    for name in grant.actions:
        if _possible([wanted, _globs((name,))], harmless):
            yield name


def _globs(names: tuple[str, ...]) -> frozenset[Glob]:
    return frozenset(Glob.pattern(name, folded=True) for name in names)


def _possible(every: list[frozenset[Glob]], none: frozenset[Glob]) -> bool:
    try:
        return inhabited(every, none, Budget(_STEPS))
    except TooComplex:
        return True
