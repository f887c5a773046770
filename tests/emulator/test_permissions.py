"""Permissions of callers who are no administrators."""

from __future__ import annotations

import json
from typing import Any

import pytest
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

from tests.emulator.calls import SERVICE_TRUST, invoke, policy, refused
from tests.emulator.conftest import Cloud, Credentials


def _document(action: Any, resource: Any = "*", effect: str = "Allow") -> dict[str, Any]:
    return dict(json.loads(policy(action, Resource=resource, Effect=effect)))


def _allowed(cloud: Cloud, who: Any, action: str, **given: Any) -> bool:
    try:
        invoke(cloud.ram(who), action, **given)
    except AlibabaCloudException as error:
        return bool(error.code != "NoPermission")
    return True


CASES: list[tuple[dict[str, Any], str, dict[str, Any], bool]] = [
    (_document("ram:GetRole"), "GetRole", {"RoleName": "x"}, True),
    (_document("RAM:getrole"), "GetRole", {"RoleName": "x"}, True),
    (_document("ram:Get*"), "GetRole", {"RoleName": "x"}, True),
    (_document("ram:Get*"), "ListRoles", {}, False),
    (_document("*"), "ListRoles", {}, True),
    (_document("ram:*", "acs:ram:*:{id}:role/App-*"), "GetRole", {"RoleName": "app-1"}, True),
    (_document("ram:*", "acs:ram:*:{id}:role/App-*"), "GetRole", {"RoleName": "other"}, False),
    (_document("ram:*", "acs:ram::{id}:role/x"), "GetRole", {"RoleName": "x"}, True),
    (_document("ram:*", "acs:ram:*:1:role/x"), "GetRole", {"RoleName": "x"}, False),
    (_document("ram:*", "acs:ram:*:*:role/*"), "ListRoles", {}, True),
    (
        _document("ram:*", "acs:ram:*:*:role/*"),
        "AttachPolicyToRole",
        {"RoleName": "x", "PolicyName": "p", "PolicyType": "Custom"},
        False,
    ),
    (
        _document("ram:*", ["acs:ram:*:*:role/*", "acs:ram:*:system:policy/*"]),
        "AttachPolicyToRole",
        {"RoleName": "x", "PolicyName": "ReadOnlyAccess", "PolicyType": "System"},
        True,
    ),
    (
        _document("ram:*", ["acs:ram:*:*:role/*", "acs:ram:*:system:policy/*"]),
        "AttachPolicyToRole",
        {"RoleName": "x", "PolicyName": "p", "PolicyType": "Custom"},
        False,
    ),
    (
        {
            "Version": "1",
            "Statement": [
                *_document("ram:*")["Statement"],
                *_document("ram:Delete*", effect="Deny")["Statement"],
            ],
        },
        "DeleteRole",
        {"RoleName": "x"},
        False,
    ),
    (
        {
            "Version": "1",
            "Statement": [{"Effect": "Allow", "NotAction": "ecs:*", "Resource": "*"}],
        },
        "GetRole",
        {"RoleName": "x"},
        True,
    ),
    (
        {
            "Version": "1",
            "Statement": [{"Effect": "Allow", "NotAction": "ram:*", "Resource": "*"}],
        },
        "GetRole",
        {"RoleName": "x"},
        False,
    ),
]


@pytest.mark.parametrize(("document", "action", "given", "allowed"), CASES)
def test_inline_documents_decide(
    cloud: Cloud, document: dict[str, Any], action: str, given: dict[str, Any], allowed: bool
) -> None:
    filled = json.loads(json.dumps(document).replace("{id}", cloud.id))
    who = cloud.user("ann", document=filled)
    assert _allowed(cloud, who, action, **given) is allowed


def test_what_a_refusal_says(cloud: Cloud) -> None:
    keys = cloud.admin.create_user(cloud.id, "ann", document=_document("ram:*", effect="Deny"))
    who = Credentials(keys.access_key_id, keys.access_key_secret)
    error = refused(cloud.ram(who), "GetRole", RoleName="x")
    assert error.status_code == 403
    detail = dict(error.data["AccessDeniedDetail"])
    assert detail.pop("EncodedDiagnosticMessage")
    assert detail == {
        "AuthAction": "ram:GetRole",
        "AuthPrincipalType": "SubUser",
        "AuthPrincipalOwnerId": cloud.id,
        "AuthPrincipalDisplayName": keys.user_id,
        "NoPermissionType": "ExplicitDeny",
        "PolicyType": "AccountLevelIdentityBasedPolicy",
    }


def test_rights_come_from_policies_and_groups_and_only_the_default_version(cloud: Cloud) -> None:
    ram = cloud.ram()
    ann = cloud.user("ann")
    cloud.admin.create_group(cloud.id, "readers", members=["Ann"])
    invoke(ram, "CreateRole", RoleName="x", AssumeRolePolicyDocument=SERVICE_TRUST)
    assert not _allowed(cloud, ann, "GetRole", RoleName="x")
    invoke(ram, "CreatePolicy", PolicyName="p", PolicyDocument=policy("ram:GetRole"))
    given = {"PolicyType": "Custom", "PolicyName": "p"}
    invoke(ram, "AttachPolicyToGroup", **given, GroupName="readers")
    assert _allowed(cloud, ann, "GetRole", RoleName="x")
    invoke(
        ram,
        "CreatePolicyVersion",
        PolicyName="p",
        PolicyDocument=policy("oss:*"),
        SetAsDefault=True,
    )
    assert not _allowed(cloud, ann, "GetRole", RoleName="x")
    invoke(ram, "SetDefaultPolicyVersion", PolicyName="p", VersionId="v1")
    assert _allowed(cloud, ann, "GetRole", RoleName="x")
    invoke(ram, "DetachPolicyFromGroup", **given, GroupName="readers")
    assert not _allowed(cloud, ann, "GetRole", RoleName="x")


def test_permission_is_asked_before_anything_is_told(cloud: Cloud) -> None:
    who = cloud.user("ann")
    for given in ({"RoleName": "ghost"}, {"RoleName": "a b"}, {}):
        assert refused(cloud.ram(who), "GetRole", **given).code == "NoPermission"


def test_root_may_do_everything_in_ram(cloud: Cloud) -> None:
    assert _allowed(cloud, cloud.root, "ListRoles")
