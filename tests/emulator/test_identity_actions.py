"""Each action on users, groups, credentials and settings succeeds with its documented fields."""

from __future__ import annotations

from typing import Any

from ram_emulator.gateway import ACTIONS
from tests.emulator import test_actions, test_providers
from tests.emulator.calls import at, invoke, refused
from tests.emulator.conftest import Cloud, Credentials
from tests.emulator.totp import codes

ANN = {"UserName": "Ann"}
TEAM = {"GroupName": "Team"}
PASSWORD = "Correct-Horse-1"

_USER = {"UserId", "UserName", "DisplayName", "MobilePhone", "Email", "Comments", "CreateDate"}
_GROUP = {"GroupId", "GroupName", "Comments", "CreateDate"}
_PROFILE = {"UserName", "PasswordResetRequired", "MFABindRequired", "CreateDate"}
_DONE = {"RequestId"}
_POLICY = {
    "MinimumPasswordLength",
    "RequireLowercaseCharacters",
    "RequireUppercaseCharacters",
    "RequireNumbers",
    "RequireSymbols",
    "HardExpiry",
    "MaxPasswordAge",
    "PasswordReusePrevention",
    "MaxLoginAttemps",
}
_PREFERENCE = {
    "LoginProfilePreference",
    "AccessKeyPreference",
    "MFAPreference",
    "PublicKeyPreference",
}
_IMS_USER = {
    *(_USER - {"UserName"}),
    "UserPrincipalName",
    "UpdateDate",
    "LastLoginDate",
    "ProvisionType",
    "Tags",
}
_PRINCIPAL = {"UserPrincipalName": "ann@{domain}"}
_IMS_PROFILE = {
    *(_PROFILE - {"UserName", "CreateDate"}),
    "UserPrincipalName",
    "Status",
    "PasswordStatus",
    "UpdateDate",
    "AutoDisableLoginStatus",
}
_TARGET = {"ResourceType": "user", "ResourcePrincipalName": ["ann@{domain}"]}

