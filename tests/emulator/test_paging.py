"""Lists of more than a page, and what happens to a walk when rows go away."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.calls import SERVICE_TRUST, invoke, policy, refused
from tests.emulator.conftest import Cloud


def _walk(client: Any, action: str, **parameters: Any) -> list[list[dict[str, Any]]]:
    pages: list[list[dict[str, Any]]] = []
    marker: str | None = None
    while True:
        given = {**parameters, **({"Marker": marker} if marker else {})}
        body = invoke(client, action, **given)
        (rows,) = body["Roles" if action == "ListRoles" else "Policies"].values()
        pages.append(rows)
        assert ("Marker" in body) == body["IsTruncated"]
        if not body["IsTruncated"]:
            return pages
        marker = body["Marker"]


def _make_roles(cloud: Cloud, count: int) -> list[str]:
    names = [f"role-{number:03}" for number in range(count)]
    ram = cloud.ram()
    for name in names:
        invoke(ram, "CreateRole", RoleName=name, AssumeRolePolicyDocument=SERVICE_TRUST)
    return names


@pytest.mark.parametrize("by_position", [True, False])
def test_a_quiet_walk_sees_every_role_once(cloud: Cloud, by_position: bool) -> None:
    cloud.set(list_skips_row_on_concurrent_delete=by_position)
    names = _make_roles(cloud, 120)
    pages = _walk(cloud.ram(), "ListRoles")
    assert [len(page) for page in pages] == [100, 20]
    assert sorted(row["RoleName"] for page in pages for row in page) == names
    assert len(_walk(cloud.ram(), "ListRoles", MaxItems=7)) == 18
    assert len(_walk(cloud.ram(), "ListRoles", MaxItems=1000)) == 1


@pytest.mark.parametrize(("by_position", "missed"), [(True, ["role-002"]), (False, [])])
def test_a_deletion_between_pages(cloud: Cloud, by_position: bool, missed: list[str]) -> None:
    cloud.set(list_skips_row_on_concurrent_delete=by_position)
    names = _make_roles(cloud, 6)
    ram = cloud.ram()
    first = invoke(ram, "ListRoles", MaxItems=2)
    invoke(ram, "DeleteRole", RoleName="role-000")
    rest = invoke(ram, "ListRoles", MaxItems=100, Marker=first["Marker"])
    seen = [row["RoleName"] for row in (*first["Roles"]["Role"], *rest["Roles"]["Role"])]
    assert [name for name in names if name not in seen] == missed


def test_system_policies_need_more_than_one_page_with_custom_ones(cloud: Cloud) -> None:
    ram = cloud.ram()
    for number in range(30):
        invoke(ram, "CreatePolicy", PolicyName=f"p{number}", PolicyDocument=policy())
    pages = _walk(ram, "ListPolicies")
    rows = [row for page in pages for row in page]
    assert len(pages) > 1
    assert sum(row["PolicyType"] == "Custom" for row in rows) == 30
    assert sum(row["PolicyType"] == "System" for row in rows) >= 60
    assert len(_walk(ram, "ListPolicies", PolicyType="Custom")[0]) == 30


def test_tags_page_by_token(cloud: Cloud) -> None:
    ram = cloud.ram()
    for name in _make_roles(cloud, 30):
        tags = [{"Key": f"k{number}", "Value": "v"} for number in range(5)]
        invoke(ram, "TagResources", ResourceType="role", ResourceNames=[name], Tag=tags)
    token, rows = None, []
    while True:
        given: dict[str, Any] = {"NextToken": token} if token else {}
        body = invoke(ram, "ListTagResources", ResourceType="role", PageSize=100, **given)
        rows += body["TagResources"]
        token = body.get("NextToken")
        if token is None:
            break
    assert len({(row["ResourceName"], row["TagKey"]) for row in rows}) == len(rows) == 150


@pytest.mark.parametrize("size", [0, 1001])
def test_page_size_out_of_range_is_refused_or_clamped(cloud: Cloud, size: int) -> None:
    _make_roles(cloud, 3)
    cloud.set(max_items_out_of_range="refuse")
    error = refused(cloud.ram(), "ListRoles", MaxItems=size)
    assert (error.code, error.status_code) == ("InvalidParameter.MaxItems", 400)
    cloud.set(max_items_out_of_range="clamp")
    rows = invoke(cloud.ram(), "ListRoles", MaxItems=size)["Roles"]["Role"]
    assert len(rows) == max(1, min(size, 3))
