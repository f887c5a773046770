"""Keys of users for single services (IMS 2019-08-15): no access keys, and in no list of them.

Create, Get, List, Update and Delete of ServiceCredential. They sign no call here. A credential
hangs on the id of its user: it follows a new name, and goes with the user.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from .clock import iso
from .common import cut, page_size
from .entities import ServiceCredential, User, fold
from .errors import ApiError, invalid, limit_exceeded, not_exist
from .ims_users import by_principal_name
from .params import Param
from .principals import ALL_USERS
from .registry import IMS, Action, Body, Call
from .state import random_text

_DAY = 86_400
_DEFAULT_PAGE = 10
_MOST_ROWS = 100

_NAME = Param(
    "ServiceCredentialName", required=True, pattern=re.compile(r"[A-Za-z0-9._-]+"), low=1, high=128
)
_SERVICE = Param("ServiceName", required=True, pattern=re.compile(r"[A-Za-z0-9._-]+"), low=1)
_USER = Param("UserPrincipalName")
_ID = Param("ServiceCredentialId", required=True)
_STATUS = Param("Status", choices=("Active", "Inactive"), code="")


def _user(call: Call, as_of: float) -> User:
    """The user that is named, or the caller."""
    principal = call.optional(_USER.name)
    if principal:
        return by_principal_name(call, principal, as_of)
    user = call.account.users.seen(fold(call.caller.name), as_of)
    if call.caller.kind != "user" or user is None:
        raise ApiError("MissingParameter", "Parameter UserPrincipalName is required.")
    return user


def _find(call: Call, as_of: float) -> tuple[User, ServiceCredential]:
    user, identifier = _user(call, as_of), call.text(_ID.name)
    found = call.account.service_credentials.seen(identifier, as_of)
    if found is None or found.user_id != user.user_id:
        raise not_exist("ServiceCredential", identifier)
    return user, found


def _show(call: Call, user: User, found: ServiceCredential) -> dict[str, Any]:
    ended = bool(found.expires) and found.expires <= call.now
    return {
        "ServiceCredentialId": found.credential_id,
        "ServiceCredentialName": found.name,
        "ServiceName": found.service,
        "UserPrincipalName": f"{user.name}@{call.account.default_domain}",
        "Status": "Expired" if ended else "Active" if found.active else "Inactive",
        "CreateTime": iso(found.created),
        **({"ExpirationTime": iso(found.expires)} if found.expires else {}),
    }


def _create(call: Call) -> Body:
    user, account = _user(call, call.now), call.account
    service, days = call.text(_SERVICE.name), call.number("CredentialAgeDays", 0)
    mine = [c for _, c in account.service_credentials.items() if c.user_id == user.user_id]
    limit = account.quotas["serviceCredentialsPerUserAndService"]
    if sum(1 for c in mine if fold(c.service) == fold(service)) >= limit:
        raise limit_exceeded("ServiceCredential", limit)
    made = ServiceCredential(
        credential_id=f"sc-{random_text(20)}",
        name=call.text(_NAME.name),
        service=service,
        user_id=user.user_id,
        created=call.now,
        expires=call.now + days * _DAY if days else 0.0,
    )
    account.service_credentials.put(made.credential_id, made, call.now)
    # The secret opens nothing here, so it is not kept.
    shown = {**_show(call, user, made), "ServiceCredentialSecret": random_text(40)}
    return {"ServiceCredential": shown}


def _get(call: Call) -> Body:
    return {"ServiceCredential": _show(call, *_find(call, call.as_of))}


def _update(call: Call) -> Body:
    _, found = _find(call, call.now)
    status = call.optional(_STATUS.name)
    changed = dataclasses.replace(
        found,
        name=call.optional(_NAME.name) or found.name,
        active=found.active if status is None else status == "Active",
    )
    call.account.service_credentials.put(found.credential_id, changed, call.now)
    return {}


def _delete(call: Call) -> Body:
    _, found = _find(call, call.now)
    call.account.service_credentials.delete(found.credential_id, call.now)
    return {}


def _list(call: Call) -> Body:
    account, everybody = call.account, call.flag("AllUsers")
    if everybody and call.optional(_USER.name):
        raise invalid("AllUsers", "", "AllUsers cannot be given together with UserPrincipalName.")
    mine = None if everybody else _user(call, call.as_of).user_id
    service, rows = call.optional(_SERVICE.name), []
    for key, found in account.service_credentials.items_seen(call.as_of):
        user = account.users.seen_by(found.user_id, call.as_of)
        wanted = not service or fold(service) == fold(found.service)
        if user is not None and wanted and mine in (None, found.user_id):
            rows.append((key, _show(call, user, found)))
    size = page_size(call, "MaxResults", _MOST_ROWS, _DEFAULT_PAGE)
    chosen, token = cut(call, rows, call.optional("NextToken"), size, "NextToken")
    return {
        "ServiceCredentials": chosen,
        "MaxResults": size,
        "IsTruncated": token is not None,
        **({"NextToken": token} if token else {}),
    }


def _one(name: str, handler: Any, *params: Param) -> Action:
    return Action(name, handler, "write", (*params, _USER), ALL_USERS, "writesPerSecond", IMS)


ACTIONS = (
    _one(
        "CreateServiceCredential",
        _create,
        _NAME,
        _SERVICE,
        Param("CredentialAgeDays", "int", low=1, high=36_600, code=""),
    ),
    _one(
        "UpdateServiceCredential",
        _update,
        _ID,
        dataclasses.replace(_NAME, required=False),
        _STATUS,
    ),
    _one("DeleteServiceCredential", _delete, _ID),
    Action("GetServiceCredential", _get, "read", (_ID, _USER), ALL_USERS, version=IMS),
    Action(
        "ListServiceCredentials",
        _list,
        "read",
        (
            Param("AllUsers", "bool"),
            _USER,
            dataclasses.replace(_SERVICE, required=False, low=0),
            Param("MaxResults", "int", code=""),
            Param("NextToken"),
        ),
        ALL_USERS,
        version=IMS,
    ),
)
