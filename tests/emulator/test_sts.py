"""AssumeRole is decided by the trust document and by the caller's own permissions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.emulator_process import EmulatorProcess
from tests.emulator.calls import SERVICE_TRUST, invoke, policy, refused, trust
from tests.emulator.conftest import Cloud, Credentials

ASSUMER = {"policies": [("System", "AliyunSTSAssumeRoleAccess")]}
OTHER = "1999999999999999"


def _role(cloud: Cloud, document: str, name: str = "target", **extra: Any) -> str:
    invoke(cloud.ram(), "CreateRole", RoleName=name, AssumeRolePolicyDocument=document, **extra)
    return f"acs:ram::{cloud.id}:role/{name}"


def _assume(cloud: Cloud, who: Credentials, arn: str, **extra: Any) -> Credentials:
    given = {"RoleSessionName": "s1", **extra}
    row = invoke(cloud.sts(who), "AssumeRole", RoleArn=arn, **given)["Credentials"]
    return Credentials(row["AccessKeyId"], row["AccessKeySecret"], row["SecurityToken"])


def _refused(cloud: Cloud, who: Credentials, arn: str, **extra: Any) -> dict[str, Any]:
    given = {"RoleSessionName": "s1", **extra}
    error = refused(cloud.sts(who), "AssumeRole", RoleArn=arn, **given)
    assert (error.code, error.status_code) == ("NoPermission", 403)
    return dict(error.data["AccessDeniedDetail"])


@pytest.fixture
def neighbour(process: EmulatorProcess) -> Cloud:
    """A second account on the same server."""
    return Cloud(process, process.admin.create_account(behaviours="friendly"))


# A trust of account {id}, and whether user ann of it is let in. Principal words: see _document.
TRUSTS: list[tuple[str, str, dict[str, Any], bool]] = [
    ("RAM", "acs:ram::{id}:root", {}, True),
    ("RAM", "acs:ram::{id}:user/ann", {}, True),
    ("RAM", "acs:ram::{id}:user/ANN", {}, True),
    ("RAM", "acs:ram::{id}:user/bob", {}, False),
    ("RAM", "acs:ram::{id}:role/some", {}, False),
    ("RAM", "acs:ram::1999999999999999:root", {}, False),
    ("RAM", "*", {}, True),
    ("RAM", "acs:ram::*:root", {}, True),
    ("RAM", "acs:ram::{id}:user/a*", {}, True),
    ("RAM", "acs:ram::{id}:user/b*", {}, False),
    ("Service", "fc.aliyuncs.com", {}, False),
    ("Federated", "acs:ram::{id}:oidc-provider/x", {}, False),
    ("RAM", "acs:ram::{id}:root", {"StringEquals": {"sts:ExternalId": "abc"}}, False),
    ("RAM", "acs:ram::{id}:root", {"StringNotEquals": {"sts:ExternalId": "abc"}}, True),
    ("RAM", "acs:ram::{id}:root", {"IpAddress": {"acs:SourceIp": "127.0.0.0/8"}}, True),
    ("RAM", "acs:ram::{id}:root", {"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}, False),
    ("RAM", "acs:ram::{id}:root", {"NotIpAddress": {"acs:SourceIp": ["10.0.0.0/8"]}}, True),
    ("RAM", "acs:ram::{id}:root", {"IpAddress": {"acs:SourceIp": "nonsense"}}, False),
    ("RAM", "acs:ram::{id}:root", {"Bool": {"acs:SecureTransport": "false"}}, True),
    ("RAM", "acs:ram::{id}:root", {"Bool": {"acs:MFAPresent": "true"}}, False),
    (
        "RAM",
        "acs:ram::{id}:root",
        {"StringLike": {"acs:PrincipalARN": "acs:ram::*:user/an?"}},
        True,
    ),
    ("RAM", "acs:ram::{id}:root", {"StringLike": {"acs:PrincipalARN": "*bob"}}, False),
    (
        "RAM",
        "acs:ram::{id}:root",
        {"DateLessThan": {"acs:CurrentTime": "2099-01-01T00:00:00Z"}},
        True,
    ),
    (
        "RAM",
        "acs:ram::{id}:root",
        {"DateGreaterThan": {"acs:CurrentTime": "2099-01-01T00:00:00Z"}},
        False,
    ),
]


@pytest.mark.parametrize(("kind", "principal", "condition", "let_in"), TRUSTS)
def test_trust_decides(
    cloud: Cloud, kind: str, principal: str, condition: dict[str, Any], let_in: bool
) -> None:
    cloud.set(trust_wildcards_accepted=True)
    ann = cloud.user("ann", **ASSUMER)
    arn = _role(cloud, trust(principal.format(id=cloud.id), kind=kind, Condition=condition))
    if let_in:
        _assume(cloud, ann, arn)
    else:
        assert _refused(cloud, ann, arn)["PolicyType"] == "AssumeRolePolicy"


def test_trust_without_permission_is_not_enough(cloud: Cloud) -> None:
    ann = cloud.user("ann")
    arn = _role(cloud, trust(f"acs:ram::{cloud.id}:user/ann"))
    detail = _refused(cloud, ann, arn)
    assert detail["PolicyType"] == "AccountLevelIdentityBasedPolicy"
    assert detail["AuthAction"] == "sts:AssumeRole"
    assert detail["NoPermissionType"] == "ImplicitDeny"


def test_permission_can_be_narrowed_to_a_role(cloud: Cloud) -> None:
    document = json.loads(policy("sts:AssumeRole", Resource=f"acs:ram::{cloud.id}:role/Target"))
    ann = cloud.user("ann", document=document)
    everyone = trust(f"acs:ram::{cloud.id}:root")
    _assume(cloud, ann, _role(cloud, everyone))
    detail = _refused(cloud, ann, _role(cloud, everyone, "another"))
    assert detail["PolicyType"] == "AccountLevelIdentityBasedPolicy"


def test_an_explicit_deny_in_trust_wins(cloud: Cloud) -> None:
    cloud.set(trust_accepts_deny=True)
    ann, bob = cloud.user("ann", **ASSUMER), cloud.user("bob", **ASSUMER)
    allow = json.loads(trust(f"acs:ram::{cloud.id}:root"))
    deny = json.loads(trust(f"acs:ram::{cloud.id}:user/bob", Effect="Deny"))
    allow["Statement"] += deny["Statement"]
    arn = _role(cloud, json.dumps(allow))
    _assume(cloud, ann, arn)
    assert _refused(cloud, bob, arn)["NoPermissionType"] == "ExplicitDeny"


def test_external_id(cloud: Cloud, neighbour: Cloud) -> None:
    auditor = neighbour.user("auditor", **ASSUMER)
    document = trust(
        f"acs:ram::{neighbour.id}:root", Condition={"StringEquals": {"sts:ExternalId": "s3cret"}}
    )
    arn = _role(cloud, document)
    _assume(cloud, auditor, arn, ExternalId="s3cret")
    assert _refused(cloud, auditor, arn, ExternalId="guess")["PolicyType"] == "AssumeRolePolicy"
    assert _refused(cloud, auditor, arn)["AuthPrincipalOwnerId"] == neighbour.id


def test_another_account_is_a_stranger_unless_named(cloud: Cloud, neighbour: Cloud) -> None:
    stranger = neighbour.user("ann", **ASSUMER)
    arn = _role(cloud, trust(f"acs:ram::{cloud.id}:root"))
    assert _refused(cloud, stranger, arn)["PolicyType"] == "AssumeRolePolicy"


def test_the_session_has_the_roles_rights_and_name(cloud: Cloud) -> None:
    ann = cloud.user("ann", **ASSUMER)
    arn = _role(cloud, trust(f"acs:ram::{cloud.id}:root"), "Target")
    session = _assume(cloud, ann, arn)
    assert refused(cloud.ram(session), "ListRoles").code == "NoPermission"
    given = {"PolicyType": "System", "PolicyName": "AliyunRAMReadOnlyAccess"}
    invoke(cloud.ram(), "AttachPolicyToRole", **given, RoleName="Target")
    assert len(invoke(cloud.ram(session), "ListRoles")["Roles"]["Role"]) == 1
    error = refused(cloud.ram(session), "DeleteRole", RoleName="Target")
    assert error.data["AccessDeniedDetail"]["AuthPrincipalDisplayName"] == "Target:s1"
    identity = invoke(cloud.sts(session), "GetCallerIdentity")
    role_id = cloud.admin.state(cloud.id)["roles"]["Target"]["roleId"]
    assert identity.pop("RequestId")
    assert identity == {
        "AccountId": cloud.id,
        "Arn": f"acs:ram::{cloud.id}:assumed-role/target/s1",
        "IdentityType": "AssumedRoleUser",
        "PrincipalId": f"{role_id}:s1",
        "RoleId": role_id,
    }


def test_reply_names_the_session(cloud: Cloud) -> None:
    arn = _role(cloud, trust(f"acs:ram::{cloud.id}:root"), "Target")
    body = invoke(cloud.sts(), "AssumeRole", RoleArn=arn, RoleSessionName="alice")
    assert body["AssumedRoleUser"]["Arn"] == f"acs:ram::{cloud.id}:role/target/alice"
    assert body["Credentials"]["AccessKeyId"].startswith("STS.")


def test_chaining_from_role_to_role(cloud: Cloud) -> None:
    first = _role(cloud, trust(f"acs:ram::{cloud.id}:root"), "First")
    second = _role(cloud, trust(f"acs:ram::{cloud.id}:role/first"), "second")
    given = {"PolicyType": "System", "PolicyName": "AliyunSTSAssumeRoleAccess"}
    invoke(cloud.ram(), "AttachPolicyToRole", **given, RoleName="first")
    assert _refused(cloud, cloud.operator, second)["PolicyType"] == "AssumeRolePolicy"
    chained = _assume(cloud, _assume(cloud, cloud.operator, first), second)
    identity = invoke(cloud.sts(chained), "GetCallerIdentity")
    assert identity["Arn"].endswith("assumed-role/second/s1")


def test_a_session_policy_narrows(cloud: Cloud) -> None:
    arn = _role(cloud, trust(f"acs:ram::{cloud.id}:root"))
    given = {"PolicyType": "System", "PolicyName": "AliyunRAMFullAccess", "RoleName": "target"}
    invoke(cloud.ram(), "AttachPolicyToRole", **given)
    session = _assume(cloud, cloud.operator, arn, Policy=policy("ram:GetRole"))
    invoke(cloud.ram(session), "GetRole", RoleName="target")
    error = refused(cloud.ram(session), "ListRoles")
    assert error.data["AccessDeniedDetail"]["PolicyType"] == "SessionPolicy"


def test_a_session_survives_edits_but_not_its_roles_end(cloud: Cloud) -> None:
    arn = _role(cloud, trust(f"acs:ram::{cloud.id}:root"))
    given = {"PolicyType": "System", "PolicyName": "AliyunRAMFullAccess", "RoleName": "target"}
    invoke(cloud.ram(), "AttachPolicyToRole", **given)
    session = _assume(cloud, cloud.operator, arn)
    invoke(
        cloud.ram(),
        "UpdateRole",
        RoleName="target",
        NewAssumeRolePolicyDocument=SERVICE_TRUST,
    )
    invoke(cloud.ram(session), "ListRoles")
    invoke(cloud.ram(), "DetachPolicyFromRole", **given)
    invoke(cloud.ram(), "DeleteRole", RoleName="target")
    _role(cloud, trust(f"acs:ram::{cloud.id}:root"))
    invoke(cloud.ram(), "AttachPolicyToRole", **given)
    assert refused(cloud.ram(session), "ListRoles").code == "NoPermission"


def test_source_identity_needs_its_own_action(cloud: Cloud) -> None:
    everyone = f"acs:ram::{cloud.id}:root"
    plain = _role(cloud, trust(everyone), "plain")
    assert _refused(cloud, cloud.operator, plain, SourceIdentity="ann")
    actions = ["sts:AssumeRole", "sts:SetSourceIdentity"]
    condition = {"StringEquals": {"sts:SourceIdentity": "ann"}}
    arn = _role(cloud, trust(everyone, Action=actions, Condition=condition))
    given = {"RoleArn": arn, "RoleSessionName": "s1"}
    body = invoke(cloud.sts(), "AssumeRole", **given, SourceIdentity="ann")
    assert body["SourceIdentity"] == "ann"
    assert _refused(cloud, cloud.operator, arn, SourceIdentity="bob")


def test_root_identity_and_no_role_for_root(cloud: Cloud) -> None:
    identity = invoke(cloud.sts(cloud.root), "GetCallerIdentity")
    assert identity["IdentityType"] == "Account"
    assert identity["Arn"] == f"acs:ram::{cloud.id}:root"
    cloud.user("root", **ASSUMER)
    arn = _role(cloud, trust(f"acs:ram::{cloud.id}:root"))
    assert _refused(cloud, cloud.root, arn)["AuthPrincipalType"] == "Account"


BAD: list[tuple[dict[str, Any], str]] = [
    ({"RoleArn": "role/target"}, "InvalidParameter.RoleArn"),
    ({"RoleSessionName": "a"}, "InvalidParameter.RoleSessionName"),
    ({"RoleSessionName": "a b"}, "InvalidParameter.RoleSessionName"),
    ({"DurationSeconds": 899}, "InvalidParameter.DurationSeconds"),
    ({"DurationSeconds": 3601}, "InvalidParameter.DurationSeconds"),
    ({"ExternalId": "x"}, "InvalidParameter.ExternalId"),
    ({"ExternalId": "a b"}, "InvalidParameter.ExternalId"),
    ({"Policy": "{"}, "InvalidParameter.PolicyGrammar"),
    ({"Policy": policy() + " " * 2048}, "InvalidParameter.PolicySize"),
    ({"RoleArn": None}, "MissingParameter"),
    ({"RoleArn": f"acs:ram::{OTHER}:role/x"}, "EntityNotExist.Role"),
]


@pytest.mark.parametrize(("bend", "code"), BAD)
def test_assume_role_errors(cloud: Cloud, bend: dict[str, Any], code: str) -> None:
    arn = _role(cloud, trust(f"acs:ram::{cloud.id}:root"))
    given = {"RoleArn": arn, "RoleSessionName": "s1", **bend}
    assert refused(cloud.sts(), "AssumeRole", **given).code == code


def test_longer_sessions_follow_the_role(cloud: Cloud) -> None:
    arn = _role(cloud, trust(f"acs:ram::{cloud.id}:root"), MaxSessionDuration=7200)
    _assume(cloud, cloud.operator, arn, DurationSeconds=7200)
