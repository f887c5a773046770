"""Console login of roles: another door to their rights, which RAM may open by itself."""

from __future__ import annotations

from typing import Any, Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab.world import TRUST_FC, World, condition, trust
from tests.gate.approving import approve, held
from tests.gate.attacks import ADMIN, NAME, ROLE, a_role
from tests.gate.test_rules import SCENES
from tests.gate.triples import Entry, Moment, Resource, attack, rows
from tests.support.hands import Hands

Json = dict[str, Any]
ECS: Final = ("Service", "ecs.aliyuncs.com")
FC: Final = ("Service", "fc.aliyuncs.com")


def open_now(world: World) -> bool:
    return bool(world.cloud()["roles"][NAME]["allowConsoleLogin"])


def opened(world: World, since: int) -> list[Json]:
    """The operator's writes that allow it."""
    said = ("AllowConsoleLogin", "NewAllowConsoleLogin")
    return [
        entry
        for entry in world.writes(since)
        if any(str(entry["parameters"].get(name)).lower() == "true" for name in said)
    ]


def open_by_hand(world: World) -> None:
    live = world.cloud()["roles"][NAME]
    world.hand.update_role(
        ram.UpdateRoleRequest(
            role_name=NAME,
            new_max_session_duration=live["maxSessionDuration"],
            new_allow_console_login=True,
        )
    )
    world.settle()


@attack(Entry.DEFAULT, Resource.CONSOLE, Moment.CREATION)
def test_a_new_role_gets_none_unless_it_is_asked_for(world: World) -> None:
    """RAM allows it where nothing is said, one published record shows."""
    a_role(world)
    assert not open_now(world)
    item = world.ready(ROLE, NAME)
    assert item["status"]["consoleLogin"] == "Deny"


@attack(Entry.DEFAULT, Resource.CONSOLE, Moment.SETTLED)
@pytest.mark.parametrize("asked", [{}, {"consoleLogin": "Deny"}, {"consoleLogin": "Allow"}])
def test_no_other_write_moves_it(world: World, asked: Json) -> None:
    """RAM may set what UpdateRole leaves out back to its default."""
    a_role(world, **asked)
    was = open_now(world)
    assert was is (asked == {"consoleLogin": "Allow"})
    world.edit(ROLE, NAME, description="new", maxSessionDurationSeconds=7200)
    world.ready(ROLE, NAME)
    assert open_now(world) is was
    world.edit(ROLE, NAME, trustPolicy=trust(FC, ECS))
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    assert "ecs" in str(world.cloud()["roles"][NAME]["trust"])
    assert open_now(world) is was


@pytest.mark.legitimate
def test_one_that_exists_is_left_as_it_is_and_shown(world: World) -> None:
    Hands(world).create_role(NAME, TRUST_FC)
    world.settle()
    start = world.journal_end()
    world.role(NAME, adoptionPolicy="IfExists", description="taken over")
    item = world.ready(ROLE, NAME)
    assert item["status"]["consoleLogin"] == "Allow"
    assert open_now(world)
    assert "drift" not in item["status"]
    assert all("false" not in str(e["parameters"]).lower() for e in world.writes(start))


@pytest.mark.legitimate
def test_an_ordinary_role_gets_it_as_it_is_asked_for(world: World) -> None:
    a_role(world, consoleLogin="Deny")
    world.edit(ROLE, NAME, consoleLogin="Allow")
    world.ready(ROLE, NAME)
    assert open_now(world)
    world.edit(ROLE, NAME, consoleLogin="Deny")
    world.ready(ROLE, NAME)
    assert not open_now(world)


@pytest.mark.parametrize(
    "scene", rows(SCENES, lambda row: (row[1][0], Resource.CONSOLE, row[1][2]))
)
def test_a_privileged_role_gets_it_once_that_is_approved(world: World, scene: Any) -> None:
    scene[0](world)
    start = world.journal_end()
    world.edit(ROLE, NAME, consoleLogin="Allow", description="nightly")
    item = held(world, ROLE, NAME)
    world.settle()
    world.look(ROLE, NAME)
    assert opened(world, start) == []
    assert not open_now(world)
    assert world.cloud()["roles"][NAME]["description"] == "nightly"
    assert "RAM024" in [finding["id"] for finding in item["status"]["pending"]["findings"]]
    world.admin.clear_faults()


@attack(Entry.CONSOLE_BY_HAND, Resource.CONSOLE, Moment.SETTLED)
def test_what_was_approved_is_written_and_what_was_opened_by_hand_is_closed(world: World) -> None:
    SCENES["an administrator's"][0](world)
    world.edit(ROLE, NAME, consoleLogin="Deny")
    world.ready(ROLE, NAME)
    world.settle()
    start = world.journal_end()
    open_by_hand(world)
    world.look(ROLE, NAME)
    world.ready(ROLE, NAME)
    assert not open_now(world)
    world.edit(ROLE, NAME, consoleLogin="Allow")
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    assert open_now(world)
    assert len(opened(world, start)) == 1


@pytest.mark.legitimate
def test_an_account_that_lacks_the_setting_says_so(world: World) -> None:
    """And manages the rest."""
    world.admin.set_behaviours(world.account_id, {"role_console_login_exists": False})
    a_role(world)
    start = world.journal_end()
    world.edit(ROLE, NAME, consoleLogin="Deny", description="new")
    item = world.wait(
        ROLE,
        NAME,
        lambda o: "consoleLogin to be told" in condition(o, "Ready")["message"],
        "that it is not told",
    )
    assert "consoleLogin" not in item["status"]
    assert world.cloud()["roles"][NAME]["description"] == "new"
    assert opened(world, start) == []


@attack(Entry.CREATED, Resource.CONSOLE, Moment.CREATION)
def test_who_approves_a_right_sees_that_the_console_is_open(world: World) -> None:
    """It was opened while the role was an ordinary one, which nobody had to approve."""
    start = world.journal_end()
    world.role(NAME, consoleLogin="Allow", policies=[ADMIN])
    pending = held(world, ROLE, NAME)["status"]["pending"]
    assert {"RAM017", "RAM024"} <= {finding["id"] for finding in pending["findings"]}
    assert "AttachPolicyToRole" not in [entry["action"] for entry in world.writes(start)]
