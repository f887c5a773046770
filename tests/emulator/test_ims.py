"""IMS through its own SDK: tags of users, look-ups, errors, paging."""

from __future__ import annotations

from typing import Any

import pytest

from lab.emulator_process import EmulatorProcess
from tests.emulator.calls import invoke, refused
from tests.emulator.conftest import Cloud
from tests.emulator.errors import Row, assert_refused

TAG = [{"Key": "team", "Value": "blue"}]
USER = {"ResourceType": "user"}
ANN = {**USER, "ResourcePrincipalName": ["ann@{id}.onaliyun.com"]}

ROWS: list[Row] = [
    (
        "ims:TagResources",
        {**ANN, "Tag": [{"Key": f"k{number}"} for number in range(21)]},
        "InvalidParameter.Tag.Count",
    ),
    ("ims:TagResources", {**ANN}, "MissingParameter"),
    ("ims:TagResources", {**USER, "Tag": TAG}, "MissingParameter"),
    ("ims:TagResources", {"Tag": TAG}, "MissingParameter"),
    ("ims:TagResources", {**ANN, "ResourceId": ["1"], "Tag": TAG}, "InvalidParameter.ResourceId"),
    (
        "ims:TagResources",
        {**ANN, "ResourceType": "role", "Tag": TAG},
        "InvalidParameter.ResourceType",
    ),
    (
        "ims:TagResources",
        {**ANN, "Tag": [{"Key": "k", "Value": "x" * 129}]},
        "InvalidParameter.TagValue.Length",
    ),
    (
        "ims:TagResources",
        {**ANN, "Tag": [{"Key": "aliyun:x", "Value": ""}]},
        "InvalidParameter.TagKey.InvalidChars",
    ),
    (
        "ims:TagResources",
        {
            **USER,
            "ResourcePrincipalName": ["ann@{id}.onaliyun.com", "ghost@{id}.onaliyun.com"],
            "Tag": TAG,
        },
        "EntityNotExist.User",
    ),
    (
        "ims:TagResources",
        {**USER, "ResourcePrincipalName": ["ann@elsewhere.onaliyun.com"], "Tag": TAG},
        "EntityNotExist.User",
    ),
    ("ims:TagResources", {**USER, "ResourceId": ["1"], "Tag": TAG}, "EntityNotExist.User"),
    ("ims:UntagResources", {**USER, "All": True}, "MissingParameter"),
    ("ims:UntagResources", {**USER, "ResourceId": ["1"], "All": True}, "EntityNotExist.User"),
    ("ims:ListTagResources", {}, "MissingParameter"),
    ("ims:ListTagResources", {**USER, "NextToken": "bad"}, "InvalidParameter.NextToken"),
    ("ims:ListTagResources", {**USER, "ResourceId": ["1"]}, "EntityNotExist.User"),
    (
        "ims:ListTagResources",
        {**USER, "ResourceId": [str(number) for number in range(51)]},
        "InvalidParameter.ResourceId.Count",
    ),
    ("ims:ListUsers", {"Status": "gone"}, "InvalidParameter.Status"),
    ("ims:ListUsers", {"Marker": "bad"}, "InvalidParameter.Marker"),
    ("ims:GetUser", {}, "MissingParameter"),
    ("ims:GetUser", {"UserPrincipalName": "ghost@{id}.onaliyun.com"}, "EntityNotExist.User"),
    ("ims:GetUser", {"UserId": "1"}, "EntityNotExist.User"),
    ("ims:GetUser", {"UserAccessKeyId": "LTAI-none"}, "EntityNotExist.User"),
]


def _fill(cloud: Cloud, parameters: dict[str, Any]) -> dict[str, Any]:
    def fill(value: Any) -> Any:
        if isinstance(value, list):
            return [fill(each) for each in value]
        return value.replace("{id}", cloud.id) if isinstance(value, str) else value

    return {name: fill(value) for name, value in parameters.items()}


@pytest.fixture(scope="module")
def stage(process: EmulatorProcess) -> Cloud:
    cloud = Cloud(process, process.admin.create_account(behaviours="friendly"))
    invoke(cloud.ram(), "CreateUser", UserName="ann")
    return cloud


@pytest.mark.parametrize(
    ("action", "parameters", "code"), ROWS, ids=[f"{r[0]}-{r[2]}-{n}" for n, r in enumerate(ROWS)]
)
def test_refused(stage: Cloud, action: str, parameters: dict[str, Any], code: str) -> None:
    assert_refused(stage, action, _fill(stage, parameters), code)


def _tags(cloud: Cloud, name: str) -> dict[str, str]:
    return dict(cloud.admin.state(cloud.id)["users"][name]["tags"])


