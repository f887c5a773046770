"""Who may assume a role changes by no edit of a manifest, whatever annotation it bears.

Every test asserts on the calls that the emulated cloud saw; conditions only tell people about it.
"""

from __future__ import annotations

from typing import Any

import pytest

from lab import RequestFailed
from lab.approver import approve_anyhow
from lab.world import TRUST_FC, World, condition, trust
from ram_operator import documents
from tests.support.trusts import trust_writes

Json = dict[str, Any]
FC = ("Service", "fc.aliyuncs.com")
ECS = ("Service", "ecs.aliyuncs.com")
OUTSIDER = "1999999999999999"
OSS_READ = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}
ECS_READ = {"type": "System", "name": "AliyunECSReadOnlyAccess"}


def by_outsider(external_id: str | None = None) -> Json:
    condition = {"StringEquals": {"sts:ExternalId": [external_id]}} if external_id else None
    return trust(("RAM", f"acs:ram::{OUTSIDER}:root"), condition=condition)


EDITS: dict[str, tuple[Json, Json, tuple[str, ...]]] = {
    # name: trust before, trust after, what the condition has to name
    "gain": (trust(FC), trust(FC, ECS), ("Would gain", "ecs.aliyuncs.com")),
    "loss": (trust(FC, ECS), trust(FC), ("Would lose", "ecs.aliyuncs.com")),
    "swap": (
        trust(FC),
        trust(ECS),
        ("Would gain", "Would lose", "ecs.aliyuncs.com", "fc.aliyuncs.com"),
    ),
    "outsider": (trust(FC), by_outsider("e-1"), (OUTSIDER, "RAM002")),
    "bound": (
        trust(FC),
        trust(FC, condition={"IpAddress": {"acs:SourceIp": ["10.0.0.0/8"]}}),
        ("Would lose", "fc.aliyuncs.com"),
    ),
    "unbound": (
        trust(FC, condition={"IpAddress": {"acs:SourceIp": ["10.0.0.0/8"]}}),
        trust(FC),
        ("Would gain", "fc.aliyuncs.com"),
    ),
}

APPROVALS = ("true", "yes", "sha256:" + "0" * 64, "*")


def test_every_change_of_meaning_of_an_existing_trust_is_held(world: World) -> None:
    for name, (before, _, _) in EDITS.items():
        world.role(name, trustPolicy=before)
    for name in EDITS:
        world.ready("RamRole", name)
    start = world.journal_end()

    for name, (_, after, _) in EDITS.items():
        world.edit("RamRole", name, trustPolicy=after)

    for name, (before, after, words) in EDITS.items():
        role = world.reason("RamRole", name, "ApprovalRequired")
        held = condition(role, "ApprovalRequired")
        assert held["status"] == "True"
        assert held["reason"] == "ApprovalRequired"
        for word in words:
            assert word.lower() in held["message"].lower(), name
        assert role["status"]["pending"]["kind"] == "TrustChange"
        sides = documents.compare_trust(documents.parse_trust(before), documents.parse_trust(after))
        assert role["status"]["pending"].get("gains", []) == list(sides.gain_sentences)
        assert role["status"]["pending"].get("losses", []) == list(sides.loss_sentences)
    assert world.writes(start) == []


def test_no_annotation_opens_the_gate(world: World) -> None:
    world.role("held")
    world.ready("RamRole", "held")
    start = world.journal_end()
    world.edit("RamRole", "held", trustPolicy=trust(FC, ECS))
    role = world.reason("RamRole", "held", "ApprovalRequired")
    wanted = documents.parse_trust(trust(FC, ECS)).digest
    (record,) = [r for r in world.records() if r["kind"] == "RamRole"]

    for value in (*APPROVALS, wanted, record["baseline"]["digest"], role["metadata"]["uid"]):
        approves = approve_anyhow(world, "RamRole", "held", value)
        assert approves == value.startswith("sha256:"), value
        world.annotate("RamRole", "held", approved=value)
        role = world.look("RamRole", "held")
        assert condition(role, "Ready")["reason"] == "ApprovalRequired"

    # An approval that is there before the change opens nothing either.
    world.role("early", description="d")
    world.ready("RamRole", "early")
    early = wanted if wanted.startswith("sha256:") else f"sha256:{wanted}"
    assert approve_anyhow(world, "RamRole", "early", early)
    world.edit("RamRole", "early", trustPolicy=trust(FC, ECS))
    world.reason("RamRole", "early", "ApprovalRequired")

    assert [w["action"] for w in trust_writes(world, start)] == ["CreateRole"]
    for name in ("held", "early"):
        assert world.cloud()["roles"][name]["trust"] == TRUST_FC


