"""Console access as IMS alone shows it: whether the console lets a user in, by whose password."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.calls import invoke, refused
from tests.emulator.conftest import Cloud

ANN = {"UserName": "ann"}
PASSWORD = "Correct-Horse-1"
DAY = 86_400.0


@pytest.fixture
def ann(cloud: Cloud) -> dict[str, str]:
    """Her principal name; she has no console access yet."""
    invoke(cloud.ram(), "CreateUser", **ANN, DisplayName="Ann")
    return {"UserPrincipalName": f"ann@{cloud.account.alias}.onaliyun.com"}


def profile(cloud: Cloud, ann: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = invoke(cloud.ims(), "GetLoginProfile", **ann)["LoginProfile"]
    return found


def test_ram_does_not_see_that_the_console_lets_nobody_in(
    cloud: Cloud, ann: dict[str, str]
) -> None:
    invoke(cloud.ims(), "CreateLoginProfile", **ann, Password=PASSWORD, Status="Inactive")
    assert profile(cloud, ann)["Status"] == "Inactive"
    shown = invoke(cloud.ram(), "GetLoginProfile", **ANN)["LoginProfile"]
    assert set(shown) == {"UserName", "PasswordResetRequired", "MFABindRequired", "CreateDate"}

    changed = invoke(cloud.ims(), "UpdateLoginProfile", **ann, Status="Active")["LoginProfile"]
    assert changed["Status"] == profile(cloud, ann)["Status"] == "Active"


def test_what_a_call_does_not_name_stays_off(cloud: Cloud, ann: dict[str, str]) -> None:
    invoke(cloud.ims(), "CreateLoginProfile", **ann, Password=PASSWORD)
    invoke(cloud.ims(), "UpdateLoginProfile", **ann, Status="Inactive")
    invoke(cloud.ims(), "UpdateLoginProfile", **ann, PasswordResetRequired=True)
    invoke(cloud.ram(), "UpdateLoginProfile", **ANN, MFABindRequired=True)
    assert profile(cloud, ann)["Status"] == "Inactive"


def test_whose_password_it_is(cloud: Cloud, ann: dict[str, str]) -> None:
    invoke(cloud.ims(), "CreateLoginProfile", **ann, Password=PASSWORD)
    assert profile(cloud, ann)["PasswordStatus"] == "InitialValid"
    cloud.admin.advance_clock(15 * DAY)
    assert profile(cloud, ann)["PasswordStatus"] == "InitialExpired"
    invoke(cloud.ims(), "UpdateLoginProfile", **ann, Password=f"{PASSWORD}2")
    assert profile(cloud, ann)["PasswordStatus"] == "InitialValid"


@pytest.mark.parametrize("verb", ["Get", "Update", "Delete"])
def test_who_is_not_there_has_none(cloud: Cloud, ann: dict[str, str], verb: str) -> None:
    code = refused(cloud.ims(), f"{verb}LoginProfile", **ann).code
    assert code == "EntityNotExist.User.LoginProfile"
    ghost = {"UserPrincipalName": "ghost@nowhere.onaliyun.com"}
    assert refused(cloud.ims(), f"{verb}LoginProfile", **ghost).code == "EntityNotExist.User"


def test_what_is_refused(cloud: Cloud, ann: dict[str, str]) -> None:
    ims = cloud.ims()
    assert refused(ims, "CreateLoginProfile", **ann).code == "MissingParameter"
    weak = refused(ims, "CreateLoginProfile", **ann, Password="short").code
    assert weak == "InvalidParameter.Password.TooWeak"
    status = refused(ims, "CreateLoginProfile", **ann, Password=PASSWORD, Status="Off").code
    assert status == "InvalidParameter.Status"
    invoke(ims, "CreateLoginProfile", **ann, Password=PASSWORD)
    again = refused(ims, "CreateLoginProfile", **ann, Password=PASSWORD).code
    assert again == "EntityAlreadyExists.User.LoginProfile"
