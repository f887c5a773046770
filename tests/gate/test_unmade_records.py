"""A creation that is never made leaves nothing behind for ever, whatever became of its offer: who
may edit one namespace makes as many of them as he likes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from lab import ControlPlane
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import World, condition, trust
from ram_operator.constants import FINALIZER
from tests.gate.approving import offer, say
from tests.gate.attacks import FC, NAME, OUTSIDER, WAITS

ROLE: Final = "RamRole"
DANGEROUS: Final = {"trustPolicy": trust(OUTSIDER)}


def offered(world: World) -> None:
    world.role(NAME, **DANGEROUS)
    offer(world, ROLE, NAME)


def rejected(world: World) -> None:
    world.role(NAME, **DANGEROUS)
    digest = offer(world, ROLE, NAME)
    assert say(world, ROLE, NAME, reject=f"{digest} no")
    offer(world, ROLE, NAME, instead_of=digest)


def given_up(world: World) -> None:
    """The offer ends, and none takes its place."""
    offered(world)
    world.edit(ROLE, NAME, suspend=True, trustPolicy=trust(FC))
    world.reason(ROLE, NAME, "Suspended")
    until(lambda: "pending" not in (world.record(ROLE, NAME) or {}), "that nothing is offered")


def with_our_finalizer(world: World) -> None:
    """Its author writes what has the operator delete an identity that it has not."""
    spec = {**DANGEROUS, "deletionPolicy": "Delete"}
    world.create(ROLE, NAME, spec, finalizers=[FINALIZER])
    offer(world, ROLE, NAME)


def with_another_finalizer(world: World) -> None:
    """The object is there for as long as its author likes, and so is its record, and no longer."""
    world.create(ROLE, NAME, DANGEROUS, finalizers=["example.com/keep"])
    offer(world, ROLE, NAME)
    world.delete(ROLE, NAME)
    world.wait(ROLE, NAME, lambda item: "deletionTimestamp" in item["metadata"], "its deletion")
    world.patch(ROLE, NAME, {"metadata": {"finalizers": None}})


FLAGS: Final = {"unmade-seconds": "0", "resync-seconds": "2"}
"""A watch that begins does not tell of what was deleted right before."""
STORIES: Final = (offered, rejected, given_up, with_our_finalizer, with_another_finalizer)


@pytest.mark.legitimate
@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("seen", [True, False], ids=["seen", "while nobody looked"])
def test_its_record_goes_with_its_object(
    apart: ControlPlane, alone: World, story: Callable[[World], None], seen: bool
) -> None:
    with OperatorProcess.running(apart, FLAGS):
        alone.ready("RamAccount", alone.namespace)
        story(alone)
        assert alone.record(ROLE, NAME) is not None
        if seen:
            gone(alone)
    with OperatorProcess.running(apart, FLAGS):
        alone.ready("RamAccount", alone.namespace)
        gone(alone)
        until(lambda: let_go(alone), "that its record goes")
        # Its name is known all the same.
        alone.role(NAME, trustPolicy=trust(OUTSIDER))
        item = alone.reason(ROLE, NAME, WAITS)
        assert "nobody knows any more" in str(item["status"]["pending"])
        assert condition(item, "ApprovalRequired")["status"] == "True"
    assert alone.writes() == []


@pytest.mark.legitimate
def test_a_namespace_leaves_so_many_and_no_more(apart: ControlPlane, alone: World) -> None:
    with OperatorProcess.running(apart, {"unmade-records": "1"}):
        alone.ready("RamAccount", alone.namespace)
        offered(alone)
        alone.role("second", **DANGEROUS)
        offer(alone, ROLE, "second")
        gone(alone)
        until(lambda: "owner" not in (alone.record(ROLE, NAME) or {}), "that it is left")
        alone.role("third", **DANGEROUS)
        item = alone.reason(ROLE, "third", "QuotaExceeded")
        assert "digest" not in item["status"]["pending"]
        assert alone.record(ROLE, "third") is None
        # What needs nobody is made, what waits goes on, and so does one of those that were left.
        alone.role("harmless")
        alone.ready(ROLE, "harmless")
        alone.look(ROLE, "second")
        offer(alone, ROLE, "second")
        alone.role(NAME, **DANGEROUS)
        offer(alone, ROLE, NAME)
        # Nothing is left now, so another one may wait.
        alone.look(ROLE, "third")
        offer(alone, ROLE, "third")


def gone(world: World) -> None:
    if world.get(ROLE, NAME) is not None:
        world.delete(ROLE, NAME)
    world.gone(ROLE, NAME)


def let_go(world: World) -> bool:
    """After one more look at the account, which takes what nothing rests on."""
    world.look("RamAccount", world.namespace)
    return world.record(ROLE, NAME) is None
