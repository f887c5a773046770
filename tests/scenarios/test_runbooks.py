"""The commands of the runbooks show an object in the state that the alert is about."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from lab import Cluster
from lab.connection import KUBECTL
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.world import World, condition, open_world, trust
from tests.support import documented
from tests.support.hands import Hands

FC: Final = ("Service", "fc.aliyuncs.com")
ECS: Final = ("Service", "ecs.aliyuncs.com")
ADMIN: Final = {"type": "System", "name": "AdministratorAccess"}


@pytest.fixture(scope="module")
def opened(
    operator: OperatorProcess, installed: Cluster, emulator: EmulatorProcess
) -> Iterator[World]:
    """One world for all states."""
    name = f"runbooks-{os.getpid()}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    installed.request("POST", "/api/v1/namespaces", body)
    world = open_world(installed, emulator, name, "friendly")
    world.ready("RamAccount", name)
    yield world
    world.close()


def commands(alert: str) -> list[str]:
    """Those of its page, without what needs a pod of the operator."""
    page = f"docs/operations/runbooks/{alert}.md"
    ours = documented.assigned("tests/scenarios/test_runbooks.py")
    found = [command.text for command in documented.commands() if command.page == page]
    return [text for text in found if text in ours]


def test_the_table_says_of_no_other_command_that_it_is_run_here() -> None:
    found = {command for alert in STATES for command in commands(alert)}
    assert found == set(documented.assigned("tests/scenarios/test_runbooks.py"))


def run(world: World, command: str, name: str, folder: Path) -> str:
    """What a person sees who wrote the names into it."""
    command = re.sub(r"\bNAMESPACE\b", world.namespace, command)
    command = re.sub(r"\bNAME\b(?=[ '\"]|$)", name, command).replace(" KIND ", " ramrole ")
    (folder / "kubectl").unlink(missing_ok=True)
    (folder / "kubectl").symlink_to(KUBECTL)
    path = f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    # What kubectl remembers of the cluster may be from before the kinds were there.
    remembered = {"KUBECACHEDIR": str(folder / "cache")}
    environment = {**world.cluster.environment(), "PATH": path, **remembered}
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=120,
    )
    assert result.returncode == 0, (command, result.stdout, result.stderr)
    return result.stdout


def drifted(world: World) -> str:
    world.role("drifted", driftPolicy="Report", maxSessionDurationSeconds=3600)
    world.role("in-order", driftPolicy="Report", maxSessionDurationSeconds=3600)
    for name in ("drifted", "in-order"):
        world.ready("RamRole", name)
    world.settle()
    Hands(world).update_role("drifted", session=43200)
    world.settle()
    world.annotate("RamRole", "drifted", reconcile_requested_at="now")
    world.reason("RamRole", "drifted", "Drifted")
    world.told("DriftDetected", "drifted")
    return "drifted"


def corrected(world: World) -> str:
    world.role("corrected")
    world.ready("RamRole", "corrected")
    world.settle()
    Hands(world).attach("corrected", ADMIN["name"])
    world.settle()
    world.annotate("RamRole", "corrected", reconcile_requested_at="now")
    world.wait("RamRole", "corrected", lambda o: bool(o["status"].get("corrected")), "correction")
    world.told("DriftCorrected", "corrected")
    return "corrected"


def pending(world: World) -> str:
    world.role("pending")
    world.ready("RamRole", "pending")
    world.edit("RamRole", "pending", trustPolicy=trust(FC, ECS))
    world.reason("RamRole", "pending", "ApprovalRequired")
    return "pending"


def found(world: World) -> str:
    """Made so by hand, while the object was suspended."""
    world.role("found")
    world.ready("RamRole", "found")
    world.settle()
    world.edit("RamRole", "found", suspend=True)
    world.reason("RamRole", "found", "Suspended")
    Hands(world).attach("found", ADMIN["name"])
    world.settle()
    world.edit("RamRole", "found", suspend=False, policies=[ADMIN])
    world.reason("RamRole", "found", "FoundInCloud")
    return "found"


def stalled(world: World) -> str:
    world.role("stalled", suspend=True)
    world.reason("RamRole", "stalled", "Suspended")
    return "stalled"


def waiting(world: World) -> str:
    world.role("waiting", policies=[{"type": "RamPolicy", "name": "nobody"}])
    world.wait("RamRole", "waiting", lambda o: bool(condition(o, "Reconciling")), "it waits")
    return "waiting"


STATES: Final[dict[str, tuple[Callable[[World], str], tuple[str, ...]]]] = {
    # alert: how it comes to be, and what its commands show in their order
    "RamOperatorDriftDetected": (
        drifted,
        ("critical", "maxSessionDurationSeconds", "", "Report", "DriftDetected"),
    ),
    "RamOperatorDriftCorrected": (corrected, ("critical", "policies[", "DriftCorrected")),
    "RamOperatorApprovalPending": (pending, ("sha256:", "ecs.aliyuncs.com", "")),
    "RamOperatorFoundInCloud": (found, ("AdministratorAccess", "policies[", "changed-by")),
    "RamOperatorStalled": (stalled, ("runbooks-", "so nothing is written", "Suspended")),
    "RamOperatorNotProgressing": (waiting, ("RamPolicy",)),
}


@pytest.mark.parametrize("alert", STATES)
def test_the_commands_show_what_the_alert_is_about(
    opened: World, tmp_path: Path, alert: str
) -> None:
    make, shows = STATES[alert]
    name = make(opened)
    listed = commands(alert)
    assert len(listed) == len(shows), listed
    for command, shown in zip(listed, shows, strict=True):
        said = run(opened, command, name, tmp_path)
        assert shown in said, (command, said)
        if " -A " in command:
            (line,) = (line for line in said.splitlines() if re.search(rf"\b{name}\b", line))
            assert shown in line
            assert not re.search(r"\bin-order\b", said), said
    records = run(opened, "kubectl get ram -A --no-headers -o name", name, tmp_path)
    assert "ramrecord" not in records
