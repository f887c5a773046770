"""`kubectl ram unmanaged` on a real API server and an emulated cloud, by somebody who reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from lab import Cluster
from lab.building import ROOT
from lab.emulator_process import EmulatorProcess
from lab.world import TRUST_FC, World, open_world, trust
from tests.cli.support import Desk, Result
from tests.support.hands import Hands

Json = dict[str, Any]
POLICY: Final[Json] = json.loads((ROOT / "deploy" / "unmanaged-ram-policy.json").read_text())
STRANGER: Final = "acs:ram::9999888877776666:root"


@pytest.fixture(scope="module")
def auditor(installed: Cluster) -> str:
    """Somebody who may read all objects and records, as the shipped role says."""
    api = "rbac.authorization.k8s.io"
    body = {
        "apiVersion": f"{api}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "test-audrey"},
        "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": "ram-operator-auditor"},
        "subjects": [{"apiGroup": api, "kind": "User", "name": "audrey"}],
    }
    path = f"/apis/{api}/v1/clusterrolebindings/test-audrey?fieldManager=tests&force=true"
    installed.request("PATCH", path, body, content_type="application/apply-patch+yaml")
    return "audrey"


@pytest.fixture
def world(installed: Cluster, emulator: EmulatorProcess, namespace: str) -> Iterator[World]:
    opened = open_world(installed, emulator, namespace, "friendly")
    yield opened
    opened.close()


def run(desk: Desk, world: World, *words: str, user: str) -> Result:
    """Under the credentials of somebody who may do what the shipped policy says, and no more."""
    reader = world.admin.create_user(world.account_id, f"reader-{len(words)}", document=POLICY)
    keys = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": reader.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": reader.access_key_secret,
    }
    endpoint = f"http://{world.emulator.endpoint}"
    command = ("unmanaged", "--endpoint", endpoint, *words)
    return desk.ram(*command, user=user, **keys)


def test_it_lists_what_nobody_manages_under_the_policy_that_is_shipped(
    desk: Desk, world: World
) -> None:
    hands = Hands(world)
    hands.create_role("by-hand", trust(("RAM", STRANGER)))
    hands.create_role("tmp-job", TRUST_FC)
    hands.create_role("AliyunReservedSSO-x", TRUST_FC)
    hands.create_role("ours", TRUST_FC)
    world.admin.create_group(world.account_id, "ops")
    desk.waits("ours")
    status = {"status": {"accountId": world.account_id, "cloudName": "Ours"}}
    desk.as_operator("ours", "RamRole", status)
    rule = {"kind": "RamRole", "name": "TMP-*", "reason": "made by jobs"}
    world.patch("RamAccount", world.namespace, {"spec": {"inventory": {"ignore": [rule]}}})
    start = world.journal_end()
    found = run(desk, world, "-o", "json", user="carol")
    listed = json.loads(found.out)
    items = {f"{item['kind']}/{item['name']}": item for item in listed["items"]}
    assert items["RamUser/by-hand"]["severity"] == "critical"
    assert items["RamRole/by-hand"]["why"] == f"{STRANGER} may assume it from outside the account"
    # Nobody shows carol the records, nor any account: what she sees of objects counts.
    assert "RamRole/ours" not in items
    assert "RamRole/tmp-job" in items
    assert found.code == 2
    (unseen,) = listed["unseen"]
    assert unseen.startswith("what the RamAccount trusts and ignores is not known")
    assert listed["notListed"]["provisioned"] == 1

    journal = world.admin.journal(world.account_id, since=start)
    asked = {e["action"] for e in journal if e["caller"].rpartition("/")[2].startswith("reader")}
    (statement,) = POLICY["Statement"]
    assert asked == {action.partition(":")[2] for action in statement["Action"]}
    assert not any(e["code"] for e in journal if "reader" in e["caller"]), "nothing is refused"


def test_an_auditor_sees_the_rules_and_all_of_it(desk: Desk, world: World, auditor: str) -> None:
    Hands(world).create_role("tmp-job", TRUST_FC)
    rule = {"kind": "RamRole", "name": "TMP-*", "reason": "made by jobs"}
    world.patch("RamAccount", world.namespace, {"spec": {"inventory": {"ignore": [rule]}}})
    found = run(desk, world, "--no-trusts", user=auditor)
    assert found.code == 0
    assert found.err.startswith("1 more that nobody manages is not listed")
    header, first, *rest = found.out.splitlines()
    assert header.split() == ["SEVERITY", "KIND", "NAME", "WHY"]
    assert first.startswith("critical   RamUser   ")
    assert "tmp-job" not in found.out
    assert rest


def test_without_credentials_it_says_how_to_give_some(desk: Desk, world: World) -> None:
    none = {"ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"}
    found = desk.ram("unmanaged", "--endpoint", "http://127.0.0.1:9", **none)
    assert found.code == 2
    assert "no credentials for Alibaba Cloud were found" in found.err
    odd = desk.ram("unmanaged", "--profile", "absent", **none)
    assert odd.code == 2
    assert "--profile" in odd.err
    assert "defect" not in found.err + odd.err
