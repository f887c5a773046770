"""An approval opens what its approver has seen, and for as long as it counts."""

from __future__ import annotations

from typing import Any, Final

import alibabacloud_ram20150501.models as ram

from lab import ControlPlane
from lab.operator_process import NAMESPACE, SERVICE_ACCOUNT, OperatorProcess
from lab.world import World
from ram_operator.kinds.record import Identity
from tests.gate.approving import held, offer, say
from tests.gate.attacks import ADMIN, NAME, ROLE, a_role
from tests.gate.escalation_attacks import EVE, a_user, allowing
from tests.gate.swaps import called
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.hands import Hands

Json = dict[str, Any]
GROUP: Final = "RamGroup"
MANY: Final = [
    {"type": "System", "name": name}
    for name in (
        "AdministratorAccess",
        "AliyunFCFullAccess",
        "AliyunRAMFullAccess",
        "AliyunResourceDirectoryFullAccess",
        "AliyunSTSAssumeRoleAccess",
        "PowerUserAccess",
    )
]


def attach(world: World, policy: Json) -> None:
    """By hand, to the group."""
    request = ram.AttachPolicyToGroupRequest(
        policy_type=policy["type"], policy_name=policy["name"], group_name="staff"
    )
    world.hand.attach_policy_to_group(request)
    world.settle()


@attack(Entry.ATTACHED_BY_HAND, Resource.MEMBER, Moment.OFFERED)
def test_a_member_joins_what_the_group_had_when_it_was_seen(world: World) -> None:
    """The group gets more by hand, which its additive manifest leaves as it is."""
    a_user(world)
    Hands(world).create_policy("less", allowing(Action=["ram:PassRole"]))
    world.create(GROUP, "staff", {"policyMode": "Additive"})
    world.ready(GROUP, "staff")
    attach(world, {"type": "Custom", "name": "less"})
    world.edit(GROUP, "staff", members=[EVE])
    digest = offer(world, GROUP, "staff")
    attach(world, ADMIN)
    start = world.journal_end()
    assert say(world, GROUP, "staff", approve=digest)
    held(world, GROUP, "staff", instead_of=digest)
    assert world.writes(start) == []


def voided(world: World) -> None:
    """What `void-approvals` does to the record, at once."""
    key = Identity(world.account_id, ROLE, NAME).key
    record = world.record(ROLE, NAME)
    assert record is not None
    world.cluster.request(
        "PATCH",
        world.path("RamRecord", key.name),
        {"record": {"sequence": record["sequence"] + 1, "pending": None, "inFlight": None}},
        content_type="application/merge-patch+json",
        token=world.cluster.service_account_token(NAMESPACE, SERVICE_ACCOUNT),
    )


def attached(world: World, since: int) -> list[str]:
    return [e["parameters"]["PolicyName"] for e in world.writes(since) if "ToRole" in e["action"]]


@attack(Entry.VOIDED, Resource.ROLE_POLICY, Moment.JUDGED)
def test_what_is_voided_while_it_is_carried_out_stops(apart: ControlPlane, alone: World) -> None:
    """Six rights are approved at once, and written one a second."""
    limit = {"readsPerSecond": 100, "writesPerSecond": 100, "attachmentsPerSecond": 1}
    with OperatorProcess.running(apart):
        alone.edit("RamAccount", alone.namespace, rateLimit=limit)
        alone.ready("RamAccount", alone.namespace)
        a_role(alone)
        alone.edit(ROLE, NAME, policies=MANY)
        digest = offer(alone, ROLE, NAME)
        for name in ("eve", "mallory", "bob"):
            policies = [{"type": "System", "name": f"Aliyun{n}ReadOnlyAccess"} for n in READ]
            alone.create("RamUser", name, {"policies": policies})
        start = alone.journal_end()
        called(alone, "AttachPolicyToUser", start)
        assert say(alone, ROLE, NAME, approve=digest)
        called(alone, "AttachPolicyToRole", start)
        voided(alone)
        held(alone, ROLE, NAME, instead_of=digest)
        given = attached(alone, start)
        assert given
        assert len(given) < len(MANY)
        for name in ("eve", "mallory", "bob"):
            alone.ready("RamUser", name)
        assert attached(alone, start) == given


READ: Final = ("OSS", "ECS", "Log", "RDS", "VPC", "SLB", "Kvstore", "CDN")
