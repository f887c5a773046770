"""What is wrong is answered in words that say what to do; each answer is asserted on."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from lab import Cluster
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.world import TRUST_FC, World, account_spec, condition, open_world, put_secret, trust
from ram_emulator.admin import UserKeys
from tests.support.hands import Hands, session_of

Json = dict[str, Any]
OSS = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}


def message(item: Json) -> str:
    return str(condition(item, "Ready")["message"])


def limited(world: World, *denied: str) -> UserKeys:
    """The operator runs as a user who may do everything but this."""
    document = {
        "Version": "1",
        "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": list(denied), "Resource": "*"},
        ],
    }
    keys = world.admin.create_user(world.account_id, "limited", document=document)
    pair = {"accessKeyId": keys.access_key_id, "accessKeySecret": keys.access_key_secret}
    put_secret(world.cluster, world.namespace, pair)
    world.look("RamAccount", world.namespace)
    return keys


def writes_of(world: World, keys: UserKeys, since: int) -> list[str]:
    return [
        entry["action"]
        for entry in world.admin.journal(world.account_id, since=since, writes=True)
        if entry["caller"] == keys.arn
    ]


def test_a_right_that_is_missing_for_a_write(world: World) -> None:
    keys = limited(world, "ram:AttachPolicyToRole")
    start = world.journal_end()
    world.role("role", policies=[OSS], description="one")
    world.role("plain")
    item = world.reason("RamRole", "role", "AccessDenied")
    assert message(item).startswith(
        "the operator's identity may not call ram:AttachPolicyToRole;"
        " grant it in the RAM policy of the operator"
    )
    assert condition(item, "Stalled")["status"] == "True"
    # Other objects and other parts go on.
    world.ready("RamRole", "plain")
    world.edit("RamRole", "role", description="two")
    world.reason("RamRole", "role", "AccessDenied")
    world.look("RamRole", "role")
    assert world.cloud()["roles"]["role"]["description"] == "two"
    assert set(writes_of(world, keys, start)) == {"CreateRole", "UpdateRole"}
    # Once the right is there, the rest follows.
    world.admin.create_user(world.account_id, "unused")
    put_secret(
        world.cluster,
        world.namespace,
        {
            "accessKeyId": world.keys.admin_access_key_id,
            "accessKeySecret": world.keys.admin_access_key_secret,
        },
    )
    world.look("RamAccount", world.namespace)
    world.ready("RamRole", "role")
    assert world.cloud()["roles"]["role"]["policies"] == [["System", OSS["name"]]]


@pytest.mark.parametrize(
    ("action", "untouched"),
    [("ram:ListPoliciesForRole", "policies"), ("ram:ListTagResources", "tags")],
)
def test_a_part_that_cannot_be_read_is_not_written(
    world: World, action: str, untouched: str
) -> None:
    world.role("role", policies=[OSS], tags={"team": "a"}, description="one")
    world.ready("RamRole", "role")
    before = world.cloud()["roles"]["role"]
    keys = limited(world, action)
    start = world.journal_end()
    spec: Json = {"policies": []} if untouched == "policies" else {"tags": {"team": "b"}}
    world.edit("RamRole", "role", description="two", **spec)
    item = world.reason("RamRole", "role", "AccessDenied")
    assert action in message(item)
    assert condition(item, "Synced")["status"] != "True"
    live = world.cloud()["roles"]["role"]
    assert live["description"] == "two"
    assert live[untouched] == before[untouched]
    assert writes_of(world, keys, start) == ["UpdateRole"]


def test_a_role_that_cannot_be_read_is_not_taken_for_absent(world: World) -> None:
    Hands(world).create_role("there", TRUST_FC)
    keys = limited(world, "ram:GetRole")
    start = world.journal_end()
    for name in ("there", "new"):
        world.role(name, adoptionPolicy="IfExists", deletionPolicy="Delete")
        item = world.reason("RamRole", name, "AccessDenied")
        assert "ram:GetRole" in message(item)
        assert condition(item, "Synced")["status"] == "Unknown"
    assert writes_of(world, keys, start) == []


def test_temporary_credentials_that_ran_out(
    operator: OperatorProcess, installed: Cluster, namespace: str
) -> None:
    """On an emulator of its own, since its clock is moved."""
    with EmulatorProcess.start() as emulator:
        # A session lasts 900 s at least, and calls are refused when clocks differ by that.
        emulator.admin.set_clock_offset(-600)
        world = open_world(installed, emulator, namespace, "friendly")
        try:
            Hands(world).create_role("runner", trust(by_hand(world)))
            Hands(world).attach("runner", "AdministratorAccess")
            put_secret(installed, namespace, session_of(world, "runner", seconds=900))
            world.look("RamAccount", namespace)
            world.role("role")
            world.ready("RamRole", "role")
            emulator.admin.set_clock_offset(400)
            world.annotate("RamAccount", namespace, reconcile_requested_at="now")
            item = world.reason("RamAccount", namespace, "CredentialsInvalid")
            assert "InvalidSecurityToken.Expired" in message(item)
            assert "renew them" in message(item)
            world.reason("RamRole", "role", "DependencyNotReady")
        finally:
            world.close()


def by_hand(world: World) -> tuple[str, str]:
    return "RAM", f"acs:ram::{world.account_id}:user/by-hand"


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of somebody who takes connections and says nothing."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        yield server.getsockname()[1]


def test_an_endpoint_that_hangs_and_one_that_is_not_there(
    world: World, silent: int, operator: OperatorProcess
) -> None:
    world.role("role")
    world.ready("RamRole", "role")
    good = account_spec(world)["endpoints"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = probe.getsockname()[1]
    for port in (silent, closed):
        bad = dict.fromkeys(("ram", "sts"), f"http://127.0.0.1:{port}")
        world.patch("RamAccount", world.namespace, {"spec": {"endpoints": bad}})
        item = world.wait(
            "RamAccount",
            world.namespace,
            lambda o: condition(o, "Ready").get("reason") == "CloudUnavailable",
            "trouble",
        )
        assert "GetCallerIdentity got no usable answer" in message(item)
        assert str(port) not in json.dumps(item["status"])
        assert condition(item, "Reconciling")["status"] == "True"
        world.patch("RamAccount", world.namespace, {"spec": {"endpoints": good}})
        world.ready("RamAccount", world.namespace)
    assert world.keys.admin_access_key_secret not in operator.log
    # Only the calls of RAM hang: the account is fine, its objects say so.
    world.patch(
        "RamAccount",
        world.namespace,
        {"spec": {"endpoints": {"ram": f"http://127.0.0.1:{silent}"}}},
    )
    world.ready("RamAccount", world.namespace)
    world.edit("RamRole", "role", description="two")
    item = world.reason("RamRole", "role", "CloudUnavailable")
    assert "GetRole got no usable answer" in message(item)
    world.patch("RamAccount", world.namespace, {"spec": {"endpoints": good}})
    world.ready("RamRole", "role")


MANIFESTS: dict[str, tuple[Json, str]] = {
    "unknown-field": (
        {"spec": {"trustPolcy": TRUST_FC, "trustPolicy": TRUST_FC}},
        'unknown field "spec.trustPolcy"',
    ),
    "no-trust": ({"spec": {"trustPolicy": None}}, "spec.trustPolicy: Required value"),
    "unquoted-version": (
        {"spec": {"trustPolicy": {**TRUST_FC, "Version": 1}}},
        "spec.trustPolicy.Version",
    ),
    "newer-version": (
        {"spec": {"trustPolicy": {**TRUST_FC, "Version": "2012-10-17"}}},
        'write Version: "1", with the quotes',
    ),
    "wildcard": (
        {"spec": {"trustPolicy": trust(("RAM", "*"))}},
        "spec.trustPolicy.Statement[0].Principal.RAM",
    ),
    "no-statement": (
        {"spec": {"trustPolicy": {"Version": "1", "Statement": []}}},
        "spec.trustPolicy.Statement",
    ),
    "r" * 65: ({"spec": {"trustPolicy": TRUST_FC}}, "longer than the 64 characters"),
    "long-name": (
        {"spec": {"trustPolicy": TRUST_FC, "roleName": "r" * 65}},
        "spec.roleName: Too long",
    ),
    "bad-name": (
        {"spec": {"trustPolicy": TRUST_FC, "roleName": "r_r"}},
        "spec.roleName: Invalid value",
    ),
    "bad-interval": (
        {"spec": {"trustPolicy": TRUST_FC, "driftInterval": "1s"}},
        "driftInterval must be between 10s and 24h",
    ),
    "bad-policy": (
        {"spec": {"trustPolicy": TRUST_FC, "driftPolicy": "revert"}},
        'Unsupported value: "revert"',
    ),
}


def test_the_api_server_refuses_with_a_remedy(world: World) -> None:
    for name, (body, words) in MANIFESTS.items():
        manifest = world.manifest("RamRole", name, body["spec"])
        told = world.cluster.kubectl("apply", "-f", "-", stdin=json.dumps(manifest), check=False)
        assert told.returncode != 0, name
        assert words in told.stderr, name
    assert world.writes() == []


def condition_on(key: str, operator: str = "StringEquals") -> Json:
    return trust(("Service", "fc.aliyuncs.com"), condition={operator: {key: ["x"]}})


REFUSED: dict[str, tuple[Json, str, tuple[str, ...]]] = {
    "key": (
        {"trustPolicy": condition_on("acs:SourceIpp")},
        "InvalidSpec",
        ("spec.trustPolicy.Statement[0].Condition", "acs:SourceIpp", "use a documented key"),
    ),
    "value": (
        {"trustPolicy": condition_on("acs:SourceIp", "IpAddress")},
        "InvalidSpec",
        ("spec.trustPolicy.Statement[0].Condition", "acs:SourceIp"),
    ),
    "policy": (
        {"policies": [{"type": "System", "name": "AliyunNobodyAccess"}]},
        "ApprovalRequired",
        ("System/AliyunNobodyAccess: it does not exist", "correct its name"),
    ),
    "reference": (
        {"policies": [{"type": "RamPolicy", "name": "nobody"}]},
        "DependencyNotReady",
        ("/nobody: it does not exist",),
    ),
    "account": (
        {"accountRef": {"name": "no-such-account"}},
        "DependencyNotReady",
        ("RamAccount no-such-account is not ready: it does not exist",),
    ),
}


def test_the_operator_refuses_with_a_remedy(world: World) -> None:
    for name, (spec, _, _) in REFUSED.items():
        world.role(name, **spec)
    for name, (_, reason, words) in REFUSED.items():
        item = world.reason("RamRole", name, reason)
        for word in words:
            assert word in message(item), name
    made = {"policy"}  # the role is there, and waits for the policy that it is to have
    assert set(world.cloud()["roles"]) == made


def test_the_cloud_refuses_a_principal_that_does_not_exist(world: World) -> None:
    world.admin.set_behaviours(world.account_id, {"trust_principals_must_exist": True})
    world.role("role", trustPolicy=trust(("RAM", f"acs:ram::{world.account_id}:user/later")))
    item = world.wait(
        "RamRole", "role", lambda o: "refuses CreateRole" in message(o), "the cloud's answer"
    )
    assert "user/later" in message(item)
    # It may only not be visible yet: the operator goes on trying, and gets there.
    world.admin.create_user(world.account_id, "later")
    world.ready("RamRole", "role")
