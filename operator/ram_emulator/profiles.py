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

RESET = Param("PasswordResetRequired", "bool")
MFA = Param("MFABindRequired", "bool")
PASSWORD = Param("Password")


def _show(user: User, profile: LoginProfile) -> dict[str, Any]:
    return {
        "LoginProfile": {
            "UserName": user.name,
            "PasswordResetRequired": profile.reset_required,
            "MFABindRequired": profile.mfa_required,
            "CreateDate": iso(profile.created),
        }
    }


def find_profile(call: Call, user: User, as_of: float) -> LoginProfile:
    """The profile of a user, or 404."""
    profile = call.account.profiles.seen(fold(user.name), as_of)
    if profile is None:
        raise not_exist("User.LoginProfile", user.name)
    return profile


def _create(call: Call) -> Body:
    user = find_user(call, call.now)
    return _show(user, create_profile(call, user, active=True))


def create_profile(call: Call, user: User, *, active: bool) -> LoginProfile:
    """By the parameters of the call. 409 where there is one."""
    account = call.account
    if account.profiles.get(fold(user.name)) is not None:
        raise already_exists("User.LoginProfile", user.name)
    password = call.text("Password")
    refuse_weak(password_policy(account), password, "Password")
    profile = LoginProfile(
        created=call.now,
        reset_required=call.flag("PasswordResetRequired"),
        mfa_required=call.flag("MFABindRequired"),
        passwords=remembered(password, ()),
        active=active,
    )
    account.profiles.put(fold(user.name), profile, call.now)
    return profile


def _get(call: Call) -> Body:
    user = find_user(call, call.as_of)
    return _show(user, find_profile(call, user, call.as_of))


def _update(call: Call) -> Body:
    user = find_user(call, call.now)
    profile = find_profile(call, user, call.now)
    update_profile(call, user, profile, active=profile.active)
    return {}


def update_profile(call: Call, user: User, profile: LoginProfile, *, active: bool) -> LoginProfile:
    """By the parameters of the call; a password stays where it names none."""
    account, password = call.account, call.optional("Password")
    if password is not None:
        refuse_weak(password_policy(account), password, "Password")
        set_now = remembered(password, profile.passwords)
        profile = dataclasses.replace(profile, passwords=set_now, changed=call.now, initial=True)
    unchanged = account.text("update_login_profile_omitted_fields") == "unchanged"
    changed = dataclasses.replace(
        profile,
        updated=call.now,
        active=active,
        reset_required=call.values.get(RESET.name, unchanged and profile.reset_required),
        mfa_required=call.values.get(MFA.name, unchanged and profile.mfa_required),
    )
    account.profiles.put(fold(user.name), changed, call.now)
    return changed


def _delete(call: Call) -> Body:
    delete_profile(call, find_user(call, call.now))
    return {}


def delete_profile(call: Call, user: User) -> None:
    """404 where there is none."""
    find_profile(call, user, call.now)
    call.account.profiles.delete(fold(user.name), call.now)


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
        updated=call.now,
        reset_required=False,
        initial=False,
    )
    account.profiles.put(fold(caller.name), changed, call.now)
    return {}


ACTIONS = (
    Action(
        "CreateLoginProfile",
        _create,
        "write",
        (USER_NAME, dataclasses.replace(PASSWORD, required=True), RESET, MFA),
        ONE_USER,
        "writesPerSecond",
    ),
    Action("GetLoginProfile", _get, "read", (USER_NAME,), ONE_USER),
    Action(
        "UpdateLoginProfile",
        _update,
        "write",
        (USER_NAME, PASSWORD, RESET, MFA),
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
