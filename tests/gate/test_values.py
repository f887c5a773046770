"""How long sessions last, and whether the console is open: judged against what was agreed on."""

from __future__ import annotations

from typing import Any, Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab.world import World, condition, trust
from ram_operator.kinds.record import Identity, stored
from tests.gate.approving import approve, held
from tests.gate.attacks import ADMIN, NAME, OUTSIDER, ROLE, a_role
from tests.gate.triples import Entry, Moment, Resource, attack, rows

Json = dict[str, Any]
LONG: Final = 43200
OPEN: Final[Json] = {"consoleLogin": "Allow", "maxSessionDurationSeconds": LONG}
CLOSED: Final[Json] = {"consoleLogin": "Deny", "maxSessionDurationSeconds": 3600}


def now(world: World) -> Json:
    live = world.cloud()["roles"][NAME]
    door = "Allow" if live["allowConsoleLogin"] else "Deny"
    return {"consoleLogin": door, "maxSessionDurationSeconds": live["maxSessionDuration"]}


def agreed(world: World) -> dict[str, str]:
    key = Identity(world.account_id, ROLE, NAME).key
    body = world.get("RamRecord", key.name)
    assert body is not None
    return dict(stored(body).agreed.values)


def by_hand(world: World, **values: Any) -> None:
    spec = {**now(world), **values}
    world.hand.update_role(
        ram.UpdateRoleRequest(
            role_name=NAME,
            new_max_session_duration=spec["maxSessionDurationSeconds"],
            new_allow_console_login=spec["consoleLogin"] == "Allow",
        )
    )


def privileged(world: World, **spec: Any) -> None:
    a_role(world, consoleLogin="Deny", **spec)
    world.edit(ROLE, NAME, policies=[ADMIN])
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    world.settle()


def looks(world: World) -> Json:
    """At what was done meanwhile, until it is believed."""
    for _ in range(3):
        world.settle()
        item = world.look(ROLE, NAME)
    return item


LAUNDERED: Final[dict[str, tuple[Resource, Moment, Json, Json]]] = {
    "the console": (Resource.CONSOLE, Moment.SETTLED, OPEN, {"consoleLogin": "Allow"}),
    "sessions": (Resource.SESSION, Moment.SETTLED, OPEN, {"maxSessionDurationSeconds": LONG}),
    "less than was taken": (
        Resource.SESSION,
        Moment.DRIFTED,
        {"maxSessionDurationSeconds": LONG},
        {"maxSessionDurationSeconds": 7200},
    ),
}


@pytest.mark.parametrize("row", rows(LAUNDERED, lambda r: (Entry.LAUNDERED, r[0], r[1])))
def test_what_was_opened_by_hand_is_not_kept_by_the_manifest(world: World, row: Any) -> None:
    _, _, hand, wish = row
    privileged(world)
    by_hand(world, **hand)
    world.edit(ROLE, NAME, **wish)
    looks(world)
    item = held(world, ROLE, NAME)
    assert now(world) == CLOSED
    assert "RAM0" in str(item["status"]["pending"]["findings"])
    assert agreed(world) == {name: str(value) for name, value in CLOSED.items()}
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    assert now(world) == {**CLOSED, **wish}
    assert agreed(world) == {name: str(value) for name, value in {**CLOSED, **wish}.items()}


@attack(Entry.LAUNDERED, Resource.CONSOLE, Moment.REPORTED)
def test_where_nothing_is_taken_back_it_is_told_and_waits(world: World) -> None:
    privileged(world, driftPolicy="Report")
    by_hand(world, **OPEN)
    start = world.journal_end()
    world.edit(ROLE, NAME, **OPEN)
    looks(world)
    item = held(world, ROLE, NAME)
    assert item["status"]["pending"]["kind"] == "FoundInCloud"
    assert condition(item, "Ready")["reason"] == "FoundInCloud"
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    assert agreed(world) == {name: str(value) for name, value in OPEN.items()}
    assert world.writes(start) == []


ANEW: Final[dict[str, tuple[Entry, Resource]]] = {
    "the console, made anew": (Entry.ANEW, Resource.CONSOLE),
    "sessions, made anew": (Entry.ANEW, Resource.SESSION),
    "the console of a new role": (Entry.CREATED, Resource.CONSOLE),
    "sessions of a new role": (Entry.CREATED, Resource.SESSION),
}


@pytest.mark.parametrize("row", rows(ANEW, lambda row: (*row, Moment.CREATION)))
def test_what_would_wait_is_not_had_by_a_new_role(
    world: World, row: tuple[Entry, Resource]
) -> None:
    account = OUTSIDER[1].split("::")[1].split(":")[0]
    world.edit("RamAccount", world.namespace, gate={"trustedAccounts": [account]})
    world.ready("RamAccount", world.namespace)
    name = "consoleLogin" if row[1] is Resource.CONSOLE else "maxSessionDurationSeconds"
    spec = {"trustPolicy": trust(OUTSIDER), "deletionPolicy": "Delete"}
    if row[0] is Entry.ANEW:
        world.role(NAME, **spec)
        world.ready(ROLE, NAME)
        world.delete(ROLE, NAME)
        world.gone(ROLE, NAME)
        world.settle()
    world.role(NAME, **spec, **{name: OPEN[name]})
    held(world, ROLE, NAME)
    assert now(world) == CLOSED
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    assert now(world) == {**CLOSED, name: OPEN[name]}


@pytest.mark.legitimate
def test_a_setting_that_is_told_from_now_on_rings_no_bell(world: World) -> None:
    """RAM begins to tell it, with its default, which is Allow. Nobody has opened anything."""
    world.admin.set_behaviours(world.account_id, {"role_console_login_exists": False})
    a_role(world, consoleLogin="Deny")
    world.edit(ROLE, NAME, description="new")
    world.wait(
        ROLE,
        NAME,
        lambda o: "consoleLogin to be told" in condition(o, "Ready")["message"],
        "that it is not told",
    )
    assert agreed(world)["consoleLogin"] == "*"
    world.admin.set_behaviours(world.account_id, {"role_console_login_exists": True})
    looks(world)
    world.ready(ROLE, NAME)
    assert now(world) == CLOSED
    assert agreed(world)["consoleLogin"] == "Deny"
    assert [e for e in world.events() if e["reason"].startswith("Drift")] == []
