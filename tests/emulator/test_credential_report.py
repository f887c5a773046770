"""The credential report through the real SDK: its states, its columns, its age and its pages."""

from __future__ import annotations

import base64
import csv
import io
from typing import Any

import pytest

from ram_emulator.credential_report import COLUMNS, MOST_USERS
from tests.emulator.calls import invoke, refused
from tests.emulator.conftest import Cloud, Credentials

PASSWORD = "Tr0ub4dor&3x"
HOUR = 3600


def _state(cloud: Cloud) -> str:
    return str(invoke(cloud.ims(), "GenerateCredentialReport")["State"])


def _made(cloud: Cloud) -> dict[str, dict[str, str]]:
    """A report that is made now, by user name."""
    while _state(cloud) != "COMPLETED":
        cloud.admin.advance_clock(30)
    return _rows(invoke(cloud.ims(), "GetCredentialReport")["Content"])


def _text(content: str) -> str:
    return base64.b64decode(content).decode()


def _rows(content: str) -> dict[str, dict[str, str]]:
    found = csv.DictReader(io.StringIO(_text(content)))
    assert tuple(found.fieldnames or ()) == COLUMNS
    return {row["user"].partition("@")[0]: row for row in found}


def test_a_report_is_begun_made_and_kept_for_four_hours(cloud: Cloud) -> None:
    cloud.set(credential_report_seconds=20)
    error = refused(cloud.ims(), "GetCredentialReport")
    assert error.code == "EntityNotExist.CredentialReport"
    assert [_state(cloud), _state(cloud)] == ["STARTED", "INPROGRESS"]
    assert refused(cloud.ims(), "GetCredentialReport").code == "EntityNotExist.CredentialReport"
    cloud.admin.advance_clock(21)
    assert _state(cloud) == "COMPLETED"
    first = invoke(cloud.ims(), "GetCredentialReport")
    invoke(cloud.ram(), "CreateUser", UserName="late")
    cloud.admin.advance_clock(3 * HOUR)
    assert _state(cloud) == "COMPLETED"
    assert {**invoke(cloud.ims(), "GetCredentialReport"), "RequestId": ""} == {
        **first,
        "RequestId": "",
    }
    cloud.admin.advance_clock(HOUR + 60)
    assert _state(cloud) == "STARTED"
    # The old one is there until the new one is.
    shown = invoke(cloud.ims(), "GetCredentialReport")
    assert shown["GeneratedTime"] == first["GeneratedTime"]
    cloud.admin.advance_clock(30)
    shown = invoke(cloud.ims(), "GetCredentialReport")
    assert shown["GeneratedTime"] > first["GeneratedTime"]
    assert "late" in _rows(shown["Content"])


def test_what_it_says_of_users_keys_and_logins(cloud: Cloud) -> None:
    ram = cloud.ram()
    invoke(ram, "SetPasswordPolicy", MaxPasswordAge=90)
    invoke(ram, "CreateUser", UserName="ann")
    invoke(ram, "CreateLoginProfile", UserName="ann", Password=PASSWORD)
    cloud.admin.change_user(cloud.id, "ann", lastLoginDate=86400)
    key = invoke(ram, "CreateAccessKey", UserName="ann")["AccessKey"]
    cloud.admin.advance_clock(HOUR)
    off = {"UserName": "ann", "UserAccessKeyId": key["AccessKeyId"], "Status": "Inactive"}
    invoke(ram, "UpdateAccessKey", **off)
    invoke(ram, "UpdateLoginProfile", UserName="ann", Password=f"{PASSWORD}2")
    found = _made(cloud)
    assert list(found) == ["<root>", "ann", "operator"]
    ann, root, operator = found["ann"], found["<root>"], found["operator"]
    assert ann["user"] == f"ann@{cloud.account.alias}.onaliyun.com"
    assert (ann["password_exist"], ann["mfa_active"]) == ("TRUE", "FALSE")
    assert ann["user_last_logon"] == "1970-01-02T00:00:00Z"
    assert ann["password_last_changed"] > ann["user_creation_time"]
    assert ann["password_next_rotation"] > ann["password_last_changed"]
    assert (ann["access_key_1_exist"], ann["access_key_1_active"]) == ("TRUE", "FALSE")
    assert ann["access_key_1_last_rotated"] > key["CreateDate"]
    assert (ann["access_key_1_last_used"], ann["access_key_2_active"]) == ("-", "N/A")
    assert (root["password_exist"], root["access_key_1_exist"]) == ("TRUE", "TRUE")
    assert operator["access_key_1_last_used"] > operator["access_key_1_last_rotated"][:10]
    assert (operator["password_exist"], operator["password_active"]) == ("FALSE", "N/A")
    text = _text(invoke(cloud.ims(), "GetCredentialReport")["Content"])
    assert key["AccessKeyId"] not in text
    assert PASSWORD not in text


