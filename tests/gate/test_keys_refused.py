"""A key that nobody asks for goes, also while nothing else may be written of its object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab import ControlPlane
from lab.operator_process import FORGETFUL, OperatorProcess
from lab.waiting import until
from lab.world import World, condition
from tests.gate.test_access_keys_held import KEPT, NAME, USER
from tests.gate.test_ends_blocked import no_tenant, not_the_kind
from tests.gate.test_keys_left import keyed
from tests.gate.triples import Entry, Moment, Resource, Triple, attack, rows
from tests.support import secrets

Json = dict[str, Any]
NONE: Final[Json] = {"accessMode": "None", "accessKey": None}
HIDDEN: Final = {"policies": [{"type": "System", "name": "AliyunOSSFullAccess"}]}
MISSING: Final = {"policies": [{"type": "RamPolicy", "name": "not-there"}]}
DAY: Final = 86_400.0


def not_permitted(world: World) -> None:
    world.edit("RamAccount", world.namespace, tenants=_tenants(world))


def _tenants(world: World) -> list[Json]:
    account = world.get("RamAccount", world.namespace) or {}
    (tenant,) = account["spec"]["tenants"]
    return [{**tenant, "policies": [{"type": "System", "name": "ReadOnlyAccess"}]}]


def protected(world: World) -> None:
    world.edit("RamAccount", world.namespace, protected={"names": [NAME]})


BLOCKS: Final[dict[str, tuple[Callable[[World], None], Json, str, Triple]]] = {
    "a policy that it may not have": (
        not_permitted,
        HIDDEN,
        "NotPermitted",
        (Entry.MANIFEST, Resource.ACCESS_KEY, Moment.FORBIDDEN),
    ),
    "no tenant any more": (
        no_tenant,
        {},
        "NotPermitted",
        (Entry.SETTINGS, Resource.ACCESS_KEY, Moment.FORBIDDEN),
    ),
    "not the kind any more": (
        not_the_kind,
        {},
        "NotPermitted",
        (Entry.SETTINGS, Resource.ACCESS_KEY, Moment.FORBIDDEN),
    ),
    "a protected name": (
        protected,
        {},
        "Protected",
        (Entry.SETTINGS, Resource.ACCESS_KEY, Moment.FORBIDDEN),
    ),
}


@pytest.mark.parametrize("case", rows(BLOCKS, lambda case: case[-1]))
def test_none_ends_the_key_although_the_rest_is_refused(
    world: World, case: tuple[Callable[[World], None], Json, str, Triple]
) -> None:
    block, spec, reason, _ = case
    key = keyed(world)
    other = world.hand.create_access_key(ram.CreateAccessKeyRequest(user_name=NAME))
    theirs = other.body.access_key.access_key_id
    world.settle()
    world.look(USER, NAME)
    block(world)
    world.look("RamAccount", world.namespace)
    start = world.journal_end()
    world.edit(USER, NAME, **NONE, **spec)
    until(lambda: secrets.keys(world, NAME)[key] == "Inactive", "that the key lets nobody in")
    until(lambda: secrets.get(world, KEPT) is None, "that the Secret is gone")
    item = world.reason(USER, NAME, reason)
    assert condition(item, "Ready")["status"] == "False"
    world.settle()
    world.annotate(USER, NAME, reconcile_requested_at="again")
    world.settle()
    assert secrets.keys(world, NAME) == {key: "Inactive", theirs: "Active"}
    assert [entry["action"] for entry in world.writes(start)] == ["UpdateAccessKey"]


@pytest.mark.legitimate
def test_a_key_that_is_asked_for_stays(world: World) -> None:
    key = keyed(world)
    start = world.journal_end()
    world.edit(USER, NAME, **MISSING)
    world.reason(USER, NAME, "DependencyNotReady")
    world.settle()
    assert secrets.keys(world, NAME) == {key: "Active"}
    assert world.writes(start) == []


@attack(Entry.MANIFEST, Resource.ACCESS_KEY, Moment.EXPIRING)
def test_a_key_that_was_replaced_goes_although_the_rest_is_refused(
    apart: ControlPlane, alone: World
) -> None:
    with OperatorProcess.running(apart, FORGETFUL):
        first = keyed(alone)
        secrets.delete(alone, KEPT)
        alone.settle()
        alone.look(USER, NAME)
        until(lambda: secrets.held(alone, KEPT)[0] not in ("", first), "a new key")
        second = secrets.held(alone, KEPT)[0]
        alone.edit(USER, NAME, **MISSING)
        alone.reason(USER, NAME, "DependencyNotReady")
    start = alone.journal_end()
    with OperatorProcess.running(apart, FORGETFUL, shift=1.1 * DAY):
        until(lambda: secrets.keys(alone, NAME)[first] == "Inactive", "the old key is off")
        assert secrets.keys(alone, NAME) == {first: "Inactive", second: "Active"}
    assert [entry["action"] for entry in alone.writes(start)] == ["UpdateAccessKey"]