# action (IMS ones marked), parameters, path to the reply's object, its fields. In this order they
# all succeed on one account; `{key}`, `{serial}` and `{domain}` are what earlier steps gave.
STEPS: list[tuple[str, dict[str, Any], str, set[str]]] = [
    (
        "CreateUser",
        {
            **ANN,
            "DisplayName": "Ann 安",
            "Email": "ann@example.com",
            "MobilePhone": "86-13900000000",
            "Comments": "c",
        },
        "User",
        _USER,
    ),
    ("GetUser", {"UserName": "ANN"}, "User", {*_USER, "UpdateDate", "LastLoginDate"}),
    (
        "UpdateUser",
        {**ANN, "NewUserName": "Ann", "NewDisplayName": "Anna"},
        "User",
        {*_USER, "UpdateDate"},
    ),
    ("ListUsers", {}, "Users.User.0", {*_USER, "UpdateDate"}),
    ("CreateGroup", {**TEAM, "Comments": "c"}, "Group", _GROUP),
    ("GetGroup", {"GroupName": "TEAM"}, "Group", {*_GROUP, "UpdateDate"}),
    ("UpdateGroup", {**TEAM, "NewComments": "d"}, "Group", {*_GROUP, "UpdateDate"}),
    ("ListGroups", {"MaxItems": 100}, "Groups.Group.0", {*_GROUP, "UpdateDate"}),
    ("AddUserToGroup", {**ANN, **TEAM}, "", _DONE),
    (
        "ListGroupsForUser",
        ANN,
        "Groups.Group.0",
        {"GroupId", "GroupName", "Comments", "JoinDate"},
    ),
    (
        "ListUsersForGroup",
        {**TEAM, "MaxItems": 1000},
        "Users.User.0",
        {"UserName", "DisplayName", "JoinDate"},
    ),
    ("RemoveUserFromGroup", {**ANN, **TEAM}, "", _DONE),
    ("DeleteGroup", TEAM, "", _DONE),
    (
        "CreateLoginProfile",
        {**ANN, "Password": PASSWORD, "PasswordResetRequired": True},
        "LoginProfile",
        _PROFILE,
    ),
    ("GetLoginProfile", ANN, "LoginProfile", _PROFILE),
    ("UpdateLoginProfile", {**ANN, "MFABindRequired": True}, "", _DONE),
    ("ims:GetLoginProfile", _PRINCIPAL, "LoginProfile", {*_IMS_PROFILE, "LastLoginTime"}),
    (
        "ims:UpdateLoginProfile",
        {**_PRINCIPAL, "Status": "Inactive"},
        "LoginProfile",
        _IMS_PROFILE,
    ),
    (
        "CreateAccessKey",
        ANN,
        "AccessKey",
        {"AccessKeyId", "AccessKeySecret", "Status", "CreateDate"},
    ),
    (
        "ListAccessKeys",
        ANN,
        "AccessKeys.AccessKey.0",
        {"AccessKeyId", "Status", "CreateDate"},
    ),
    (
        "GetAccessKeyLastUsed",
        {**ANN, "UserAccessKeyId": "{key}"},
        "AccessKeyLastUsed",
        {"LastUsedDate"},
    ),
    ("ChangePassword", {"OldPassword": PASSWORD, "NewPassword": f"{PASSWORD}2"}, "", _DONE),
    ("UpdateAccessKey", {**ANN, "UserAccessKeyId": "{key}", "Status": "Inactive"}, "", _DONE),
    ("DeleteAccessKey", {**ANN, "UserAccessKeyId": "{key}"}, "", _DONE),
    ("DeleteLoginProfile", ANN, "", _DONE),
    (
        "ims:CreateLoginProfile",
        {**_PRINCIPAL, "Password": PASSWORD, "Status": "Inactive"},
        "LoginProfile",
        _IMS_PROFILE - {"AutoDisableLoginStatus"},
    ),
    ("ims:DeleteLoginProfile", _PRINCIPAL, "", _DONE),
    (
        "CreateVirtualMFADevice",
        {"VirtualMFADeviceName": "phone"},
        "VirtualMFADevice",
        {"SerialNumber", "Base32StringSeed", "QRCodePNG"},
    ),
    ("BindMFADevice", {**ANN, "SerialNumber": "{serial}"}, "", _DONE),
    ("GetUserMFAInfo", ANN, "MFADevice", {"SerialNumber", "Type"}),
    (
        "ListVirtualMFADevices",
        {},
        "VirtualMFADevices.VirtualMFADevice.0",
        {"SerialNumber", "ActivateDate", "User"},
    ),
    ("UnbindMFADevice", ANN, "MFADevice", {"SerialNumber"}),
    ("DeleteVirtualMFADevice", {"SerialNumber": "{serial}"}, "", _DONE),
    ("ims:GetDefaultDomain", {}, "", {"DefaultDomainName", "RequestId"}),
    ("ims:TagResources", {**_TARGET, "Tag": [{"Key": "team", "Value": "blue"}]}, "", _DONE),
    (
        "ims:ListTagResources",
        _TARGET,
        "TagResources.TagResource.0",
        {"ResourceId", "ResourceType", "TagKey", "TagValue"},
    ),
    ("ims:ListUsers", {}, "Users.User.0", {*_IMS_USER, "Status"}),
    (
        "ims:GetUser",
        _PRINCIPAL,
        "User",
        {*_IMS_USER, "UserName"},
    ),
    ("ims:UntagResources", {**_TARGET, "TagKey": ["team"]}, "", _DONE),
    (
        "ims:GetAccountSummary",
        {},
        "SummaryMap",
        {
            *(
                f"{kind}{end}"
                for kind in ("Users", "Groups", "Roles", "Policies")
                for end in ("", "Quota")
            ),
            *(
                f"Attached{system}PoliciesPer{kind}Quota"
                for system in ("", "System")
                for kind in ("User", "Group", "Role")
            ),
            "GroupsPerUserQuota",
            "PolicySizeQuota",
            "VersionsPerPolicyQuota",
            "AccessKeysPerUserQuota",
            "AccountAccessKeysPerAccountQuota",
            "MFADevices",
            "MFADevicesInUse",
            "VirtualMFADevicesQuota",
            "IPItemsPerAKPolicyQuota",
            "ConditionsPerAKPolicyQuota",
            "AuthorizedClientPerUserQuota",
            "ServiceCredentialsPerUserPerServiceQuota",
        },
    ),
    ("DeleteUser", ANN, "", _DONE),
    ("SetAccountAlias", {"AccountAlias": "{alias}"}, "", _DONE),
    ("GetAccountAlias", {}, "", {"AccountAlias", "RequestId"}),
    ("ClearAccountAlias", {}, "", _DONE),
    ("SetPasswordPolicy", {"MinimumPasswordLength": 12}, "PasswordPolicy", _POLICY),
    ("GetPasswordPolicy", {}, "PasswordPolicy", _POLICY),
    ("SetSecurityPreference", {"LoginSessionDuration": 8}, "SecurityPreference", _PREFERENCE),
    ("GetSecurityPreference", {}, "SecurityPreference", _PREFERENCE),
]