def test_it_shows_the_account_as_it_was_two_hours_before(cloud: Cloud) -> None:
    who: Credentials = cloud.user("worker", policies=[["System", "AdministratorAccess"]])
    invoke(cloud.ram(who), "ListRoles")
    cloud.admin.advance_clock(3 * HOUR)
    invoke(cloud.ram(who), "CreateUser", UserName="new")
    cloud.set(credential_report_lag_seconds=2 * HOUR)
    early = _made(cloud)
    assert "new" not in early
    cloud.admin.advance_clock(5 * HOUR)
    late = _made(cloud)
    assert "new" in late
    assert early["worker"]["access_key_1_last_used"] < late["worker"]["access_key_1_last_used"]


@pytest.mark.parametrize("word", ["LOGIN_DISABLED", "N/A"])
def test_a_user_without_a_login(cloud: Cloud, word: str) -> None:
    cloud.set(credential_report_no_login=word)
    row = _made(cloud)["operator"]
    assert {row["password_active"], row["password_last_changed"], row["mfa_active"]} == {word}


@pytest.mark.parametrize("each", [True, False])
def test_pages(cloud: Cloud, each: bool) -> None:
    cloud.set(credential_report_header_on_each_page=each, credential_report_truncated_is_text=each)
    for number in range(5):
        invoke(cloud.ram(), "CreateUser", UserName=f"u{number}")
    everything = list(_made(cloud))
    header, users, given = ",".join(COLUMNS), [], {"MaxItems": "3"}
    pages = []
    while True:
        reply: dict[str, Any] = invoke(cloud.ims(), "GetCredentialReport", **given)
        lines = _text(reply["Content"]).splitlines()
        assert (lines[0] == header) is (each or not pages)
        users += [line.partition(",")[0].partition("@")[0] for line in lines if line != header]
        pages.append(reply["IsTruncated"])
        if "NextToken" not in reply:
            break
        given["NextToken"] = reply["NextToken"]
    assert users == everything
    assert pages == (["true", "true", "false"] if each else [True, True, False])
    error = refused(cloud.ims(), "GetCredentialReport", MaxItems="x")
    assert error.code == "InvalidParameter.MaxItems"


def test_an_account_of_many_users_has_no_report(cloud: Cloud) -> None:
    state = cloud.admin.save()
    (account,) = (a for a in state["accounts"] if a["accountId"] == cloud.id)
    template = account["users"][0]
    account["users"] += [
        {**template, "name": f"n{number}", "user_id": f"4{number}"} for number in range(MOST_USERS)
    ]
    cloud.admin.load(state)
    error = refused(cloud.ims(), "GenerateCredentialReport")
    assert (error.code, error.status_code) == ("LimitExceeded.CredentialReport", 409)


def test_it_is_saved_and_needs_a_permission(cloud: Cloud) -> None:
    before = _made(cloud)
    cloud.admin.load(cloud.admin.save())
    assert _rows(invoke(cloud.ims(), "GetCredentialReport")["Content"]) == before
    nobody = cloud.ims(cloud.user("nobody"))
    for action in ("GenerateCredentialReport", "GetCredentialReport"):
        assert refused(nobody, action).code == "NoPermission"
