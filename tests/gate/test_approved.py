"""What an approval opens: exactly one change, exactly once."""

from __future__ import annotations

import pytest

from lab.world import World, condition, trust
from ram_operator import documents
from tests.gate.approving import approve, held
from tests.support.hands import Hands
from tests.support.trusts import trust_writes

FC = ("Service", "fc.aliyuncs.com")
ECS = ("Service", "ecs.aliyuncs.com")


@pytest.mark.legitimate
def test_an_approved_change_is_applied_exactly_once(world: World) -> None:
    world.role("plain")
    world.ready("RamRole", "plain")
    start = world.journal_end()
    world.edit("RamRole", "plain", trustPolicy=trust(FC, ECS))
    role = held(world, "RamRole", "plain")
    pending = role["status"]["pending"]
    assert pending["kind"] == "TrustChange"
    assert pending["verdict"] == "wider"
    assert "ecs.aliyuncs.com" in pending["after"]
    assert "ecs.aliyuncs.com" not in pending["before"]
    (record,) = world.recorded("RamRole")
    assert record["pending"]["digest"] == pending["digest"]
    assert trust_writes(world, start) == []

    digest = approve(world, "RamRole", "plain")
    role = world.ready("RamRole", "plain")
    assert "pending" not in role["status"]
    assert condition(role, "ApprovalRequired")["status"] == "False"
    assert [w["action"] for w in trust_writes(world, start)] == ["UpdateRole"]
    (after,) = world.recorded("RamRole")
    assert "pending" not in after
    assert "inFlight" not in after
    assert after["sequence"] > record["sequence"]
    assert after["history"][-1]["approval"] == digest
    assert after["baseline"]["digest"] == after["history"][-1]["digest"]

    # A used approval that stays on the object is silent and opens nothing.
    world.look("RamRole", "plain")
    assert len(trust_writes(world, start)) == 1
    assert len(world.told("ChangeApproved")) == 1
    assert "ApprovalNotHonoured" not in [event["reason"] for event in world.events()]


@pytest.mark.legitimate
def test_the_way_back_into_a_role_that_was_closed_is_approved(world: World) -> None:
    """Somebody made another trust by hand, so the operator let nobody in any more."""
    world.role("plain")
    world.ready("RamRole", "plain")
    Hands(world).update_role("plain", trust=trust(ECS))
    world.settle()
    start = world.journal_end()
    world.look("RamRole", "plain")
    pending = held(world, "RamRole", "plain")["status"]["pending"]
    assert any(FC[1] in text for text in pending["gains"])
    assert len(trust_writes(world, start)) == 1
    approve(world, "RamRole", "plain")
    world.ready("RamRole", "plain")
    (_, back) = trust_writes(world, start)
    assert back["sent"].digest == documents.parse_trust(trust(FC)).digest


@pytest.mark.legitimate
def test_an_approved_trust_costs_three_calls(world: World) -> None:
    """Read, read once more right before the write, write: its answer is what is read back.

    A look that was due may come before. Whoever looks at everything also reads what is attached
    between the two reads, so this is the short way and no other.
    """
    world.role("plain")
    world.ready("RamRole", "plain")
    world.edit("RamRole", "plain", trustPolicy=trust(FC, ECS))
    held(world, "RamRole", "plain")
    world.settle()
    start = world.journal_end()
    approve(world, "RamRole", "plain")
    world.ready("RamRole", "plain")
    calls = [
        entry["action"]
        for entry in world.admin.journal(world.account_id, since=start)
        if entry["caller"] == world.keys.admin_arn
        and entry["parameters"].get("RoleName") == "plain"
    ]
    written = calls.index("UpdateRole")
    assert calls[written - 2 : written + 1] == ["GetRole", "GetRole", "UpdateRole"]
    world.look("RamRole", "plain")
    world.ready("RamRole", "plain")
