"""Attachments for resource groups: where they are seen, what they block, and what they are not."""

from __future__ import annotations

from typing import Any

import pytest
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

from tests.emulator.calls import SERVICE_TRUST, invoke, policy, refused
from tests.emulator.conftest import Cloud, Credentials

READ = {"PolicyType": "System", "PolicyName": "ReadOnlyAccess"}
OWN = {"PolicyType": "Custom", "PolicyName": "own"}


def _attachments(cloud: Cloud, who: Credentials | None = None, **given: Any) -> dict[str, Any]:
    query = {name: str(value) for name, value in given.items()}
    return cloud.rpc("ListPolicyAttachments", "2020-03-31", query, who)


def _rows(cloud: Cloud, **given: Any) -> list[tuple[str, str, str]]:
    rows = _attachments(cloud, **given)["PolicyAttachments"]["PolicyAttachment"]
    return [(row["PolicyName"], row["PrincipalName"], row["ResourceGroupId"]) for row in rows]


@pytest.fixture
def group(cloud: Cloud) -> str:
    """A resource group, and a role, a user and a group of users to give policies to."""
    ram = cloud.ram()
    cloud.set(policy_attachments_names="given")
    invoke(ram, "CreateRole", RoleName="R", AssumeRolePolicyDocument=SERVICE_TRUST)
    invoke(ram, "CreateUser", UserName="u")
    invoke(ram, "CreateGroup", GroupName="g")
    invoke(ram, "CreatePolicy", PolicyName="own", PolicyDocument=policy())
    return cloud.admin.create_resource_group(cloud.id, "shop")


def test_scopes_are_attachments_of_their_own(cloud: Cloud, group: str) -> None:
    ram, role = cloud.ram(), {**READ, "RoleName": "R"}
    cloud.set(attach_repeat="conflict")
    for scope in ({}, {"ResourceGroupId": group}):
        invoke(ram, "AttachPolicyToRole", **role, **scope)
        error = refused(ram, "AttachPolicyToRole", **role, **scope)
        assert error.code == "EntityAlreadyExists.Role.Policy"
    again = refused(ram, "AttachPolicyToRole", **role, ResourceGroupId=cloud.id)
    assert again.code == "EntityAlreadyExists.Role.Policy"
    unknown = refused(ram, "AttachPolicyToRole", **role, ResourceGroupId="rg-none")
    assert unknown.code == "EntityNotExist.ResourceGroup"
    state = cloud.admin.state(cloud.id)["roles"]["R"]
    assert state["policies"] == [["System", "ReadOnlyAccess"]]
    assert state["resourceGroupPolicies"] == [["System", "ReadOnlyAccess", group]]
    invoke(ram, "DetachPolicyFromRole", **role)
    assert refused(ram, "DetachPolicyFromRole", **role).code == "EntityNotExist.Role.Policy"
    assert _rows(cloud) == [
        ("AdministratorAccess", f"operator@{_domain(cloud)}", cloud.id),
        ("ReadOnlyAccess", f"r@role.{_alias(cloud)}.onaliyunservice.com", group),
    ]
    invoke(ram, "DetachPolicyFromRole", **role, ResourceGroupId=group)
    assert "resourceGroupPolicies" not in cloud.admin.state(cloud.id)["roles"]["R"]


def test_the_lists_of_ram_show_the_whole_account_only(cloud: Cloud, group: str) -> None:
    ram = cloud.ram()
    for kind, name in (("Role", "R"), ("User", "u"), ("Group", "g")):
        named = {f"{kind}Name": name}
        invoke(ram, f"AttachPolicyTo{kind}", **OWN, **named, ResourceGroupId=group)
        assert invoke(ram, f"ListPoliciesFor{kind}", **named)["Policies"]["Policy"] == []
    found = invoke(ram, "ListEntitiesForPolicy", **OWN)
    assert (found["Users"], found["Groups"], found["Roles"]) == (
        {"User": []},
        {"Group": []},
        {"Role": []},
    )
    for counted in (True, False):
        cloud.set(attachment_count_has_resource_groups=counted)
        count = invoke(ram, "GetPolicy", **OWN)["Policy"]["AttachmentCount"]
        assert count == (3 if counted else 0)
    names = {f"u@{_domain(cloud)}", f"g@group.{_domain(cloud)}"}
    assert {name for _, name, _ in _rows(cloud, PolicyName="OWN")} > names


