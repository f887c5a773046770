"""Attacks on what the gate rests on: its guard, and its records. Everything fails closed."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

import pytest

from lab import ControlPlane, RequestFailed
from lab.emulator_process import EmulatorProcess
from lab.install import installed_plane, put_back
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import HOSTILE, World, condition, open_world, trust
from ram_operator import documents
from ram_operator.cluster.guard import shipped
from ram_operator.model import applied_marks
from tests.gate.acknowledging import acknowledgeable, looked, taken_back, text
from tests.gate.approving import approve_until_ready, held, offer, opened, say
from tests.gate.attacks import NOBODY
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.gate.waiting_rights import ALL, OPENING, attacks_on_rights, offered, still_held
from tests.support.hands import Hands

Json = dict[str, Any]
FC = ("Service", "fc.aliyuncs.com")
ECS = ("Service", "ecs.aliyuncs.com")
GUARDS = tuple(where for where, spec in shipped().items() if spec is not None)
PROTECTING = tuple(where for where in GUARDS if "record" in where and "bindings" in where)
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


@contextlib.contextmanager
def opened_world(plane: ControlPlane, emulator: EmulatorProcess) -> Iterator[World]:
    name = f"test-{uuid.uuid4().hex[:10]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    plane.request("POST", "/api/v1/namespaces", body)
    world = open_world(plane, emulator, name, dict(HOSTILE))
    world.ready("RamAccount", name)
    yield world
    world.close()


@pytest.fixture
def alone(
    apart: ControlPlane, emulator: EmulatorProcess, own_operator: OperatorProcess
) -> Iterator[World]:
    with opened_world(apart, emulator) as world:
        yield world


def widened(world: World) -> tuple[int, str]:
    """A role with a change that waits: the place in the journal, and the digest."""
    world.role(NAME)
    world.ready(ROLE, NAME)
    start = world.journal_end()
    world.edit(ROLE, NAME, trustPolicy=trust(FC, ECS))
    return start, offer(world, ROLE, NAME)


def reason(world: World, wanted: str, kind: str = ROLE, name: str = NAME) -> Json:
    return world.wait(
        kind, name, lambda o: condition(o, "ApprovalRequired").get("reason") == wanted, wanted
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
    with put_back(apart, [where]):
        harm(apart, where)
        assert say(alone, ROLE, NAME, approve=digest)
        role = reason(alone, "AdmissionPolicyMissing")
        assert role["status"]["pending"]["voided"] == "AdmissionPolicyMissing"
        assert role["status"]["pending"]["digest"] != digest
    role = reason(alone, "ApprovalRequired")
    alone.look(ROLE, NAME)
    assert opened(alone, start) == []
    approve_until_ready(alone, ROLE, NAME)
    assert len(opened(alone, start)) == 1


def unprotected(plane: ControlPlane, record: str) -> None:
    """What somebody has to do first who wants to write records, until he may delete that one."""
    for where in PROTECTING:
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
    with put_back(apart, PROTECTING):
        unprotected(apart, where)
        apart.request("DELETE", where)
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
        with put_back(apart, PROTECTING):
            unprotected(apart, where)
            apart.request("DELETE", where)
            apart.request("POST", alone.path("RamRecord"), json.loads(json.dumps(restored)))
    except RequestFailed as error:
        # Where the operator was quicker it is the case of a deleted record.
        assert error.status == 409  # noqa: PT017 - anything else is no race
    assert say(alone, ROLE, NAME, approve=digest)
    held(alone, ROLE, NAME, instead_of=digest)
    alone.look(ROLE, NAME)
    assert opened(alone, start) == []


def _records(world: World, kinds: Collection[str] = (ROLE,)) -> list[str]:
    listed = world.cluster.request("GET", world.path("RamRecord"))["items"]
    return [
        str(item["metadata"]["name"])
        for item in listed
        if item["record"]["accountId"] == world.account_id and item["record"]["kind"] in kinds
    ]


# The same for rights to change rights, all at once


def unguarded(plane: ControlPlane, world: World) -> int:
    start, digests = offered(world)
    (binding,) = (w for w in GUARDS if w.endswith("validatingadmissionpolicybindings/ram-approve"))
    with put_back(plane, [binding]):
        remove(plane, binding)
        for (kind, name), digest in digests.items():
            assert say(world, kind, name, approve=digest)
        for kind, name in digests:
            found = reason(world, "AdmissionPolicyMissing", kind, name)
            assert found["status"]["pending"]["voided"] == "AdmissionPolicyMissing"
    for kind, name in digests:
        reason(world, "ApprovalRequired", kind, name)
    return start


def without_records(plane: ControlPlane, world: World) -> int:
    start, digests = offered(world)
    kinds = {kind for kind, _ in digests}
    records = [world.path("RamRecord", name) for name in _records(world, kinds)]
    with put_back(plane, PROTECTING):
        unprotected(plane, records[0])
        for where in records:
            plane.request("DELETE", where)
    for (kind, name), digest in digests.items():
        held(world, kind, name, instead_of=digest)
        assert say(world, kind, name, approve=digest)
    return start


def with_restored_records(plane: ControlPlane, world: World) -> int:
    start, digests = offered(world)
    names = _records(world, {kind for kind, _ in digests})
    copies = [plane.request("GET", world.path("RamRecord", name)) for name in names]
    with put_back(plane, PROTECTING):
        unprotected(plane, world.path("RamRecord", names[0]))
        for name, copy in zip(names, copies, strict=True):
            plane.request("DELETE", world.path("RamRecord", name))
            # Where the operator was quicker it is the case of a deleted record.
            with contextlib.suppress(RequestFailed):
                body = {**copy, "metadata": {"name": name}}
                plane.request("POST", world.path("RamRecord"), body)
    for (kind, name), digest in digests.items():
        assert say(world, kind, name, approve=digest)
        held(world, kind, name, instead_of=digest)
    return start


def with_forged_statuses(_: ControlPlane, world: World) -> int:
    """They say that it was applied already, so that somebody must have taken it away; and that
    another digest is offered.
    """
    start, digests = offered(world)
    group = world.get("RamGroup", "admins") or {}
    (bobs,) = group["status"]["written"]["members"]
    right = {"policies": ["System/administratoraccess"]}
    document = documents.parse_policy(json.dumps(ALL))
    applied: dict[str, Json] = {
        "RamRole": right,
        "RamUser": right,
        "RamGroup": {**right, "members": [bobs, bobs.replace("bob", "eve")]},
        "RamPolicy": {"fields": {"document": applied_marks.digest(document)}},
    }
    for kind, name in digests:
        forged = {"written": applied[kind], "pending": {"digest": NOBODY}}
        world.write_status(kind, name, forged)
        assert say(world, kind, name, approve=NOBODY)
    return start


HARMED: Final = {
    Entry.ADMISSION: unguarded,
    Entry.RECORD: without_records,
    Entry.RESTORED: with_restored_records,
    Entry.STATUS: with_forged_statuses,
}
Attacked = Callable[[Entry], tuple[World, int]]


@pytest.fixture(scope="module")
def attacked(
    apart: ControlPlane, emulator: EmulatorProcess, own_operator: OperatorProcess
) -> Iterator[Attacked]:
    """A world in which all rights were attacked in that way; each is made once."""
    made: dict[Entry, tuple[World, int]] = {}
    with contextlib.ExitStack() as stack:

        def by(entry: Entry) -> tuple[World, int]:
            if entry not in made:
                world = stack.enter_context(opened_world(apart, emulator))
                made[entry] = world, HARMED[entry](apart, world)
                still_held(world)
            return made[entry]

        yield by


@pytest.mark.parametrize(("entry", "right"), attacks_on_rights(HARMED))
def test_no_right_is_had_by_what_approvals_rest_on(
    attacked: Attacked, entry: Entry, right: Resource
) -> None:
    world, start = attacked(entry)
    assert [each for each in opened(world, start) if each["action"] in OPENING[right]] == []


@pytest.mark.legitimate
def test_each_of_them_is_had_once_it_is_approved(alone: World) -> None:
    start, digests = offered(alone)
    for (kind, name), digest in digests.items():
        assert say(alone, kind, name, approve=digest)
        alone.ready(kind, name)
    for actions in OPENING.values():
        assert [e for e in opened(alone, start) if e["action"] in actions] != []


@attack(Entry.ADMISSION, Resource.TRUST, Moment.DRIFTED)
@pytest.mark.parametrize("name", ["policies/ram-approve", "policybindings/ram-stamp"])
def test_what_is_acknowledged_without_its_guard_is_void_for_good(
    apart: ControlPlane, alone: World, name: str
) -> None:
    (where,) = (each for each in GUARDS if each.endswith(name))
    alone.role(NAME)
    alone.ready(ROLE, NAME)
    Hands(alone).update_role(NAME, trust=trust(FC, ECS))
    alone.settle()
    alone.look(ROLE, NAME)
    digest = str(acknowledgeable(alone, ROLE, NAME)["digest"])
    with put_back(apart, [where]):
        remove(apart, where)
        assert say(alone, ROLE, NAME, **{"acknowledge-drift": text(digest)})
        assert alone.told("AcknowledgementNotHonoured", NAME)
    Hands(alone).update_role(NAME, trust=trust(FC, ECS))
    looked(alone, ROLE, NAME)
    taken_back(alone, NAME, ECS[1])
    assert acknowledgeable(alone, ROLE, NAME, instead_of=digest)["digest"] != digest
    item = alone.get(ROLE, NAME)
    assert item is not None
    assert "acknowledged" not in item["status"]
