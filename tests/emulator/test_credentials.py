"""What keys, passwords, groups and names do: rights, refusals, and renaming."""

from __future__ import annotations

from typing import Any

import pytest

from lab.emulator_process import EmulatorProcess
from tests.emulator.calls import invoke, policy, refused, trust
from tests.emulator.conftest import Cloud, Credentials
from tests.emulator.totp import code, codes

ANN = {"UserName": "ann"}
TEAM = {"GroupName": "team"}
PASSWORD = "Correct-Horse-1"


def _key(cloud: Cloud, name: str = "ann") -> Credentials:
    row = invoke(cloud.ram(), "CreateAccessKey", UserName=name)["AccessKey"]
    return Credentials(row["AccessKeyId"], row["AccessKeySecret"])


def _group_policy(cloud: Cloud, action: str) -> None:
    invoke(cloud.ram(), "CreatePolicy", PolicyName="p", PolicyDocument=policy(action))
    given = {"PolicyType": "Custom", "PolicyName": "p"}
    invoke(cloud.ram(), "AttachPolicyToGroup", **given, **TEAM)


def test_a_key_signs_until_it_is_switched_off_or_deleted(cloud: Cloud) -> None:
    ram = cloud.ram()
    invoke(ram, "CreateUser", **ANN)
    key = _key(cloud)
    named = {**ANN, "UserAccessKeyId": key.key_id}
    sts = cloud.sts(key)
    assert invoke(sts, "GetCallerIdentity")["Arn"] == f"acs:ram::{cloud.id}:user/ann"
    used = invoke(ram, "GetAccessKeyLastUsed", **named)["AccessKeyLastUsed"]["LastUsedDate"]
    assert used.endswith("Z")
    for _ in range(2):
        invoke(ram, "UpdateAccessKey", **named, Status="Inactive")
    assert refused(sts, "GetCallerIdentity").code == "InvalidAccessKeyId.Inactive"
    (row,) = invoke(ram, "ListAccessKeys", **ANN)["AccessKeys"]["AccessKey"]
    assert row["Status"] == "Inactive"
    assert "AccessKeySecret" not in row
    invoke(ram, "UpdateAccessKey", **named, Status="Active")
    invoke(sts, "GetCallerIdentity")
    invoke(ram, "DeleteAccessKey", **named)
    assert refused(sts, "GetCallerIdentity").code == "InvalidAccessKeyId.NotFound"


def test_a_key_with_a_wrong_secret_is_refused(cloud: Cloud) -> None:
    invoke(cloud.ram(), "CreateUser", **ANN)
    wrong = Credentials(_key(cloud).key_id, "x" * 30)
    assert refused(cloud.sts(wrong), "GetCallerIdentity").code == "SignatureDoesNotMatch"


def test_without_a_name_key_actions_are_about_the_caller(cloud: Cloud) -> None:
    mine = cloud.admin.create_user(
        cloud.id,
        "bob",
        document={
            "Version": "1",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "ram:*AccessKey*",
                    "Resource": f"acs:ram:*:{cloud.id}:user/bob",
                }
            ],
        },
    )
    bob = cloud.ram(Credentials(mine.access_key_id, mine.access_key_secret))
    invoke(cloud.ram(), "CreateUser", **ANN)
    made = invoke(bob, "CreateAccessKey")["AccessKey"]["AccessKeyId"]
    invoke(bob, "UpdateAccessKey", UserAccessKeyId=made, Status="Inactive")
    rows = invoke(bob, "ListAccessKeys")["AccessKeys"]["AccessKey"]
    assert [row["AccessKeyId"] for row in rows] == [mine.access_key_id, made]
    assert refused(bob, "ListAccessKeys", **ANN).code == "NoPermission"
    others = _key(cloud).key_id
    error = refused(bob, "DeleteAccessKey", UserAccessKeyId=others)
    assert error.code == "EntityNotExist.User.AccessKey"
    invoke(bob, "DeleteAccessKey", UserAccessKeyId=made)


def test_a_role_session_has_to_name_the_user(cloud: Cloud) -> None:
    document = trust(f"acs:ram::{cloud.id}:root")
    invoke(cloud.ram(), "CreateRole", RoleName="r", AssumeRolePolicyDocument=document)
    given = {"PolicyType": "System", "PolicyName": "AdministratorAccess", "RoleName": "r"}
    invoke(cloud.ram(), "AttachPolicyToRole", **given)
    row = invoke(
        cloud.sts(), "AssumeRole", RoleArn=f"acs:ram::{cloud.id}:role/r", RoleSessionName="s1"
    )["Credentials"]
    session = Credentials(row["AccessKeyId"], row["AccessKeySecret"], row["SecurityToken"])
    assert refused(cloud.ram(session), "ListAccessKeys").code == "MissingParameter"
    passwords = {"OldPassword": "x", "NewPassword": "y"}
    assert refused(cloud.ram(session), "ChangePassword", **passwords).code == "NoPermission"


