"""An action that the cloud denies for good: a person is told, that part rests, the others go on."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from lab.operator_process import OperatorProcess
from lab.world import TRUST_FC, World, condition
from tests.faults.lab import Lab, played_since
from tests.faults.stories import NAME, STORIES

CREATED_ROLE: Final = ("CreateRole",)
ROLE: Final = "role_update"
POLICY: Final = "policy_update"

DENIALS: Final = 4
"""So often an action is denied before it is granted."""

# What is denied in which story → the other effects that still come, in any order between parts.
# Nothing is widened (attachments, a longer session) while what narrows is refused.
DENIED: Final = [
    ("role_create", "GetRole", ()),
    ("role_create", "CreateRole", ()),
    ("role_create", "AttachPolicyToRole", CREATED_ROLE),
    ("role_create", "GetOIDCProvider", ()),
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
    ("user_create", "CreateUser", ()),
    ("user_create", "AttachPolicyToUser", ("CreateUser",)),
    (
        "user_update",
        "UpdateUser",
        ("AttachPolicyToUser", "AttachPolicyToUser", "DetachPolicyFromUser"),
    ),
    # What lets somebody in goes first, what may deny him something last.
    (
        "user_delete",
        "RemoveUserFromGroup",
        ("DeleteAccessKey", "DeleteLoginProfile", "UnbindMFADevice", "UpdateAccessKey"),
    ),
    ("user_delete", "DeleteAccessKey", ("UpdateAccessKey",)),
    ("group_create", "CreateGroup", ()),
    ("group_update", "RemoveUserFromGroup", ("DetachPolicyFromGroup", "UpdateGroup")),
    (
        "group_update",
        "AddUserToGroup",
        ("AttachPolicyToGroup", "DetachPolicyFromGroup", "RemoveUserFromGroup", "UpdateGroup"),
    ),
    ("group_delete", "DetachPolicyFromGroup", ("RemoveUserFromGroup", "RemoveUserFromGroup")),
]

BESIDES: Final = {(ROLE, "ListPoliciesForRole"): ("UpdateRole",)}
"""Effects that only a denial causes. A longer session waits until it is known what the role has;
its description is written meanwhile.
"""


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


def _play(lab: Lab, name: str, action: str, others: tuple[str, ...]) -> None:
    story = STORIES[name]
    expected = lab.undisturbed("hostile", name)
    run = lab.begin("hostile", story)
    world = run.world
    lab.emulator.admin.add_fault("deny", account=world.account_id, action=action, times=DENIALS)
    with run.explained():
        story.act(world)
        message = _stalled(lab, world, story.kind)
        assert action in message, "it says what has to be granted"

        def refused() -> list[int]:
            entries = world.admin.journal(world.account_id, since=run.start)
            return [entry["n"] for entry in entries if "deny" in entry["faults"]]

        lab.until(lambda: len(refused()) == DENIALS, f"{action} is tried again and again")
        # While it stays denied, what could be written is, once, and no more than that.
        played = played_since(world, run.start, refused()[-1])
        assert sorted(effect.split('"')[1] for effect in played.effects) == sorted(others)
    # Once it is allowed the story ends by itself.
    lab.reach(run)
    wanted, found = Counter(expected.effects), Counter(lab.end(run).effects)
    assert wanted - found == Counter(), "all that the story has"
    besides = [effect.split('"')[1] for effect in (found - wanted).elements()]
    assert tuple(besides) == BESIDES.get((name, action), ())


@pytest.fixture(scope="module")
def outcomes(lab: Lab, operator: OperatorProcess) -> dict[tuple[str, str], str]:
    """What went wrong in each row of DENIED; they are played side by side."""

    def attempt(row: tuple[str, str, tuple[str, ...]]) -> str:
        try:
            _play(lab, *row)
        except AssertionError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(len(DENIED)) as pool:
        names = sorted({name for name, _, _ in DENIED})
        list(pool.map(lambda name: lab.undisturbed("hostile", name), names))
        texts = list(pool.map(attempt, DENIED))
    return {row[:2]: text for row, text in zip(DENIED, texts, strict=True)}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "action"), [row[:2] for row in DENIED])
def test_a_denied_action_stalls_its_part_alone(
    name: str, action: str, outcomes: dict[tuple[str, str], str]
) -> None:
    assert outcomes[name, action] == "", outcomes[name, action]


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