def _filled(parameters: dict[str, Any], known: dict[str, str]) -> dict[str, Any]:
    def fill(value: Any) -> Any:
        if isinstance(value, str):
            for name, text in known.items():
                value = value.replace("{" + name + "}", text)
        return [fill(v) for v in value] if isinstance(value, list) else value

    return {name: fill(value) for name, value in parameters.items()}


def test_each_action_succeeds_with_its_documented_fields(cloud: Cloud) -> None:
    known = {"alias": f"alias-{cloud.id}", "domain": f"{cloud.account.alias}.onaliyun.com"}
    clients = {"ims": cloud.ims(), "ram": cloud.ram()}
    secrets = {"key": "", "seed": ""}
    for step, parameters, path, fields in STEPS:
        action = step.removeprefix("ims:")
        client: Any = clients["ims" if step != action else "ram"]
        given = _filled(parameters, known)
        if action == "ChangePassword":
            client = cloud.ram(Credentials(known["key"], secrets["key"]))
        if action == "BindMFADevice":
            given |= codes(secrets["seed"])
        body = invoke(client, action, **given)
        assert set(at(body, path)) == fields, step
        if action == "CreateAccessKey":
            known["key"] = body["AccessKey"]["AccessKeyId"]
            secrets["key"] = body["AccessKey"]["AccessKeySecret"]
        if action == "CreateVirtualMFADevice":
            known["serial"] = body["VirtualMFADevice"]["SerialNumber"]
            secrets["seed"] = body["VirtualMFADevice"]["Base32StringSeed"]


def test_every_action_is_shown_once_at_least() -> None:
    ours = {step for step, *_ in STEPS}
    others = {action for action, *_ in test_actions.STEPS}
    others |= {f"ims:{action}" for action, *_ in test_providers.STEPS}
    # These have files of their own.
    others |= {"DecodeDiagnosticMessage", "ListPolicyAttachments", "LookupEvents"}
    others |= {"AssumeRoleWithOIDC", "AssumeRoleWithSAML"}
    others |= {f"ims:{name}CredentialReport" for name in ("Generate", "Get")}
    one = ("Create", "Get", "Update", "Delete")
    others |= {f"ims:{name}ServiceCredential" for name in one}
    others |= {"ims:ListUserBasicInfos", "ims:ListServiceCredentials"}
    ims = {f"ims:{name}" for version, name in ACTIONS if version == "2019-08-15"}
    assert ours | others == ims | {name for version, name in ACTIONS if version != "2019-08-15"}


def test_the_journal_and_the_state_keep_no_secret(cloud: Cloud) -> None:
    ram = cloud.ram()
    invoke(ram, "CreateUser", **ANN)
    invoke(ram, "CreateLoginProfile", **ANN, Password=PASSWORD)
    key = invoke(ram, "CreateAccessKey", **ANN)["AccessKey"]
    mine = cloud.ram(Credentials(key["AccessKeyId"], key["AccessKeySecret"]))
    invoke(mine, "ChangePassword", OldPassword=PASSWORD, NewPassword=f"{PASSWORD}2")
    seed = invoke(ram, "CreateVirtualMFADevice", VirtualMFADeviceName="phone")["VirtualMFADevice"]
    digits = codes(seed["Base32StringSeed"])
    invoke(ram, "BindMFADevice", **ANN, SerialNumber=seed["SerialNumber"], **digits)
    invoke(ram, "UpdateLoginProfile", **ANN, PasswordResetRequired=True)
    journal = cloud.admin.journal(cloud.id)
    shown = str(journal) + str(cloud.admin.state(cloud.id))
    for secret in (PASSWORD, key["AccessKeySecret"], seed["Base32StringSeed"], *digits.values()):
        assert secret not in shown
    assert PASSWORD not in str(cloud.admin.save())
    assert journal[-1]["parameters"] == {"UserName": "Ann", "PasswordResetRequired": "True"}


