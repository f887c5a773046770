"""The admin port: seeding, journal, clock, true state, save and load."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from lab.emulator_process import EmulatorProcess, emulator
from ram_emulator.admin import Admin, AdminError
from tests.emulator.calls import SERVICE_TRUST, invoke, policy, refused, trust
from tests.emulator.conftest import Cloud, Credentials
from tests.emulator.raw import v1


def test_accounts_have_the_id_that_was_asked_for(process: EmulatorProcess) -> None:
    keys = process.admin.create_account("1000000000000042", behaviours={"attach_repeat": "success"})
    assert keys.account_id == "1000000000000042"
    assert keys.admin_arn == "acs:ram::1000000000000042:user/operator"
    assert process.admin.behaviours(keys.account_id)["attach_repeat"] == "success"
    for identifier in ("1000000000000042", "12", "100000000000004x"):
        with pytest.raises(AdminError, match="400"):
            process.admin.create_account(identifier)


def test_secrets_are_not_in_the_text_of_keys(cloud: Cloud) -> None:
    assert cloud.account.admin_access_key_secret not in repr(cloud.account)
    assert cloud.account.root_access_key_secret not in repr(cloud.account)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nowhere", None, 404),
        ("DELETE", "/accounts", None, 405),
        ("GET", "/accounts/1/state", None, 404),
        ("POST", "/accounts", [1], 400),
        ("POST", "/accounts", {"quotas": {"moons": 1}}, 400),
        ("POST", "/accounts", {"quotas": {"roles": -1}}, 400),
        ("POST", "/accounts/{id}/users", {}, 404),
        ("POST", "/accounts/{id}/users", {"userName": "Operator"}, 400),
        ("POST", "/accounts/{id}/users", {"userName": "x", "policies": [["System", "no"]]}, 400),
        ("POST", "/accounts/{id}/groups", {"groupName": "g", "members": ["ghost"]}, 400),
        ("POST", "/accounts/{id}/providers", {"type": "ldap", "name": "x"}, 400),
        ("POST", "/accounts", {"site": "moon"}, 400),
        ("PATCH", "/accounts/{id}/users/ghost", {}, 404),
        ("PATCH", "/accounts/{id}/users/operator", {"status": "gone"}, 400),
        ("PATCH", "/accounts/{id}/users/operator", {"lastLoginDate": "soon"}, 400),
        ("PATCH", "/accounts/{id}/keys/none", {"status": "Active"}, 404),
        ("PUT", "/state", {"format": 99}, 400),
        ("PUT", "/state", {"format": 2}, 400),
        ("POST", "/clock", {"advanceSeconds": "soon"}, 400),
    ],
)
def test_wrong_requests(cloud: Cloud, method: str, path: str, body: Any, status: int) -> None:
    with pytest.raises(AdminError) as caught:
        cloud.admin.request(method, path.replace("{id}", cloud.id), body)
    assert caught.value.status == status
    assert "error" in str(caught.value)


def test_journal_tells_who_did_what(cloud: Cloud) -> None:
    ram = cloud.ram()
    given = {"RoleName": "r", "AssumeRolePolicyDocument": SERVICE_TRUST}
    body = invoke(ram, "CreateRole", **given)
    refused(ram, "GetRole", RoleName="none")
    invoke(cloud.sts(), "GetCallerIdentity")
    entries = cloud.admin.journal(cloud.id)
    assert [(e["service"], e["action"], e["effect"], e["status"], e["code"]) for e in entries] == [
        ("ram", "CreateRole", "write", 200, ""),
        ("ram", "GetRole", "none", 404, "EntityNotExist.Role"),
        ("sts", "GetCallerIdentity", "read", 200, ""),
    ]
    first = entries[0]
    assert first["requestId"] == body["RequestId"]
    assert first["caller"] == cloud.account.admin_arn
    assert first["parameters"]["AssumeRolePolicyDocument"] == SERVICE_TRUST
    assert [e["n"] for e in cloud.admin.journal(cloud.id, writes=True)] == [first["n"]]
    assert len(cloud.admin.journal(cloud.id, since=first["n"])) == 2


def test_journal_has_no_secrets_and_can_be_cleared(cloud: Cloud) -> None:
    secret = {"Action": "CreateLoginProfile", "UserName": "u", "Password": "hunter2-hunter2"}
    assert v1(cloud.process.port, cloud.operator, secret).code == "EntityNotExist.User"
    entry = cloud.admin.journal(cloud.id)[-1]
    assert entry["parameters"] == {"UserName": "u", "Password": "(redacted)"}
    cloud.admin.clear_journal()
    assert cloud.admin.journal() == []
    invoke(cloud.ram(), "ListRoles")
    assert cloud.admin.journal()[0]["n"] > entry["n"]


def test_clock_moves_dates_but_not_signatures(cloud: Cloud) -> None:
    before = cloud.admin.request("GET", "/clock")["now"]
    after = cloud.admin.advance_clock(100_000)
    assert after - before >= 100_000
    given = {"RoleName": "r", "AssumeRolePolicyDocument": SERVICE_TRUST}
    late = invoke(cloud.ram(), "CreateRole", **given)["Role"]["CreateDate"]
    cloud.admin.set_clock_offset(0)
    given["RoleName"] = "s"
    assert invoke(cloud.ram(), "CreateRole", **given)["Role"]["CreateDate"] < late


def test_state_is_plain_and_true(hostile: Cloud) -> None:
    ram = hostile.ram()
    invoke(
        ram,
        "CreateRole",
        RoleName="R",
        AssumeRolePolicyDocument=SERVICE_TRUST,
        Tag=[{"Key": "k", "Value": "v"}],
    )
    invoke(ram, "CreatePolicy", PolicyName="P", PolicyDocument=policy(), Description="d")
    given = {"PolicyType": "Custom", "PolicyName": "P", "RoleName": "R"}
    invoke(ram, "AttachPolicyToRole", **given)
    state = hostile.admin.state(hostile.id)
    role = state["roles"]["R"]
    assert role["policies"] == [["Custom", "P"]]
    assert role["trust"]["Statement"][0]["Principal"] == {"Service": ["fc.aliyuncs.com"]}
    assert (role["tags"], role["maxSessionDuration"]) == ({"k": "v"}, 3600)
    found = state["policies"]["P"]
    assert found["attachments"] == ["role/r"]
    assert found["document"] == found["versions"]["v1"]
    assert state["users"]["operator"]["policies"] == [["System", "AdministratorAccess"]]


def test_save_and_load_bring_everything_back(cloud: Cloud) -> None:
    ram = cloud.ram()
    document = trust(f"acs:ram::{cloud.id}:root")
    invoke(ram, "CreateRole", RoleName="R", AssumeRolePolicyDocument=document)
    invoke(ram, "CreatePolicy", PolicyName="P", PolicyDocument=policy(), Tag=[{"Key": "k"}])
    invoke(ram, "CreatePolicyVersion", PolicyName="P", PolicyDocument=policy("ecs:*"))
    given = {"PolicyType": "Custom", "PolicyName": "P"}
    cloud.user("ann", policies=[("Custom", "P")])
    cloud.admin.create_group(cloud.id, "g", members=["ann"])
    cloud.admin.create_provider(cloud.id, "saml", "idp")
    invoke(ram, "AttachPolicyToRole", **given, RoleName="R")
    row = invoke(
        cloud.sts(), "AssumeRole", RoleArn=f"acs:ram::{cloud.id}:role/r", RoleSessionName="s1"
    )["Credentials"]
    session = Credentials(row["AccessKeyId"], row["AccessKeySecret"], row["SecurityToken"])
    saved = cloud.admin.save()
    before = cloud.admin.state(cloud.id)
    invoke(ram, "DetachPolicyFromRole", **given, RoleName="R")
    invoke(ram, "DeleteRole", RoleName="R")
    assert cloud.admin.state(cloud.id) != before
    cloud.admin.load(saved)
    assert cloud.admin.state(cloud.id) == before
    assert cloud.admin.save() == saved
    assert invoke(cloud.sts(session), "GetCallerIdentity")["AccountId"] == cloud.id
    version = invoke(ram, "CreatePolicyVersion", PolicyName="P", PolicyDocument=policy())
    assert version["PolicyVersion"]["VersionId"] == "v3"
    damaged = copy.deepcopy(saved)
    damaged["accounts"][0]["roles"].append({"name": "half"})
    with pytest.raises(AdminError, match="damaged"):
        cloud.admin.load(damaged)
    assert cloud.admin.state(cloud.id)["roles"].keys() == before["roles"].keys()


def test_not_strict_takes_any_json() -> None:
    with emulator(["--no-strict"]) as exceeds:
        cloud = Cloud(exceeds, exceeds.admin.create_account())
        loosely = '{"Statement":[{"Anything":1}]}'
        long = {"RoleName": "r", "AssumeRolePolicyDocument": loosely + " " * 4000}
        invoke(cloud.ram(), "CreateRole", **long)
        invoke(cloud.ram(), "CreatePolicy", PolicyName="p", PolicyDocument=loosely)
        services = {"RoleName": "s", "AssumeRolePolicyDocument": trust("*", kind="Service")}
        invoke(cloud.ram(), "CreateRole", **services)
        cloud.admin.advance_clock(2)
        given = {"RoleArn": f"acs:ram::{cloud.id}:role/s", "RoleSessionName": "s1"}
        assert refused(cloud.sts(), "AssumeRole", **given).code == "NoPermission"
        error = refused(cloud.ram(), "CreatePolicy", PolicyName="q", PolicyDocument="[")
        assert error.code == "MalformedPolicyDocument"


def test_nobody_answers() -> None:
    assert Admin("http://127.0.0.1:9", timeout=1).healthy() is False
