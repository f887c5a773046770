"""A manifest that asks for what somebody gave himself by hand does not protect it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from lab import ControlPlane
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import World, condition
from tests.gate.approving import held, offer, opened, say
from tests.gate.attacks import NAME
from tests.gate.launderings import PARTS, Part
from tests.gate.triples import Entry, Moment, Resource, Triple, attack, names, rows
from tests.support.hands import Hands

Json = dict[str, Any]
ALIKE: Final = {name: part for name, part in PARTS.items() if name != "narrower document"}


def laundered(moment: Moment) -> Callable[[Part], Triple]:
    return lambda part: (Entry.LAUNDERED, part.resource, moment)


def out_and_held(world: World, part: Part, start: int) -> None:
    """Whoever came in is out, the wish waits, and it stays so."""
    world.settle()
    world.look(part.kind, NAME)
    until(lambda: not part.there(world), "that it is taken back")
    held(world, part.kind, NAME)
    world.settle()
    world.look(part.kind, NAME)
    assert not part.there(world)
    assert opened(world, start) == [] or part.kind in ("RamRole", "RamPolicy")


@pytest.mark.parametrize("part", rows(PARTS, laundered(Moment.SETTLED)))
@pytest.mark.parametrize("drift", ["RevertExcess", "Revert"])
def test_by_hand_and_then_in_the_manifest(world: World, part: Part, drift: str) -> None:
    part.prepare(world, drift)
    start = world.journal_end()
    part.by_hand(world)
    world.edit(part.kind, NAME, **part.asked(world))
    out_and_held(world, part, start)


@pytest.mark.parametrize("part", rows(ALIKE, laundered(Moment.OFFERED)))
def test_in_the_manifest_and_then_by_hand(world: World, part: Part) -> None:
    part.prepare(world, "RevertExcess")
    start = world.journal_end()
    world.edit(part.kind, NAME, **part.asked(world))
    held(world, part.kind, NAME)
    part.by_hand(world)
    out_and_held(world, part, start)


@pytest.mark.parametrize("part", rows(ALIKE, laundered(Moment.REPORTED)))
def test_under_report_it_stays_and_is_told_as_found(world: World, part: Part) -> None:
    part.prepare(world, "Report")
    start = world.journal_end()
    part.by_hand(world)
    world.edit(part.kind, NAME, **part.asked(world))
    world.settle()
    world.look(part.kind, NAME)
    item = world.reason(part.kind, NAME, "FoundInCloud")
    assert condition(item, "Drifted")["status"] == "True"
    assert condition(item, "ApprovalRequired")["status"] == "True"
    assert condition(item, "Synced")["status"] == "True"
    assert {entry["severity"] for entry in item["status"]["drift"]} == {"critical"}
    assert item["status"]["pending"]["kind"] == "FoundInCloud"
    assert world.writes(start) == []
    assert part.there(world)


def found(world: World, part: Part) -> str:
    """Retained, made wider by hand while nobody looked, and applied anew as it is."""
    part.prepare(world, "RevertExcess")
    item = world.get(part.kind, NAME)
    assert item is not None
    world.delete(part.kind, NAME)
    world.gone(part.kind, NAME)
    part.by_hand(world)
    world.settle()
    spec = {**item["spec"], **part.asked(world)}
    world.create(part.kind, NAME, spec)
    world.reason(part.kind, NAME, "FoundInCloud")
    return offer(world, part.kind, NAME)


@pytest.mark.legitimate
@pytest.mark.parametrize("part", ALIKE.values(), ids=ALIKE)
def test_what_was_found_is_agreed_on_by_an_approval_without_a_write(
    world: World, part: Part
) -> None:
    digest = found(world, part)
    start = world.journal_end()
    assert say(world, part.kind, NAME, approve=digest)
    item = world.ready(part.kind, NAME)
    assert condition(item, "Drifted")["status"] == "False"
    world.look(part.kind, NAME)
    world.ready(part.kind, NAME)
    assert part.there(world)
    assert world.writes(start) == []


@pytest.mark.parametrize("part", rows(ALIKE, laundered(Moment.GONE)))
def test_what_was_found_and_is_rejected_goes(world: World, part: Part) -> None:
    digest = found(world, part)
    assert say(world, part.kind, NAME, reject=f"{digest} nobody knows them")
    until(lambda: not part.there(world), "that it is taken back")
    again = held(world, part.kind, NAME, instead_of=digest)
    assert again["status"]["pending"]["rejections"]


@pytest.mark.parametrize(
    "kind",
    names(
        {
            "RamRole": laundered(Moment.SUSPENDED)(PARTS["trust"]),
            "RamAccount": laundered(Moment.OBSERVED)(PARTS["trust"]),
        }
    ),
)
def test_what_was_done_while_nobody_might_write_is_found(world: World, kind: str) -> None:
    """The object is suspended, or its account in mode Observe."""
    part = PARTS["trust"]
    part.prepare(world, "RevertExcess")
    stop = {"RamRole": {"suspend": True}, "RamAccount": {"mode": "Observe"}}[kind]
    go = {"RamRole": {"suspend": False}, "RamAccount": {"mode": "Manage"}}[kind]
    name = NAME if kind == "RamRole" else world.namespace
    world.edit(kind, name, **stop)
    world.settle()
    part.by_hand(world)
    world.edit("RamRole", NAME, **part.asked(world))
    world.settle()
    world.look("RamRole", NAME)
    start = world.journal_end()
    world.edit(kind, name, **go)
    world.look("RamRole", NAME)
    world.reason("RamRole", NAME, "FoundInCloud")
    assert world.writes(start) == []


@attack(Entry.LAUNDERED, Resource.ROLE_POLICY, Moment.DOWN)
def test_a_restart_shields_nobody(apart: ControlPlane, alone: World) -> None:
    """Between the hand's edit and the look there is another process."""
    part = PARTS["system policy of a role"]
    with OperatorProcess.running(apart):
        alone.ready("RamAccount", alone.namespace)
        part.prepare(alone, "RevertExcess")
    part.by_hand(alone)
    alone.edit(part.kind, NAME, **part.asked(alone))
    alone.settle()
    start = alone.journal_end()
    with OperatorProcess.running(apart):
        out_and_held(alone, part, start)


