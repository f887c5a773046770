"""The preset between hostile and friendly, as a client of another maker drives it.

The order of calls is that of a plan with a user, a role that trusts it and a policy: each thing is
read right after its creation, a change sends what changed, and the end deletes it all.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.emulator_process import EmulatorProcess
from tests.emulator.calls import invoke, policy, refused, trust
from tests.emulator.conftest import Cloud

FULL = {"PolicyName": "p", "PolicyType": "Custom"}


@pytest.fixture
def likely(process: EmulatorProcess) -> Cloud:
    return Cloud(process, process.admin.create_account(behaviours="likely"))


def test_a_plan_is_applied_changed_and_destroyed_without_waiting(likely: Cloud) -> None:
    ram = likely.ram()
    invoke(ram, "CreateUser", UserName="u", Comments="c")
    assert invoke(ram, "GetUser", UserName="u")["User"]["Comments"] == "c"
    document = trust(f"acs:ram::{likely.id}:user/u")
    new = {"RoleName": "r", "AssumeRolePolicyDocument": document, "MaxSessionDuration": 7200}
    invoke(ram, "CreateRole", **new, Description="d", AllowConsoleLogin=False)
    assert _role(ram)["Description"] == "d"
    invoke(ram, "CreatePolicy", PolicyName="p", PolicyDocument=policy())
    text = invoke(ram, "GetPolicy", **FULL)["DefaultPolicyVersion"]["PolicyDocument"]
    assert json.loads(text) == json.loads(policy())
    invoke(ram, "AttachPolicyToRole", **FULL, RoleName="r")

    invoke(ram, "UpdateRole", RoleName="r", NewDescription="")
    role = _role(ram)
    assert (role["Description"], role["MaxSessionDuration"]) == ("", 7200)
    assert role["AllowConsoleLogin"] is False
    invoke(ram, "UpdateUser", UserName="u", NewUserName="u", NewDisplayName="n")
    user = invoke(ram, "GetUser", UserName="u")["User"]
    assert (user["Comments"], user["DisplayName"], user["Email"]) == ("c", "n", "")
    invoke(ram, "UpdateUser", UserName="u", NewUserName="u", NewComments="")
    assert invoke(ram, "GetUser", UserName="u")["User"]["Comments"] == ""
    assert len(invoke(ram, "ListRoles", MaxItems=5000)["Roles"]["Role"]) == 1

    invoke(ram, "DetachPolicyFromRole", **FULL, RoleName="r")
    invoke(ram, "DeletePolicy", PolicyName="p", CascadingDelete=True)
    invoke(ram, "DeleteRole", RoleName="r")
    assert refused(ram, "GetRole", RoleName="r").code == "EntityNotExist.Role"
    invoke(ram, "DeleteUser", UserName="u")
    invoke(ram, "CreateUser", UserName="u")


def test_somebody_else_sees_it_later_and_repetition_is_refused(likely: Cloud) -> None:
    other = likely.ram(likely.user("other", policies=[["System", "AdministratorAccess"]]))
    likely.set(stale_read_seconds=3600)
    document = trust("ecs.aliyuncs.com", kind="Service")
    invoke(likely.ram(), "CreateRole", RoleName="r", AssumeRolePolicyDocument=document)
    assert _role(likely.ram())["RoleName"] == "r"
    assert refused(other, "GetRole", RoleName="r").code == "EntityNotExist.Role"
    given = {"PolicyType": "System", "PolicyName": "ReadOnlyAccess", "RoleName": "r"}
    invoke(likely.ram(), "AttachPolicyToRole", **given)
    assert refused(other, "AttachPolicyToRole", **given).code == "EntityAlreadyExists.Role.Policy"
    missing = trust(f"acs:ram::{likely.id}:user/nobody")
    again = {"RoleName": "r2", "AssumeRolePolicyDocument": missing}
    assert refused(likely.ram(), "CreateRole", **again).code == "MalformedPolicyDocument"


@pytest.mark.parametrize("at_once", [False, True])
def test_own_writes_are_seen_at_once_or_with_all_others(cloud: Cloud, at_once: bool) -> None:
    cloud.set(stale_read_seconds=3600, own_writes_seen_at_once=at_once)
    ram, document = cloud.ram(), trust("ecs.aliyuncs.com", kind="Service")
    other = cloud.ram(cloud.user("other", policies=[["System", "AdministratorAccess"]]))
    assert invoke(ram, "ListRoles")["Roles"]["Role"] == []
    invoke(ram, "CreateRole", RoleName="r", AssumeRolePolicyDocument=document)
    invoke(ram, "UpdateRole", RoleName="r", NewDescription="new")
    if at_once:
        assert _role(ram)["Description"] == "new"
    else:
        assert refused(ram, "GetRole", RoleName="r").code == "EntityNotExist.Role"
    assert refused(other, "GetRole", RoleName="r").code == "EntityNotExist.Role"
    cloud.admin.add_fault("stale", action="GetRole", seconds=3600)
    assert refused(ram, "GetRole", RoleName="r").code == "EntityNotExist.Role"


def _role(ram: Any) -> dict[str, Any]:
    return dict(invoke(ram, "GetRole", RoleName="r")["Role"])