def test_tags_by_id_or_principal_name(cloud: Cloud) -> None:
    ims, ids = cloud.ims(), []
    for name in ("Ann", "bob"):
        ids.append(invoke(cloud.ram(), "CreateUser", UserName=name)["User"]["UserId"])
    domains = (f"{cloud.account.alias}.onaliyun.com", f"{cloud.id}.onaliyun.com")
    for number, domain in enumerate(domains):
        principal = [f"ANN@{domain}"]
        tag = [{"Key": f"k{number}", "Value": "v"}]
        invoke(ims, "TagResources", **USER, ResourcePrincipalName=principal, Tag=tag)
    invoke(ims, "TagResources", **USER, ResourceId=ids, Tag=[{"Key": "k0", "Value": "w"}])
    assert _tags(cloud, "Ann") == {"k0": "w", "k1": "v"}
    assert _tags(cloud, "bob") == {"k0": "w"}
    rows = invoke(ims, "ListTagResources", **USER, ResourceId=[ids[1]])["TagResources"]
    assert rows["TagResource"] == [
        {"ResourceType": "user", "ResourceId": ids[1], "TagKey": "k0", "TagValue": "w"}
    ]
    listed = invoke(ims, "ListUsers", Tag=[{"Key": "k1"}])["Users"]["User"]
    assert [row["UserPrincipalName"] for row in listed] == [f"Ann@{domains[0]}"]
    assert listed[0]["Tags"]["Tag"] == [
        {"TagKey": "k0", "TagValue": "w"},
        {"TagKey": "k1", "TagValue": "v"},
    ]
    invoke(ims, "UntagResources", **USER, ResourceId=ids, TagKey=["k0", "none"])
    assert (_tags(cloud, "Ann"), _tags(cloud, "bob")) == ({"k1": "v"}, {})
    for _ in range(2):
        invoke(ims, "UntagResources", **USER, ResourceId=ids, All=True)
    assert _tags(cloud, "Ann") == {}


def test_tags_page_by_token(cloud: Cloud) -> None:
    ids = []
    for number in range(8):
        made = invoke(cloud.ram(), "CreateUser", UserName=f"u{number}")
        ids.append(made["User"]["UserId"])
    tags = [{"Key": f"k{number}", "Value": ""} for number in range(3)]
    invoke(cloud.ims(), "TagResources", **USER, ResourceId=ids, Tag=tags)
    rows, given = [], dict(USER)
    while True:
        body = invoke(cloud.ims(), "ListTagResources", **given, PageSize=10)
        rows += body["TagResources"]["TagResource"]
        assert body["IsTruncated"] is ("NextToken" in body)
        if not body["IsTruncated"]:
            break
        given["NextToken"] = body["NextToken"]
    assert len({(row["ResourceId"], row["TagKey"]) for row in rows}) == len(rows) == 24


def test_what_only_ims_shows(cloud: Cloud) -> None:
    keys = cloud.admin.create_user(cloud.id, "ann")
    invoke(cloud.ram(), "CreateUser", UserName="bob")
    cloud.admin.change_user(cloud.id, "Ann", lastLoginDate=86400, status="freeze")
    ims = cloud.ims()
    frozen = invoke(ims, "ListUsers", Status="freeze")["Users"]["User"]
    assert [(row["UserId"], row["LastLoginDate"]) for row in frozen] == [
        (keys.user_id, "1970-01-02T00:00:00Z")
    ]
    active = invoke(ims, "ListUsers", Status="active")["Users"]["User"]
    assert {row["UserPrincipalName"].partition("@")[0] for row in active} == {"bob", "operator"}
    assert invoke(ims, "GetUser", UserId=keys.user_id)["User"]["UserName"] == "ann"
    found = invoke(ims, "GetUser", UserAccessKeyId=keys.access_key_id)["User"]
    assert found["UserId"] == keys.user_id
    user = invoke(cloud.ram(), "GetUser", UserName="ann")["User"]
    assert user["LastLoginDate"] == "1970-01-02T00:00:00Z"
    assert "LastLoginDate" not in invoke(cloud.ram(), "ListUsers")["Users"]["User"][0]
    error = refused(ims, "GetUser", UserAccessKeyId=cloud.account.root_access_key_id)
    assert error.code == "EntityNotExist.User"


def test_the_summary_has_counts_and_quotas(process: EmulatorProcess) -> None:
    account = process.admin.create_account(behaviours="friendly", quotas={"groups": 7})
    cloud = Cloud(process, account)
    invoke(cloud.ram(), "CreateGroup", GroupName="g")
    invoke(cloud.ram(), "CreateVirtualMFADevice", VirtualMFADeviceName="p")
    summary = invoke(cloud.ims(), "GetAccountSummary")["SummaryMap"]
    wanted = {
        "Users": 1,
        "UsersQuota": 5000,
        "Groups": 1,
        "GroupsQuota": 7,
        "MFADevices": 1,
        "MFADevicesInUse": 0,
        "AttachedPoliciesPerUserQuota": 10,
        "AttachedSystemPoliciesPerRoleQuota": 20,
    }
    assert {name: summary[name] for name in wanted} == wanted
