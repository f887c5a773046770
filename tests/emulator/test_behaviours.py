"""Each switch under both its values, seen through the real SDK."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

from ram_emulator.behaviours import BEHAVIOURS
from tests.emulator.calls import SERVICE_TRUST, invoke, policy, refused, trust
from tests.emulator.conftest import Cloud

OTHER_TRUST = trust("ecs.aliyuncs.com", kind="Service")

Check = Callable[[Cloud, bool], None]


def _role(cloud: Cloud, name: str = "r", **extra: Any) -> None:
    given: dict[str, Any] = {"RoleName": name, "AssumeRolePolicyDocument": SERVICE_TRUST, **extra}
    invoke(cloud.ram(), "CreateRole", **given)


def _get(cloud: Cloud, name: str = "r") -> dict[str, Any]:
    return dict(invoke(cloud.ram(), "GetRole", RoleName=name)["Role"])


def _update(cloud: Cloud, **given: Any) -> None:
    invoke(cloud.ram(), "UpdateRole", RoleName="r", **given)


def _attach(cloud: Cloud) -> dict[str, str]:
    given = {"PolicyType": "System", "PolicyName": "ReadOnlyAccess", "RoleName": "r"}
    invoke(cloud.ram(), "AttachPolicyToRole", **given)
    return given


def _moved(cloud: Cloud, read: Callable[[], str], write: Callable[[], None]) -> bool:
    before = read()
    cloud.admin.advance_clock(5)
    write()
    return read() != before


def update_role_resets_session(cloud: Cloud, hostile: bool) -> None:
    _role(cloud, MaxSessionDuration=7200)
    _update(cloud, NewDescription="x")
    assert _get(cloud)["MaxSessionDuration"] == (3600 if hostile else 7200)
    _update(cloud, NewMaxSessionDuration=9000)
    assert _get(cloud)["MaxSessionDuration"] == 9000


def role_console_login_exists(cloud: Cloud, hostile: bool) -> None:
    _role(cloud, AllowConsoleLogin=False)
    assert _get(cloud).get("AllowConsoleLogin") is (False if hostile else None)
    _update(cloud, NewAllowConsoleLogin=True)
    assert _get(cloud).get("AllowConsoleLogin") is (True if hostile else None)


def role_console_login_default(cloud: Cloud, hostile: bool) -> None:
    cloud.set(role_console_login_exists=True)
    _role(cloud)
    assert _get(cloud)["AllowConsoleLogin"] is hostile
    _role(cloud, "told", AllowConsoleLogin=not hostile)
    assert _get(cloud, "told")["AllowConsoleLogin"] is not hostile


def update_role_resets_console_login(cloud: Cloud, hostile: bool) -> None:
    cloud.set(role_console_login_exists=True, role_console_login_default=True)
    _role(cloud, AllowConsoleLogin=False)
    _update(cloud, NewDescription="x")
    assert _get(cloud)["AllowConsoleLogin"] is hostile
    _update(cloud, NewAllowConsoleLogin=False)
    assert _get(cloud)["AllowConsoleLogin"] is False


def update_date_moves_on_trust(cloud: Cloud, hostile: bool) -> None:
    _role(cloud)

    def read() -> str:
        return str(_get(cloud)["UpdateDate"])

    assert _moved(cloud, read, lambda: _update(cloud, NewAssumeRolePolicyDocument=OTHER_TRUST)) is (
        not hostile
    )
    assert _moved(cloud, read, lambda: _update(cloud, NewDescription="x"))


def update_date_moves_on_version(cloud: Cloud, hostile: bool) -> None:
    name = {"PolicyName": "p"}
    invoke(cloud.ram(), "CreatePolicy", **name, PolicyDocument=policy())

    def read() -> str:
        body = invoke(cloud.ram(), "GetPolicy", **name, PolicyType="Custom")
        return str(body["Policy"]["UpdateDate"])

    def write() -> None:
        invoke(
            cloud.ram(),
            "CreatePolicyVersion",
            **name,
            PolicyDocument=policy("*"),
            SetAsDefault=True,
        )

    assert _moved(cloud, read, write) is (not hostile)


def stale_read_seconds(cloud: Cloud, hostile: bool) -> None:
    """Create, update, attach and delete are each seen late; the clock brings them to light."""
    ram = cloud.ram()

    def names() -> list[str]:
        return [row["RoleName"] for row in invoke(ram, "ListRoles")["Roles"]["Role"]]

    _role(cloud, Description="old")
    if hostile:
        assert refused(ram, "GetRole", RoleName="r").code == "EntityNotExist.Role"
        assert names() == []
        error = refused(ram, "CreateRole", RoleName="r", AssumeRolePolicyDocument=SERVICE_TRUST)
        assert error.code == "EntityAlreadyExists.Role"
    cloud.admin.advance_clock(2)
    assert names() == ["r"]
    _update(cloud, NewDescription="new")
    attached = _attach(cloud)
    held = invoke(ram, "ListPoliciesForRole", RoleName="r")["Policies"]["Policy"]
    assert (_get(cloud)["Description"], len(held)) == (("old", 0) if hostile else ("new", 1))
    cloud.admin.advance_clock(2)
    held = invoke(ram, "ListPoliciesForRole", RoleName="r")["Policies"]["Policy"]
    assert (_get(cloud)["Description"], len(held)) == ("new", 1)
    invoke(ram, "DetachPolicyFromRole", **attached)
    invoke(ram, "DeleteRole", RoleName="r")
    if hostile:
        assert _get(cloud)["Description"] == "new"
        assert names() == ["r"]
        assert refused(ram, "DeleteRole", RoleName="r").code == "EntityNotExist.Role"
    assert cloud.admin.state(cloud.id)["roles"] == {}
    cloud.admin.advance_clock(2)
    assert refused(ram, "GetRole", RoleName="r").code == "EntityNotExist.Role"
    assert names() == []


def detach_visible_after_seconds(cloud: Cloud, hostile: bool) -> None:
    ram = cloud.ram()
    _role(cloud)
    invoke(ram, "CreatePolicy", PolicyName="p", PolicyDocument=policy())
    given = {"PolicyType": "Custom", "PolicyName": "p", "RoleName": "r"}
    invoke(ram, "AttachPolicyToRole", **given)
    cloud.admin.advance_clock(2)
    invoke(ram, "DetachPolicyFromRole", **given)
    if hostile:
        assert refused(ram, "DeleteRole", RoleName="r").code == "DeleteConflict.Role.Policy"
        assert refused(ram, "DeletePolicy", PolicyName="p").code.startswith("DeleteConflict.")
        cloud.admin.advance_clock(1)
    invoke(ram, "DeleteRole", RoleName="r")
    invoke(ram, "DeletePolicy", PolicyName="p")


def _assumable(cloud: Cloud) -> bool:
    given = {"RoleArn": f"acs:ram::{cloud.id}:role/r", "RoleSessionName": "s1"}
    try:
        invoke(cloud.sts(), "AssumeRole", **given)
    except AlibabaCloudException as error:
        if error.code not in ("NoPermission", "EntityNotExist.Role"):
            raise
        return False
    return True


def trust_effective_after_seconds(cloud: Cloud, hostile: bool) -> None:
    _role(cloud, AssumeRolePolicyDocument=trust(f"acs:ram::{cloud.id}:root"))
    assert _assumable(cloud) is (not hostile)
    cloud.admin.advance_clock(1)
    assert _assumable(cloud)
    _update(cloud, NewAssumeRolePolicyDocument=SERVICE_TRUST)
    assert _assumable(cloud) is hostile
    cloud.admin.advance_clock(1)
    assert not _assumable(cloud)


def principal_visibility_seconds(cloud: Cloud, hostile: bool) -> None:
    cloud.set(trust_principals_must_exist=True)
    _role(cloud, "caller")
    document = trust(f"acs:ram::{cloud.id}:role/Caller")
    if hostile:
        error = refused(cloud.ram(), "CreateRole", RoleName="r", AssumeRolePolicyDocument=document)
        assert error.code == "MalformedPolicyDocument"
        cloud.admin.advance_clock(1)
    _role(cloud, AssumeRolePolicyDocument=document)


def trust_principals_must_exist(cloud: Cloud, hostile: bool) -> None:
    missing = [
        ("RAM", f"acs:ram::{cloud.id}:user/ghost"),
        ("RAM", f"acs:ram::{cloud.id}:role/ghost"),
        ("Federated", f"acs:ram::{cloud.id}:oidc-provider/ghost"),
    ]
    for number, (kind, principal) in enumerate(missing):
        document = trust(principal, kind=kind)
        given = {"RoleName": f"r{number}", "AssumeRolePolicyDocument": document}
        if hostile:
            error = refused(cloud.ram(), "CreateRole", **given)
            assert error.code == "MalformedPolicyDocument"
            assert principal in error.data["Message"]
        else:
            invoke(cloud.ram(), "CreateRole", **given)
    cloud.user("ann")
    arn = cloud.admin.create_provider(cloud.id, "oidc", "GitHub")
    _role(cloud, "a", AssumeRolePolicyDocument=trust(f"acs:ram::{cloud.id}:user/Ann"))
    _role(cloud, "b", AssumeRolePolicyDocument=trust(arn, kind="Federated"))
    # Nothing is known of accounts that are not emulated here.
    _role(cloud, "c", AssumeRolePolicyDocument=trust("acs:ram::1000000000000001:user/x"))


def trust_wildcards_accepted(cloud: Cloud, hostile: bool) -> None:
    for number, principal in enumerate(("*", "acs:ram::*:root", f"acs:ram::{cloud.id}:user/*")):
        given = {"RoleName": f"r{number}", "AssumeRolePolicyDocument": trust(principal)}
        if hostile:
            invoke(cloud.ram(), "CreateRole", **given)
        else:
            assert refused(cloud.ram(), "CreateRole", **given).code == "MalformedPolicyDocument"
    bare = (
        '{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}]}'
    )
    given = {"RoleName": "bare", "AssumeRolePolicyDocument": bare}
    if hostile:
        invoke(cloud.ram(), "CreateRole", **given)
    else:
        assert refused(cloud.ram(), "CreateRole", **given).code == "MalformedPolicyDocument"
    providers = trust(f"acs:ram::{cloud.id}:saml-provider/*", kind="Federated")
    given = {"RoleName": "saml", "AssumeRolePolicyDocument": providers}
    assert refused(cloud.ram(), "CreateRole", **given).code == "MalformedPolicyDocument"


def trust_accepts_deny(cloud: Cloud, hostile: bool) -> None:
    document = trust(f"acs:ram::{cloud.id}:root", Effect="Deny")
    given = {"RoleName": "r", "AssumeRolePolicyDocument": document}
    if hostile:
        invoke(cloud.ram(), "CreateRole", **given)
    else:
        assert refused(cloud.ram(), "CreateRole", **given).code == "MalformedPolicyDocument"


def trust_limit_bytes(cloud: Cloud, hostile: bool) -> None:
    document = SERVICE_TRUST + " " * 3000
    given = {"RoleName": "r", "AssumeRolePolicyDocument": document}
    if hostile:
        code = refused(cloud.ram(), "CreateRole", **given).code
        assert code == "InvalidParameter.AssumeRolePolicyDocument.Length"
    else:
        invoke(cloud.ram(), "CreateRole", **given)


def role_document_reformatted(cloud: Cloud, hostile: bool) -> None:
    _role(cloud)
    text = _get(cloud)["AssumeRolePolicyDocument"]
    assert json.loads(text) == json.loads(SERVICE_TRUST)
    assert (text != SERVICE_TRUST) is hostile


def policy_document_reformatted(cloud: Cloud, hostile: bool) -> None:
    invoke(cloud.ram(), "CreatePolicy", PolicyName="p", PolicyDocument=policy())
    body = invoke(cloud.ram(), "GetPolicy", PolicyName="p", PolicyType="Custom")
    text = body["DefaultPolicyVersion"]["PolicyDocument"]
    assert json.loads(text) == json.loads(policy())
    assert (text != policy()) is hostile


def versions_list_has_document(cloud: Cloud, hostile: bool) -> None:
    invoke(cloud.ram(), "CreatePolicy", PolicyName="p", PolicyDocument=policy())
    body = invoke(cloud.ram(), "ListPolicyVersions", PolicyName="p", PolicyType="Custom")
    (row,) = body["PolicyVersions"]["PolicyVersion"]
    assert ("PolicyDocument" in row) is (not hostile)


def description_can_be_cleared(cloud: Cloud, hostile: bool) -> None:
    _role(cloud, Description="old")
    _update(cloud, NewDescription="")
    assert cloud.admin.state(cloud.id)["roles"]["r"]["description"] == ("old" if hostile else "")
    given = {"PolicyName": "p", "PolicyDocument": policy(), "Description": "old"}
    invoke(cloud.ram(), "CreatePolicy", **given)
    invoke(cloud.ram(), "UpdatePolicyDescription", PolicyName="p", NewDescription="")
    text = cloud.admin.state(cloud.id)["policies"]["p"]["description"]
    assert text == ("old" if hostile else "")


def empty_optional_fields(cloud: Cloud, hostile: bool) -> None:
    _role(cloud)
    assert ("Description" in _get(cloud)) is (not hostile)


def list_skips_row_on_concurrent_delete(cloud: Cloud, hostile: bool) -> None:
    for name in ("a", "b", "c"):
        _role(cloud, name)
    first = invoke(cloud.ram(), "ListRoles", MaxItems=1)
    invoke(cloud.ram(), "DeleteRole", RoleName="a")
    rest = invoke(cloud.ram(), "ListRoles", Marker=first["Marker"])["Roles"]["Role"]
    assert [row["RoleName"] for row in rest] == (["c"] if hostile else ["b", "c"])


def max_items_out_of_range(cloud: Cloud, hostile: bool) -> None:
    if hostile:
        assert refused(cloud.ram(), "ListRoles", MaxItems=1001).status_code == 400
    else:
        invoke(cloud.ram(), "ListRoles", MaxItems=1001)


def policy_delete_conflict_role_code(cloud: Cloud, hostile: bool) -> None:
    _role(cloud)
    invoke(cloud.ram(), "CreatePolicy", PolicyName="p", PolicyDocument=policy())
    given = {"PolicyType": "Custom", "PolicyName": "p", "RoleName": "r"}
    invoke(cloud.ram(), "AttachPolicyToRole", **given)
    code = refused(cloud.ram(), "DeletePolicy", PolicyName="p").code
    assert code == ("DeleteConflict.Role.Policy" if hostile else "DeleteConflict.Policy.Role")


def attach_repeat(cloud: Cloud, hostile: bool) -> None:
    _role(cloud)
    given = _attach(cloud)
    if hostile:
        error = refused(cloud.ram(), "AttachPolicyToRole", **given)
        assert error.code == "EntityAlreadyExists.Role.Policy"
    else:
        invoke(cloud.ram(), "AttachPolicyToRole", **given)


def service_linked_edit_code(cloud: Cloud, hostile: bool) -> None:
    cloud.admin.create_service_linked_role(cloud.id, "fc.aliyuncs.com", "Linked")
    assert _get(cloud, "linked")["IsServiceLinkedRole"] is True
    error = refused(cloud.ram(), "UpdateRole", RoleName="Linked", NewDescription="x")
    wanted = ("NoPermission", 403) if hostile else ("NotSupport.ServiceLinkedRole", 400)
    assert (error.code, error.status_code) == wanted


def throttle_status(cloud: Cloud, hostile: bool) -> None:
    cloud.admin.add_fault("throttle", account=cloud.id)
    error = refused(cloud.ram(), "ListRoles")
    assert (error.code, error.status_code) == ("Throttling.User", 400 if hostile else 429)


def throttle_retry_after_header(cloud: Cloud, hostile: bool) -> None:
    cloud.admin.add_fault("throttle", account=cloud.id)
    error = refused(cloud.ram(), "ListRoles")
    assert (type(error).__name__ == "ThrottlingException") is (not hostile)


def rate_limits_enforced(cloud: Cloud, hostile: bool) -> None:
    # One a second, so that a slow machine is fast enough.
    given: Any = {"behaviours": {"rate_limits_enforced": hostile}, "quotas": {"writesPerSecond": 1}}
    slow, codes = Cloud(cloud.process, cloud.admin.create_account(**given)), []
    for number in range(10):
        try:
            _role(slow, f"r{number}")
        except AlibabaCloudException as error:
            codes.append(error.code)
    assert bool(codes) is hostile
    assert set(codes) <= {"Throttling.User"}


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        update_role_resets_session,
        role_console_login_exists,
        role_console_login_default,
        update_role_resets_console_login,
        update_date_moves_on_trust,
        update_date_moves_on_version,
        stale_read_seconds,
        detach_visible_after_seconds,
        trust_effective_after_seconds,
        principal_visibility_seconds,
        trust_principals_must_exist,
        trust_wildcards_accepted,
        trust_accepts_deny,
        trust_limit_bytes,
        role_document_reformatted,
        policy_document_reformatted,
        versions_list_has_document,
        description_can_be_cleared,
        empty_optional_fields,
        list_skips_row_on_concurrent_delete,
        max_items_out_of_range,
        policy_delete_conflict_role_code,
        attach_repeat,
        service_linked_edit_code,
        throttle_status,
        throttle_retry_after_header,
        rate_limits_enforced,
    )
}


@pytest.mark.parametrize("value", ["hostile", "friendly"])
@pytest.mark.parametrize("name", CHECKS)
def test_behaviour(cloud: Cloud, name: str, value: str) -> None:
    cloud.set(**{name: getattr(BEHAVIOURS[name], value)})
    CHECKS[name](cloud, value == "hostile")
