"""Each documented error of actions on users, groups, credentials and settings, by the real SDK."""

from __future__ import annotations

from typing import Any

import pytest

from lab.emulator_process import EmulatorProcess
from ram_emulator.gateway import ACTIONS
from tests.emulator import test_errors
from tests.emulator.calls import invoke, refused
from tests.emulator.conftest import Cloud, Credentials
from tests.emulator.errors import Row, assert_refused, bad_names
from tests.emulator.totp import codes

ANN = {"UserName": "ann"}
TEAM = {"GroupName": "team"}
PASSWORD = "Correct-Horse-1"
LONG = "x" * 129
KEY = {"UserAccessKeyId": "LTAI-none"}
CODES = {"AuthenticationCode1": "000000", "AuthenticationCode2": "000001"}

# A call that only lacks a good user or group name.
USER_CALLS: dict[str, dict[str, Any]] = {
    "GetUser": {},
    "UpdateUser": {},
    "DeleteUser": {},
    "ListGroupsForUser": {},
    "AddUserToGroup": TEAM,
    "RemoveUserFromGroup": TEAM,
    "CreateLoginProfile": {"Password": PASSWORD},
    "GetLoginProfile": {},
    "UpdateLoginProfile": {},
    "DeleteLoginProfile": {},
    "UnbindMFADevice": {},
    "GetUserMFAInfo": {},
    "BindMFADevice": {"SerialNumber": "x", **CODES},
}
GROUP_CALLS: dict[str, dict[str, Any]] = {
    "GetGroup": {},
    "UpdateGroup": {},
    "DeleteGroup": {},
    "ListUsersForGroup": {},
    "AddUserToGroup": ANN,
    "RemoveUserFromGroup": ANN,
}
KEY_CALLS: dict[str, dict[str, Any]] = {
    "CreateAccessKey": {},
    "ListAccessKeys": {},
    "UpdateAccessKey": {**KEY, "Status": "Active"},
    "DeleteAccessKey": KEY,
    "GetAccessKeyLastUsed": KEY,
}


def _texts(action: str, rest: dict[str, Any], prefix: str) -> list[Row]:
    """Wrong optional texts of a user."""
    code = "InvalidParameter"
    return [
        (
            action,
            {**rest, f"{prefix}DisplayName": "<b>"},
            f"{code}.{prefix}DisplayName.InvalidChars",
        ),
        (action, {**rest, f"{prefix}DisplayName": LONG}, f"{code}.{prefix}DisplayName.Length"),
        (action, {**rest, f"{prefix}Comments": LONG}, f"{code}.{prefix}Comments.Length"),
        (action, {**rest, f"{prefix}Email": "ann"}, f"{code}.{prefix}Email.Format"),
        (
            action,
            {**rest, f"{prefix}MobilePhone": "139"},
            f"{code}.{prefix}MobilePhone.Format",
        ),
    ]


def _range(action: str, name: str, *values: int) -> list[Row]:
    return [(action, {name: value}, f"InvalidParameter.{name}.Range") for value in values]


