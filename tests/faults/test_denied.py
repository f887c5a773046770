"""An action that the cloud denies for good: a person is told, that part rests, the others go on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from tests.faults.lab import Lab, played_since
from tests.faults.stories import NAME, STORIES
from tests.support.operator import OperatorProcess
from tests.support.world import TRUST_FC, World, condition

CREATED_ROLE: Final = ("CreateRole",)
ROLE: Final = "role_update"
POLICY: Final = "policy_update"

# What is denied in which story → the other effects that still come, in any order between parts.
# Nothing is widened (attachments, a longer session) while what narrows is refused.
DENIED: Final = [
    ("role_create", "GetRole", ()),
    ("role_create", "CreateRole", ()),
    ("role_create", "AttachPolicyToRole", CREATED_ROLE),
    (ROLE, "GetRole", ()),
    (
        ROLE,
        "ListPoliciesForRole",
        ("TagResources", "UntagResources", "UpdateRole"),
    ),
    (
        ROLE,
        "ListTagResources",
        ("AttachPolicyToRole", "AttachPolicyToRole", "DetachPolicyFromRole", "UpdateRole"),
    ),
    (ROLE, "DetachPolicyFromRole", ("TagResources", "UntagResources")),
    (
        ROLE,
        "AttachPolicyToRole",
        ("DetachPolicyFromRole", "TagResources", "UntagResources", "UpdateRole"),
    ),
    (
        ROLE,
        "UpdateRole",
        (
            "AttachPolicyToRole",
            "AttachPolicyToRole",
            "DetachPolicyFromRole",
            "TagResources",
            "UntagResources",
        ),
    ),
    (
        ROLE,
        "TagResources",
        ("AttachPolicyToRole", "AttachPolicyToRole", "DetachPolicyFromRole", "UpdateRole"),
    ),
    ("trust_taken_back", "UpdateRole", ()),
    ("policy_create", "CreatePolicy", ()),
    (
        POLICY,
        "CreatePolicyVersion",
        ("TagResources", "UntagResources", "UpdatePolicyDescription"),
    ),
    (POLICY, "ListPolicyVersions", ("TagResources", "UntagResources", "UpdatePolicyDescription")),
    (
        POLICY,
        "UpdatePolicyDescription",
        ("CreatePolicyVersion", "TagResources", "UntagResources"),
    ),
    ("role_delete", "DetachPolicyFromRole", ()),
    ("role_delete", "DeleteRole", ("DetachPolicyFromRole", "DetachPolicyFromRole")),
    ("policy_delete", "DeletePolicy", ()),
]


@pytest.fixture(autouse=True)
def no_fault_is_left(lab: Lab) -> Iterator[None]:
    yield
    lab.emulator.admin.clear_faults()


def _stalled(lab: Lab, world: World, kind: str) -> str:
    """Wait until the object is Stalled as AccessDenied; what it says."""
    found = lab.board.wait(
        world,
        kind,
        NAME,
        lambda o: (
            o is not None
            and condition(o, "Stalled").get("reason") == "AccessDenied"
            and condition(o, "Ready").get("observedGeneration") == o["metadata"]["generation"]
        ),
    )
    assert found is not None
    return str(condition(found, "Ready")["message"])


@pytest.mark.parametrize(("name", "action", "others"), DENIED)
def test_a_denied_action_stalls_its_part_alone(
    name: str, action: str, others: tuple[str, ...], lab: Lab, operator: OperatorProcess
) -> None:
    story = STORIES[name]
    run = lab.begin("hostile", story)
    world = run.world
    lab.emulator.admin.add_fault("deny", account=world.account_id, action=action, times=-1)
    with run.explained():
        story.act(world)
        message = _stalled(lab, world, story.kind)
        assert action in message, "it says what has to be granted"
        # Tried again while it stays denied: what could be written is, once, and no more than that.
        for _ in range(2):
            _tried_again(lab, world, action)
        played = played_since(world, run.start)
        assert sorted(effect.split('"')[1] for effect in played.effects) == sorted(others)
        assert lab.board.illegal(world) == []

    lab.emulator.admin.clear_faults()
    with run.explained():
        # Once it is allowed the story ends by itself.
        lab.reach(run)
        expected = lab.play("hostile", story)
        played = lab.end(run)
        assert sorted(played.effects) == sorted(expected.effects)


def _tried_again(lab: Lab, world: World, action: str) -> None:
    """Wait for one more refusal of the action."""
    start = world.journal_end()
    lab.until(
        lambda: any(
            entry["action"] == action
            for entry in world.admin.journal(world.account_id, since=start)
        ),
        f"{action} is tried again",
    )


def test_what_one_object_may_not_does_not_stop_the_others(
    lab: Lab, operator: OperatorProcess
) -> None:
    story = STORIES["role_create"]
    run = lab.begin("hostile", story)
    world = run.world
    lab.emulator.admin.add_fault(
        "deny", account=world.account_id, action="AttachPolicyToRole", times=-1
    )
    story.act(world)
    _stalled(lab, world, "RamRole")

    world.policy("reader")
    world.create("RamRole", "plain", {"trustPolicy": TRUST_FC})

    lab.board.ready(world, "RamPolicy", "reader")
    lab.board.ready(world, "RamRole", "plain")
    world.close()
