"""Each documented error of each action, at least once, through the real SDK."""

from __future__ import annotations

from typing import Any

import pytest

from lab.emulator_process import EmulatorProcess
from tests.emulator.calls import SERVICE_TRUST, invoke, policy, refused
from tests.emulator.conftest import Cloud
from tests.emulator.errors import Row, assert_refused, bad_names

ROLE = {"RoleName": "base"}
NEW_ROLE = {"RoleName": "new", "AssumeRolePolicyDocument": SERVICE_TRUST}
NEW_POLICY = {"PolicyName": "new", "PolicyDocument": policy()}
USED = {"PolicyName": "used", "PolicyType": "Custom"}
VERSION = {"PolicyName": "full", "VersionId": "v1"}
TAG = {"ResourceType": "role", "ResourceNames": ["base"]}
LONG = "x" * 1025

N_ROLE = "InvalidParameter.RoleName"
N_POLICY = "InvalidParameter.PolicyName"


def _attach(verb: str, word: str, name: str) -> list[Row]:
    action = f"{verb}{word}"
    rest = {"PolicyType": "Custom", "PolicyName": "used", f"{word}Name": name}
    return [
        *bad_names(action, rest, f"{word}Name", 64),
        *bad_names(action, rest, "PolicyName", 128),
        (action, {**rest, "PolicyType": "Other"}, "InvalidParameter.PolicyType"),
        (action, {**rest, f"{word}Name": "ghost"}, f"EntityNotExist.{word}"),
        (action, {**rest, "PolicyName": "ghost"}, "EntityNotExist.Policy"),
        (action, {**rest, "ResourceGroupId": "rg-x"}, "EntityNotExist.ResourceGroup"),
    ]


PRINCIPALS = (("Role", "base"), ("User", "ann"), ("Group", "team"))

