"""Access keys: CreateAccessKey, UpdateAccessKey, DeleteAccessKey, ListAccessKeys and
GetAccessKeyLastUsed.

Keys made here sign further calls; inactive ones are refused by the gateway.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from .clock import iso
from .common import USER_NAME
from .entities import AccessKey
from .errors import limit_exceeded, not_exist
from .params import Param
from .principals import ONE_USER, key_holder
from .registry import Action, Body, Call
from .state import ROOT, KeyOwner

_USER = dataclasses.replace(USER_NAME, required=False)
_KEY = Param("UserAccessKeyId", required=True)
_STATUS = Param("Status", required=True, choices=("Active", "Inactive"), code="")


def _show(key: AccessKey) -> dict[str, Any]:
    return {
        "AccessKeyId": key.key_id,
        "Status": "Active" if key.active else "Inactive",
        "CreateDate": iso(key.created),
    }


def _find(call: Call, as_of: float) -> AccessKey:
    wanted = call.text("UserAccessKeyId")
    for key in call.account.keys.seen(key_holder(call, as_of), as_of) or ():
        if key.key_id == wanted:
            return key
    raise not_exist("User.AccessKey", wanted)


def _create(call: Call) -> Body:
    holder = key_holder(call, call.now)
    quotas = call.account.quotas
    limit = quotas["accountAccessKeys" if holder == ROOT else "accessKeysPerUser"]
    if len(call.account.keys.get(holder) or ()) >= limit:
        raise limit_exceeded("User.AccessKey", limit)
    key = call.universe.new_key()
    call.universe.own_key(key, KeyOwner(call.account.account_id, holder), call.now)
    return {"AccessKey": {**_show(key), "AccessKeySecret": key.secret}}


def _update(call: Call) -> Body:
    key = _find(call, call.now)
    active = call.text("Status") == "Active"
    changed = dataclasses.replace(key, active=active, changed=call.now)
    call.universe.replace_key(key.key_id, changed, call.now)
    return {}


def _delete(call: Call) -> Body:
    call.universe.replace_key(_find(call, call.now).key_id, None, call.now)
    return {}


def _list(call: Call) -> Body:
    keys = call.account.keys.seen(key_holder(call, call.as_of), call.as_of) or ()
    return {"AccessKeys": {"AccessKey": [_show(key) for key in keys]}}


def _last_used(call: Call) -> Body:
    late = call.account.seconds("key_use_lag_seconds")
    used = call.universe.last_use(_find(call, call.as_of).key_id, call.as_of - late)
    never = call.account.text("never_used_key_date")
    shown: dict[str, str] = {}
    if used is not None:
        shown["LastUsedDate"] = iso(used)
    elif never != "absent":
        shown["LastUsedDate"] = never
    return {"AccessKeyLastUsed": shown}


ACTIONS = (
    Action("CreateAccessKey", _create, "write", (_USER,), ONE_USER, "writesPerSecond"),
    Action(
        "UpdateAccessKey", _update, "write", (_KEY, _STATUS, _USER), ONE_USER, "writesPerSecond"
    ),
    Action("DeleteAccessKey", _delete, "write", (_KEY, _USER), ONE_USER, "writesPerSecond"),
    Action("ListAccessKeys", _list, "read", (_USER,), ONE_USER),
    Action("GetAccessKeyLastUsed", _last_used, "read", (_KEY, _USER), ONE_USER),
)
