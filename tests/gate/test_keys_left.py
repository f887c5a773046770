"""A key ends although somebody took the finalizer off its object before he deleted it."""

from __future__ import annotations

from typing import Final

import pytest

from lab import ControlPlane
from lab.operator_process import FORGETFUL, OperatorProcess
from lab.waiting import until
from lab.world import World
from tests.gate.test_access_keys_held import KEPT, KEY, NAME, USER
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support import secrets

PATIENT: Final = {**FORGETFUL, "left-key-seconds": "3600"}


def keyed(world: World) -> str:
    """Id of the key of a program."""
    secrets.may_keep(world)
    world.create(USER, NAME, dict(KEY))
    world.ready(USER, NAME)
    return secrets.held(world, KEPT)[0]


def slipped(world: World) -> None:
    """The object is gone, and nothing was done in its place."""
    world.patch(USER, NAME, {"metadata": {"finalizers": None}})
    world.delete(USER, NAME)
    world.gone(USER, NAME)


def inactive(world: World, key: str) -> None:
    until(lambda: secrets.keys(world, NAME) == {key: "Inactive"}, "that the key lets nobody in")


@attack(Entry.DELETED, Resource.ACCESS_KEY, Moment.GONE)
def test_it_ends_when_the_finalizer_was_taken_off(world: World) -> None:
    key = keyed(world)
    start = world.journal_end()
    slipped(world)
    inactive(world, key)
    world.settle()
    world.look("RamAccount", world.namespace)
    assert [entry["action"] for entry in world.writes(start)] == ["UpdateAccessKey"]
    assert NAME in world.cloud()["users"]


@attack(Entry.DELETED, Resource.ACCESS_KEY, Moment.DOWN)
def test_it_ends_when_the_object_went_while_no_operator_ran(
    apart: ControlPlane, alone: World
) -> None:
    with OperatorProcess.running(apart, FORGETFUL):
        key = keyed(alone)
    slipped(alone)
    assert secrets.keys(alone, NAME) == {key: "Active"}
    start = alone.journal_end()
    with OperatorProcess.running(apart, FORGETFUL):
        inactive(alone, key)
    assert [entry["action"] for entry in alone.writes(start)] == ["UpdateAccessKey"]


@pytest.mark.legitimate
def test_an_object_that_is_back_in_time_goes_on(apart: ControlPlane, alone: World) -> None:
    """Who puts it back from a backup is not cut off: the key of before goes like one replaced."""
    with OperatorProcess.running(apart, PATIENT) as operator:
        key = keyed(alone)
        slipped(alone)
        series = f'ram_operator_left_access_keys{{account="{alone.namespace}"}} 1.0'
        until(lambda: series in operator.metrics(), "that it is told")
        secrets.delete_if_there(alone, KEPT)
        alone.settle()
        alone.create(USER, NAME, dict(KEY))
        alone.ready(USER, NAME)
        alone.look("RamAccount", alone.namespace)
        until(lambda: series not in operator.metrics(), "that it is told no more")
        second = secrets.held(alone, KEPT)[0]
        assert secrets.keys(alone, NAME) == {key: "Active", second: "Active"}
