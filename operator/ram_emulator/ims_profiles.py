"""Console access as IMS 2019-08-15 shows it: Create-, Get-, Update- and DeleteLoginProfile.

Users go by principal name. What RAM neither shows nor sets is here: whether the console lets the
user in (`Status`), and whether the password is still the one that somebody else set.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from .clock import iso
from .entities import LoginProfile, User
from .ims_users import by_principal_name
from .params import Param
from .principals import ALL_USERS
from .profiles import (
    MFA,
    PASSWORD,
    RESET,
    create_profile,
    delete_profile,
    find_profile,
    update_profile,
)
from .registry import IMS, Action, Body, Call

_INITIAL_SECONDS: Final = 14 * 86_400.0
"""So long a password that the user has not made his own lets him in."""
_PRINCIPAL = Param("UserPrincipalName", required=True)
_STATUS = Param("Status", choices=("Active", "Inactive"), code="")
_SET = (RESET, MFA, _STATUS)


def _user(call: Call, as_of: float) -> User:
    return by_principal_name(call, call.text(_PRINCIPAL.name), as_of)


def _active(call: Call, otherwise: bool) -> bool:
    asked = call.optional(_STATUS.name)
    return otherwise if asked is None else asked == "Active"


def _show(call: Call, user: User, profile: LoginProfile) -> Body:
    shown: dict[str, Any] = {
        "UserPrincipalName": f"{user.name}@{call.account.default_domain}",
        "PasswordResetRequired": profile.reset_required,
        "MFABindRequired": profile.mfa_required,
        "Status": "Active" if profile.active else "Inactive",
        "PasswordStatus": _password(profile, _logon(call, user), call.as_of),
        "UpdateDate": iso(profile.updated or profile.created),
    }
    return {"LoginProfile": shown}


def _logon(call: Call, user: User) -> float:
    """When the user last logged on, as far as it can be known by now; 0 for never."""
    return user.last_login if 0 < user.last_login <= call.as_of else 0.0


def _password(profile: LoginProfile, logon: float, now: float) -> str:
    since = profile.changed or profile.created
    if not profile.initial or logon >= since:
        return "NotInitial"
    return "InitialExpired" if now - since > _INITIAL_SECONDS else "InitialValid"


def _create(call: Call) -> Body:
    user = _user(call, call.now)
    profile = create_profile(call, user, active=_active(call, otherwise=True))
    return _show(call, user, profile)


def _get(call: Call) -> Body:
    user = _user(call, call.as_of)
    shown = _kept(_show(call, user, find_profile(call, user, call.as_of)))
    logon = _logon(call, user)
    shown["LoginProfile"]["LastLoginTime"] = iso(logon) if logon else ""
    return shown


def _update(call: Call) -> Body:
    user = _user(call, call.now)
    profile = find_profile(call, user, call.now)
    active = _active(call, otherwise=profile.active)
    return _kept(_show(call, user, update_profile(call, user, profile, active=active)))


def _kept(shown: Body) -> Body:
    """With what a new one does not have yet."""
    shown["LoginProfile"]["AutoDisableLoginStatus"] = "Active"
    return shown


def _delete(call: Call) -> Body:
    delete_profile(call, _user(call, call.now))
    return {}


_NEEDED = dataclasses.replace(PASSWORD, required=True)

ACTIONS = tuple(
    dataclasses.replace(action, version=IMS)
    for action in (
        Action(
            "CreateLoginProfile",
            _create,
            "write",
            (_PRINCIPAL, _NEEDED, *_SET),
            ALL_USERS,
            "writesPerSecond",
        ),
        Action("GetLoginProfile", _get, "read", (_PRINCIPAL,), ALL_USERS),
        Action(
            "UpdateLoginProfile",
            _update,
            "write",
            (_PRINCIPAL, PASSWORD, *_SET),
            ALL_USERS,
            "writesPerSecond",
        ),
        Action("DeleteLoginProfile", _delete, "write", (_PRINCIPAL,), ALL_USERS, "writesPerSecond"),
    )
)
