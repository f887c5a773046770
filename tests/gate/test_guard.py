"""Attacks on what the gate rests on: its guard, and its records. Everything fails closed."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from lab import ControlPlane, RequestFailed
from lab.emulator_process import EmulatorProcess
from lab.install import install, installed_plane
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import HOSTILE, World, condition, open_world, trust
from ram_operator.cluster.guard import shipped
from tests.gate.approving import approve, held, offer, opened, say
from tests.gate.triples import Entry, Moment, Resource, attack

Json = dict[str, Any]
FC = ("Service", "fc.aliyuncs.com")
ECS = ("Service", "ecs.aliyuncs.com")
GUARDS = tuple(where for where, spec in shipped().items() if spec is not None)
ROLE, NAME = "RamRole", "target"


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Not the one of all others: its guard is taken away here."""
    with installed_plane(tmp_path_factory.mktemp("unguarded")) as plane:
        yield plane


@pytest.fixture(scope="module")
def own_operator(apart: ControlPlane) -> Iterator[OperatorProcess]:
    process = OperatorProcess.start(apart, apart.directory / "operator.log")
    yield process
    process.stop()


@pytest.fixture
def alone(
    apart: ControlPlane, emulator: EmulatorProcess, own_operator: OperatorProcess
) -> Iterator[World]:
    name = f"test-{uuid.uuid4().hex[:10]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    apart.request("POST", "/api/v1/namespaces", body)
    world = open_world(apart, emulator, name, dict(HOSTILE))
    world.ready("RamAccount", name)
    yield world
    world.close()


def widened(world: World) -> tuple[int, str]:
    """A role with a change that waits: the place in the journal, and the digest."""
    world.role(NAME)
    world.ready(ROLE, NAME)
    start = world.journal_end()
    world.edit(ROLE, NAME, trustPolicy=trust(FC, ECS))
    return start, offer(world, ROLE, NAME)


def reason(world: World, wanted: str) -> Json:
    return world.wait(
        ROLE, NAME, lambda o: condition(o, "ApprovalRequired").get("reason") == wanted, wanted
    )


def remove(plane: ControlPlane, where: str) -> None:
    plane.request("DELETE", where)


def alter(plane: ControlPlane, where: str) -> None:
    """As somebody would who wants it to look untouched: it is there and lets everything pass."""
    nowhere = {"matchLabels": {"nobody": "has-this"}}
    rules = "matchResources" if where.split("/")[-2].endswith("bindings") else "matchConstraints"
    body = {"spec": {rules: {"namespaceSelector": nowhere}}}
    plane.request("PATCH", where, body, content_type="application/merge-patch+json")


@attack(Entry.ADMISSION, Resource.TRUST, Moment.OFFERED)
@pytest.mark.parametrize("where", GUARDS, ids=[where.split("/v1/")[1] for where in GUARDS])
@pytest.mark.parametrize("harm", [remove, alter])
def test_without_its_guard_no_approval_is_honoured_and_none_comes_to_life_later(
    apart: ControlPlane, alone: World, where: str, harm: Any
) -> None:
    start, digest = widened(alone)
    try:
        harm(apart, where)
        assert say(alone, ROLE, NAME, approve=digest)
        role = reason(alone, "AdmissionPolicyMissing")
        assert role["status"]["pending"]["voided"] == "AdmissionPolicyMissing"
        assert role["status"]["pending"]["digest"] != digest
    finally:
        # An apply alone leaves what it does not name.
        with contextlib.suppress(RequestFailed):
            remove(apart, where)
        install(apart)
    role = reason(alone, "ApprovalRequired")
    alone.look(ROLE, NAME)
    assert opened(alone, start) == []
    approve(alone, ROLE, NAME)
    alone.ready(ROLE, NAME)
    assert len(opened(alone, start)) == 1


def unprotected(plane: ControlPlane, record: str) -> None:
    """What somebody has to do first who wants to write records, until he may delete that one."""
    for where in GUARDS:
        if "record" in where and "bindings" in where:
            plane.request("DELETE", where)

    def may() -> bool:
        try:
            plane.request("DELETE", f"{record}?dryRun=All")
        except RequestFailed as error:
            if error.status != 403:
                raise
            return False
        return True

    until(may, "the end of the protection")


@attack(Entry.RECORD, Resource.TRUST, Moment.OFFERED)
def test_a_record_that_is_deleted_takes_its_approvals_with_it(
    apart: ControlPlane, alone: World
) -> None:
    start, digest = widened(alone)
    (name,) = _records(alone)
    where = alone.path("RamRecord", name)
    try:
        unprotected(apart, where)
        apart.request("DELETE", where)
    finally:
        install(apart)
    held(alone, ROLE, NAME, instead_of=digest)
    assert say(alone, ROLE, NAME, approve=digest)
    held(alone, ROLE, NAME)
    alone.look(ROLE, NAME)
    assert opened(alone, start) == []


@attack(Entry.RESTORED, Resource.TRUST, Moment.OFFERED)
def test_a_record_that_is_restored_opens_nothing_that_was_approved_before(
    apart: ControlPlane, alone: World
) -> None:
    start, digest = widened(alone)
    (name,) = _records(alone)
    where = alone.path("RamRecord", name)
    copy = apart.request("GET", where)
    restored = {**copy, "metadata": {"name": name}}
    try:
        unprotected(apart, where)
        apart.request("DELETE", where)
        apart.request("POST", alone.path("RamRecord"), json.loads(json.dumps(restored)))
    except RequestFailed as error:
        # Where the operator was quicker it is the case of a deleted record.
        assert error.status == 409  # noqa: PT017 - anything else is no race
    finally:
        install(apart)
    assert say(alone, ROLE, NAME, approve=digest)
    held(alone, ROLE, NAME, instead_of=digest)
    alone.look(ROLE, NAME)
    assert opened(alone, start) == []


def _records(world: World) -> list[str]:
    listed = world.cluster.request("GET", world.path("RamRecord"))["items"]
    return [
        str(item["metadata"]["name"])
        for item in listed
        if item["record"]["accountId"] == world.account_id and item["record"]["kind"] == ROLE
    ]
