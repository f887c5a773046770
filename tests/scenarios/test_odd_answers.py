"""Whatever the cloud answers, each look ends in a status; nobody gets in by it, nor out for good.

ANSWERS says how many looks at an object are spoiled: many objects are looked at at once.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Any, Final

import pytest

from lab import Cluster
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.world import DOCUMENT, TRUST_FC, World, open_world
from tests.gate.approving import opened
from tests.support.odd_answers import Spoiler
from tests.support.proxy import proxy

Json = dict[str, Any]
ANSWERS: Final = int(os.environ.get("ANSWERS", "30"))
ROUNDS: Final = 8
READER: Final = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}


def one_of_each(n: int) -> dict[tuple[str, str], Json]:
    """Objects that refer to each other."""
    ours = {"type": "RamPolicy", "name": f"p{n}"}
    member = {"type": "RamUser", "name": f"u{n}"}
    return {
        ("RamPolicy", f"p{n}"): {"document": DOCUMENT, "description": "one", "tags": {"a": "b"}},
        ("RamUser", f"u{n}"): {"displayName": "U", "policies": [READER]},
        ("RamRole", f"r{n}"): {"trustPolicy": TRUST_FC, "policies": [READER, ours]},
        ("RamGroup", f"g{n}"): {"policies": [READER], "members": [member]},
    }


SETS: Final = math.ceil(ANSWERS / ROUNDS / 4)
OBJECTS: Final = {key: spec for n in range(SETS) for key, spec in one_of_each(n).items()}


@pytest.fixture
def spoiler() -> Spoiler:
    return Spoiler(seed=ANSWERS)


@pytest.fixture
def spoiled(
    operator: OperatorProcess,
    installed: Cluster,
    emulator: EmulatorProcess,
    namespace: str,
    behaviours: object,
    spoiler: Spoiler,
) -> Iterator[World]:
    with proxy(emulator.endpoint, spoiler.answer) as before:
        endpoints = dict.fromkeys(("ram", "sts", "ims"), f"http://{before.place}")
        world = open_world(installed, emulator, namespace, behaviours, endpoints=endpoints)
        world.ready("RamAccount", namespace)
        yield world
        world.close()


@pytest.mark.timeout(360 + 3 * ANSWERS)
def test_no_answer_is_a_defect_lets_anybody_in_or_lasts(
    spoiled: World, operator: OperatorProcess, spoiler: Spoiler
) -> None:
    world = spoiled
    for (kind, name), spec in OBJECTS.items():
        world.create(kind, name, spec)
    for one in OBJECTS:
        world.ready(*one)
    world.settle()
    start, before = world.journal_end(), world.cloud()
    spoiler.spoiling = True
    for _ in range(ROUNDS):
        items = world.look_all(OBJECTS)
        reasons = {c["reason"] for item in items.values() for c in item["status"]["conditions"]}
        assert "InternalError" not in reasons, (items, spoiler.spoiled[-20:])
        world.settle()
    spoiler.spoiling = False
    print(f"{len(spoiler.spoiled)} answers at {ROUNDS * len(OBJECTS)} looks were spoiled")
    assert len(spoiler.spoiled) > ROUNDS * len(OBJECTS) >= ANSWERS
    assert opened(world, start) == []
    world.look_all(OBJECTS)
    for one in OBJECTS:
        world.ready(*one)
    assert _access(world.cloud()) == _access(before)
    assert "Traceback" not in operator.log


def _access(state: Json) -> Json:
    """Who has what."""
    return {
        "roles": {n: (role["trust"], role["policies"]) for n, role in state["roles"].items()},
        "users": {n: user["policies"] for n, user in state["users"].items()},
        "groups": {n: (g["policies"], g["members"]) for n, g in state["groups"].items()},
        "policies": {n: p["document"] for n, p in state["policies"].items()},
    }
