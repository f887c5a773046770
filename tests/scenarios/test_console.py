"""Console access that is off, which RAM itself does not show: switched on again it is drift."""

from __future__ import annotations

import alibabacloud_ram20150501.models as ram
import pytest

from lab.world import World, condition
from tests.support.hands import Hands

PASSWORD = "Tr1cky-Pass-Word!"


def switch(world: World, status: str) -> None:
    Hands(world).switch_login("ann", status)
    world.settle()


def adopted(world: World, status: str) -> None:
    world.hand.create_user(ram.CreateUserRequest(user_name="ann"))
    world.hand.create_login_profile(
        ram.CreateLoginProfileRequest(user_name="ann", password=PASSWORD)
    )
    switch(world, status)
    world.create("RamUser", "ann", {"adoptionPolicy": "IfExists"})
    world.ready("RamUser", "ann")


def agreed(world: World) -> list[str]:
    record = world.record("RamUser", "ann")
    assert record is not None
    return sorted(record["agreed"]["access"].values())


@pytest.mark.parametrize("first", ["Inactive", "Active"])
def test_a_login_that_is_off_and_switched_on_again_is_drift(world: World, first: str) -> None:
    adopted(world, first)
    if first == "Active":
        assert agreed(world) == ["Unmanaged", "active"]
        switch(world, "Inactive")
        world.annotate("RamUser", "ann", reconcile_requested_at="off")
        world.wait("RamUser", "ann", lambda _: "inactive" in agreed(world), "what is agreed on")
    assert agreed(world) == ["Unmanaged", "inactive"]
    start = world.journal_end()
    assert condition(world.look("RamUser", "ann"), "Drifted")["status"] == "False"

    switch(world, "Active")
    world.annotate("RamUser", "ann", reconcile_requested_at="on")
    (entry,) = world.reason("RamUser", "ann", "Drifted")["status"]["drift"]
    assert (entry["field"], entry["action"]) == ("access[loginProfile]", "reported")
    assert world.writes(start) == []

    switch(world, "Inactive")
    world.annotate("RamUser", "ann", reconcile_requested_at="off again")
    assert condition(world.ready("RamUser", "ann"), "Drifted")["status"] == "False"