ROWS: list[Row] = [
    ("DecodeDiagnosticMessage", {"EncodedDiagnosticMessage": "none"}, "EntityNotExist"),
    *bad_names("CreateRole", NEW_ROLE, "RoleName", 64),
    ("CreateRole", {**NEW_ROLE, "RoleName": "a_b"}, f"{N_ROLE}.InvalidChars"),
    (
        "CreateRole",
        {**NEW_ROLE, "AssumeRolePolicyDocument": SERVICE_TRUST + " " * 6144},
        "InvalidParameter.AssumeRolePolicyDocument.Length",
    ),
    ("CreateRole", {**NEW_ROLE, "Description": LONG}, "InvalidParameter.Description.Length"),
    (
        "CreateRole",
        {**NEW_ROLE, "MaxSessionDuration": 60},
        "InvalidParameter.MaxSessionDuration.Range",
    ),
    ("CreateRole", {**NEW_ROLE, "AssumeRolePolicyDocument": "{"}, "MalformedPolicyDocument"),
    ("CreateRole", {**NEW_ROLE, "AssumeRolePolicyDocument": ""}, "MalformedPolicyDocument"),
    ("CreateRole", {**NEW_ROLE, "RoleName": "BASE"}, "EntityAlreadyExists.Role"),
    (
        "CreateRole",
        {**NEW_ROLE, "Tag": [{"Key": "acs:x", "Value": ""}]},
        "InvalidParameter.TagKey.InvalidChars",
    ),
    *bad_names("GetRole", ROLE, "RoleName", 64),
    ("GetRole", {"RoleName": "ghost"}, "EntityNotExist.Role"),
    *bad_names("UpdateRole", ROLE, "RoleName", 64),
    (
        "UpdateRole",
        {**ROLE, "NewAssumeRolePolicyDocument": SERVICE_TRUST + " " * 6144},
        "InvalidParameter.NewAssumeRolePolicyDocument.Length",
    ),
    ("UpdateRole", {**ROLE, "NewAssumeRolePolicyDocument": "[]"}, "MalformedPolicyDocument"),
    ("UpdateRole", {**ROLE, "NewDescription": LONG}, "InvalidParameter.NewDescription.Length"),
    (
        "UpdateRole",
        {**ROLE, "NewMaxSessionDuration": 43201},
        "InvalidParameter.NewMaxSessionDuration.Range",
    ),
    ("UpdateRole", {"RoleName": "ghost"}, "EntityNotExist.Role"),
    ("UpdateRole", {"RoleName": "AliyunServiceRoleForFc"}, "NotSupport.ServiceLinkedRole"),
    *bad_names("DeleteRole", ROLE, "RoleName", 64),
    ("DeleteRole", {"RoleName": "ghost"}, "EntityNotExist.Role"),
    ("DeleteRole", ROLE, "DeleteConflict.Role.Policy"),
    ("DeleteRole", {"RoleName": "AliyunServiceRoleForFc"}, "NotSupport.ServiceLinkedRole"),
    ("ListRoles", {"Marker": "bad"}, "InvalidParameter.Marker"),
    ("ListRoles", {"MaxItems": "many"}, "InvalidParameter.MaxItems"),
    *bad_names("CreatePolicy", NEW_POLICY, "PolicyName", 128),
    ("CreatePolicy", {**NEW_POLICY, "PolicyName": "a_b"}, f"{N_POLICY}.InvalidChars"),
    (
        "CreatePolicy",
        {**NEW_POLICY, "PolicyDocument": policy() + " " * 6144},
        "InvalidParameter.PolicyDocument.Length",
    ),
    ("CreatePolicy", {**NEW_POLICY, "Description": LONG}, "InvalidParameter.Description.Length"),
    ("CreatePolicy", {**NEW_POLICY, "PolicyDocument": "{}"}, "MalformedPolicyDocument"),
    ("CreatePolicy", {**NEW_POLICY, "PolicyName": "Used"}, "EntityAlreadyExists.Policy"),
    *bad_names("GetPolicy", USED, "PolicyName", 128),
    ("GetPolicy", {**USED, "PolicyType": "x"}, "InvalidParameter.PolicyType"),
    ("GetPolicy", {**USED, "PolicyType": "System"}, "EntityNotExist.Policy"),
    *bad_names("UpdatePolicyDescription", {"PolicyName": "used"}, "PolicyName", 128),
    (
        "UpdatePolicyDescription",
        {"PolicyName": "used", "NewDescription": LONG},
        "InvalidParameter.NewDescription.Length",
    ),
    ("UpdatePolicyDescription", {"PolicyName": "ghost"}, "EntityNotExist.Policy"),
    *bad_names("DeletePolicy", {"PolicyName": "used"}, "PolicyName", 128),
    ("DeletePolicy", {"PolicyName": "ghost"}, "EntityNotExist.Policy"),
    ("DeletePolicy", {"PolicyName": "used"}, "DeleteConflict.Policy.Role"),
    ("DeletePolicy", {"PolicyName": "by-user"}, "DeleteConflict.Policy.User"),
    ("DeletePolicy", {"PolicyName": "by-group"}, "DeleteConflict.Policy.Group"),
    ("DeletePolicy", {"PolicyName": "full"}, "DeleteConflict.Policy.Version"),
    ("ListPolicies", {"PolicyType": "x"}, "InvalidParameter.PolicyType"),
    *bad_names(
        "CreatePolicyVersion",
        {"PolicyName": "used", "PolicyDocument": policy()},
        "PolicyName",
        128,
    ),
    (
        "CreatePolicyVersion",
        {"PolicyName": "used", "PolicyDocument": policy() + " " * 6144},
        "InvalidParameter.PolicyDocument.Length",
    ),
    (
        "CreatePolicyVersion",
        {"PolicyName": "used", "PolicyDocument": "null"},
        "MalformedPolicyDocument",
    ),
    (
        "CreatePolicyVersion",
        {"PolicyName": "ghost", "PolicyDocument": policy()},
        "EntityNotExist.Policy",
    ),
    (
        "CreatePolicyVersion",
        {"PolicyName": "full", "PolicyDocument": policy()},
        "LimitExceeded.Policy.Version",
    ),
    (
        "CreatePolicyVersion",
        {"PolicyName": "full", "PolicyDocument": policy(), "RotateStrategy": "x"},
        "InvalidParameter.RotateStrategy",
    ),
    *(
        row
        for action in ("GetPolicyVersion", "SetDefaultPolicyVersion", "DeletePolicyVersion")
        for row in [
            *bad_names(action, {**VERSION, "PolicyType": "Custom"}, "PolicyName", 128),
            (
                action,
                {**VERSION, "PolicyType": "Custom", "VersionId": "1"},
                "InvalidParameter.VersionId.Format",
            ),
            (
                action,
                {**VERSION, "PolicyType": "Custom", "VersionId": "v9"},
                "EntityNotExist.Policy.Version",
            ),
            (
                action,
                {**VERSION, "PolicyType": "Custom", "PolicyName": "ghost"},
                "EntityNotExist.Policy",
            ),
        ]
    ),
    (
        "GetPolicyVersion",
        {**VERSION, "PolicyType": "x"},
        "InvalidParameter.PolicyType",
    ),
    ("DeletePolicyVersion", VERSION, "DeleteConflict.Policy.Version.Default"),
    *bad_names("ListPolicyVersions", USED, "PolicyName", 128),
    ("ListPolicyVersions", {**USED, "PolicyType": "x"}, "InvalidParameter.PolicyType"),
    ("ListPolicyVersions", {**USED, "PolicyName": "ghost"}, "EntityNotExist.Policy"),
    *(
        row
        for word, name in PRINCIPALS
        for row in [
            *_attach("AttachPolicyTo", word, name),
            *_attach("DetachPolicyFrom", word, name),
            (
                f"DetachPolicyFrom{word}",
                {"PolicyType": "Custom", "PolicyName": "full", f"{word}Name": name},
                f"EntityNotExist.{word}.Policy",
            ),
            *bad_names(f"ListPoliciesFor{word}", {f"{word}Name": name}, f"{word}Name", 64),
            (
                f"ListPoliciesFor{word}",
                {f"{word}Name": "ghost"},
                f"EntityNotExist.{word}",
            ),
        ]
    ),
    (
        "AttachPolicyToRole",
        {"PolicyType": "Custom", "PolicyName": "used", "RoleName": "AliyunServiceRoleForFc"},
        "NotSupport.ServiceLinkedRole",
    ),
    *bad_names("ListEntitiesForPolicy", USED, "PolicyName", 128),
    ("ListEntitiesForPolicy", {**USED, "PolicyType": "x"}, "InvalidParameter.PolicyType"),
    ("ListEntitiesForPolicy", {**USED, "PolicyName": "ghost"}, "EntityNotExist.Policy"),
    ("TagResources", {**TAG, "Tag": []}, "InvalidParameter.Tag.Count"),
    (
        "TagResources",
        {"ResourceType": "role", "Tag": [{"Key": "k", "Value": "x"}]},
        "MissingParameter",
    ),
    (
        "TagResources",
        {**TAG, "Tag": [{"Key": "", "Value": "x"}]},
        "InvalidParameter.TagKey.Length",
    ),
    (
        "TagResources",
        {**TAG, "Tag": [{"Key": "k", "Value": "x" * 257}]},
        "InvalidParameter.TagValue.Length",
    ),
    (
        "TagResources",
        {**TAG, "ResourceType": "user", "Tag": [{"Key": "k", "Value": "x"}]},
        "InvalidParameter.ResourceType",
    ),
    (
        "TagResources",
        {**TAG, "ResourceNames": ["base", "ghost"], "Tag": [{"Key": "k", "Value": "x"}]},
        "EntityNotExist.Role",
    ),
    (
        "TagResources",
        {
            "ResourceType": "policy",
            "ResourceNames": ["ghost"],
            "Tag": [{"Key": "k", "Value": "x"}],
        },
        "EntityNotExist.Policy",
    ),
    ("UntagResources", {"ResourceType": "role"}, "MissingParameter"),
    ("UntagResources", {**TAG, "ResourceNames": ["ghost"]}, "EntityNotExist.Role"),
    ("ListTagResources", {}, "MissingParameter"),
    (
        "ListTagResources",
        {"ResourceType": "role", "NextToken": "bad"},
        "InvalidParameter.NextToken",
    ),
    (
        "ListTagResources",
        {"ResourceType": "role", "ResourceNames": [str(i) for i in range(51)]},
        "InvalidParameter.ResourceNames.Count",
    ),
]


