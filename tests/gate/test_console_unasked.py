"""Console login that no manifest speaks of: whoever opens it by hand lets nobody in by that."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab.world import World, condition, trust
from tests.gate.approving import approve, held
from tests.gate.attacks import ADMIN, FC, NAME, OUTSIDER, ROLE
from tests.gate.test_console_login import open_by_hand, open_now, opened
from tests.gate.test_values import agreed, looks
from tests.gate.triples import Entry, Moment, Resource, Triple, attack, rows
from tests.support.hands import Hands

Json = dict[str, Any]


def administrator(world: World, **spec: Any) -> int:
    """Returns where the journal ends."""
    world.role(NAME, policies=[ADMIN], **spec)
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    world.settle()
    return world.journal_end()


def silent(world: World) -> int:
    start = administrator(world)
    open_by_hand(world)
    return start


def silent_from_now_on(world: World) -> int:
    """Nobody asks for Deny any more, either."""
    start = administrator(world, consoleLogin="Deny")
    Hands(world).update_role(NAME, console=True)
    world.edit(ROLE, NAME, consoleLogin=None)
    return start


def beside_a_trust(world: World) -> int:
    """By what the call leaves out, and a longer session with it."""
    start = administrator(world)
    text = json.dumps(trust(FC, OUTSIDER))
    world.hand.update_role(
        ram.UpdateRoleRequest(
            role_name=NAME,
            new_assume_role_policy_document=text,
            new_max_session_duration=43200,
        )
    )
    return start


OPENED: Final[dict[str, tuple[Callable[[World], int], Triple]]] = {
    "it never spoke of it": (silent, (Entry.CONSOLE_BY_HAND, Resource.CONSOLE, Moment.SETTLED)),
    "it no more does": (silent_from_now_on, (Entry.MANIFEST, Resource.CONSOLE, Moment.DRIFTED)),
    "with a trust": (beside_a_trust, (Entry.TRUST_BY_HAND, Resource.CONSOLE, Moment.SETTLED)),
}


@pytest.mark.parametrize("row", rows(OPENED, lambda row: row[1]))
def test_leaving_it_out_of_the_manifest_leaves_nobody_in(world: World, row: Any) -> None:
    """By one write, whatever else was opened by that hand."""
    start = row[0](world)
    assert open_now(world)
    item = looks(world)
    item = world.ready(ROLE, NAME)
    assert "consoleLogin" not in item["spec"]
    assert not open_now(world)
    live = world.cloud()["roles"][NAME]
    assert live["maxSessionDuration"] == 3600
    assert OUTSIDER[1] not in str(live["trust"])
    assert opened(world, start) == []
    assert "consoleLogin" in str(world.told("DriftCorrected", NAME))
    assert [each["action"] for each in world.writes(start)] == ["UpdateRole"]
    assert agreed(world)["consoleLogin"] == "Deny"


@attack(Entry.CONSOLE_BY_HAND, Resource.CONSOLE, Moment.SUSPENDED)
def test_what_was_opened_while_nobody_looked_waits(world: World) -> None:
    start = administrator(world)
    world.edit(ROLE, NAME, suspend=True)
    world.reason(ROLE, NAME, "Suspended")
    open_by_hand(world)
    world.edit(ROLE, NAME, suspend=False)
    looks(world)
    item = held(world, ROLE, NAME)
    assert item["status"]["pending"]["kind"] == "FoundInCloud"
    assert "RAM024" in str(item["status"]["pending"]["findings"])
    assert condition(item, "Drifted")["status"] == "True"
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    assert agreed(world)["consoleLogin"] == "Allow"
    assert (open_now(world), world.writes(start)) == (True, [])


@attack(Entry.CONSOLE_BY_HAND, Resource.CONSOLE, Moment.UNREAD)
def test_nothing_is_closed_for_what_cannot_be_read(world: World) -> None:
    """Nor is it agreed on meanwhile."""
    start = administrator(world)
    world.admin.add_fault("deny", account=world.account_id, action="ListPoliciesForRole", times=-1)
    open_by_hand(world)
    looks(world)
    assert (open_now(world), world.writes(start)) == (True, [])
    assert agreed(world)["consoleLogin"] == "Deny"
    world.admin.clear_faults()
    looks(world)
    world.ready(ROLE, NAME)
    assert not open_now(world)
    assert [each["action"] for each in world.writes(start)] == ["UpdateRole"]


@pytest.mark.legitimate
def test_what_an_ordinary_role_has_is_agreed_on_as_it_is(world: World) -> None:
    """Whoever edits it by other tools opens it without knowing, and no bell rings."""
    world.role(NAME)
    world.ready(ROLE, NAME)
    world.settle()
    start = world.journal_end()
    open_by_hand(world)
    looks(world)
    world.ready(ROLE, NAME)
    assert agreed(world)["consoleLogin"] == "Allow"
    assert (open_now(world), world.writes(start)) == (True, [])
    assert [each for each in world.events() if each["reason"].startswith("Drift")] == []
