"""Policies and their versions.

CreatePolicy, GetPolicy, UpdatePolicyDescription, DeletePolicy, ListPolicies, CreatePolicyVersion,
GetPolicyVersion, ListPolicyVersions, SetDefaultPolicyVersion, DeletePolicyVersion. System policies
are readable here and never change.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from .clock import iso
from .common import (
    DESCRIPTION,
    NEW_DESCRIPTION,
    PAGING,
    POLICY_NAME,
    POLICY_TYPE,
    TAGS,
    find_policy,
    has_tags,
    merge_tags,
    new_description,
    optional_text,
    page,
    shown_document,
    tag_rows,
)
from .entities import Policy, PolicyVersion, fold, policy_key
from .errors import ApiError, already_exists, delete_conflict, limit_exceeded, not_exist
from .grammar import check_policy
from .params import Param
from .registry import Action, Body, Call, Rate, refuse_long_document
from .system_policies import system_policies

ROTATE = "DeleteOldestNonDefaultVersionWhenLimitExceeded"

_VERSION_ID = Param("VersionId", required=True, pattern=re.compile(r"v[1-9]\d*"), code="Format")
_DOCUMENT = Param("PolicyDocument", required=True)

_CREATED = ("PolicyName", "PolicyType", "Description", "DefaultVersion", "CreateDate")
_UPDATED = (*_CREATED, "UpdateDate")
_READ = (*_UPDATED, "AttachmentCount", "PolicyDocument")
_LISTED = (*_UPDATED, "AttachmentCount", "Tags")


def policy_fields(call: Call, policy: Policy, fields: tuple[str, ...]) -> dict[str, Any]:
    """The named fields of a policy as the wire has them."""
    key = policy_key(policy.type, policy.name)
    holders = call.account.policy_holders(key, call.as_of)
    if call.account.is_on("attachment_count_has_resource_groups"):
        holders = call.account.holders.seen(key, call.as_of) or ()
    everything: dict[str, Any] = {
        "PolicyName": policy.name,
        "PolicyType": policy.type,
        **optional_text(call, "Description", policy.description),
        "DefaultVersion": f"v{policy.default}",
        "CreateDate": iso(policy.created),
        "UpdateDate": iso(policy.updated),
        "AttachmentCount": len(holders),
        "PolicyDocument": "N/A",
        "Tags": tag_rows(policy.tags),
    }
    return {name: everything[name] for name in fields if name in everything}


def _version_fields(
    call: Call, policy: Policy, version: PolicyVersion, *, document: bool = True
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "VersionId": version.version_id,
        "IsDefaultVersion": version.number == policy.default,
        "CreateDate": iso(version.created),
    }
    if document:
        row["PolicyDocument"] = shown_document(
            call, version.document, "policy_document_reformatted"
        )
    return row


def _create(call: Call) -> Body:
    account, name = call.account, call.text("PolicyName")
    document = call.text("PolicyDocument")
    refuse_long_document(document, account.quotas["policyBytes"], "PolicyDocument")
    if account.policies.get(fold(name)) is not None:
        raise already_exists("Policy", name)
    if len(account.policies) >= account.quotas["policies"]:
        raise limit_exceeded("Policy", account.quotas["policies"])
    check_policy(document, strict=call.universe.strict)
    policy = Policy(
        name=name,
        type="Custom",
        description=call.optional("Description") or "",
        versions=(PolicyVersion(1, document, call.now),),
        default=1,
        last_number=1,
        created=call.now,
        updated=call.now,
        tags=merge_tags(call, (), call.values.get("Tag", ())),
    )
    _store(call, policy)
    return {"Policy": policy_fields(call, policy, _CREATED)}


def _store(call: Call, policy: Policy) -> None:
    call.account.policies.put(fold(policy.name), policy, call.now)


def _get(call: Call) -> Body:
    policy = find_policy(call, call.as_of)
    return {
        "Policy": policy_fields(call, policy, _READ),
        "DefaultPolicyVersion": _version_fields(call, policy, policy.default_version),
    }


def _describe(call: Call) -> Body:
    policy = find_policy(call, call.now, "Custom")
    text = new_description(call, policy.description)
    policy = dataclasses.replace(policy, description=text, updated=call.now)
    _store(call, policy)
    return {"Policy": policy_fields(call, policy, _UPDATED)}


def _delete(call: Call) -> Body:
    policy = find_policy(call, call.now, "Custom")
    _refuse_while_held(call, policy)
    if len(policy.versions) > 1 and not call.flag("CascadingDelete"):
        raise delete_conflict(
            "Policy.Version", f"The policy has versions besides the default: {policy.name}"
        )
    call.account.policies.delete(fold(policy.name), call.now)
    return {}


def _refuse_while_held(call: Call, policy: Policy) -> None:
    account, key = call.account, policy_key(policy.type, policy.name)
    earlier = call.now - account.seconds("detach_visible_after_seconds")
    holders = [*(account.holders.get(key) or ()), *(account.holders.seen(key, earlier) or ())]
    kinds = {holder.principal_key.partition("/")[0] for holder in holders}
    codes = {
        "user": "DeleteConflict.Policy.User",
        "group": "DeleteConflict.Policy.Group",
        "role": account.text("policy_delete_conflict_role_code"),
    }
    for kind, code in codes.items():
        if kind in kinds:
            raise ApiError(code, f"The policy is attached to a {kind}: {policy.name}")


def _list(call: Call) -> Body:
    wanted_type, wanted_tags = call.optional("PolicyType"), call.values.get("Tag", ())
    rows: list[tuple[str, Policy]] = []
    if wanted_type != "System":
        rows += [(f"c/{k}", p) for k, p in call.account.policies.items_seen(call.as_of)]
    if wanted_type != "Custom":
        rows += [(f"s/{k}", p) for k, p in system_policies().items()]
    rows = [row for row in rows if has_tags(row[1].tags, wanted_tags)]
    chosen, reply = page(call, rows)
    return {
        **reply,
        "Policies": {"Policy": [policy_fields(call, policy, _LISTED) for policy in chosen]},
    }


def _create_version(call: Call) -> Body:
    account, document = call.account, call.text("PolicyDocument")
    refuse_long_document(document, account.quotas["policyBytes"], "PolicyDocument")
    policy = find_policy(call, call.now, "Custom")
    versions = policy.versions
    limit = account.quotas["policyVersions"]
    check_policy(document, strict=call.universe.strict)
    if len(versions) >= limit:
        if call.optional("RotateStrategy") != ROTATE:
            raise limit_exceeded("Policy.Version", limit)
        oldest = next(v for v in versions if v.number != policy.default)
        versions = tuple(v for v in versions if v is not oldest)
    version = PolicyVersion(policy.last_number + 1, document, call.now)
    policy = dataclasses.replace(
        policy,
        versions=(*versions, version),
        last_number=version.number,
        default=version.number if call.flag("SetAsDefault") else policy.default,
        updated=_version_date(call, policy),
    )
    _store(call, policy)
    return {"PolicyVersion": _version_fields(call, policy, version)}


def _version_date(call: Call, policy: Policy) -> float:
    moves = call.account.is_on("update_date_moves_on_version")
    return call.now if moves else policy.updated


def _find_version(call: Call, policy: Policy) -> PolicyVersion:
    wanted = call.text("VersionId")
    for version in policy.versions:
        if version.version_id == wanted:
            return version
    raise not_exist("Policy.Version", f"{policy.name} {wanted}")


def _get_version(call: Call) -> Body:
    policy = find_policy(call, call.as_of)
    version = _find_version(call, policy)
    return {"PolicyVersion": _version_fields(call, policy, version)}


def _list_versions(call: Call) -> Body:
    policy = find_policy(call, call.as_of)
    document = call.account.is_on("versions_list_has_document")
    rows = [_version_fields(call, policy, v, document=document) for v in policy.versions]
    return {"PolicyVersions": {"PolicyVersion": rows}}


def _set_default(call: Call) -> Body:
    policy = find_policy(call, call.now, "Custom")
    version = _find_version(call, policy)
    date = _version_date(call, policy)
    _store(call, dataclasses.replace(policy, default=version.number, updated=date))
    return {}


def _delete_version(call: Call) -> Body:
    policy = find_policy(call, call.now, "Custom")
    version = _find_version(call, policy)
    if version.number == policy.default:
        raise delete_conflict(
            "Policy.Version.Default", f"The default version cannot be deleted: {policy.name}"
        )
    rest = tuple(v for v in policy.versions if v is not version)
    _store(call, dataclasses.replace(policy, versions=rest))
    return {}


_ONE = ("acs:ram:*:{account}:policy/{PolicyName}",)
_ALL = ("acs:ram:*:{account}:policy/*",)
_WRITES: Rate = "writesPerSecond"

ACTIONS = (
    Action(
        "CreatePolicy",
        _create,
        "write",
        (POLICY_NAME, _DOCUMENT, DESCRIPTION, TAGS),
        _ALL,
        _WRITES,
    ),
    Action("GetPolicy", _get, "read", (POLICY_TYPE, POLICY_NAME), _ONE),
    Action(
        "UpdatePolicyDescription",
        _describe,
        "write",
        (POLICY_NAME, NEW_DESCRIPTION),
        _ONE,
        _WRITES,
    ),
    Action(
        "DeletePolicy",
        _delete,
        "write",
        (POLICY_NAME, Param("CascadingDelete", "bool")),
        _ONE,
        _WRITES,
    ),
    Action(
        "ListPolicies",
        _list,
        "read",
        (Param("PolicyType", choices=("System", "Custom"), code=""), *PAGING, TAGS),
        _ALL,
    ),
    Action(
        "CreatePolicyVersion",
        _create_version,
        "write",
        (
            POLICY_NAME,
            _DOCUMENT,
            Param("SetAsDefault", "bool"),
            Param("RotateStrategy", choices=("None", ROTATE), code=""),
        ),
        _ONE,
        _WRITES,
    ),
    Action("GetPolicyVersion", _get_version, "read", (POLICY_TYPE, POLICY_NAME, _VERSION_ID), _ONE),
    Action("ListPolicyVersions", _list_versions, "read", (POLICY_TYPE, POLICY_NAME), _ONE),
    Action(
        "SetDefaultPolicyVersion",
        _set_default,
        "write",
        (POLICY_NAME, _VERSION_ID),
        _ONE,
        _WRITES,
    ),
    Action(
        "DeletePolicyVersion",
        _delete_version,
        "write",
        (POLICY_NAME, _VERSION_ID),
        _ONE,
        _WRITES,
    ),
)