def test_they_block_deletions_and_follow_a_new_name(cloud: Cloud, group: str) -> None:
    ram, scope = cloud.ram(), {"ResourceGroupId": group}
    invoke(ram, "AttachPolicyToRole", **OWN, RoleName="R", **scope)
    invoke(ram, "AttachPolicyToUser", **READ, UserName="u", **scope)
    assert refused(ram, "DeleteRole", RoleName="R").code == "DeleteConflict.Role.Policy"
    assert refused(ram, "DeleteUser", UserName="u").code == "DeleteConflict.User.Policy"
    assert refused(ram, "DeletePolicy", PolicyName="own").code == "DeleteConflict.Policy.Role"
    invoke(ram, "UpdateUser", UserName="u", NewUserName="w")
    assert ("ReadOnlyAccess", f"w@{_domain(cloud)}", group) in _rows(cloud)
    invoke(ram, "DetachPolicyFromUser", **READ, UserName="w", **scope)
    invoke(ram, "DeleteUser", UserName="w")


def test_they_give_no_right_to_the_account(cloud: Cloud, group: str) -> None:
    who = cloud.user("v")
    given = {"PolicyType": "System", "PolicyName": "AdministratorAccess", "UserName": "v"}
    invoke(cloud.ram(), "AttachPolicyToUser", **given, ResourceGroupId=group)
    assert refused(cloud.ram(who), "GetRole", RoleName="R").code == "NoPermission"
    invoke(cloud.ram(), "AttachPolicyToUser", **given)
    assert invoke(cloud.ram(who), "GetRole", RoleName="R")["Role"]["RoleName"] == "R"