@pytest.mark.legitimate
def test_what_gives_no_right_needs_nobody(world: World) -> None:
    """By hand and in the manifest: it is noted, and nothing waits."""
    part = PARTS["custom policy of a role"]
    part.prepare(world, "RevertExcess")
    start = world.journal_end()
    Hands(world).create_policy("plain", {"Version": "1", "Statement": [READS]})
    Hands(world).attach(NAME, "plain", "Custom")
    world.settle()
    world.edit("RamRole", NAME, policies=[{"type": "Custom", "name": "plain"}])
    world.ready("RamRole", NAME)
    assert world.writes(start) == []
    record = until_agreed(world)
    assert record["agreed"]["policies"] == {"Custom/plain": "-"}


@pytest.mark.legitimate
def test_what_was_agreed_on_is_so_when_the_object_is_made_anew(world: World) -> None:
    """Retained and applied again: nobody is asked once more."""
    part = PARTS["member"]
    part.prepare(world, "RevertExcess")
    item = world.get("RamGroup", NAME)
    assert item is not None
    world.delete("RamGroup", NAME)
    world.gone("RamGroup", NAME)
    start = world.journal_end()
    world.create("RamGroup", NAME, item["spec"])
    world.ready("RamGroup", NAME)
    world.look("RamGroup", NAME)
    assert condition(world.ready("RamGroup", NAME), "Drifted")["status"] == "False"
    assert world.writes(start) == []


@pytest.mark.legitimate
def test_what_was_adopted_unread_is_nobodys_excess_later(world: World) -> None:
    """The first look may not read the policy; the second one may."""
    world.admin.create_user(world.account_id, "old", policies=[("System", "AdministratorAccess")])
    # What RAM does not show yet is found later, and stays, too; see below.
    world.settle()
    world.admin.add_fault("deny", account=world.account_id, action="GetPolicy", times=1000)
    policies = [{"type": "System", "name": "AdministratorAccess"}]
    world.create("RamUser", "old", {"policies": policies, "adoptionPolicy": "IfExists"})
    until(lambda: bool(world.record("RamUser", "old")), "that it is adopted")
    world.settle()
    world.admin.clear_faults()
    start = world.journal_end()
    world.look("RamUser", "old")
    world.settle()
    world.look("RamUser", "old")
    item = world.look("RamUser", "old")
    fields = [entry["field"] for entry in item["status"].get("drift", ())]
    assert [field for field in fields if field.startswith("policies")] == []
    assert item["status"].get("pending") is None
    writes = [entry["action"] for entry in world.writes(start)]
    assert "DetachPolicyFromUser" not in writes


@pytest.mark.legitimate
def test_what_shows_after_an_adoption_stays(world: World) -> None:
    """It was attached a moment before, and RAM did not show it yet."""
    world.admin.create_user(world.account_id, "old", policies=[("System", "AdministratorAccess")])
    policies = [{"type": "System", "name": "AdministratorAccess"}]
    start = world.journal_end()
    world.create("RamUser", "old", {"policies": policies, "adoptionPolicy": "IfExists"})
    until(lambda: bool(world.record("RamUser", "old")), "that it is adopted")
    for _ in range(3):
        world.settle()
        world.look("RamUser", "old")
    assert "DetachPolicyFromUser" not in [entry["action"] for entry in world.writes(start)]


READS: Final = {"Effect": "Allow", "Action": ["oss:GetObject"], "Resource": ["*"]}


def until_agreed(world: World) -> Json:
    def noted() -> bool:
        record = world.record("RamRole", NAME) or {}
        return bool(record.get("agreed", {}).get("policies"))

    until(noted, "that the record says so")
    record = world.record("RamRole", NAME)
    assert record is not None
    return record
