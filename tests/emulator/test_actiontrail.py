"""LookupEvents: what is in it and from when on, by the SDK's own client."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

from tests.emulator.calls import SERVICE_TRUST, invoke
from tests.emulator.conftest import Cloud, Credentials

CONSOLE = "ram.console.alibabacloud.com"


def _lookup(cloud: Cloud, **given: str) -> dict[str, Any]:
    return _lookup_by(cloud, None, **given)


def _lookup_by(cloud: Cloud, who: Credentials | None, **given: str) -> dict[str, Any]:
    query = {name.replace("_", "."): value for name, value in given.items()}
    return cloud.rpc("LookupEvents", "2020-07-06", query, who)


@contextmanager
def _refused(code: str) -> Iterator[None]:
    with pytest.raises(AlibabaCloudException) as caught:
        yield
    assert caught.value.code == code


def _events(cloud: Cloud, **given: str) -> list[dict[str, Any]]:
    return list(_lookup(cloud, **given)["Events"])


def test_a_call_is_there_with_who_made_it_and_what_it_was_about(cloud: Cloud) -> None:
    invoke(cloud.ram(), "CreateRole", RoleName="R", AssumeRolePolicyDocument=SERVICE_TRUST)
    invoke(cloud.ram(), "GetRole", RoleName="R")
    (event,) = _events(cloud)
    assert (event["eventName"], event["serviceName"], event["eventRW"]) == (
        "CreateRole",
        "Ram",
        "Write",
    )
    assert event["referencedResources"] == {"ACS::RAM::Role": ["R"]}
    assert event["userIdentity"]["type"] == "ram-user"
    assert event["requestId"] == cloud.admin.journal(cloud.id, writes=True)[-1]["requestId"]
    assert "errorCode" not in event


def test_a_refused_call_is_there_with_its_error(cloud: Cloud) -> None:
    with pytest.raises(AlibabaCloudException):
        invoke(cloud.ram(), "DeleteRole", RoleName="gone")
    (event,) = _events(cloud)
    assert event["errorCode"] == "EntityNotExist.Role"


def test_edits_in_the_console_have_the_names_of_the_console(cloud: Cloud) -> None:
    console = cloud.ram(user_agent=CONSOLE)
    invoke(console, "CreateUser", UserName="u")
    invoke(console, "CreateGroup", GroupName="g")
    invoke(console, "AddUserToGroup", UserName="u", GroupName="g")
    events = _events(cloud, LookupAttribute_1_Key="ServiceName", LookupAttribute_1_Value="Ims")
    assert [each["eventName"] for each in events] == [
        "AddUserToUserGroup",
        "CreateUserGroup",
        "BatchCreateUser",
    ]
    assert "accessKeyId" not in events[0]["userIdentity"]


def test_secrets_are_not_in_it(cloud: Cloud) -> None:
    invoke(cloud.ram(), "CreateUser", UserName="u")
    invoke(cloud.ram(), "CreateLoginProfile", UserName="u", Password="Very-Secret-1!")
    assert "Very-Secret-1!" not in str(_lookup(cloud))


def test_events_come_late(cloud: Cloud) -> None:
    cloud.set(actiontrail_lag_seconds=600.0)
    invoke(cloud.ram(), "CreateUser", UserName="u")
    assert _events(cloud) == []
    cloud.admin.set_clock_offset(601)
    assert [each["eventName"] for each in _events(cloud)] == ["CreateUser"]


def test_pages_follow_each_other_and_their_tokens_are_of_one_query(cloud: Cloud) -> None:
    for number in range(5):
        invoke(cloud.ram(), "CreateUser", UserName=f"u{number}")
    first = _lookup(cloud, MaxResults="3")
    second = _lookup(cloud, MaxResults="3", NextToken=first["NextToken"])
    names = [each["requestParameters"]["UserName"] for each in first["Events"] + second["Events"]]
    assert names == ["u4", "u3", "u2", "u1", "u0"]
    assert "NextToken" not in second
    cloud.set(rate_limits_enforced=False)
    with _refused("InvalidQueryParameter"):
        _lookup(cloud, MaxResults="2", NextToken=first["NextToken"])


def test_attributes_are_exact_and_two_at_most(cloud: Cloud) -> None:
    invoke(cloud.ram(), "CreateUser", UserName="Ann")
    two = {
        "LookupAttribute_1_Key": "ResourceName",
        "LookupAttribute_1_Value": "Ann",
        "LookupAttribute_2_Key": "EventRW",
        "LookupAttribute_2_Value": "Write",
    }
    third = {"LookupAttribute_3_Key": "EventName", "LookupAttribute_3_Value": "Nothing"}
    assert len(_events(cloud, **two)) == 1
    assert len(_events(cloud, **two, **third)) == 1
    assert _events(cloud, **{**two, "LookupAttribute_1_Value": "ann"}) == []
    unknown = {"LookupAttribute_1_Key": "Colour", "LookupAttribute_1_Value": "red"}
    with _refused("InvalidQueryParameter"):
        _lookup(cloud, **unknown)


def test_a_window_has_two_ends_within_ninety_days(cloud: Cloud) -> None:
    invoke(cloud.ram(), "CreateUser", UserName="u")
    now = time.time()

    def at(seconds: float) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + seconds))

    assert len(_events(cloud, StartTime=at(-60), EndTime=at(60))) == 1
    assert _events(cloud, StartTime=at(-120), EndTime=at(-60)) == []
    cloud.set(rate_limits_enforced=False)
    with _refused("InvalidParameterCombination"):
        _lookup(cloud, StartTime=at(-60))
    with _refused("InvalidParameterCombination"):
        _lookup(cloud, StartTime=at(60), EndTime=at(-60))
    with _refused("InvalidParameterStartTime"):
        _lookup(cloud, StartTime=at(-91 * 86400), EndTime=at(0))
    with _refused("InvalidParameterEndTime"):
        _lookup(cloud, StartTime=at(-60), EndTime="yesterday")


def test_more_than_two_calls_at_once_are_throttled(cloud: Cloud) -> None:
    cloud.set(rate_limits_enforced=True)
    with _refused("Throttling.User"):
        for _ in range(20):
            _lookup(cloud)


def test_who_may_not_is_refused(cloud: Cloud) -> None:
    made = cloud.admin.create_user(cloud.id, "reader")
    key = Credentials(made.access_key_id, made.access_key_secret)
    with _refused("NoPermission"):
        _lookup_by(cloud, key)


def test_of_other_accounts_there_is_nothing(cloud: Cloud) -> None:
    other = Cloud(cloud.process, cloud.admin.create_account(behaviours="friendly"))
    invoke(other.ram(), "CreateUser", UserName="u")
    assert _events(cloud) == []