def test_taking_the_edit_back_releases_it(world: World) -> None:
    world.role("held")
    world.ready("RamRole", "held")
    start = world.journal_end()
    world.edit("RamRole", "held", trustPolicy=trust(FC, ECS))
    world.reason("RamRole", "held", "ApprovalRequired")
    world.edit("RamRole", "held", trustPolicy=TRUST_FC)
    role = world.ready("RamRole", "held")

    assert condition(role, "ApprovalRequired")["status"] == "False"
    assert "pending" not in role["status"]
    assert world.writes(start) == []
    assert len(world.told("ChangeHeld", "held")) == 1
    assert len(world.told("ChangeNoLongerHeld", "held")) == 1


def dangerous_creations(world: World) -> dict[str, tuple[Json, str]]:
    """Trusts with which no role is created, and the rule that says so."""
    oidc = ("Federated", f"acs:ram::{world.account_id}:oidc-provider/cluster")
    audience = {"StringEquals": {"oidc:aud": ["sts.aliyuncs.com"], "oidc:iss": ["https://i"]}}
    anybody = {"StringLike": {"oidc:sub": ["*"]}, "StringEquals": audience["StringEquals"]}
    return {
        "outside": (by_outsider(), "RAM002"),
        "outside-with-id": (by_outsider("e-1"), "RAM002"),
        "outside-user": (trust(("RAM", f"acs:ram::{OUTSIDER}:user/eve")), "RAM002"),
        "no-subject": (trust(oidc, condition=audience), "RAM004"),
        "any-subject": (trust(oidc, condition=anybody), "RAM004"),
        "hidden": (trust(FC, ("RAM", f"acs:ram::{OUTSIDER}:root")), "RAM002"),
    }


def test_a_role_that_would_trust_somebody_dangerous_is_not_created(world: World) -> None:
    world.admin.create_provider(world.account_id, "oidc", "cluster")
    cases = dangerous_creations(world)
    for name, (document, _) in cases.items():
        world.role(name, trustPolicy=document, policies=[OSS_READ], deletionPolicy="Delete")
    for name, (_, rule) in cases.items():
        role = world.reason("RamRole", name, "ApprovalRequired")
        assert rule in condition(role, "ApprovalRequired")["message"]
        assert role["status"]["pending"]["kind"] == "RoleCreation"
        assert approve_anyhow(world, "RamRole", name, "sha256:" + "0" * 64)
    for name in cases:
        world.look("RamRole", name)
    assert world.writes() == []
    assert world.cloud()["roles"] == {}

    # What was never made has nothing to be undone.
    world.delete("RamRole", "outside")
    world.gone("RamRole", "outside")


def test_a_listed_account_and_a_bound_subject_may_be_trusted_from_the_start(world: World) -> None:
    world.admin.create_provider(world.account_id, "oidc", "cluster")
    oidc = ("Federated", f"acs:ram::{world.account_id}:oidc-provider/cluster")
    bound = {
        "StringEquals": {
            "oidc:sub": ["system:serviceaccount:ci:deployer"],
            "oidc:aud": ["sts.aliyuncs.com"],
            "oidc:iss": ["https://i"],
        }
    }
    world.role("listed", trustPolicy=by_outsider("e-1"))
    world.role("bound", trustPolicy=trust(oidc, condition=bound))
    world.role("own", trustPolicy=trust(("RAM", f"acs:ram::{world.account_id}:root")))
    world.reason("RamRole", "listed", "ApprovalRequired")
    for name in ("bound", "own"):
        world.ready("RamRole", name)

    gate = {"gate": {"trustedAccounts": [OUTSIDER]}}
    world.patch("RamAccount", world.namespace, {"spec": gate})
    world.look("RamAccount", world.namespace)
    world.role("later", trustPolicy=by_outsider("e-1"))
    world.ready("RamRole", "later")
    # What was held before is not released by it.
    world.look("RamRole", "listed")
    world.reason("RamRole", "listed", "ApprovalRequired")
    assert set(world.cloud()["roles"]) == {"later", "bound", "own"}