def test_the_list_of_attachments_pages_and_filters(cloud: Cloud, group: str) -> None:
    ram = cloud.ram()
    for number in range(12):
        invoke(ram, "CreateRole", RoleName=f"n{number}", AssumeRolePolicyDocument=SERVICE_TRUST)
        scope = {"ResourceGroupId": group} if number % 2 else {}
        invoke(ram, "AttachPolicyToRole", **READ, RoleName=f"n{number}", **scope)
    first = _attachments(cloud)
    assert (first["TotalCount"], first["PageNumber"], first["PageSize"]) == (13, 1, 10)
    assert len(first["PolicyAttachments"]["PolicyAttachment"]) == 10
    both = _rows(cloud) + _rows(cloud, PageNumber=2)
    assert len(set(both)) == 13
    assert _rows(cloud, PageNumber=3) == []
    assert len(_rows(cloud, ResourceGroupId=group, PageSize=100)) == 6
    assert len(_rows(cloud, ResourceGroupId=cloud.id, PageSize=100)) == 7
    assert len(_rows(cloud, PrincipalType="IMSUser")) == 1
    assert len(_rows(cloud, PolicyType="Custom")) == 0
    name = f"N3@role.{_alias(cloud)}.onaliyunservice.com"
    assert _rows(cloud, PrincipalName=name) == [("ReadOnlyAccess", name.lower(), group)]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"PolicyType": "Odd"}, "InvalidParameter.PolicyType"),
        ({"PolicyName": "none"}, "EntityNotExist.Policy"),
        ({"PolicyName": "own", "PolicyType": "System"}, "EntityNotExist.Policy"),
        ({"ResourceGroupId": "rg-none"}, "EntityNotExists.ResourceGroup"),
        ({"PrincipalType": "Odd"}, "InvalidParameter.PrincipalType"),
        ({"PageNumber": 0}, "InvalidParameter.PageNumber"),
    ],
)
def test_what_the_list_refuses(cloud: Cloud, group: str, given: dict[str, Any], code: str) -> None:
    with pytest.raises(AlibabaCloudException) as caught:
        _attachments(cloud, **given)
    assert (caught.value.code, caught.value.status_code // 100) == (code, 4)


def test_the_list_is_asked_for_under_the_code_of_ram(cloud: Cloud, group: str) -> None:
    with pytest.raises(AlibabaCloudException) as caught:
        _attachments(cloud, cloud.user("nobody"))
    assert caught.value.data["AccessDeniedDetail"]["AuthAction"] == "ram:ListPolicyAttachments"
    document = {
        "Version": "1",
        "Statement": [
            {"Effect": "Allow", "Action": "ram:ListPolicyAttachments", "Resource": "*"},
        ],
    }
    assert _attachments(cloud, cloud.user("reader", document=document))["TotalCount"] == 1
    assert cloud.admin.journal(cloud.id)[-1]["service"] == "resourcemanager"


@pytest.mark.parametrize("lag", [0.0, 10.0])
def test_the_list_lags_behind_ram(cloud: Cloud, group: str, lag: float) -> None:
    cloud.set(policy_attachments_stale_seconds=lag)
    invoke(cloud.ram(), "AttachPolicyToUser", **READ, UserName="u")
    cloud.admin.advance_clock(5)
    assert len(_rows(cloud, PolicyName="ReadOnlyAccess")) == (0 if lag else 1)
    cloud.admin.advance_clock(6)
    assert len(_rows(cloud, PolicyName="ReadOnlyAccess")) == 1


def _roles(cloud: Cloud, count: int) -> None:
    for number in range(count):
        name = f"n{number:02}"
        invoke(cloud.ram(), "CreateRole", RoleName=name, AssumeRolePolicyDocument=SERVICE_TRUST)
        invoke(cloud.ram(), "AttachPolicyToRole", **READ, RoleName=name)


def _pages(cloud: Cloud) -> list[tuple[int, list[str]]]:
    """TotalCount and the names of the principals of each page of ten."""
    found = []
    for number in (1, 2):
        page = _attachments(cloud, PageNumber=number, PolicyName="ReadOnlyAccess")
        rows = page["PolicyAttachments"]["PolicyAttachment"]
        found.append((page["TotalCount"], [row["PrincipalName"].partition("@")[0] for row in rows]))
    return found


@pytest.mark.parametrize(
    ("behaviour", "value", "totals", "second"),
    [
        ("policy_attachments_total_moves", True, [13, 14], ["n10", "n11"]),
        ("policy_attachments_rows_repeat", True, [12, 12], ["n09", "n10", "n11"]),
        ("policy_attachments_rows_missing", "counted", [12, 12], []),
        ("policy_attachments_rows_missing", "uncounted", [8, 8], []),
    ],
)
def test_how_its_pages_can_be_wrong(
    cloud: Cloud, group: str, behaviour: str, value: Any, totals: list[int], second: list[str]
) -> None:
    _roles(cloud, 12)
    cloud.set(policy_attachments_stale_seconds=0.0, stale_read_seconds=0.0)
    right = [f"n{number:02}" for number in range(12)]
    assert _pages(cloud) == [(12, right[:10]), (12, right[10:])]
    cloud.set(**{behaviour: value})
    wrong = _pages(cloud)
    assert ([total for total, _ in wrong], wrong[1][1]) == (totals, second)
    if behaviour == "policy_attachments_rows_missing":
        assert wrong[0][1] == [name for place, name in enumerate(right) if place % 3 != 2]


@pytest.mark.parametrize(
    ("case", "user", "policy"),
    [
        ("given", "Ann", "ReadOnlyAccess"),
        ("folded", "ann", "readonlyaccess"),
        ("upper", "ANN", "READONLYACCESS"),
    ],
)
def test_the_case_of_names(cloud: Cloud, group: str, case: str, user: str, policy: str) -> None:
    invoke(cloud.ram(), "CreateUser", UserName="Ann")
    invoke(cloud.ram(), "AttachPolicyToUser", **READ, UserName="Ann")
    cloud.set(policy_attachments_stale_seconds=0.0, policy_attachments_names=case)
    name = f"ann@{_domain(cloud)}"
    assert _rows(cloud, PrincipalName=name) == [(policy, f"{user}@{_domain(cloud)}", cloud.id)]


def test_they_are_saved_and_loaded(cloud: Cloud, group: str) -> None:
    given = {**READ, "RoleName": "R", "ResourceGroupId": group}
    invoke(cloud.ram(), "AttachPolicyToRole", **given)
    before, rows = cloud.admin.state(cloud.id), _rows(cloud)
    assert before["resourceGroups"] == {group: "shop"}
    cloud.admin.load(cloud.admin.save())
    assert (cloud.admin.state(cloud.id), _rows(cloud)) == (before, rows)


def _domain(cloud: Cloud) -> str:
    return str(invoke(cloud.ims(), "GetDefaultDomain")["DefaultDomainName"])


def _alias(cloud: Cloud) -> str:
    return _domain(cloud).partition(".")[0]
