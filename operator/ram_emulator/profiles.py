"""Console access: CreateLoginProfile, GetLoginProfile, UpdateLoginProfile, DeleteLoginProfile.

And ChangePassword, which users call for themselves.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from .authorize import IDENTITY, no_permission
from .clock import iso
from .common import USER_NAME
from .diagnostics import Refusal
from .entities import LoginProfile, User, fold
from .errors import ApiError, already_exists, invalid, not_exist
from .evaluate import Decision
from .params import Param
from .passwords import matches, refuse_reused, refuse_weak, remembered
from .principals import ONE_USER, find_user
from .registry import Action, Body, Call
from .settings import password_policy, security_preference

_RESET = Param("PasswordResetRequired", "bool")
_MFA = Param("MFABindRequired", "bool")


def _show(user: User, profile: LoginProfile) -> dict[str, Any]:
    return {
        "LoginProfile": {
            "UserName": user.name,
            "PasswordResetRequired": profile.reset_required,
            "MFABindRequired": profile.mfa_required,
            "CreateDate": iso(profile.created),
        }
    }


def _find(call: Call, user: User, as_of: float) -> LoginProfile:
    profile = call.account.profiles.seen(fold(user.name), as_of)
    if profile is None:
        raise not_exist("User.LoginProfile", user.name)
    return profile


def _create(call: Call) -> Body:
    account, user = call.account, find_user(call, call.now)
    if account.profiles.get(fold(user.name)) is not None:
        raise already_exists("User.LoginProfile", user.name)
    password = call.text("Password")
    refuse_weak(password_policy(account), password, "Password")
    profile = LoginProfile(
        created=call.now,
        reset_required=call.flag("PasswordResetRequired"),
        mfa_required=call.flag("MFABindRequired"),
        passwords=remembered(password, ()),
    )
    account.profiles.put(fold(user.name), profile, call.now)
    return _show(user, profile)


def _get(call: Call) -> Body:
    user = find_user(call, call.as_of)
    return _show(user, _find(call, user, call.as_of))


def _update(call: Call) -> Body:
    account, user = call.account, find_user(call, call.now)
    profile = _find(call, user, call.now)
    password, passwords, since = call.optional("Password"), profile.passwords, profile.changed
    if password is not None:
        refuse_weak(password_policy(account), password, "Password")
        passwords, since = remembered(password, passwords), call.now
    unchanged = account.text("update_login_profile_omitted_fields") == "unchanged"
    changed = dataclasses.replace(
        profile,
        passwords=passwords,
        changed=since,
        reset_required=call.values.get(_RESET.name, unchanged and profile.reset_required),
        mfa_required=call.values.get(_MFA.name, unchanged and profile.mfa_required),
    )
    account.profiles.put(fold(user.name), changed, call.now)
    return {}


def _delete(call: Call) -> Body:
    user = find_user(call, call.now)
    _find(call, user, call.now)
    call.account.profiles.delete(fold(user.name), call.now)
    return {}


def _change_password(call: Call) -> Body:
    account, caller = call.account, call.caller
    if caller.kind == "account":
        raise ApiError("NotSupport.Account", "The account itself has no password here.")
    allowed = security_preference(account)["AllowUserToChangePassword"]
    if caller.kind == "role" or not allowed:
        refusal = Refusal("ram:ChangePassword", Decision.IMPLICIT_DENY, IDENTITY)
        raise no_permission(call, refusal)
    profile = account.profiles.get(fold(caller.name))
    if profile is None:
        raise not_exist("User.LoginProfile", caller.name)
    if not matches(profile.passwords[0], call.text("OldPassword")):
        raise invalid("OldPassword", "Incorrect", "The old password is not correct.")
    policy, password = password_policy(account), call.text("NewPassword")
    refuse_weak(policy, password, "NewPassword")
    refuse_reused(policy, password, profile.passwords)
    changed = dataclasses.replace(
        profile,
        passwords=remembered(password, profile.passwords),
        changed=call.now,
        reset_required=False,
    )
    account.profiles.put(fold(caller.name), changed, call.now)
    return {}


_PASSWORD = Param("Password")

ACTIONS = (
    Action(
        "CreateLoginProfile",
        _create,
        "write",
        (USER_NAME, dataclasses.replace(_PASSWORD, required=True), _RESET, _MFA),
        ONE_USER,
        "writesPerSecond",
    ),
    Action("GetLoginProfile", _get, "read", (USER_NAME,), ONE_USER),
    Action(
        "UpdateLoginProfile",
        _update,
        "write",
        (USER_NAME, _PASSWORD, _RESET, _MFA),
        ONE_USER,
        "writesPerSecond",
    ),
    Action("DeleteLoginProfile", _delete, "write", (USER_NAME,), ONE_USER, "writesPerSecond"),
    Action(
        "ChangePassword",
        _change_password,
        "write",
        (Param("OldPassword", required=True), Param("NewPassword", required=True)),
        (),
        "writesPerSecond",
    ),
)
