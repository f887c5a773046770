"""Settings of the whole account: alias, password policy, security preference.

Each setting is one map of wire names in `Account.settings`. `password_policy` and
`security_preference` are what other modules read.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from .behaviours import Setting
from .errors import already_exists, invalid, not_exist
from .params import Param
from .principals import WHOLE_ACCOUNT
from .registry import Action, Body, Call
from .state import Account

_MOST_MASKS = 40

_ALIAS = Param(
    "AccountAlias",
    required=True,
    pattern=re.compile(r"[a-z0-9]+(-[a-z0-9]+)*"),
    low=3,
    high=32,
    code="Format",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One field of a setting: how it is checked, its default, its group in replies if any."""

    param: Param
    default: Setting
    group: str = ""


def _number(name: str, low: int, high: int, default: int, group: str = "") -> Field:
    return Field(Param(name, "int", low=low, high=high, code="Range"), default, group)


def _flag(name: str, default: bool, group: str = "") -> Field:
    return Field(Param(name, "bool"), default, group)


_LOGIN = "LoginProfilePreference"

_PASSWORD_POLICY = (
    _number("MinimumPasswordLength", 8, 32, 8),
    _flag("RequireLowercaseCharacters", False),
    _flag("RequireUppercaseCharacters", False),
    _flag("RequireNumbers", False),
    _flag("RequireSymbols", False),
    _flag("HardExpiry", False),
    _number("MaxPasswordAge", 0, 1095, 0),
    _number("PasswordReusePrevention", 0, 24, 0),
    _number("MaxLoginAttemps", 0, 32, 0),
)
_SECURITY_PREFERENCE = (
    _flag("EnableSaveMFATicket", False, _LOGIN),
    _flag("AllowUserToChangePassword", True, _LOGIN),
    _number("LoginSessionDuration", 1, 24, 6, _LOGIN),
    Field(Param("LoginNetworkMasks", high=512), "", _LOGIN),
    _flag("AllowUserToManageAccessKeys", False, "AccessKeyPreference"),
    _flag("AllowUserToManageMFADevices", True, "MFAPreference"),
    _flag("AllowUserToManagePublicKeys", False, "PublicKeyPreference"),
)
_FIELDS: Mapping[str, tuple[Field, ...]] = {
    "passwordPolicy": _PASSWORD_POLICY,
    "securityPreference": _SECURITY_PREFERENCE,
}


def _current(account: Account, setting: str, as_of: float) -> dict[str, Setting]:
    defaults = {field.param.name: field.default for field in _FIELDS[setting]}
    return {**defaults, **(account.settings.seen(setting, as_of) or {})}


def password_policy(account: Account) -> dict[str, Any]:
    """The password policy that is in force, by wire names."""
    return _current(account, "passwordPolicy", float("inf"))


def security_preference(account: Account) -> dict[str, Any]:
    """The security preference that is in force, by wire names and flat."""
    return _current(account, "securityPreference", float("inf"))


def _store(call: Call, setting: str) -> dict[str, Setting]:
    kept: dict[str, Setting] = {}
    if not call.account.is_on("settings_set_replaces_all"):
        kept = _current(call.account, setting, call.now)
    call.account.settings.put(setting, {**kept, **call.values}, call.now)
    return _current(call.account, setting, call.now)


def _get_password_policy(call: Call) -> Body:
    return {"PasswordPolicy": _current(call.account, "passwordPolicy", call.as_of)}


def _set_password_policy(call: Call) -> Body:
    return {"PasswordPolicy": _store(call, "passwordPolicy")}


def _nested(values: Mapping[str, Setting]) -> Body:
    shown: dict[str, dict[str, Setting]] = {}
    for field in _SECURITY_PREFERENCE:
        shown.setdefault(field.group, {})[field.param.name] = values[field.param.name]
    return {"SecurityPreference": shown}


def _get_security_preference(call: Call) -> Body:
    return _nested(_current(call.account, "securityPreference", call.as_of))


def _set_security_preference(call: Call) -> Body:
    masks = (call.optional("LoginNetworkMasks") or "").split(";")
    try:
        for mask in filter(None, masks):
            ipaddress.ip_network(mask, strict=False)
    except ValueError:
        raise invalid("LoginNetworkMasks", "Format", "A network mask is malformed.") from None
    if len(masks) > _MOST_MASKS:
        raise invalid("LoginNetworkMasks", "Length", f"At most {_MOST_MASKS} network masks.")
    return _nested(_store(call, "securityPreference"))


def _set_alias(call: Call) -> Body:
    alias = call.text("AccountAlias")
    others = (a for a in call.universe.accounts.values() if a is not call.account)
    if any(other.alias == alias for other in others):
        raise already_exists("AccountAlias", alias)
    call.account.settings.put("alias", {"AccountAlias": alias}, call.now)
    return {}


def _get_alias(call: Call) -> Body:
    row = call.account.settings.seen("alias", call.as_of) or {}
    alias, without = str(row.get("AccountAlias", "")), call.account.text("account_without_alias")
    if alias or without == "empty":
        return {"AccountAlias": alias}
    if without == "absent":
        return {}
    raise not_exist("AccountAlias", call.account.account_id)


def _clear_alias(call: Call) -> Body:
    call.account.settings.put("alias", {"AccountAlias": ""}, call.now)
    return {}


def _params(fields: tuple[Field, ...]) -> tuple[Param, ...]:
    return tuple(field.param for field in fields)


ACTIONS = (
    Action("GetAccountAlias", _get_alias, "read", (), WHOLE_ACCOUNT),
    Action("SetAccountAlias", _set_alias, "write", (_ALIAS,), WHOLE_ACCOUNT, "writesPerSecond"),
    Action("ClearAccountAlias", _clear_alias, "write", (), WHOLE_ACCOUNT, "writesPerSecond"),
    Action("GetPasswordPolicy", _get_password_policy, "read", (), WHOLE_ACCOUNT),
    Action(
        "SetPasswordPolicy",
        _set_password_policy,
        "write",
        _params(_PASSWORD_POLICY),
        WHOLE_ACCOUNT,
        "writesPerSecond",
    ),
    Action("GetSecurityPreference", _get_security_preference, "read", (), WHOLE_ACCOUNT),
    Action(
        "SetSecurityPreference",
        _set_security_preference,
        "write",
        _params(_SECURITY_PREFERENCE),
        WHOLE_ACCOUNT,
        "writesPerSecond",
    ),
)
