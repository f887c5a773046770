"""Where MutatingAdmissionPolicy is missing nobody knows who wrote what is approved: that counts for
accounts that say so, by those who may approve, and for nobody else.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from lab import ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.install import NO_STAMPS, install, overlay
from lab.operator_process import OperatorProcess
from lab.world import HOSTILE, World, condition, open_world, trust
from tests.gate.approving import approve, offer, opened, say
from tests.gate.triples import Entry, Moment, Resource, attack

Json = dict[str, Any]
FC = ("Service", "fc.aliyuncs.com")
ECS = ("Service", "ecs.aliyuncs.com")
ROLE, NAME = "RamRole", "target"


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server on which the variant without stamps is installed."""
    with ControlPlane.start(tmp_path_factory.mktemp("reduced")) as plane:
        install(plane, overlay(tmp_path_factory.mktemp("overlay"), NO_STAMPS))
        yield plane


@pytest.fixture(scope="module")
def own_operator(old: ControlPlane) -> Iterator[OperatorProcess]:
    """One that believes approvals without a guard, too: that makes no more of a guard."""
    flags = {"unguarded-approvals": "true"}
    process = OperatorProcess.start(old, old.directory / "operator.log", flags)
    yield process
    process.stop()


@pytest.fixture
def reduced(
    old: ControlPlane, emulator: EmulatorProcess, own_operator: OperatorProcess
) -> Iterator[World]:
    name = f"test-{uuid.uuid4().hex[:10]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    old.request("POST", "/api/v1/namespaces", body)
    world = open_world(old, emulator, name, dict(HOSTILE))
    world.ready("RamAccount", name)
    yield world
    world.close()


def content(world: World) -> None:
    """The account takes approvals by whoever may approve."""
    account = world.edit("RamAccount", world.namespace, gate={"fourEyes": False})
    assert account["spec"]["gate"]["fourEyes"] is False
    world.ready("RamAccount", world.namespace)


def widened(world: World) -> int:
    world.role(NAME)
    world.ready(ROLE, NAME)
    start = world.journal_end()
    world.edit(ROLE, NAME, trustPolicy=trust(FC, ECS))
    return start


@attack(Entry.ADMISSION, Resource.TRUST, Moment.OFFERED)
def test_nothing_opens_for_an_account_that_wants_four_eyes(reduced: World) -> None:
    start = widened(reduced)
    digest = offer(reduced, ROLE, NAME)
    assert say(reduced, ROLE, NAME, approve=digest)
    role = reduced.wait(
        ROLE,
        NAME,
        lambda o: condition(o, "ApprovalRequired").get("reason") == "AdmissionPolicyMissing",
        "that it is not honoured",
    )
    assert "gate.fourEyes false" in condition(role, "ApprovalRequired")["message"]
    reduced.settle()
    assert opened(reduced, start) == []
    # What was seen meanwhile stays void; a new approval counts once the account says so.
    content(reduced)
    reduced.look(ROLE, NAME)
    assert opened(reduced, start) == []
    approve(reduced, ROLE, NAME)
    reduced.ready(ROLE, NAME)
    assert len(opened(reduced, start)) == 1


@pytest.mark.legitimate
def test_what_guarded_an_approval_is_in_its_history(
    reduced: World, own_operator: OperatorProcess
) -> None:
    content(reduced)
    start = widened(reduced)
    approve(reduced, ROLE, NAME)
    reduced.ready(ROLE, NAME)
    assert len(opened(reduced, start)) == 1
    record = reduced.record(ROLE, NAME)
    assert record is not None
    assert record["history"][-1]["guard"] == "reduced"
    metrics = own_operator.metrics()
    assert "ram_operator_guard_reduced 1.0" in metrics
    assert "ram_operator_approvals_guarded 0.0" in metrics


@attack(Entry.MANIFEST, Resource.TRUST, Moment.OFFERED)
def test_four_eyes_stay_open_where_admission_stamps(world: World) -> None:
    content(world)
    world.role(NAME)
    world.ready(ROLE, NAME)
    start = world.journal_end()
    body = {"spec": {"trustPolicy": trust(FC, ECS)}}
    world.cluster.patch_as("ann", world.path(ROLE, NAME), body)
    digest = offer(world, ROLE, NAME)
    assert not say(world, ROLE, NAME, by="ann", approve=digest)
    world.settle()
    assert opened(world, start) == []
    assert say(world, ROLE, NAME, by="bob", approve=digest)
    world.ready(ROLE, NAME)
    assert len(opened(world, start)) == 1
