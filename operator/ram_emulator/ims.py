"""IMS 2019-08-15, as far as RAM lacks it: tags of users, the default domain, the summary.

TagResources, UntagResources, ListTagResources, GetDefaultDomain, GetAccountSummary.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from .common import TAGS, merge_tags, tag_page
from .entities import User, fold
from .errors import ApiError, invalid
from .ims_users import by_id, by_principal_name
from .params import Param
from .principals import ALL_USERS, WHOLE_ACCOUNT
from .registry import IMS, Action, Body, Call

_MOST_VALUE_CHARACTERS = 128

_TYPE = Param("ResourceType", required=True, choices=("user",), code="")
_IDS = Param("ResourceId", "names", high=50)
_NAMES = Param("ResourcePrincipalName", "names", high=50)


def _named(call: Call, as_of: float) -> list[User] | None:
    """The users that the call names; None if it names none."""
    ids, names = call.values.get(_IDS.name), call.values.get(_NAMES.name)
    if ids and names:
        raise invalid(_IDS.name, "", f"Only one of {_IDS.name} and {_NAMES.name} can be given.")
    if ids:
        return [by_id(call, user_id, as_of) for user_id in ids]
    if names:
        return [by_principal_name(call, name, as_of) for name in names]
    return None


def _targets(call: Call) -> list[User]:
    users = _named(call, call.now)
    if users is None:
        raise ApiError("MissingParameter", f"{_IDS.name} or {_NAMES.name} is required.")
    return users


def _store(call: Call, user: User, tags: tuple[tuple[str, str], ...]) -> None:
    call.account.users.put(fold(user.name), dataclasses.replace(user, tags=tags), call.now)


def _tag(call: Call) -> Body:
    for _, value in call.values["Tag"]:
        if len(value) > _MOST_VALUE_CHARACTERS:
            raise invalid("TagValue", "Length", "A tag value has at most 128 characters here.")
    # All are looked up before the first is changed: the call takes effect whole or not at all.
    changes = [(user, merge_tags(call, user.tags, call.values["Tag"])) for user in _targets(call)]
    for user, tags in changes:
        _store(call, user, tags)
    return {}


def _untag(call: Call) -> Body:
    keys = call.values.get("TagKey", ())
    everything = call.flag("All") and not keys
    for user in _targets(call):
        kept = () if everything else tuple(t for t in user.tags if t[0] not in keys)
        _store(call, user, kept)
    return {}


def _list_tags(call: Call) -> Body:
    named = _named(call, call.as_of)

    def tagged(first: str) -> Iterable[tuple[str, User]]:
        if named is None:
            return call.account.users.walk(first, call.as_of)
        return sorted({fold(user.name): user for user in named}.items())

    rows, token = tag_page(call, tagged, _tag_owner)
    reply: Body = {"TagResources": {"TagResource": rows}, "IsTruncated": token is not None}
    return {**reply, **({"NextToken": token} if token else {})}


def _tag_owner(user: User) -> dict[str, str]:
    return {"ResourceType": "user", "ResourceId": user.user_id}


def _domain(call: Call) -> Body:
    return {"DefaultDomainName": call.account.default_domain}


def _summary(call: Call) -> Body:
    account, quotas = call.account, call.account.quotas
    system, custom = quotas["systemPoliciesPerPrincipal"], quotas["customPoliciesPerPrincipal"]
    bound = [device for _, device in account.devices.items() if device.user]
    summary = {
        "Users": len(account.users),
        "UsersQuota": quotas["users"],
        "Groups": len(account.groups),
        "GroupsQuota": quotas["groups"],
        "GroupsPerUserQuota": quotas["groupsPerUser"],
        "Roles": len(account.roles),
        "RolesQuota": quotas["roles"],
        "Policies": len(account.policies),
        "PoliciesQuota": quotas["policies"],
        "PolicySizeQuota": quotas["policyBytes"],
        "VersionsPerPolicyQuota": quotas["policyVersions"],
        "AccessKeysPerUserQuota": quotas["accessKeysPerUser"],
        "AccountAccessKeysPerAccountQuota": quotas["accountAccessKeys"],
        "MFADevices": len(account.devices),
        "MFADevicesInUse": len(bound),
        "VirtualMFADevicesQuota": quotas["mfaDevices"],
        "IPItemsPerAKPolicyQuota": quotas["ipItemsPerKeyPolicy"],
        "ConditionsPerAKPolicyQuota": quotas["conditionsPerKeyPolicy"],
        "AuthorizedClientPerUserQuota": quotas["authorizedClientsPerUser"],
        "ServiceCredentialsPerUserPerServiceQuota": quotas["serviceCredentialsPerUserAndService"],
    }
    for kind in ("User", "Group", "Role"):
        summary[f"AttachedPoliciesPer{kind}Quota"] = custom
        summary[f"AttachedSystemPoliciesPer{kind}Quota"] = system
    return {"SummaryMap": summary}


_TARGETS = (_TYPE, _IDS, _NAMES)

ACTIONS = tuple(
    dataclasses.replace(action, version=IMS)
    for action in (
        Action(
            "TagResources",
            _tag,
            "write",
            (*_TARGETS, dataclasses.replace(TAGS, required=True, low=1)),
            ALL_USERS,
            "attachmentsPerSecond",
        ),
        Action(
            "UntagResources",
            _untag,
            "write",
            (*_TARGETS, Param("TagKey", "names", high=20), Param("All", "bool")),
            ALL_USERS,
            "attachmentsPerSecond",
        ),
        Action(
            "ListTagResources",
            _list_tags,
            "read",
            (*_TARGETS, TAGS, Param("NextToken"), Param("PageSize", "int", code="")),
            ALL_USERS,
        ),
        Action("GetDefaultDomain", _domain, "read", (), WHOLE_ACCOUNT),
        Action("GetAccountSummary", _summary, "read", (), WHOLE_ACCOUNT),
    )
)