@pytest.fixture(scope="module")
def stage(process: EmulatorProcess) -> Cloud:
    """An account in which every row of the table has something to stumble over."""
    cloud = Cloud(process, process.admin.create_account(behaviours="friendly"))
    ram = cloud.ram()
    cloud.user("ann")
    cloud.admin.create_group(cloud.id, "team")
    cloud.admin.create_service_linked_role(cloud.id, "fc.aliyuncs.com")
    invoke(ram, "CreateRole", RoleName="base", AssumeRolePolicyDocument=SERVICE_TRUST)
    for name in ("used", "by-user", "by-group", "full"):
        invoke(ram, "CreatePolicy", PolicyName=name, PolicyDocument=policy())
    for _ in range(4):
        invoke(ram, "CreatePolicyVersion", PolicyName="full", PolicyDocument=policy())
    used: dict[str, str] = {"PolicyType": "Custom"}
    invoke(ram, "AttachPolicyToRole", **used, PolicyName="used", RoleName="base")
    invoke(ram, "AttachPolicyToUser", **used, PolicyName="by-user", UserName="ann")
    invoke(ram, "AttachPolicyToGroup", **used, PolicyName="by-group", GroupName="team")
    return cloud


@pytest.mark.parametrize(
    ("action", "parameters", "code"),
    ROWS,
    ids=[f"{action}-{code}-{number}" for number, (action, _, code) in enumerate(ROWS)],
)
def test_documented_error(stage: Cloud, action: str, parameters: dict[str, Any], code: str) -> None:
    assert_refused(stage, action, parameters, code)


