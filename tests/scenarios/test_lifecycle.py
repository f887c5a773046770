"""Create, update every field, delete: the cloud becomes what the manifest says, and stays."""

from __future__ import annotations

import alibabacloud_ram20150501.models as ram

from lab.world import DOCUMENT, TRUST_FC, World, condition, trust

OSS_READ = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}
ECS_READ = {"type": "System", "name": "AliyunECSReadOnlyAccess"}


def test_a_role_with_two_policies_is_created_in_four_calls(world: World) -> None:
    world.ready("RamAccount", world.namespace)
    start = world.journal_end()
    world.role("exporter", description="Exports orders", policies=[OSS_READ, ECS_READ])
    role = world.ready("RamRole", "exporter")

    live = world.cloud()["roles"]["exporter"]
    assert live["trust"]["Statement"][0]["Principal"] == {"Service": ["fc.aliyuncs.com"]}
    assert live["description"] == "Exports orders"
    assert live["maxSessionDuration"] == 3600
    assert {name for _, name in map(tuple, live["policies"])} == {
        "AliyunOSSReadOnlyAccess",
        "AliyunECSReadOnlyAccess",
    }
    journal = world.admin.journal(world.account_id, since=start)
    # The account may be verified once more meanwhile.
    calls = [entry["action"] for entry in journal if entry["action"] != "GetCallerIdentity"]
    assert calls == ["GetRole", "CreateRole", "AttachPolicyToRole", "AttachPolicyToRole"]
    assert role["status"]["cloudId"] == live["roleId"]
    assert role["status"]["arn"].lower().endswith(":role/exporter")
    (told,) = world.told("Created", "exporter")
    assert [finding["id"] for finding in role["status"]["findings"]] == ["RAM010"]
    assert "RAM010" in told
    (record,) = world.recorded("RamRole")
    assert record["cloudId"] == live["roleId"]
    assert record["owner"]["name"] == "exporter"


def test_a_second_pass_writes_nothing(world: World) -> None:
    world.policy("reader", description="d", tags={"team": "a"})
    world.role(
        "exporter", description="d", policies=[{"type": "RamPolicy", "name": "reader"}, OSS_READ]
    )
    world.ready("RamRole", "exporter")
    world.ready("RamPolicy", "reader")
    world.settle()
    start = world.journal_end()
    before = [world.get(*what) for what in (("RamRole", "exporter"), ("RamPolicy", "reader"))]

    world.look("RamRole", "exporter")
    world.look("RamPolicy", "reader")

    assert world.writes(start) == []
    after = [world.get(*what) for what in (("RamRole", "exporter"), ("RamPolicy", "reader"))]
    for was, now in zip(before, after, strict=True):
        assert was is not None
        assert now is not None
        assert was["status"]["conditions"] == now["status"]["conditions"]


def test_every_field_of_a_role_is_updated(world: World) -> None:
    world.role("exporter", description="one", policies=[OSS_READ], tags={"team": "a", "old": "x"})
    world.ready("RamRole", "exporter")

    world.edit(
        "RamRole",
        "exporter",
        description="two",
        maxSessionDurationSeconds=7200,
        policies=[ECS_READ],
        tags={"team": "b", "old": None},
    )
    world.ready("RamRole", "exporter")

    live = world.cloud()["roles"]["exporter"]
    assert live["description"] == "two"
    assert live["maxSessionDuration"] == 7200
    assert [name for _, name in map(tuple, live["policies"])] == ["AliyunECSReadOnlyAccess"]
    assert live["tags"]["team"] == "b"
    assert "old" not in live["tags"]
    assert live["trust"]["Statement"][0]["Principal"] == {"Service": ["fc.aliyuncs.com"]}


def test_an_update_detaches_before_it_attaches(world: World) -> None:
    world.role("exporter", policies=[OSS_READ])
    world.ready("RamRole", "exporter")
    start = world.journal_end()

    world.edit("RamRole", "exporter", policies=[ECS_READ], maxSessionDurationSeconds=7200)
    world.ready("RamRole", "exporter")

    actions = [entry["action"] for entry in world.writes(start)]
    assert actions.index("DetachPolicyFromRole") < actions.index("AttachPolicyToRole")
    assert actions.index("DetachPolicyFromRole") < actions.index("UpdateRole")


