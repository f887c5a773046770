"""The credential report of an account: one CSV of all users, made by the service in its own time.

GenerateCredentialReport, GetCredentialReport (IMS 2019-08-15). A new report is begun at most every
four hours; until then the one that exists is the answer. It shows the account as it was before.
"""

from __future__ import annotations

import base64
import csv
import dataclasses
import io
from collections.abc import Mapping
from typing import Any

from .clock import iso
from .common import cut, page_size
from .entities import AccessKey, LoginProfile, Report, User
from .errors import limit_exceeded, not_exist
from .params import Param
from .principals import WHOLE_ACCOUNT
from .registry import IMS, Action, Body, Call
from .settings import password_policy
from .state import ROOT, Account, Universe

MOST_USERS = 3500
EVERY_SECONDS = 4 * 3600
_NEVER, _NONE = "-", "N/A"
_KEYS = 2

_KEY_COLUMNS = ("exist", "active", "last_rotated", "last_used")
COLUMNS = (
    "user",
    "user_creation_time",
    "user_last_logon",
    "password_exist",
    "password_active",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    *(f"access_key_{n}_{what}" for n in range(1, _KEYS + 1) for what in _KEY_COLUMNS),
)


def _generate(call: Call) -> Body:
    account = call.account
    _finish(call)
    report = account.report
    if account.report_asked:
        return {"State": "INPROGRESS"}
    if report is not None and call.now - report.generated < EVERY_SECONDS:
        return {"State": "COMPLETED"}
    if len(account.users) > MOST_USERS:
        raise limit_exceeded("CredentialReport", MOST_USERS)
    account.report_asked = call.now
    return {"State": "STARTED"}


def _finish(call: Call) -> None:
    """Make the report that was asked for, once its time has come."""
    account = call.account
    ready = account.report_asked + account.seconds("credential_report_seconds")
    if not account.report_asked or call.now < ready:
        return
    as_of = account.report_asked - account.seconds("credential_report_lag_seconds")
    lines = tuple(_lines(call.universe, account, as_of))
    account.report = Report(generated=ready, lines=lines)
    account.report_asked = 0.0


def _lines(universe: Universe, account: Account, as_of: float) -> list[str]:
    people = sorted(account.users.items_seen(as_of), key=lambda row: row[0])
    rows = [_root(universe, account, as_of)]
    rows += [_row(universe, account, key, user, as_of) for key, user in people]
    return [_csv(row) for row in rows]


def _csv(values: Mapping[str, str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([values[name] for name in COLUMNS])
    return text.getvalue()


def _truth(value: object) -> str:
    return "TRUE" if value else "FALSE"


def _root(universe: Universe, account: Account, as_of: float) -> dict[str, str]:
    return {
        "user": "<root>",
        "user_creation_time": iso(0),
        "user_last_logon": _NEVER,
        "password_exist": "TRUE",
        "password_active": _NONE,
        "password_last_changed": _NONE,
        "password_next_rotation": _NONE,
        "mfa_active": "FALSE",
        **_keys(universe, account.keys.seen(ROOT, as_of) or (), as_of),
    }


def _row(
    universe: Universe, account: Account, key: str, user: User, as_of: float
) -> dict[str, str]:
    logon = iso(user.last_login) if 0 < user.last_login <= as_of else _NEVER
    return {
        "user": f"{user.name}@{account.default_domain}",
        "user_creation_time": iso(user.created),
        "user_last_logon": logon,
        **_login(account, account.profiles.seen(key, as_of)),
        "mfa_active": _mfa(account, key, as_of),
        **_keys(universe, account.keys.seen(key, as_of) or (), as_of),
    }


def _login(account: Account, profile: LoginProfile | None) -> dict[str, str]:
    if profile is None:
        none = account.text("credential_report_no_login")
        return {
            "password_exist": "FALSE",
            "password_active": none,
            "password_last_changed": none,
            "password_next_rotation": none,
        }
    days = int(password_policy(account)["MaxPasswordAge"])
    changed = profile.changed or profile.created
    return {
        "password_exist": "TRUE",
        "password_active": "TRUE" if profile.active else "FALSE",
        "password_last_changed": iso(changed),
        "password_next_rotation": iso(changed + days * 86_400) if days else _NEVER,
    }


def _mfa(account: Account, key: str, as_of: float) -> str:
    if account.profiles.seen(key, as_of) is None:
        return account.text("credential_report_no_login")
    return _truth(account.device_of(key, as_of))


def _keys(universe: Universe, keys: tuple[AccessKey, ...], as_of: float) -> dict[str, str]:
    found: dict[str, str] = {}
    for number in range(_KEYS):
        key = keys[number] if number < len(keys) else None
        used = universe.last_use(key.key_id, as_of) if key is not None else None
        values = (
            _truth(key),
            _NONE if key is None else _truth(key.active),
            _NONE if key is None else iso(key.changed or key.created),
            _NONE if key is None else iso(used) if used is not None else _NEVER,
        )
        for what, value in zip(_KEY_COLUMNS, values, strict=True):
            found[f"access_key_{number + 1}_{what}"] = value
    return found


def _get(call: Call) -> Body:
    _finish(call)
    account, report = call.account, call.account.report
    if report is None:
        raise not_exist("CredentialReport", account.account_id)
    size = page_size(call, "MaxItems", MOST_USERS + 1, MOST_USERS + 1)
    rows = [(f"{number:08}", line) for number, line in enumerate(report.lines)]
    token = call.optional("NextToken")
    chosen, following = cut(call, rows, token, size, "NextToken")
    if not token or account.is_on("credential_report_header_on_each_page"):
        chosen = [",".join(COLUMNS), *chosen]
    text = "".join(f"{line}\n" for line in chosen)
    truncated: Any = following is not None
    if account.is_on("credential_report_truncated_is_text"):
        truncated = str(truncated).lower()
    return {
        "Content": base64.b64encode(text.encode()).decode(),
        "GeneratedTime": iso(report.generated),
        "IsTruncated": truncated,
        **({"NextToken": following} if following else {}),
    }


ACTIONS = tuple(
    dataclasses.replace(action, version=IMS)
    for action in (
        Action(
            "GenerateCredentialReport", _generate, "write", (), WHOLE_ACCOUNT, "writesPerSecond"
        ),
        Action(
            "GetCredentialReport",
            _get,
            "read",
            (Param("MaxItems", "int", code=""), Param("NextToken")),
            WHOLE_ACCOUNT,
        ),
    )
)