ROWS: list[Row] = [
    *bad_names("CreateUser", {"UserName": "new"}, "UserName", 64),
    ("CreateUser", {"UserName": "a@b"}, "InvalidParameter.UserName.InvalidChars"),
    *_texts("CreateUser", {"UserName": "new"}, ""),
    ("CreateUser", {"UserName": "ANN"}, "EntityAlreadyExists.User"),
    *(
        row
        for action, rest in USER_CALLS.items()
        for row in [
            *bad_names(action, {**rest, **ANN}, "UserName", 64),
            (action, {**rest, "UserName": "ghost"}, "EntityNotExist.User"),
        ]
    ),
    *_texts("UpdateUser", ANN, "New"),
    ("UpdateUser", {**ANN, "NewUserName": "a b"}, "InvalidParameter.NewUserName.InvalidChars"),
    ("UpdateUser", {**ANN, "NewUserName": ""}, "InvalidParameter.NewUserName.Length"),
    ("UpdateUser", {**ANN, "NewUserName": "Bob"}, "EntityAlreadyExists.User"),
    ("DeleteUser", ANN, "DeleteConflict.User.Group"),
    ("ListUsers", {"Marker": "bad"}, "InvalidParameter.Marker"),
    *bad_names("CreateGroup", {"GroupName": "new"}, "GroupName", 64),
    ("CreateGroup", {"GroupName": "new", "Comments": LONG}, "InvalidParameter.Comments.Length"),
    ("CreateGroup", {"GroupName": "Team"}, "EntityAlreadyExists.Group"),
    *(
        row
        for action, rest in GROUP_CALLS.items()
        for row in [
            *bad_names(action, {**rest, **TEAM}, "GroupName", 64),
            (action, {**rest, "GroupName": "ghost"}, "EntityNotExist.Group"),
        ]
    ),
    ("UpdateGroup", {**TEAM, "NewGroupName": "a b"}, "InvalidParameter.NewGroupName.InvalidChars"),
    ("UpdateGroup", {**TEAM, "NewComments": LONG}, "InvalidParameter.NewComments.Length"),
    ("UpdateGroup", {**TEAM, "NewGroupName": "Empty"}, "EntityAlreadyExists.Group"),
    ("DeleteGroup", TEAM, "DeleteConflict.Group.User"),
    ("DeleteGroup", {"GroupName": "holding"}, "DeleteConflict.Group.Policy"),
    ("ListGroups", {"MaxItems": "many"}, "InvalidParameter.MaxItems"),
    ("ListGroups", {"Marker": "bad"}, "InvalidParameter.Marker"),
    ("AddUserToGroup", {**ANN, "GroupName": "TEAM"}, "EntityAlreadyExists.User.Group"),
    ("RemoveUserFromGroup", {**ANN, "GroupName": "empty"}, "EntityNotExist.User.Group"),
    ("ListUsersForGroup", {**TEAM, "Marker": "bad"}, "InvalidParameter.Marker"),
    ("CreateLoginProfile", ANN, "MissingParameter"),
    (
        "CreateLoginProfile",
        {"UserName": "bob", "Password": "short"},
        "InvalidParameter.Password.TooWeak",
    ),
    ("CreateLoginProfile", {**ANN, "Password": PASSWORD}, "EntityAlreadyExists.User.LoginProfile"),
    ("UpdateLoginProfile", {**ANN, "Password": "short"}, "InvalidParameter.Password.TooWeak"),
    *(
        (f"{verb}LoginProfile", {"UserName": "bob"}, "EntityNotExist.User.LoginProfile")
        for verb in ("Get", "Update", "Delete")
    ),
    ("ChangePassword", {"OldPassword": "x"}, "MissingParameter"),
    (
        "ChangePassword",
        {"OldPassword": "x", "NewPassword": "y"},
        "EntityNotExist.User.LoginProfile",
    ),
    *(
        row
        for action, rest in KEY_CALLS.items()
        for row in [
            (action, {**rest, "UserName": "a b"}, "InvalidParameter.UserName.InvalidChars"),
            (action, {**rest, "UserName": "x" * 65}, "InvalidParameter.UserName.Length"),
            (action, {**rest, "UserName": "ghost"}, "EntityNotExist.User"),
        ]
    ),
    ("CreateAccessKey", {"UserName": "full"}, "LimitExceeded.User.AccessKey"),
    (
        "UpdateAccessKey",
        {**ANN, **KEY, "Status": "Off"},
        "InvalidParameter.Status",
    ),
    ("UpdateAccessKey", {**ANN, "Status": "Active"}, "MissingParameter"),
    ("UpdateAccessKey", {**ANN, **KEY, "Status": "Active"}, "EntityNotExist.User.AccessKey"),
    ("DeleteAccessKey", {**ANN, **KEY}, "EntityNotExist.User.AccessKey"),
    ("GetAccessKeyLastUsed", {**ANN, **KEY}, "EntityNotExist.User.AccessKey"),
    *bad_names("CreateVirtualMFADevice", {}, "VirtualMFADeviceName", 64),
    (
        "CreateVirtualMFADevice",
        {"VirtualMFADeviceName": "BOUND"},
        "EntityAlreadyExists.VirtualMFADevice",
    ),
    (
        "DeleteVirtualMFADevice",
        {"SerialNumber": "acs:ram::{id}:mfa/ghost"},
        "EntityNotExist.VirtualMFADevice",
    ),
    (
        "DeleteVirtualMFADevice",
        {"SerialNumber": "acs:ram::1:mfa/bound"},
        "EntityNotExist.VirtualMFADevice",
    ),
    (
        "DeleteVirtualMFADevice",
        {"SerialNumber": "acs:ram::{id}:mfa/bound"},
        "DeleteConflict.VirtualMFADevice.User",
    ),
    (
        "BindMFADevice",
        {**ANN, "SerialNumber": "acs:ram::{id}:mfa/free", **CODES, "AuthenticationCode1": "12"},
        "InvalidParameter.AuthenticationCode.Format",
    ),
    (
        "BindMFADevice",
        {"UserName": "bob", "SerialNumber": "acs:ram::{id}:mfa/ghost", **CODES},
        "EntityNotExist.VirtualMFADevice",
    ),
    (
        "BindMFADevice",
        {**ANN, "SerialNumber": "acs:ram::{id}:mfa/free", **CODES},
        "EntityAlreadyExists.User.MFADevice",
    ),
    (
        "BindMFADevice",
        {"UserName": "bob", "SerialNumber": "acs:ram::{id}:mfa/bound", **CODES},
        "EntityAlreadyExists.VirtualMFADevice.User",
    ),
    (
        "BindMFADevice",
        {"UserName": "bob", "SerialNumber": "acs:ram::{id}:mfa/free", **CODES},
        "CheckAuthenticationCodeFail",
    ),
    ("UnbindMFADevice", {"UserName": "bob"}, "EntityNotExist.User.MFADevice"),
    ("GetUserMFAInfo", {"UserName": "bob"}, "EntityNotExist.User.MFADevice"),
    *(
        ("SetAccountAlias", {"AccountAlias": alias}, "InvalidParameter.AccountAlias.Format")
        for alias in ("Upper", "-edge", "edge-", "dou--ble", "under_score")
    ),
    ("SetAccountAlias", {"AccountAlias": "ab"}, "InvalidParameter.AccountAlias.Length"),
    ("SetAccountAlias", {"AccountAlias": "x" * 33}, "InvalidParameter.AccountAlias.Length"),
    ("SetAccountAlias", {}, "MissingParameter"),
    ("SetAccountAlias", {"AccountAlias": "{other}"}, "EntityAlreadyExists.AccountAlias"),
    *_range("SetPasswordPolicy", "MinimumPasswordLength", 7, 33),
    *_range("SetPasswordPolicy", "MaxPasswordAge", -1, 1096),
    *_range("SetPasswordPolicy", "PasswordReusePrevention", 25),
    *_range("SetPasswordPolicy", "MaxLoginAttemps", 33),
    *_range("SetSecurityPreference", "LoginSessionDuration", 0, 25),
    (
        "SetSecurityPreference",
        {"LoginNetworkMasks": "10.0.0.0/8;;x"},
        "InvalidParameter.LoginNetworkMasks.Format",
    ),
    (
        "SetSecurityPreference",
        {"LoginNetworkMasks": ";".join(["10.0.0.1"] * 41)},
        "InvalidParameter.LoginNetworkMasks.Length",
    ),
    (
        "SetSecurityPreference",
        {"LoginNetworkMasks": "1" * 513},
        "InvalidParameter.LoginNetworkMasks.Length",
    ),
]

