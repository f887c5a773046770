"""A second factor that somebody takes off is told, though no manifest speaks of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import alibabacloud_ram20150501.models as ram
import pytest

from lab.world import World
from tests.emulator.totp import codes
from tests.sweeps.conftest import Open

NAME = "eve"


@pytest.fixture
def world(opened: Open) -> Iterator[World]:
    with opened({}) as world:
        yield world


def with_second_factor(world: World) -> None:
    world.admin.create_user(world.account_id, NAME)
    world.hand.create_login_profile(
        ram.CreateLoginProfileRequest(user_name=NAME, password="Str0ng-enough!")
    )
    device = world.hand.create_virtual_mfadevice(
        ram.CreateVirtualMFADeviceRequest(virtual_mfadevice_name=NAME)
    ).body.virtual_mfadevice
    both = codes(device.base_32string_seed)
    world.hand.bind_mfadevice(
        ram.BindMFADeviceRequest(
            user_name=NAME,
            serial_number=device.serial_number,
            authentication_code_1=both["AuthenticationCode1"],
            authentication_code_2=both["AuthenticationCode2"],
        )
    )


def found(item: Any) -> set[str]:
    return {finding["id"] for finding in item["status"].get("findings") or ()}


@pytest.mark.parametrize("mode", ["Unmanaged", "None"])
def test_a_second_factor_that_is_taken_off_is_told_whatever_the_mode(
    world: World, mode: str
) -> None:
    with_second_factor(world)
    world.settle()
    world.create("RamUser", NAME, {"adoptionPolicy": "IfExists", "accessMode": mode})
    item = world.wait("RamUser", NAME, lambda item: "access" in item["status"], "a first look")
    assert "RAM028" not in found(item)
    world.hand.unbind_mfadevice(ram.UnbindMFADeviceRequest(user_name=NAME))
    # Nobody asks for a look: it is read in turns.
    world.wait("RamUser", NAME, lambda item: "RAM028" in found(item), "that it is told")
