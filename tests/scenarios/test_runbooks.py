"""The commands of the runbooks show an object in the state that the alert is about."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from lab import Cluster
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.world import World, condition, open_world, put_secret, trust
from tests.gate.acknowledging import acknowledge
from tests.support import documented, secrets
from tests.support.hands import Hands
from tests.support.runbooks import commands, run
from tests.support.times import moment

FC: Final = ("Service", "fc.aliyuncs.com")
ECS: Final = ("Service", "ecs.aliyuncs.com")
ADMIN: Final = {"type": "System", "name": "AdministratorAccess"}
AGAIN: Final = (ADMIN["name"], "AliyunOSSFullAccess", "AliyunECSFullAccess", "AliyunRAMFullAccess")
"""So many that the operator takes them back too often."""


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


HERE: Final = "tests/scenarios/test_runbooks.py"


def test_the_table_says_of_no_other_command_that_it_is_run_here() -> None:
    found = {command for alert in STATES for command in commands(alert, HERE)}
    assert found == set(documented.assigned(HERE))


def widened(world: World) -> str:
    world.role("widened", driftPolicy="Report", maxSessionDurationSeconds=3600)
    world.role("in-order", driftPolicy="Report", maxSessionDurationSeconds=3600)
    for name in ("widened", "in-order"):
        world.ready("RamRole", name)
    world.settle()
    Hands(world).update_role("widened", session=43200)
    world.settle()
    world.annotate("RamRole", "widened", reconcile_requested_at="now")
    world.reason("RamRole", "widened", "Drifted")
    return "widened"


def drifted(world: World) -> str:
    """Something was taken away, which RevertExcess gives back to nobody."""
    read = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}
    world.role("drifted", driftPolicy="RevertExcess", policies=[read])
    world.ready("RamRole", "drifted")
    world.settle()
    Hands(world).detach("drifted", read["name"])
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


def flapping(world: World) -> str:
    world.role("flapping")
    world.ready("RamRole", "flapping")
    for policy in AGAIN:
        world.settle()
        Hands(world).attach("flapping", policy)
        world.settle()
        world.annotate("RamRole", "flapping", reconcile_requested_at=policy)
        _taken_back(world, policy)
    return "flapping"


def _taken_back(world: World, policy: str) -> None:
    def told(item: Any) -> bool:
        return policy in str(item["status"].get("corrected"))

    world.wait("RamRole", "flapping", told, f"that {policy} is taken back")


def stalled(world: World) -> str:
    Hands(world).create_role("stalled", trust(FC))
    world.role("stalled")
    world.reason("RamRole", "stalled", "NotAdopted")
    return "stalled"


def suspended(world: World) -> str:
    world.role("suspended", suspend=True)
    world.reason("RamRole", "suspended", "Suspended")
    return "suspended"


def waiting(world: World) -> str:
    world.role("waiting", policies=[{"type": "RamPolicy", "name": "nobody"}])
    world.wait("RamRole", "waiting", lambda o: bool(condition(o, "Reconciling")), "it waits")
    return "waiting"


def acknowledged(world: World) -> str:
    world.role("acknowledged", driftPolicy="Report")
    world.ready("RamRole", "acknowledged")
    Hands(world).attach("acknowledged", ADMIN["name"])
    world.settle()
    world.look("RamRole", "acknowledged")
    acknowledge(world, "RamRole", "acknowledged")
    return "acknowledged"


def expiring(world: World) -> str:
    """The account has temporary credentials, a user a key that is replaced one day."""
    values = {
        "accessKeyId": world.keys.admin_access_key_id,
        "accessKeySecret": world.keys.admin_access_key_secret,
        "expiration": moment(600.0),
    }
    put_secret(world.cluster, world.namespace, values)
    secrets.may_keep(world)
    key = {"secretName": "expiring-key", "rotateAfter": "90d"}
    world.create("RamUser", "expiring", {"accessMode": "AccessKey", "accessKey": key})
    world.ready("RamUser", "expiring")
    world.settle()
    world.look("RamUser", "expiring")
    for kind, name, field in (
        ("RamAccount", world.namespace, "credentialsExpireAt"),
        ("RamUser", "expiring", "accessKeyRotatesAt"),
    ):
        world.look(kind, name)
        world.wait(kind, name, lambda item, at=field: at in item["status"], field)
    return "expiring"


STATES: Final[dict[str, tuple[Callable[[World], str], tuple[str, ...]]]] = {
    # alert: how it comes to be, and what its commands show in their order
    "RamOperatorAccessWidened": (widened, ("maxSession", "43200", "Report")),
    "RamOperatorDriftDetected": (
        drifted,
        ("critical", "AliyunOSSReadOnlyAccess", "", "RevertExcess", "DriftDetected"),
    ),
    "RamOperatorDriftFlapping": (flapping, ("critical", "policies[")),
    "RamOperatorSuspended": (suspended, ("true", "admin", "create")),
    "RamOperatorDriftCorrected": (corrected, ("critical", "policies[", "DriftCorrected")),
    "RamOperatorAcknowledgementEnding": (acknowledged, ("approver", "AdministratorAccess")),
    "RamOperatorApprovalPending": (pending, ("sha256:", "ecs.aliyuncs.com", "")),
    "RamOperatorFoundInCloud": (found, ("AdministratorAccess", "policies[", "changed-by")),
    "RamOperatorStalled": (stalled, ("runbooks-", "exists already", "NotAdopted")),
    "RamOperatorNotProgressing": (waiting, ("RamPolicy",)),
    "RamOperatorCredentialsExpiring": (expiring, ("Z   acs:ram", "accessKey …", "")),
}


@pytest.mark.parametrize("alert", STATES)
def test_the_commands_show_what_the_alert_is_about(
    opened: World, tmp_path: Path, alert: str
) -> None:
    make, shows = STATES[alert]
    name = make(opened)
    listed = commands(alert, HERE)
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


def test_who_describes_an_object_reads_sentences_and_no_marks_before_them(
    opened: World, tmp_path: Path
) -> None:
    opened.role("described", description="mine", tags={"team": "shop"})
    opened.ready("RamRole", "described")
    said = run(opened, "kubectl describe ramrole NAME -n NAMESPACE", "described", tmp_path)
    sentences, _, marks = said.partition("\nStatus:\n")[2].partition("  Written:\n")
    assert "the cloud is as asked" in sentences
    mark = re.compile(r"(#|: +|^ +)[0-9a-f]{8}$", re.MULTILINE)
    assert (mark.findall(sentences), bool(mark.findall(marks))) == ([], True), said