# Nothing can be wrong with a call that has no parameters; GetAccountAlias has its own switch.
WITHOUT_ERRORS = {
    "GetAccountAlias",
    "ClearAccountAlias",
    "GetPasswordPolicy",
    "GetSecurityPreference",
    "ListVirtualMFADevices",
}


@pytest.fixture(scope="module")
def stage(process: EmulatorProcess) -> Cloud:
    """An account in which every row of the table has something to stumble over."""
    process.admin.create_account("1000000000007777")
    cloud = Cloud(process, process.admin.create_account(behaviours="friendly"))
    ram = cloud.ram()
    for name in ("ann", "bob", "full"):
        invoke(ram, "CreateUser", UserName=name)
    for name in ("team", "empty", "holding"):
        invoke(ram, "CreateGroup", GroupName=name)
    invoke(ram, "AddUserToGroup", **ANN, **TEAM)
    given = {"PolicyType": "System", "PolicyName": "ReadOnlyAccess", "GroupName": "holding"}
    invoke(ram, "AttachPolicyToGroup", **given)
    invoke(ram, "CreateLoginProfile", **ANN, Password=PASSWORD)
    for _ in range(2):
        invoke(ram, "CreateAccessKey", UserName="full")
    for name in ("bound", "free"):
        device = invoke(ram, "CreateVirtualMFADevice", VirtualMFADeviceName=name)
        if name == "bound":
            row = device["VirtualMFADevice"]
            digits = codes(row["Base32StringSeed"])
            invoke(ram, "BindMFADevice", **ANN, SerialNumber=row["SerialNumber"], **digits)
    return cloud


@pytest.mark.parametrize(
    ("action", "parameters", "code"),
    ROWS,
    ids=[f"{action}-{code}-{number}" for number, (action, _, code) in enumerate(ROWS)],
)
def test_documented_error(stage: Cloud, action: str, parameters: dict[str, Any], code: str) -> None:
    filled = {
        name: value.replace("{id}", stage.id).replace("{other}", "emulated-1000000000007777")
        if isinstance(value, str)
        else value
        for name, value in parameters.items()
    }
    assert_refused(stage, action, filled, code)


