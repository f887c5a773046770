"""While somebody is about to be cut off from a role, the role's policies do not get wider."""

from __future__ import annotations

from typing import Any

import pytest

from lab.world import World, condition, trust
from tests.gate.approving import approve, held
from tests.gate.attacks import ECS, FC, LOG, NAME, ROLE
from tests.gate.triples import Entry, Moment, Resource, attack

Json = dict[str, Any]
POLICY = "RamPolicy"


def allowing(*actions: str) -> Json:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": ["*"]}
    return {"Version": "1", "Statement": [statement]}


def versions(world: World, start: int) -> list[str]:
    """The documents that the operator sent for the policy."""
    return [
        entry["parameters"]["PolicyDocument"]
        for entry in world.writes(start)
        if entry["action"] == "CreatePolicyVersion"
    ]


@attack(Entry.MANIFEST, Resource.DOCUMENT, Moment.OFFERED)
@pytest.mark.parametrize("reference", [POLICY, "Custom"])
def test_a_wider_document_waits_for_the_narrowing(world: World, reference: str) -> None:
    world.policy("rights", document=allowing("oss:GetBucketInfo", "oss:GetObject"))
    world.ready(POLICY, "rights")
    attached = [{"type": reference, "name": "rights"}]
    world.role(NAME, trustPolicy=trust(FC, ECS), policies=attached)
    world.ready(ROLE, NAME)
    start = world.journal_end()
    world.edit(ROLE, NAME, trustPolicy=trust(FC))
    world.edit(POLICY, "rights", document=allowing("oss:GetObject", "oss:ListObjects"))
    held(world, ROLE, NAME)
    waits = world.look(POLICY, "rights")
    waits = world.wait(
        POLICY,
        "rights",
        lambda item: condition(item, "Ready").get("reason") == "DependencyNotReady",
        "waiting",
    )
    assert NAME in condition(waits, "Ready")["message"]
    world.settle()
    assert versions(world, start) == []
    # Less is possible at any time.
    world.edit(POLICY, "rights", document=allowing("oss:GetObject"))
    world.ready(POLICY, "rights")
    assert len(versions(world, start)) == 1
    world.edit(POLICY, "rights", document=allowing("oss:GetObject", "oss:ListObjects"))
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    world.look(POLICY, "rights")
    world.ready(POLICY, "rights")
    assert "ListObjects" in versions(world, start)[-1]


@pytest.mark.legitimate
def test_a_role_that_only_gains_keeps_no_policy_waiting(world: World) -> None:
    world.policy("rights", document=allowing("oss:GetObject"))
    world.ready(POLICY, "rights")
    world.role(NAME, trustPolicy=trust(FC), policies=[{"type": POLICY, "name": "rights"}])
    world.ready(ROLE, NAME)
    start = world.journal_end()
    world.edit(ROLE, NAME, trustPolicy=trust(FC, LOG))
    held(world, ROLE, NAME)
    world.edit(POLICY, "rights", document=allowing("oss:GetObject", "oss:ListObjects"))
    world.ready(POLICY, "rights")
    assert len(versions(world, start)) == 1
