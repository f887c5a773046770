"""Whatever the cloud answers, each look ends in a status; nobody gets in by it, nor out for good.

ANSWERS says how many looks at each object are spoiled.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Final

import pytest

from lab import Cluster
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.world import DOCUMENT, World, open_world
from tests.gate.approving import opened
from tests.support.odd_answers import Spoiler
from tests.support.proxy import proxy

Json = dict[str, Any]
LOOKS: Final = int(os.environ.get("ANSWERS", "8"))
READER: Final = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}
OBJECTS: Final[dict[tuple[str, str], Json]] = {
    ("RamPolicy", "p"): {"document": DOCUMENT, "description": "one", "tags": {"a": "b"}},
    ("RamUser", "u"): {"displayName": "U", "policies": [READER]},
    ("RamRole", "r"): {"policies": [READER, {"type": "RamPolicy", "name": "p"}]},
    ("RamGroup", "g"): {"policies": [READER], "members": [{"type": "RamUser", "name": "u"}]},
}


@pytest.fixture
def spoiler() -> Spoiler:
    return Spoiler(seed=LOOKS)


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


@pytest.mark.timeout(120 + 30 * LOOKS)
def test_no_answer_is_a_defect_lets_anybody_in_or_lasts(
    spoiled: World, operator: OperatorProcess, spoiler: Spoiler
) -> None:
    world = spoiled
    for (kind, name), spec in OBJECTS.items():
        if kind == "RamRole":
            world.role(name, **spec)
        else:
            world.create(kind, name, spec)
    for one in OBJECTS:
        world.ready(*one)
    world.settle()
    start, before = world.journal_end(), world.cloud()
    spoiler.spoiling = True
    for _ in range(LOOKS):
        items = world.look_all(OBJECTS)
        reasons = {c["reason"] for item in items.values() for c in item["status"]["conditions"]}
        assert "InternalError" not in reasons, (items, spoiler.spoiled[-20:])
        world.settle()
    spoiler.spoiling = False
    assert len(spoiler.spoiled) > 4 * LOOKS
    assert opened(world, start) == []
    for one in OBJECTS:
        world.look(*one)
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