def test_membership_brings_and_takes_the_rights_of_the_group(cloud: Cloud) -> None:
    ram = cloud.ram()
    invoke(ram, "CreateUser", **ANN)
    invoke(ram, "CreateGroup", **TEAM)
    _group_policy(cloud, "ram:ListRoles")
    ann = cloud.ram(_key(cloud))
    assert refused(ann, "ListRoles").code == "NoPermission"
    invoke(ram, "AddUserToGroup", **ANN, **TEAM)
    invoke(ann, "ListRoles")
    invoke(ram, "RemoveUserFromGroup", **ANN, **TEAM)
    assert refused(ann, "ListRoles").code == "NoPermission"


def test_renaming_keeps_everything_that_belongs_to_the_name(cloud: Cloud) -> None:
    ram = cloud.ram()
    before = invoke(ram, "CreateUser", **ANN)["User"]
    group_id = invoke(ram, "CreateGroup", **TEAM)["Group"]["GroupId"]
    invoke(ram, "AddUserToGroup", **ANN, **TEAM)
    _group_policy(cloud, "ram:ListRoles")
    own = {"PolicyType": "System", "PolicyName": "AliyunOSSFullAccess"}
    invoke(ram, "AttachPolicyToUser", **ANN, **own)
    invoke(ram, "CreateLoginProfile", **ANN, Password=PASSWORD)
    key = _key(cloud)
    device = invoke(ram, "CreateVirtualMFADevice", VirtualMFADeviceName="p")["VirtualMFADevice"]
    digits = codes(device["Base32StringSeed"])
    invoke(ram, "BindMFADevice", **ANN, SerialNumber=device["SerialNumber"], **digits)
    state = cloud.admin.state(cloud.id)
    after = invoke(ram, "UpdateUser", **ANN, NewUserName="Beth")["User"]
    assert (after["UserId"], after["UserName"]) == (before["UserId"], "Beth")
    invoke(ram, "UpdateGroup", **TEAM, NewGroupName="Crew")
    assert refused(ram, "GetUser", **ANN).code == "EntityNotExist.User"
    assert refused(ram, "GetGroup", **TEAM).code == "EntityNotExist.Group"
    now = cloud.admin.state(cloud.id)
    assert now["users"]["Beth"] == {**state["users"]["ann"], "groups": ["Crew"]}
    assert now["groups"]["Crew"] == {**state["groups"]["team"], "members": ["Beth"]}
    assert now["groups"]["Crew"]["groupId"] == group_id
    assert now["policies"]["p"]["attachments"] == ["group/crew"]
    held = invoke(ram, "ListEntitiesForPolicy", **own)
    assert [row["UserName"] for row in held["Users"]["User"]] == ["Beth"]
    invoke(cloud.ram(key), "ListRoles")
    invoke(cloud.ram(key), "ChangePassword", OldPassword=PASSWORD, NewPassword=f"{PASSWORD}2")
    arn = invoke(cloud.sts(key), "GetCallerIdentity")["Arn"]
    assert arn == f"acs:ram::{cloud.id}:user/Beth"
    invoke(ram, "CreateUser", **ANN)
    assert cloud.admin.state(cloud.id)["users"]["ann"]["accessKeys"] == []


def test_a_new_spelling_of_a_name_is_no_new_name(cloud: Cloud) -> None:
    ram = cloud.ram()
    invoke(ram, "CreateUser", **ANN)
    invoke(ram, "CreateGroup", **TEAM)
    invoke(ram, "AddUserToGroup", UserName="ANN", GroupName="TEAM")
    invoke(ram, "UpdateUser", **ANN, NewUserName="Ann")
    invoke(ram, "UpdateGroup", **TEAM, NewGroupName="Team")
    assert invoke(ram, "GetUser", **ANN)["User"]["UserName"] == "Ann"
    rows = invoke(ram, "ListUsersForGroup", **TEAM)["Users"]["User"]
    assert [row["UserName"] for row in rows] == ["Ann"]
    rows = invoke(ram, "ListGroupsForUser", **ANN)["Groups"]["Group"]
    assert [row["GroupName"] for row in rows] == ["Team"]


WEAK = [
    ({"MinimumPasswordLength": 12}, "Abcdefg-123", "Abcdefg-1234"),
    ({"RequireLowercaseCharacters": True}, "UPPERCASE-1", "uPPERCASE-1"),
    ({"RequireUppercaseCharacters": True}, "lowercase-1", "Lowercase-1"),
    ({"RequireNumbers": True}, "No-Numbers", "One-Number1"),
    ({"RequireSymbols": True}, "NoSymbols12", "One-Symbol12"),
    ({}, "x" * 33, "x" * 32),
]