def test_a_policy_document_becomes_a_new_default_version(world: World) -> None:
    world.policy("reader", description="one")
    first = world.ready("RamPolicy", "reader")
    assert first["status"]["defaultVersion"] == "v1"

    document = {
        "Version": "1",
        "Statement": [{"Effect": "Allow", "Action": ["oss:List*"], "Resource": ["*"]}],
    }
    world.edit("RamPolicy", "reader", document=document, description="two")
    world.ready("RamPolicy", "reader")

    live = world.cloud()["policies"]["reader"]
    assert live["description"] == "two"
    assert live["defaultVersion"] == "v2"

    # Going back uses the version that is still there.
    world.edit("RamPolicy", "reader", document=DOCUMENT)
    world.ready("RamPolicy", "reader")
    assert world.cloud()["policies"]["reader"]["defaultVersion"] == "v1"


def test_a_role_waits_for_its_policy_and_wakes_up(world: World) -> None:
    world.role("exporter", policies=[{"type": "RamPolicy", "name": "reader"}])
    waiting = world.reason("RamRole", "exporter", "DependencyNotReady")
    assert "reader" in condition(waiting, "Ready")["message"]
    assert "exporter" not in world.cloud()["roles"]

    world.policy("reader")
    world.ready("RamRole", "exporter")
    assert world.cloud()["roles"]["exporter"]["policies"] == [["Custom", "reader"]]


def test_deletion_is_retain_by_default(world: World) -> None:
    world.role("exporter")
    made = world.ready("RamRole", "exporter")
    assert not made["metadata"].get("finalizers")

    world.delete("RamRole", "exporter")
    world.gone("RamRole", "exporter")

    assert "exporter" in world.cloud()["roles"]


def test_delete_removes_attachments_then_the_identity(world: World) -> None:
    world.policy("reader", deletionPolicy="Delete")
    world.role(
        "exporter",
        deletionPolicy="Delete",
        policies=[{"type": "RamPolicy", "name": "reader"}, OSS_READ],
    )
    world.ready("RamRole", "exporter")
    world.ready("RamPolicy", "reader")

    # The policy first: it has to wait until nobody has it attached any more.
    world.delete("RamPolicy", "reader")
    blocked = world.reason("RamPolicy", "reader", "DeleteConflict")
    assert "reader" in condition(blocked, "Ready")["message"]
    world.delete("RamRole", "exporter")
    world.gone("RamRole", "exporter")
    world.gone("RamPolicy", "reader")

    assert world.cloud()["roles"] == {}
    assert world.cloud()["policies"] == {}


def test_an_additive_role_leaves_foreign_policies(world: World) -> None:
    world.role("exporter", policyMode="Additive", policies=[OSS_READ])
    world.ready("RamRole", "exporter")
    world.hand.attach_policy_to_role(
        ram.AttachPolicyToRoleRequest(
            policy_type="System", policy_name="AliyunECSReadOnlyAccess", role_name="exporter"
        )
    )
    world.settle()
    world.edit("RamRole", "exporter", policies=[])
    world.ready("RamRole", "exporter")
    assert world.cloud()["roles"]["exporter"]["policies"] == [["System", "AliyunECSReadOnlyAccess"]]


def test_respelling_a_trust_is_no_change(world: World) -> None:
    world.role("exporter", trustPolicy=trust(("Service", "fc.aliyuncs.com")))
    world.ready("RamRole", "exporter")
    start = world.journal_end()

    respelled = {
        "Version": "1",
        "Statement": [
            {
                "Principal": {"Service": "fc.aliyuncs.com"},
                "Action": ["sts:AssumeRole"],
                "Effect": "Allow",
            },
            TRUST_FC["Statement"][0],
        ],
    }
    world.edit("RamRole", "exporter", trustPolicy=respelled)
    world.ready("RamRole", "exporter")

    assert world.writes(start) == []