def test_true_state_of_users_and_groups(hostile: Cloud) -> None:
    ram = hostile.ram()
    invoke(ram, "CreateUser", **ANN, DisplayName="Anna", Email="ann@example.com", Comments="c")
    invoke(ram, "CreateGroup", **TEAM, Comments="d")
    invoke(ram, "AddUserToGroup", **ANN, **TEAM)
    read = {"PolicyType": "System", "PolicyName": "ReadOnlyAccess"}
    invoke(ram, "AttachPolicyToUser", **ANN, **read)
    invoke(ram, "AttachPolicyToGroup", **TEAM, **read)
    invoke(ram, "CreateLoginProfile", **ANN, Password=PASSWORD, MFABindRequired=True)
    key = invoke(ram, "CreateAccessKey", **ANN)["AccessKey"]["AccessKeyId"]
    device = invoke(ram, "CreateVirtualMFADevice", VirtualMFADeviceName="p")["VirtualMFADevice"]
    serial = device["SerialNumber"]
    digits = codes(device["Base32StringSeed"])
    invoke(ram, "BindMFADevice", **ANN, SerialNumber=serial, **digits)
    domain = f"{hostile.account.alias}.onaliyun.com"
    target = {"ResourceType": "user", "ResourcePrincipalName": [f"ann@{domain}"]}
    invoke(hostile.ims(), "TagResources", **target, Tag=[{"Key": "k", "Value": "v"}])
    state = hostile.admin.state(hostile.id)
    user, group = dict(state["users"]["Ann"]), dict(state["groups"]["Team"])
    assert user.pop("userId").isdigit()
    assert group.pop("groupId").startswith("g-")
    assert user == {
        "displayName": "Anna",
        "email": "ann@example.com",
        "mobilePhone": "",
        "comments": "c",
        "policies": [["System", "ReadOnlyAccess"]],
        "groups": ["Team"],
        "loginProfile": {
            "passwordResetRequired": False,
            "mfaBindRequired": True,
            "status": "Active",
        },
        "accessKeys": [{"id": key, "status": "Active"}],
        "mfa": {"serialNumber": serial},
        "tags": {"k": "v"},
    }
    assert group == {
        "comments": "d",
        "members": ["Ann"],
        "policies": [["System", "ReadOnlyAccess"]],
    }
    assert state["mfaDevices"] == {"p": {"serialNumber": serial, "user": "Ann"}}


def test_everything_of_a_user_survives_save_and_load(cloud: Cloud) -> None:
    ram = cloud.ram()
    invoke(ram, "CreateUser", **ANN, Comments="c")
    invoke(ram, "CreateGroup", **TEAM)
    invoke(ram, "AddUserToGroup", **ANN, **TEAM)
    invoke(ram, "CreateLoginProfile", **ANN, Password=PASSWORD)
    key = invoke(ram, "CreateAccessKey", **ANN)["AccessKey"]
    device = invoke(ram, "CreateVirtualMFADevice", VirtualMFADeviceName="p")["VirtualMFADevice"]
    digits = codes(device["Base32StringSeed"])
    invoke(ram, "BindMFADevice", **ANN, SerialNumber=device["SerialNumber"], **digits)
    invoke(ram, "SetPasswordPolicy", MinimumPasswordLength=14)
    invoke(ram, "ClearAccountAlias")
    invoke(ram, "CreateUser", UserName="gone")
    invoke(ram, "DeleteUser", UserName="gone")
    saved, before = cloud.admin.save(), cloud.admin.state(cloud.id)
    invoke(ram, "RemoveUserFromGroup", **ANN, **TEAM)
    invoke(ram, "DeleteLoginProfile", **ANN)
    cloud.admin.load(saved)
    assert cloud.admin.state(cloud.id) == before
    assert cloud.admin.save() == saved
    mine = cloud.ram(Credentials(key["AccessKeyId"], key["AccessKeySecret"]))
    invoke(mine, "ChangePassword", OldPassword=PASSWORD, NewPassword=f"{PASSWORD}2")
    cloud.set(deleted_user_name_reserved_seconds=3600.0)
    error = refused(ram, "CreateUser", UserName="gone")
    assert error.code == "EntityAlreadyExists.User"
