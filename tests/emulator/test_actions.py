"""Each action succeeds through the real SDK, with the fields that the service documents."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.calls import SERVICE_TRUST, at, invoke, policy, refused, trust
from tests.emulator.conftest import Cloud

# action -> parameters, and the fields of the reply's object (path to it, names). In this order on
# one account they all succeed.
STEPS: list[tuple[str, dict[str, Any], str, set[str]]] = [
    (
        "CreateRole",
        {
            "RoleName": "App-Role",
            "AssumeRolePolicyDocument": SERVICE_TRUST,
            "Description": "d",
            "MaxSessionDuration": 7200,
            "Tag": [{"Key": "team", "Value": "blue"}],
        },
        "Role",
        {
            "RoleId",
            "RoleName",
            "Arn",
            "Description",
            "AssumeRolePolicyDocument",
            "MaxSessionDuration",
            "CreateDate",
        },
    ),
    (
        "GetRole",
        {"RoleName": "app-role"},
        "Role",
        {
            "RoleId",
            "RoleName",
            "Arn",
            "Description",
            "AssumeRolePolicyDocument",
            "MaxSessionDuration",
            "CreateDate",
            "UpdateDate",
            "IsServiceLinkedRole",
            "RolePrincipalName",
        },
    ),
    (
        "ListRoles",
        {"Tag": [{"Key": "team", "Value": "blue"}]},
        "Roles.Role.0",
        {
            "RoleId",
            "RoleName",
            "Arn",
            "Description",
            "MaxSessionDuration",
            "CreateDate",
            "UpdateDate",
            "Tags",
        },
    ),
    (
        "UpdateRole",
        {"RoleName": "App-Role", "NewDescription": "e", "NewMaxSessionDuration": 3600},
        "Role",
        {
            "RoleId",
            "RoleName",
            "Arn",
            "Description",
            "AssumeRolePolicyDocument",
            "MaxSessionDuration",
            "CreateDate",
            "UpdateDate",
        },
    ),
    (
        "CreatePolicy",
        {"PolicyName": "Read-It", "PolicyDocument": policy(), "Description": "d"},
        "Policy",
        {"PolicyName", "PolicyType", "Description", "DefaultVersion", "CreateDate"},
    ),
    (
        "GetPolicy",
        {"PolicyName": "read-it", "PolicyType": "Custom"},
        "Policy",
        {
            "PolicyName",
            "PolicyType",
            "Description",
            "DefaultVersion",
            "CreateDate",
            "UpdateDate",
            "AttachmentCount",
            "PolicyDocument",
        },
    ),
    (
        "UpdatePolicyDescription",
        {"PolicyName": "Read-It", "NewDescription": "e"},
        "Policy",
        {
            "PolicyName",
            "PolicyType",
            "Description",
            "DefaultVersion",
            "CreateDate",
            "UpdateDate",
        },
    ),
    (
        "CreatePolicyVersion",
        {"PolicyName": "Read-It", "PolicyDocument": policy("oss:*"), "SetAsDefault": True},
        "PolicyVersion",
        {"VersionId", "IsDefaultVersion", "PolicyDocument", "CreateDate"},
    ),
    (
        "GetPolicyVersion",
        {"PolicyName": "Read-It", "PolicyType": "Custom", "VersionId": "v2"},
        "PolicyVersion",
        {"VersionId", "IsDefaultVersion", "PolicyDocument", "CreateDate"},
    ),
    (
        "ListPolicyVersions",
        {"PolicyName": "Read-It", "PolicyType": "Custom"},
        "PolicyVersions.PolicyVersion.0",
        {"VersionId", "IsDefaultVersion", "PolicyDocument", "CreateDate"},
    ),
    ("SetDefaultPolicyVersion", {"PolicyName": "Read-It", "VersionId": "v1"}, "", {"RequestId"}),
    ("DeletePolicyVersion", {"PolicyName": "Read-It", "VersionId": "v2"}, "", {"RequestId"}),
    (
        "ListPolicies",
        {"PolicyType": "Custom"},
        "Policies.Policy.0",
        {
            "PolicyName",
            "PolicyType",
            "Description",
            "DefaultVersion",
            "CreateDate",
            "UpdateDate",
            "AttachmentCount",
            "Tags",
        },
    ),
    *(
        (
            f"AttachPolicyTo{word}",
            {"PolicyType": "Custom", "PolicyName": "Read-It", f"{word}Name": name},
            "",
            {"RequestId"},
        )
        for word, name in (("Role", "App-Role"), ("User", "ann"), ("Group", "team"))
    ),
    *(
        (
            f"ListPoliciesFor{word}",
            {f"{word}Name": name},
            "Policies.Policy.0",
            {"PolicyName", "PolicyType", "Description", "DefaultVersion", "AttachDate"},
        )
        for word, name in (("Role", "App-Role"), ("User", "ann"), ("Group", "team"))
    ),
    (
        "ListEntitiesForPolicy",
        {"PolicyType": "Custom", "PolicyName": "Read-It"},
        "Roles.Role.0",
        {"RoleId", "RoleName", "Arn", "Description", "AttachDate"},
    ),
    *(
        (
            f"DetachPolicyFrom{word}",
            {"PolicyType": "Custom", "PolicyName": "Read-It", f"{word}Name": name},
            "",
            {"RequestId"},
        )
        for word, name in (("Role", "App-Role"), ("User", "ann"), ("Group", "team"))
    ),
    (
        "TagResources",
        {
            "ResourceType": "policy",
            "ResourceNames": ["Read-It"],
            "Tag": [{"Key": "a", "Value": "1"}],
        },
        "",
        {"RequestId"},
    ),
    (
        "ListTagResources",
        {"ResourceType": "policy", "ResourceNames": ["Read-It"]},
        "TagResources.0",
        {"ResourceType", "ResourceName", "TagKey", "TagValue"},
    ),
    (
        "UntagResources",
        {"ResourceType": "policy", "ResourceNames": ["Read-It"], "TagKeys": ["a"]},
        "",
        {"RequestId"},
    ),
    ("DeletePolicy", {"PolicyName": "Read-It"}, "", {"RequestId"}),
    ("DeleteRole", {"RoleName": "App-Role"}, "", {"RequestId"}),
    (
        "GetCallerIdentity",
        {},
        "",
        {"AccountId", "Arn", "IdentityType", "PrincipalId", "RequestId", "UserId"},
    ),
    (
        "AssumeRole",
        {"RoleName": "", "RoleSessionName": "s1"},
        "Credentials",
        {"AccessKeyId", "AccessKeySecret", "SecurityToken", "Expiration"},
    ),
]


def test_each_action_succeeds_with_its_documented_fields(cloud: Cloud) -> None:
    cloud.user("ann")
    cloud.admin.create_group(cloud.id, "team")
    clients = {"ram": cloud.ram(), "sts": cloud.sts()}
    for action, parameters, path, fields in STEPS:
        client = clients["sts" if action in ("AssumeRole", "GetCallerIdentity") else "ram"]
        given = dict(parameters)
        if action == "AssumeRole":
            invoke(
                clients["ram"],
                "CreateRole",
                RoleName="open",
                AssumeRolePolicyDocument=trust(f"acs:ram::{cloud.id}:root"),
            )
            given = {"RoleArn": f"acs:ram::{cloud.id}:role/open", "RoleSessionName": "s1"}
        body = invoke(client, action, **given)
        assert set(at(body, path)) == fields, action
        assert body["RequestId"].isupper(), action


def test_names_ignore_case_and_keep_it(cloud: Cloud) -> None:
    ram = cloud.ram()
    invoke(ram, "CreateRole", RoleName="MyRole", AssumeRolePolicyDocument=SERVICE_TRUST)
    role = invoke(ram, "GetRole", RoleName="MYROLE")["Role"]
    assert role["RoleName"] == "MyRole"
    assert role["Arn"] == f"acs:ram::{cloud.id}:role/myrole"
    error = refused(ram, "CreateRole", RoleName="myrole", AssumeRolePolicyDocument=SERVICE_TRUST)
    assert error.code == "EntityAlreadyExists.Role"
    invoke(
        ram,
        "AttachPolicyToRole",
        PolicyType="System",
        PolicyName="aliyunossfullaccess",
        RoleName="myrole",
    )
    rows = invoke(ram, "ListPoliciesForRole", RoleName="MyRole")["Policies"]["Policy"]
    assert [row["PolicyName"] for row in rows] == ["AliyunOSSFullAccess"]


def test_empty_lists_are_lists(cloud: Cloud) -> None:
    ram = cloud.ram()
    assert invoke(ram, "ListRoles")["Roles"] == {"Role": []}
    body = invoke(ram, "ListEntitiesForPolicy", PolicyType="System", PolicyName="ReadOnlyAccess")
    assert [body[key] for key in ("Users", "Groups", "Roles")] == [
        {"User": []},
        {"Group": []},
        {"Role": []},
    ]


def test_policy_versions_are_numbered_and_rotated(cloud: Cloud) -> None:
    ram = cloud.ram()
    invoke(ram, "CreatePolicy", PolicyName="P", PolicyDocument=policy())
    for number in range(2, 6):
        version = invoke(ram, "CreatePolicyVersion", PolicyName="P", PolicyDocument=policy())
        assert version["PolicyVersion"]["VersionId"] == f"v{number}"
    error = refused(ram, "CreatePolicyVersion", PolicyName="P", PolicyDocument=policy())
    assert error.code == "LimitExceeded.Policy.Version"
    version = invoke(
        ram,
        "CreatePolicyVersion",
        PolicyName="P",
        PolicyDocument=policy("ecs:*"),
        SetAsDefault=True,
        RotateStrategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
    )
    assert version["PolicyVersion"]["IsDefaultVersion"] is True
    rows = invoke(ram, "ListPolicyVersions", PolicyName="P", PolicyType="Custom")
    ids = [row["VersionId"] for row in rows["PolicyVersions"]["PolicyVersion"]]
    assert ids == ["v1", "v3", "v4", "v5", "v6"]
    invoke(ram, "DeletePolicyVersion", PolicyName="P", VersionId="v5")
    invoke(ram, "DeletePolicyVersion", PolicyName="P", VersionId="v4")
    version = invoke(ram, "CreatePolicyVersion", PolicyName="P", PolicyDocument=policy())
    assert version["PolicyVersion"]["VersionId"] == "v7"
    current = invoke(ram, "GetPolicy", PolicyName="P", PolicyType="Custom")
    assert current["DefaultPolicyVersion"]["PolicyDocument"] == policy("ecs:*")
    invoke(ram, "DeletePolicy", PolicyName="P", CascadingDelete=True)
    assert (
        refused(ram, "GetPolicy", PolicyName="P", PolicyType="Custom").code
        == "EntityNotExist.Policy"
    )


@pytest.mark.parametrize(
    "name",
    [
        "AdministratorAccess",
        "ReadOnlyAccess",
        "AliyunRAMFullAccess",
        "AliyunSTSAssumeRoleAccess",
        "AliyunFCFullAccess",
    ],
)
def test_system_policies_are_there_and_cannot_change(cloud: Cloud, name: str) -> None:
    ram = cloud.ram()
    found = invoke(ram, "GetPolicy", PolicyName=name, PolicyType="System")
    assert found["Policy"]["PolicyType"] == "System"
    assert '"Statement"' in found["DefaultPolicyVersion"]["PolicyDocument"]
    assert refused(ram, "DeletePolicy", PolicyName=name).code == "EntityNotExist.Policy"


def test_the_same_name_may_be_system_and_custom(cloud: Cloud) -> None:
    ram = cloud.ram()
    invoke(ram, "CreatePolicy", PolicyName="ReadOnlyAccess", PolicyDocument=policy())
    invoke(ram, "CreateRole", RoleName="r", AssumeRolePolicyDocument=SERVICE_TRUST)
    for kind in ("System", "Custom"):
        invoke(
            ram,
            "AttachPolicyToRole",
            PolicyType=kind,
            PolicyName="ReadOnlyAccess",
            RoleName="r",
        )
    rows = invoke(ram, "ListPoliciesForRole", RoleName="r")["Policies"]["Policy"]
    assert [row["PolicyType"] for row in rows] == ["System", "Custom"]
    found = invoke(ram, "GetPolicy", PolicyName="ReadOnlyAccess", PolicyType="Custom")
    assert found["Policy"]["AttachmentCount"] == 1


def test_tags_are_upserted_listed_and_removed(cloud: Cloud) -> None:
    ram = cloud.ram()
    for name in ("one", "two"):
        invoke(ram, "CreateRole", RoleName=name, AssumeRolePolicyDocument=SERVICE_TRUST)
    target = {"ResourceType": "role", "ResourceNames": ["one", "TWO"]}
    invoke(ram, "TagResources", **target, Tag=[{"Key": "a", "Value": "1"}, {"Key": "b"}])
    invoke(ram, "TagResources", **target, Tag=[{"Key": "a", "Value": "2"}])
    rows = invoke(ram, "ListTagResources", ResourceType="role")["TagResources"]
    assert [(r["ResourceName"], r["TagKey"], r["TagValue"]) for r in rows] == [
        ("one", "a", "2"),
        ("one", "b", ""),
        ("two", "a", "2"),
        ("two", "b", ""),
    ]
    invoke(ram, "UntagResources", **target, TagKeys=["a", "not-there"])
    listed = invoke(ram, "ListRoles", Tag=[{"Key": "b"}])["Roles"]["Role"]
    assert [row["Tags"]["Tag"] for row in listed] == [[{"TagKey": "b", "TagValue": ""}]] * 2
    invoke(ram, "UntagResources", **target, All=True)
    assert invoke(ram, "ListRoles", Tag=[{"Key": "b"}])["Roles"]["Role"] == []
