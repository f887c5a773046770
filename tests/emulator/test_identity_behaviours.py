"""Each switch about users, groups, credentials and settings under both its values."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

from ram_emulator.behaviours import BEHAVIOURS
from ram_emulator.behaviours_of_lists import BEHAVIOURS_OF_LISTS
from tests.emulator import test_behaviours, test_providers
from tests.emulator.calls import invoke, policy, refused
from tests.emulator.conftest import Cloud, Credentials
from tests.emulator.totp import codes

ANN = {"UserName": "ann"}
TEAM = {"GroupName": "team"}
PASSWORD = "Correct-Horse-1"
TEXTS = {
    "DisplayName": "Ann",
    "Email": "ann@example.com",
    "MobilePhone": "86-13900000000",
    "Comments": "c",
}


def _user(cloud: Cloud) -> dict[str, Any]:
    return dict(cloud.admin.state(cloud.id)["users"]["ann"])


def _texts(cloud: Cloud) -> list[str]:
    user = _user(cloud)
    return [user[name] for name in ("displayName", "email", "mobilePhone", "comments")]


def update_user_omitted_fields(cloud: Cloud, hostile: bool) -> None:
    ram = cloud.ram()
    invoke(ram, "CreateUser", **ANN, **TEXTS)
    invoke(ram, "UpdateUser", **ANN, NewUserName="ann", NewComments="new")
    kept = ["", "", ""] if hostile else ["Ann", "ann@example.com", "86-13900000000"]
    assert _texts(cloud) == [*kept, "new"]
    given = {f"New{name}": value for name, value in TEXTS.items()}
    invoke(ram, "UpdateUser", **ANN, **given)
    assert _texts(cloud) == list(TEXTS.values())


def update_user_needs_new_name(cloud: Cloud, hostile: bool) -> None:
    ram = cloud.ram()
    invoke(ram, "CreateUser", **ANN)
    if hostile:
        assert refused(ram, "UpdateUser", **ANN, NewComments="x").code == "MissingParameter"
    else:
        invoke(ram, "UpdateUser", **ANN, NewComments="x")
    invoke(ram, "UpdateUser", **ANN, NewUserName="ann", NewComments="y")
    assert _user(cloud)["comments"] == "y"


def update_group_omitted_fields(cloud: Cloud, hostile: bool) -> None:
    ram = cloud.ram()
    invoke(ram, "CreateGroup", **TEAM, Comments="c")
    body = invoke(ram, "UpdateGroup", **TEAM, NewGroupName="crew")
    assert body["Group"]["Comments"] == ("" if hostile else "c")


def update_login_profile_omitted_fields(cloud: Cloud, hostile: bool) -> None:
    ram = cloud.ram()
    invoke(ram, "CreateUser", **ANN)
    flags = {"PasswordResetRequired": True, "MFABindRequired": True}
    invoke(ram, "CreateLoginProfile", **ANN, Password=PASSWORD, **flags)
    invoke(ram, "UpdateLoginProfile", **ANN, PasswordResetRequired=True)
    profile = invoke(ram, "GetLoginProfile", **ANN)["LoginProfile"]
    assert profile["PasswordResetRequired"] is True
    assert profile["MFABindRequired"] is (not hostile)
    invoke(ram, "UpdateLoginProfile", **ANN, **dict.fromkeys(flags, False))
    profile = invoke(ram, "GetLoginProfile", **ANN)["LoginProfile"]
    assert [profile[name] for name in flags] == [False, False]


def comments_can_be_cleared(cloud: Cloud, hostile: bool) -> None:
    ram = cloud.ram()
    invoke(ram, "CreateUser", **ANN, **TEXTS)
    invoke(ram, "UpdateUser", **ANN, **{f"New{name}": "" for name in TEXTS})
    assert _texts(cloud) == (list(TEXTS.values()) if hostile else [""] * 4)
    invoke(ram, "CreateGroup", **TEAM, Comments="c")
    body = invoke(ram, "UpdateGroup", **TEAM, NewComments="")
    assert body["Group"]["Comments"] == ("c" if hostile else "")


def deleted_user_name_reserved_seconds(cloud: Cloud, hostile: bool) -> None:
    ram = cloud.ram()
    first = invoke(ram, "CreateUser", **ANN)["User"]["UserId"]
    invoke(ram, "DeleteUser", **ANN)
    if hostile:
        assert refused(ram, "GetUser", **ANN).code == "EntityNotExist.User"
        assert refused(ram, "CreateUser", UserName="ANN").code == "EntityAlreadyExists.User"
        cloud.admin.advance_clock(5)
    assert invoke(ram, "CreateUser", **ANN)["User"]["UserId"] != first


def delete_user_conflict_order(cloud: Cloud, hostile: bool) -> None:
    ram = cloud.ram()
    invoke(ram, "CreateUser", **ANN)
    invoke(ram, "CreateAccessKey", **ANN)
    invoke(ram, "CreateLoginProfile", **ANN, Password=PASSWORD)
    code = refused(ram, "DeleteUser", **ANN).code
    assert code == f"DeleteConflict.User.{'LoginProfile' if hostile else 'AccessKey'}"


def settings_set_replaces_all(cloud: Cloud, hostile: bool) -> None:
    ram = cloud.ram()
    invoke(ram, "SetPasswordPolicy", MinimumPasswordLength=12, RequireNumbers=True)
    invoke(ram, "SetPasswordPolicy", RequireNumbers=True)
    found = invoke(ram, "GetPasswordPolicy")["PasswordPolicy"]
    assert found["MinimumPasswordLength"] == (8 if hostile else 12)
    assert found["RequireNumbers"] is True
    masks = "10.0.0.0/8;192.168.0.0/16"
    invoke(ram, "SetSecurityPreference", LoginNetworkMasks=masks, LoginSessionDuration=2)
    invoke(ram, "SetSecurityPreference", LoginSessionDuration=2)
    login = invoke(ram, "GetSecurityPreference")["SecurityPreference"]["LoginProfilePreference"]
    assert login["LoginNetworkMasks"] == ("" if hostile else masks)
    assert login["LoginSessionDuration"] == 2


def account_without_alias(cloud: Cloud, hostile: bool) -> None:
    ram = cloud.ram()
    invoke(ram, "ClearAccountAlias")
    if hostile:
        error = refused(ram, "GetAccountAlias")
        assert (error.code, error.status_code) == ("EntityNotExist.AccountAlias", 404)
    else:
        assert invoke(ram, "GetAccountAlias")["AccountAlias"] == ""
    cloud.set(account_without_alias="absent")
    assert "AccountAlias" not in invoke(ram, "GetAccountAlias")
    domain = invoke(cloud.ims(), "GetDefaultDomain")["DefaultDomainName"]
    assert domain == f"{cloud.id}.onaliyun.com"
    alias = f"alias-{cloud.id}"
    for _ in range(2):
        invoke(ram, "SetAccountAlias", AccountAlias=alias)
    assert invoke(ram, "GetAccountAlias")["AccountAlias"] == alias


def never_used_key_date(cloud: Cloud, hostile: bool) -> None:
    ram = cloud.ram()
    invoke(ram, "CreateUser", **ANN)
    key = {"UserAccessKeyId": invoke(ram, "CreateAccessKey", **ANN)["AccessKey"]["AccessKeyId"]}
    used = invoke(ram, "GetAccessKeyLastUsed", **ANN, **key)["AccessKeyLastUsed"]
    assert used == {"LastUsedDate": "N/A" if hostile else ""}
    cloud.set(never_used_key_date="absent")
    assert invoke(ram, "GetAccessKeyLastUsed", **ANN, **key)["AccessKeyLastUsed"] == {}


def key_use_lag_seconds(cloud: Cloud, hostile: bool) -> None:
    ram = cloud.ram()
    invoke(ram, "CreateUser", **ANN)
    made = invoke(ram, "CreateAccessKey", **ANN)["AccessKey"]
    theirs = cloud.ram(Credentials(made["AccessKeyId"], made["AccessKeySecret"]))
    refused(theirs, "GetUser", **ANN)
    key = {"UserAccessKeyId": made["AccessKeyId"]}
    used = invoke(ram, "GetAccessKeyLastUsed", **ANN, **key)["AccessKeyLastUsed"]
    assert (used["LastUsedDate"] in ("", "N/A")) is hostile


def unbound_device_user(cloud: Cloud, hostile: bool) -> None:
    ram = cloud.ram()
    invoke(ram, "CreateVirtualMFADevice", VirtualMFADeviceName="p")
    (row,) = invoke(ram, "ListVirtualMFADevices")["VirtualMFADevices"]["VirtualMFADevice"]
    assert row.pop("SerialNumber") == f"acs:ram::{cloud.id}:mfa/p"
    empty = {"ActivateDate": "", "User": {"UserId": "", "UserName": "", "DisplayName": ""}}
    assert row == (empty if hostile else {})


def ims_permissions(cloud: Cloud, hostile: bool) -> None:
    def allowed(*statements: dict[str, Any], name: str) -> bool:
        document = {"Version": "1", "Statement": list(statements)}
        who = cloud.user(name, document=document)
        try:
            invoke(cloud.ims(who), "ListUsers")
        except AlibabaCloudException as error:
            if error.code != "NoPermission":
                raise
            return False
        return True

    ims, ram, denied = (
        dict(json.loads(policy(action, Effect=effect))["Statement"][0])
        for action, effect in (("ims:*", "Allow"), ("ram:*", "Allow"), ("ram:ListUsers", "Deny"))
    )
    assert allowed(ims, ram, name="both")
    assert allowed(ims, name="ims") is (not hostile)
    assert allowed(ram, name="ram") is (not hostile)
    assert not allowed(name="none")
    assert not allowed(ims, denied, name="denied")


CHECKS: dict[str, Callable[[Cloud, bool], None]] = {
    check.__name__: check
    for check in (
        update_user_omitted_fields,
        update_user_needs_new_name,
        update_group_omitted_fields,
        update_login_profile_omitted_fields,
        comments_can_be_cleared,
        deleted_user_name_reserved_seconds,
        delete_user_conflict_order,
        settings_set_replaces_all,
        account_without_alias,
        never_used_key_date,
        key_use_lag_seconds,
        unbound_device_user,
        ims_permissions,
    )
}


@pytest.mark.parametrize("value", ["hostile", "friendly"])
@pytest.mark.parametrize("name", CHECKS)
def test_behaviour(cloud: Cloud, name: str, value: str) -> None:
    cloud.set(**{name: getattr(BEHAVIOURS[name], value)})
    CHECKS[name](cloud, value == "hostile")


def test_every_switch_is_shown() -> None:
    others = test_behaviours.CHECKS.keys() | test_providers.CHECKS.keys()
    others |= {
        "own_writes_seen_at_once",  # test_likely.py
        "attachment_count_has_resource_groups",  # test_resource_groups.py
        "policy_attachments_stale_seconds",
        "ims_list_last_login",  # test_ims_users.py
    }
    others |= BEHAVIOURS_OF_LISTS.keys()  # and test_actiontrail.py
    others |= {name for name in BEHAVIOURS if name.startswith("credential_report_")}
    assert CHECKS.keys() | others == BEHAVIOURS.keys()


@pytest.mark.parametrize("hostile", [True, False])
def test_memberships_and_users_are_seen_late(cloud: Cloud, hostile: bool) -> None:
    cloud.set(stale_read_seconds=2.0 if hostile else 0.0)
    ram = cloud.ram()

    def members() -> list[str]:
        rows = invoke(ram, "ListUsersForGroup", **TEAM)["Users"]["User"]
        return [row["UserName"] for row in rows]

    def groups() -> list[str]:
        rows = invoke(ram, "ListGroupsForUser", **ANN)["Groups"]["Group"]
        return [row["GroupName"] for row in rows]

    invoke(ram, "CreateUser", **ANN)
    invoke(ram, "CreateGroup", **TEAM)
    if hostile:
        assert refused(ram, "GetUser", **ANN).code == "EntityNotExist.User"
        assert refused(ram, "GetGroup", **TEAM).code == "EntityNotExist.Group"
        assert refused(ram, "CreateUser", **ANN).code == "EntityAlreadyExists.User"
    cloud.admin.advance_clock(2)
    invoke(ram, "AddUserToGroup", **ANN, **TEAM)
    key = invoke(ram, "CreateAccessKey", **ANN)["AccessKey"]["AccessKeyId"]
    listed = invoke(ram, "ListAccessKeys", **ANN)["AccessKeys"]["AccessKey"]
    assert (members(), groups(), len(listed)) == (
        ([], [], 0) if hostile else (["ann"], ["team"], 1)
    )
    cloud.admin.advance_clock(2)
    assert (members(), groups()) == (["ann"], ["team"])
    (row,) = invoke(ram, "ListAccessKeys", **ANN)["AccessKeys"]["AccessKey"]
    assert row["AccessKeyId"] == key
    invoke(ram, "RemoveUserFromGroup", **ANN, **TEAM)
    assert members() == (["ann"] if hostile else [])
    cloud.admin.advance_clock(2)
    assert (members(), groups()) == ([], [])


@pytest.mark.parametrize("hostile", [True, False])
def test_deletions_see_what_was_just_taken_away(cloud: Cloud, hostile: bool) -> None:
    cloud.set(detach_visible_after_seconds=1.0 if hostile else 0.0)
    ram = cloud.ram()
    invoke(ram, "CreateUser", **ANN)
    invoke(ram, "CreateGroup", **TEAM)
    invoke(ram, "AddUserToGroup", **ANN, **TEAM)
    cloud.admin.advance_clock(2)
    invoke(ram, "RemoveUserFromGroup", **ANN, **TEAM)
    if hostile:
        assert refused(ram, "DeleteUser", **ANN).code == "DeleteConflict.User.Group"
        assert refused(ram, "DeleteGroup", **TEAM).code == "DeleteConflict.Group.User"
        cloud.admin.advance_clock(1)
    invoke(ram, "DeleteUser", **ANN)
    invoke(ram, "DeleteGroup", **TEAM)


def test_an_international_account_drops_contact_fields(cloud: Cloud) -> None:
    admin = cloud.admin
    abroad = Cloud(cloud.process, admin.create_account(behaviours="friendly", site="international"))
    ram = abroad.ram()
    invoke(ram, "CreateUser", **ANN, **TEXTS)
    assert _texts(abroad) == ["Ann", "", "", "c"]
    invoke(ram, "UpdateUser", **ANN, NewEmail="ann@example.com")
    assert invoke(ram, "GetUser", **ANN)["User"]["Email"] == ""


def test_authentication_codes_are_those_of_the_seed_and_the_clock(cloud: Cloud) -> None:
    ram = cloud.ram()
    invoke(ram, "CreateUser", **ANN)
    device = invoke(ram, "CreateVirtualMFADevice", VirtualMFADeviceName="p")["VirtualMFADevice"]
    seed, serial = device["Base32StringSeed"], {"SerialNumber": device["SerialNumber"]}
    fitting = codes(seed)
    swapped = dict(zip(fitting, reversed(fitting.values()), strict=True))
    same = dict.fromkeys(fitting, fitting["AuthenticationCode2"])
    for wrong in (swapped, same, codes(seed, -150), codes(seed, 150)):
        error = refused(ram, "BindMFADevice", **ANN, **serial, **wrong)
        assert (error.code, error.status_code) == ("CheckAuthenticationCodeFail", 403)
    cloud.admin.advance_clock(3600)
    assert refused(ram, "BindMFADevice", **ANN, **serial, **codes(seed)).status_code == 403
    invoke(ram, "BindMFADevice", **ANN, **serial, **codes(seed, 3600))
    rows = invoke(ram, "ListVirtualMFADevices")["VirtualMFADevices"]["VirtualMFADevice"]
    assert rows[0]["User"]["UserName"] == "ann"
