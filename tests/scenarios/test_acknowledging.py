"""Somebody changes a role in an incident, and lets that be by what the page says."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from lab.world import World, condition, trust
from tests.gate.acknowledging import acknowledgeable, ended, holds, write
from tests.support import documented
from tests.support.hands import Hands
from tests.support.runbooks import run
from tests.support.times import moment

HERE: Final = "tests/scenarios/test_acknowledging.py"
ROLE, NAME = "RamRole", "shop-order-export"
FC: Final = ("Service", "fc.aliyuncs.com")
ECS: Final = ("Service", "ecs.aliyuncs.com")
PAGE: Final = "docs/user/acknowledging-drift.md"


def typed(world: World, folder: Path, command: str, digest: str) -> str:
    """The command of the page, for this namespace and this drift, by somebody who may."""
    said = command.replace("sha256:… until 2026-11-30T18:00:00Z", f"{digest} until {moment(3600)}")
    said = said.replace("-n identity", f"-n {world.namespace}") + " --as=approver"
    said += " --as-group=system:masters"
    return run(world, said + (" --yes" if " ram " in said else ""), NAME, folder)


def test_what_the_page_says_lets_drift_be_and_shows_it(world: World, tmp_path: Path) -> None:
    world.role(NAME, driftPolicy="Report")
    world.ready(ROLE, NAME)
    Hands(world).update_role(NAME, trust=trust(FC, ECS))
    world.settle()
    world.look(ROLE, NAME)
    ours = documented.assigned(HERE)
    by_plugin, by_hand = (
        c.text for c in documented.commands() if c.page == PAGE and c.text in ours
    )
    digest = acknowledgeable(world, ROLE, NAME)["digest"]
    said = typed(world, tmp_path, by_plugin, digest)
    assert "ecs.aliyuncs.com" in said
    assert "drift acknowledged" in said
    status = holds(world, ROLE, NAME, digest)
    assert status["acknowledged"]["by"] == "approver"
    item: Any = world.wait(
        ROLE, NAME, lambda o: condition(o, "Drifted")["reason"] == "DriftAcknowledged", "the drift"
    )
    (entry,) = item["status"]["drift"]
    assert entry["action"] == "acknowledged"
    show = f"kubectl ram acknowledge ramrole/{NAME} -n {world.namespace}"
    assert "drift acknowledged by approver until" in run(world, show, NAME, tmp_path)
    past = run(world, f"kubectl ram history ramrole/{NAME} -n {world.namespace}", NAME, tmp_path)
    assert "DriftAcknowledged" in past
    assert digest[:19] in past
    assert write(world, ROLE, NAME, None)
    ended(world, ROLE, NAME)
    digest = acknowledgeable(world, ROLE, NAME, instead_of=digest)["digest"]
    typed(world, tmp_path, by_hand, digest)
    holds(world, ROLE, NAME, digest)
