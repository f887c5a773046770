"""The lists of users that IMS has and RAM lacks: states, origins, traps of their filters."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.calls import invoke, refused
from tests.emulator.conftest import Cloud


def _users(cloud: Cloud, **given: Any) -> dict[str, dict[str, Any]]:
    rows = invoke(cloud.ims(), "ListUsers", **given)["Users"]["User"]
    return {row["UserPrincipalName"].partition("@")[0]: row for row in rows}


def _basic(cloud: Cloud, **given: Any) -> dict[str, dict[str, Any]]:
    rows = invoke(cloud.ims(), "ListUserBasicInfos", **given)["UserBasicInfos"]["UserBasicInfo"]
    return {row["UserPrincipalName"].partition("@")[0]: row for row in rows}


@pytest.fixture
def people(cloud: Cloud) -> Cloud:
    for name in ("ann", "bob"):
        user = invoke(cloud.ram(), "CreateUser", UserName=name, DisplayName=name.title())["User"]
        given = {"ResourceType": "user", "ResourceId": [user["UserId"]]}
        invoke(cloud.ims(), "TagResources", **given, Tag=[{"Key": "team", "Value": "shop"}])
    cloud.admin.change_user(cloud.id, "bob", status="freeze", provisionType="SCIM")
    return cloud


@pytest.mark.parametrize("listed", [_users, _basic])
def test_a_list_without_a_status_hides_who_is_frozen(people: Cloud, listed: Any) -> None:
    for given in ({}, {"Status": ""}, {"Status": "active"}):
        assert set(listed(people, **given)) == {"ann", "operator"}
    assert set(listed(people, Status="freeze")) == {"bob"}
    for both in ("active,freeze", "freeze,active"):
        found = listed(people, Status=both)
        assert {name: row["Status"] for name, row in found.items()} == {
            "ann": "active",
            "bob": "freeze",
            "operator": "active",
        }
    for wrong in ("gone", "active,gone", "active,"):
        error = refused(people.ims(), "ListUsers", Status=wrong)
        assert error.code == "InvalidParameter.Status"


def test_tags_bring_users_of_both_states(people: Cloud) -> None:
    tag = [{"Key": "team", "Value": "shop"}]
    assert set(_users(people, Tag=tag)) == set(_basic(people, Tag=tag)) == {"ann", "bob"}
    assert set(_users(people, Tag=tag, Status="active")) == {"ann", "bob"}
    error = refused(people.ims(), "ListUserBasicInfos", Tag=tag, Status="active")
    assert error.code == "InvalidParameter.Status"


def test_where_a_user_comes_from(people: Cloud) -> None:
    found = _users(people, Status="active,freeze")
    assert (found["ann"]["ProvisionType"], found["bob"]["ProvisionType"]) == ("Manual", "SCIM")
    given = {"UserId": found["bob"]["UserId"]}
    assert invoke(people.ims(), "GetUser", **given)["User"]["ProvisionType"] == "SCIM"
    people.admin.load(people.admin.save())
    assert _users(people, Status="freeze")["bob"]["ProvisionType"] == "SCIM"


@pytest.mark.parametrize(
    ("form", "shown"), [("milliseconds", "86400500"), ("iso", "1970-01-02T00:00:00Z")]
)
def test_the_last_login_comes_in_two_forms(people: Cloud, form: str, shown: str) -> None:
    people.set(ims_list_last_login=form, empty_optional_fields="empty")
    people.admin.change_user(people.id, "ann", lastLoginDate=86400.5)
    found = _users(people)
    assert (found["ann"]["LastLoginDate"], found["operator"]["LastLoginDate"]) == (shown, "")
    assert "LastLoginDate" not in _basic(people)["ann"]


def test_pages_have_a_thousand_users_or_a_hundred(people: Cloud) -> None:
    state = people.admin.save()
    (account,) = (a for a in state["accounts"] if a["accountId"] == people.id)
    template = account["users"][0]
    account["users"] += [
        {**template, "name": f"n{number:04}", "user_id": f"4{number:017}"} for number in range(1100)
    ]
    people.admin.load(state)
    first = invoke(people.ims(), "ListUsers")
    assert (len(first["Users"]["User"]), first["IsTruncated"]) == (1000, True)
    rest = invoke(people.ims(), "ListUsers", Marker=first["Marker"])
    assert (len(rest["Users"]["User"]), rest["IsTruncated"]) == (102, False)
    assert len(invoke(people.ims(), "ListUserBasicInfos")["UserBasicInfos"]["UserBasicInfo"]) == 100
