"""Policies that the API server has from files: they guard approvals where a flag says so, and only
while nothing but a file can be what answers.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from lab import ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.install import FROM_FILES, install, overlay
from lab.operator_process import OperatorProcess
from lab.world import HOSTILE, World, condition, open_world, trust
from tests.gate.approving import approve, offer, opened, say
from tests.gate.triples import Entry, Moment, Resource, attack

Json = dict[str, Any]
FC: Final = ("Service", "fc.aliyuncs.com")
ECS: Final = ("Service", "ecs.aliyuncs.com")
ROLE, NAME = "RamRole", "target"
FLAGS: Final = {"guard": "files"}
GATE: Final = "--feature-gates=ManifestBasedAdmissionControlConfig=true"
"""Off in Kubernetes 1.36, where this is new."""
API: Final = "/apis/admissionregistration.k8s.io/v1"


def configuration(folder: Path) -> Path:
    """The shipped one, with folders of the tree in place of those of a machine."""
    body = yaml.safe_load((FROM_FILES / "admission-configuration.yaml").read_text())
    for plugin in body["plugins"]:
        place = Path(plugin["configuration"]["staticManifestsDir"])
        plugin["configuration"]["staticManifestsDir"] = str(FROM_FILES / place.name)
    target = folder / "admission.yaml"
    target.write_text(yaml.safe_dump(body))
    return target


def without_policies(plane: ControlPlane, folder: Path) -> None:
    install(plane, overlay(folder, FROM_FILES))


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server that has the policies from files, and none through the API."""
    place = tmp_path_factory.mktemp("files")
    flags = (GATE, f"--admission-control-config-file={configuration(place)}")
    with ControlPlane.start(tmp_path_factory.mktemp("filed"), *flags) as plane:
        without_policies(plane, tmp_path_factory.mktemp("overlay"))
        yield plane


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """One that has no policies at all."""
    with ControlPlane.start(tmp_path_factory.mktemp("bare")) as plane:
        without_policies(plane, tmp_path_factory.mktemp("overlay"))
        yield plane


def a_world(plane: ControlPlane, emulator: EmulatorProcess) -> World:
    name = f"test-{uuid.uuid4().hex[:10]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    plane.request("POST", "/api/v1/namespaces", body)
    return open_world(plane, emulator, name, dict(HOSTILE))


def widened(world: World) -> int:
    world.ready("RamAccount", world.namespace)
    world.role(NAME)
    world.ready(ROLE, NAME)
    start = world.journal_end()
    body = {"spec": {"trustPolicy": trust(FC, ECS)}}
    world.cluster.patch_as("ann", world.path(ROLE, NAME), body)
    return start


def is_void(world: World, start: int) -> None:
    """The approval on the object is not honoured."""
    world.wait(
        ROLE,
        NAME,
        lambda o: condition(o, "ApprovalRequired").get("reason") == "AdmissionPolicyMissing",
        "that it is not honoured",
    )
    world.settle()
    assert opened(world, start) == []


@pytest.mark.legitimate
def test_an_approval_counts_by_policies_from_files(
    filed: ControlPlane, emulator: EmulatorProcess
) -> None:
    world = a_world(filed, emulator)
    with OperatorProcess.running(filed, FLAGS) as process:
        start = widened(world)
        # No author approves there either, and nobody forges who is one.
        assert not say(world, ROLE, NAME, by="ann", approve=offer(world, ROLE, NAME))
        say(world, ROLE, NAME, by="ann", **{"changed-by": "nobody"})
        assert not say(world, ROLE, NAME, by="ann", approve=offer(world, ROLE, NAME))
        approve(world, ROLE, NAME)
        world.ready(ROLE, NAME)
        assert len(opened(world, start)) == 1
        record = world.record(ROLE, NAME)
        assert record is not None
        assert record["history"][-1]["guard"] == "files"
        assert "ram_operator_approvals_guarded 1.0" in process.metrics()
        world.close()


@attack(Entry.ADMISSION, Resource.TRUST, Moment.SETTLED)
def test_they_are_never_assumed(filed: ControlPlane, emulator: EmulatorProcess) -> None:
    """Without the flag such a cluster counts as one without a guard."""
    world = a_world(filed, emulator)
    with OperatorProcess.running(filed) as process:
        start = widened(world)
        approve(world, ROLE, NAME)
        is_void(world, start)
        assert "ram_operator_approvals_guarded 0.0" in process.metrics()
        world.close()


@attack(Entry.ADMISSION, Resource.TRUST, Moment.FORBIDDEN)
def test_the_flag_alone_guards_nothing(bare: ControlPlane, emulator: EmulatorProcess) -> None:
    world = a_world(bare, emulator)
    with OperatorProcess.running(bare, FLAGS):
        start = widened(world)
        assert say(world, ROLE, NAME, approve=offer(world, ROLE, NAME), **{"approved-by": "x"})
        is_void(world, start)
        world.close()


@attack(Entry.ADMISSION, Resource.TRUST, Moment.APPROVING)
def test_what_somebody_wrote_through_the_api_is_no_file(
    bare: ControlPlane, emulator: EmulatorProcess
) -> None:
    """An API server that knows of no files lets anybody who may write policies take their names."""
    for path in sorted(FROM_FILES.glob("*/ram-*.yaml")):
        for body in yaml.safe_load_all(path.read_text()):
            kind = body["kind"].lower()
            plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
            bare.request("POST", f"{API}/{plural}", body)
    world = a_world(bare, emulator)
    with OperatorProcess.running(bare, FLAGS):
        start = widened(world)
        approve(world, ROLE, NAME)
        is_void(world, start)
        world.close()