@pytest.mark.parametrize(("rules", "weak", "strong"), WEAK)
def test_the_password_policy_is_enforced(
    cloud: Cloud, rules: dict[str, Any], weak: str, strong: str
) -> None:
    ram = cloud.ram()
    invoke(ram, "CreateUser", **ANN)
    invoke(ram, "SetPasswordPolicy", **rules)
    error = refused(ram, "CreateLoginProfile", **ANN, Password=weak)
    assert error.code == "InvalidParameter.Password.TooWeak"
    assert weak not in str(error.data)
    invoke(ram, "CreateLoginProfile", **ANN, Password=strong)
    error = refused(ram, "UpdateLoginProfile", **ANN, Password=weak)
    assert error.code == "InvalidParameter.Password.TooWeak"
    ann = cloud.ram(_key(cloud))
    error = refused(ann, "ChangePassword", OldPassword=strong, NewPassword=weak)
    assert error.code == "InvalidParameter.NewPassword.TooWeak"


def test_users_change_their_password(cloud: Cloud) -> None:
    ram = cloud.ram()
    invoke(ram, "CreateUser", **ANN)
    given = {"Password": PASSWORD, "PasswordResetRequired": True}
    invoke(ram, "CreateLoginProfile", **ANN, **given)
    ann = cloud.ram(_key(cloud))
    error = refused(ann, "ChangePassword", OldPassword="wrong", NewPassword=PASSWORD)
    assert error.code == "InvalidParameter.OldPassword.Incorrect"
    second, third = f"{PASSWORD}2", f"{PASSWORD}3"
    invoke(ann, "ChangePassword", OldPassword=PASSWORD, NewPassword=second)
    assert not invoke(ram, "GetLoginProfile", **ANN)["LoginProfile"]["PasswordResetRequired"]
    invoke(ann, "ChangePassword", OldPassword=second, NewPassword=PASSWORD)
    invoke(ram, "SetPasswordPolicy", PasswordReusePrevention=2)
    for used in (PASSWORD, second):
        error = refused(ann, "ChangePassword", OldPassword=PASSWORD, NewPassword=used)
        assert error.code == "InvalidParameter.NewPassword.ReusePrevention"
    invoke(ann, "ChangePassword", OldPassword=PASSWORD, NewPassword=third)
    invoke(ram, "UpdateLoginProfile", **ANN, Password=second)
    invoke(ram, "SetSecurityPreference", AllowUserToChangePassword=False)
    error = refused(ann, "ChangePassword", OldPassword=second, NewPassword=third)
    assert (error.code, error.status_code) == ("NoPermission", 403)


def test_groups_come_a_hundred_a_page_and_members_a_thousand(process: EmulatorProcess) -> None:
    cloud = Cloud(process, process.admin.create_account(behaviours="friendly"))
    cloud.set(max_items_out_of_range="refuse")
    ram = cloud.ram()
    for number in range(105):
        invoke(ram, "CreateGroup", GroupName=f"g{number:03}")
    assert refused(ram, "ListGroups", MaxItems=101).code == "InvalidParameter.MaxItems"
    first = invoke(ram, "ListGroups", MaxItems=100)
    second = invoke(ram, "ListGroups", MaxItems=100, Marker=first["Marker"])
    assert "Marker" not in second
    rows = [*first["Groups"]["Group"], *second["Groups"]["Group"]]
    assert [row["GroupName"] for row in rows] == [f"g{number:03}" for number in range(105)]
    for number in range(105):
        invoke(ram, "CreateUser", UserName=f"u{number:03}")
        invoke(ram, "AddUserToGroup", UserName=f"u{number:03}", GroupName="g000")
    assert refused(ram, "ListUsersForGroup", GroupName="g000", MaxItems=1001).status_code == 400
    assert len(invoke(ram, "ListUsersForGroup", GroupName="g000")["Users"]["User"]) == 100
    every = invoke(ram, "ListUsersForGroup", GroupName="g000", MaxItems=1000)
    assert len(every["Users"]["User"]) == 105
    assert every["IsTruncated"] is False
    assert invoke(ram, "ListUsers", MaxItems=1000)["IsTruncated"] is False


def test_the_tests_authenticator_is_right() -> None:
    # The SHA-1 vectors of RFC 6238, cut to six digits.
    seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert [code(seed, at) for at in (59, 1111111109, 20000000000)] == [
        "287082",
        "081804",
        "353130",
    ]