@pytest.mark.parametrize("deletion", ["Delete", "Retain"])
def test_deleting_and_applying_anew_is_no_way_round_the_gate(world: World, deletion: str) -> None:
    options = {"deletionPolicy": deletion}
    world.role("again", **options)
    world.ready("RamRole", "again")
    world.delete("RamRole", "again")
    world.gone("RamRole", "again")
    assert ("again" in world.cloud()["roles"]) == (deletion == "Retain")
    world.settle()
    start = world.journal_end()

    world.role("again", trustPolicy=trust(FC, ECS), **options)
    role = world.reason("RamRole", "again", "ApprovalRequired")
    assert "ecs.aliyuncs.com" in condition(role, "ApprovalRequired")["message"]
    assert trust_writes(world, start) == []

    # Under another object, and in other letter case, it is still the same role.
    world.delete("RamRole", "again")
    world.gone("RamRole", "again")
    world.role("other", roleName="AGAIN", trustPolicy=trust(FC, ECS), **options)
    world.wait(
        "RamRole",
        "other",
        lambda o: condition(o, "Ready").get("reason") in ("ApprovalRequired", "Conflict"),
        "refusal",
    )
    assert trust_writes(world, start) == []
    world.delete("RamRole", "other")
    world.gone("RamRole", "other")

    # The trust that the role always had is nothing new.
    world.role("again", **options)
    world.ready("RamRole", "again")
    assert world.cloud()["roles"]["again"]["trust"] == TRUST_FC


def test_what_widens_a_role_waits_while_a_narrowing_is_held(world: World) -> None:
    world.role("held", trustPolicy=trust(FC, ECS), policies=[OSS_READ], description="one")
    world.ready("RamRole", "held")
    start = world.journal_end()

    # In the same edit ...
    world.edit("RamRole", "held", trustPolicy=trust(FC), policies=[OSS_READ, ECS_READ])
    role = world.reason("RamRole", "held", "ApprovalRequired")
    assert "ecs.aliyuncs.com" in condition(role, "ApprovalRequired")["message"]
    assert world.writes(start) == []

    # ... and in a later one, while what narrows or is harmless goes through.
    world.edit("RamRole", "held", policies=[ECS_READ], tags={"team": "a"}, description="two")
    world.wait("RamRole", "held", lambda o: _handled(o), "second edit")
    world.edit("RamRole", "held", maxSessionDurationSeconds=7200)
    world.wait("RamRole", "held", lambda o: _handled(o), "third edit")
    world.look("RamRole", "held")
    live = world.cloud()["roles"]["held"]
    assert live["policies"] == []
    assert live["tags"]["team"] == "a"
    assert live["description"] == "two"
    assert live["maxSessionDuration"] == 3600
    actions = [w["action"] for w in world.writes(start)]
    assert "AttachPolicyToRole" not in actions
    assert trust_writes(world, start) == []

    # When nothing is held any more, what waited is done.
    world.edit("RamRole", "held", trustPolicy=trust(FC, ECS))
    world.ready("RamRole", "held")
    live = world.cloud()["roles"]["held"]
    assert [name for _, name in map(tuple, live["policies"])] == ["AliyunECSReadOnlyAccess"]
    assert live["maxSessionDuration"] == 7200
    assert trust_writes(world, start) == []


def _handled(role: Json) -> bool:
    return bool(role["status"].get("observedGeneration") == role["metadata"]["generation"])


def test_other_edits_pass_while_a_widening_is_held(world: World) -> None:
    world.role("held", policies=[OSS_READ], description="one", tags={"team": "a"})
    world.ready("RamRole", "held")
    start = world.journal_end()
    world.edit(
        "RamRole",
        "held",
        trustPolicy=trust(FC, ECS),
        policies=[ECS_READ],
        description="two",
        maxSessionDurationSeconds=7200,
        tags={"team": "b"},
    )
    role = world.reason("RamRole", "held", "ApprovalRequired")
    assert "would lose" not in condition(role, "ApprovalRequired")["message"].lower()
    live = world.cloud()["roles"]["held"]
    assert live["policies"] == [["System", "AliyunECSReadOnlyAccess"]]
    assert (live["description"], live["maxSessionDuration"]) == ("two", 7200)
    assert live["tags"]["team"] == "b"
    assert trust_writes(world, start) == []


def test_wildcards_do_not_get_past_the_api_server(world: World) -> None:
    world.role("plain")
    for principal in ("*", "acs:ram::*:root", f"acs:ram::{OUTSIDER}:*"):
        document = trust(("RAM", principal))
        with pytest.raises(RequestFailed, match="Principal"):
            world.role("wild", trustPolicy=document)
        with pytest.raises(RequestFailed, match="Principal"):
            world.edit("RamRole", "plain", trustPolicy=document)
