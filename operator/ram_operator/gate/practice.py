"""Rules on identities as they are, as the practice for RAM has them: one way in for each user, a
second factor, young keys, rights by groups, short sessions. Pure.

Nothing waits for them. They look at what is live, so they also find what was made by hand or was
there before; what could not be read breaks none of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from .. import documents, times
from ..constants import Severity
from ..kinds import sign_in
from ..kinds.group import GROUP
from ..kinds.role import ROLE
from ..kinds.user import USER
from ..model.objects import Entries
from ..model.vocabulary import PolicyType
from .checks import Case, Parts
from .rule import On, Rule

KEY_DAYS: Final = 90
"""So old a key may get."""
SESSION_SECONDS: Final = 4 * 3600
"""So long a session of a role may last."""
_DAY: Final = 86_400.0
_FULL: Final = "fullaccess"
_EVERYTHING: Final = re.compile(r"\*+|acs(:\*+)+")
"""Resources that are all there are, however that is spelled."""


def _entries(case: Case, kind: str, field: str) -> Entries | None:
    """None of another kind, and where it could not be read."""
    found = case.live.get(field) if case.kind == kind else None
    return found if isinstance(found, Mapping) else None


def _console(case: Case) -> bool:
    """Whether the console lets the user in, or may: on or off is not always known."""
    profile = (_entries(case, USER.kind, sign_in.FIELD) or {}).get(sign_in.PROFILE)
    return profile is not None and profile.value != sign_in.INACTIVE


def _keys(case: Case) -> Entries:
    """Those that let somebody in."""
    found = _entries(case, USER.kind, sign_in.FIELD) or {}
    return {
        key: entry
        for key, entry in found.items()
        if key != sign_in.PROFILE and entry.value != sign_in.INACTIVE
    }


def _both_ways(case: Case) -> Parts:
    keys = _keys(case)
    if keys and _console(case):
        yield (", ".join(entry.display for _, entry in sorted(keys.items())),)


def _one_factor(case: Case) -> Parts:
    if _console(case) and _entries(case, USER.kind, "mfa") == {}:
        yield ("a console login",)


def _old_keys(case: Case) -> Parts:
    now = times.seconds_or_none(case.now)
    for entry in _keys(case).values():
        made = times.seconds_or_none(entry.since)
        if now is not None and made is not None and now - made > KEY_DAYS * _DAY:
            yield (entry.display, str(KEY_DAYS))


def _own_policies(case: Case) -> Parts:
    for entry in (_entries(case, USER.kind, "policies") or {}).values():
        yield (entry.display,)


def _full_access(case: Case) -> Parts:
    for kind in (USER.kind, GROUP.kind, ROLE.kind):
        for key, entry in (_entries(case, kind, "policies") or {}).items():
            if key.startswith(f"{PolicyType.SYSTEM}/") and key.endswith(_FULL):
                yield (entry.display,)


def _unbounded(case: Case) -> Parts:
    for grant in case.document.grants if case.document is not None else ():
        if grant.effect != documents.Effect.ALLOW or grant.conditions:
            continue
        if not any(map(_EVERYTHING.fullmatch, grant.resources)):
            continue
        if grant.all_but:
            yield (f"everything but {', '.join(grant.actions)}",)
        for action in () if grant.all_but else grant.actions:
            if action == "*" or action.endswith(":*"):
                yield (action,)


def _nobody(case: Case) -> Parts:
    if _entries(case, GROUP.kind, "members") == {}:
        yield ("no member",)


def _nothing(case: Case) -> Parts:
    if _entries(case, GROUP.kind, "policies") == {}:
        yield ("no policy",)


def _long_session(case: Case) -> Parts:
    lasts = case.live.get("maxSessionDurationSeconds") if case.kind == ROLE.kind else None
    if isinstance(lasts, int) and lasts > SESSION_SECONDS:
        yield (str(lasts),)


RULES: Final = (
    Rule(
        "RAM027",
        "Console and keys at once",
        Severity.WARNING,
        On.IDENTITY,
        "the user has a console login, and {}: one of a person, the other of a program",
        "make two users of it, or let the program assume a role",
        _both_ways,
    ),
    Rule(
        "RAM028",
        "Console without a second factor",
        Severity.WARNING,
        On.IDENTITY,
        "the user has {} and no MFA device",
        "have the user bind one, and require it for everybody in the account's security settings",
        _one_factor,
    ),
    Rule(
        "RAM029",
        "Old key",
        Severity.WARNING,
        On.IDENTITY,
        "{} is more than {} days old",
        "make another key, move the program to it, then delete this one; better, let the program"
        " assume a role",
        _old_keys,
    ),
    Rule(
        "RAM030",
        "Policy of a single user",
        Severity.INFO,
        On.IDENTITY,
        "the user has {} by itself",
        "attach it to a group that the user is in, so that the right goes when the job changes",
        _own_policies,
    ),
    Rule(
        "RAM031",
        "Full access to a service",
        Severity.INFO,
        On.IDENTITY,
        "{} allows everything on all that a service has",
        "write a policy with the actions and resources that are needed",
        _full_access,
    ),
    Rule(
        "RAM032",
        "Everything of a service on every resource",
        Severity.INFO,
        On.DOCUMENT,
        "{} is allowed on every resource, whatever the circumstances",
        "name the actions and resources that are needed, or add a condition",
        _unbounded,
    ),
    Rule(
        "RAM033",
        "Group without members",
        Severity.INFO,
        On.IDENTITY,
        "the group has {}",
        "delete it, or name its members: whoever joins by hand gets what it has",
        _nobody,
    ),
    Rule(
        "RAM034",
        "Group without policies",
        Severity.INFO,
        On.IDENTITY,
        "the group has {}",
        "delete it, or give it the policies that its members have by themselves",
        _nothing,
    ),
    Rule(
        "RAM035",
        "Long session",
        Severity.INFO,
        On.IDENTITY,
        "a session of the role may last {} seconds",
        "keep sessions as short as the work allows; an hour is the least that RAM knows",
        _long_session,
    ),
)