def test_every_ram_action_has_an_error_row() -> None:
    shown = {action for action, *_ in (*ROWS, *test_errors.ROWS)}
    ram = {name for version, name in ACTIONS if version == "2015-05-01"}
    assert shown | WITHOUT_ERRORS == ram


def test_a_user_goes_when_nothing_is_left(cloud: Cloud) -> None:
    """One conflict is named per call; removing each in turn leads to the next."""
    ram = cloud.ram()
    invoke(ram, "CreateUser", **ANN)
    invoke(ram, "CreateGroup", **TEAM)
    invoke(ram, "AddUserToGroup", **ANN, **TEAM)
    key = invoke(ram, "CreateAccessKey", **ANN)["AccessKey"]["AccessKeyId"]
    invoke(ram, "CreateLoginProfile", **ANN, Password=PASSWORD)
    device = invoke(ram, "CreateVirtualMFADevice", VirtualMFADeviceName="p")["VirtualMFADevice"]
    digits = codes(device["Base32StringSeed"])
    invoke(ram, "BindMFADevice", **ANN, SerialNumber=device["SerialNumber"], **digits)
    policy = {"PolicyType": "System", "PolicyName": "ReadOnlyAccess"}
    invoke(ram, "AttachPolicyToUser", **ANN, **policy)
    for blocker, action, given in [
        ("Group", "RemoveUserFromGroup", {**ANN, **TEAM}),
        ("AccessKey", "DeleteAccessKey", {**ANN, "UserAccessKeyId": key}),
        ("LoginProfile", "DeleteLoginProfile", ANN),
        ("MFADevice", "UnbindMFADevice", ANN),
        ("Policy", "DetachPolicyFromUser", {**ANN, **policy}),
    ]:
        error = refused(ram, "DeleteUser", **ANN)
        assert (error.code, error.status_code) == (f"DeleteConflict.User.{blocker}", 409)
        invoke(ram, action, **given)
    invoke(ram, "DeleteUser", **ANN)
    assert refused(ram, "DeleteUser", **ANN).code == "EntityNotExist.User"


def test_quotas_of_the_account(process: EmulatorProcess) -> None:
    quotas = {"users": 2, "groups": 2, "groupsPerUser": 1, "mfaDevices": 1, "tagsPerResource": 1}
    account = process.admin.create_account(behaviours="friendly", quotas=quotas)
    cloud = Cloud(process, account)
    ram = cloud.ram()
    user_id = invoke(ram, "CreateUser", **ANN)["User"]["UserId"]
    for name in ("one", "two"):
        invoke(ram, "CreateGroup", GroupName=name)
    invoke(ram, "AddUserToGroup", **ANN, GroupName="one")
    invoke(ram, "CreateVirtualMFADevice", VirtualMFADeviceName="p")
    two = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    rows: list[Row] = [
        ("CreateUser", {"UserName": "more"}, "LimitExceeded.User"),
        ("CreateGroup", {"GroupName": "more"}, "LimitExceeded.Group"),
        ("AddUserToGroup", {**ANN, "GroupName": "two"}, "LimitExceeded.User.Group"),
        (
            "CreateVirtualMFADevice",
            {"VirtualMFADeviceName": "more"},
            "LimitExceeded.VirtualMFADevice",
        ),
        (
            "ims:TagResources",
            {"ResourceType": "user", "ResourceId": [user_id], "Tag": two},
            "LimitExceeded.Tag",
        ),
    ]
    for action, parameters, code in rows:
        assert_refused(cloud, action, parameters, code)


def test_the_root_has_no_password_and_keys_of_its_own(cloud: Cloud) -> None:
    root = cloud.ram(cloud.root)
    error = refused(root, "ChangePassword", OldPassword="x", NewPassword="y")
    assert (error.code, error.status_code) == ("NotSupport.Account", 400)
    for _ in range(4):
        key = invoke(root, "CreateAccessKey")["AccessKey"]
    assert refused(root, "CreateAccessKey").code == "LimitExceeded.User.AccessKey"
    assert len(invoke(root, "ListAccessKeys")["AccessKeys"]["AccessKey"]) == 5
    mine = Credentials(key["AccessKeyId"], key["AccessKeySecret"])
    assert invoke(cloud.sts(mine), "GetCallerIdentity")["IdentityType"] == "Account"