@pytest.mark.parametrize("word", ["Role", "User", "Group"])
def test_attaching_twice_is_a_conflict_or_a_success(stage: Cloud, word: str) -> None:
    names = {
        "Role": {"RoleName": "base", "PolicyName": "used"},
        "User": {"UserName": "ann", "PolicyName": "by-user"},
        "Group": {"GroupName": "team", "PolicyName": "by-group"},
    }[word]
    given = {"PolicyType": "Custom", **names}
    stage.set(attach_repeat="conflict")
    error = refused(stage.ram(), f"AttachPolicyTo{word}", **given)
    assert (error.code, error.status_code) == (f"EntityAlreadyExists.{word}.Policy", 409)
    stage.set(attach_repeat="success")
    invoke(stage.ram(), f"AttachPolicyTo{word}", **given)


def test_quotas_of_the_account(process: EmulatorProcess) -> None:
    quotas = {
        "roles": 1,
        "policies": 1,
        "systemPoliciesPerPrincipal": 1,
        "customPoliciesPerPrincipal": 0,
        "tagsPerResource": 1,
    }
    account = process.admin.create_account(behaviours="friendly", quotas=quotas)
    ram = Cloud(process, account).ram()
    invoke(ram, "CreateRole", **NEW_ROLE)
    invoke(ram, "CreatePolicy", **NEW_POLICY)
    invoke(
        ram, "AttachPolicyToRole", PolicyType="System", PolicyName="ReadOnlyAccess", RoleName="new"
    )
    two = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    rows: list[Row] = [
        ("CreateRole", {**NEW_ROLE, "RoleName": "other"}, "LimitExceeded.Role"),
        ("CreatePolicy", {**NEW_POLICY, "PolicyName": "other"}, "LimitExceeded.Policy"),
        (
            "AttachPolicyToRole",
            {"PolicyType": "System", "PolicyName": "AliyunOSSFullAccess", "RoleName": "new"},
            "LimitExceeded.Role.Policy",
        ),
        (
            "AttachPolicyToRole",
            {"PolicyType": "Custom", "PolicyName": "new", "RoleName": "new"},
            "LimitExceeded.Role.Policy",
        ),
        (
            "TagResources",
            {"ResourceType": "role", "ResourceNames": ["new"], "Tag": two},
            "LimitExceeded.Tag",
        ),
    ]
    for action, parameters, code in rows:
        error = refused(ram, action, **parameters)
        assert (error.code, error.status_code) == (code, 409)
