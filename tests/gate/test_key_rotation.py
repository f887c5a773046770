"""A key that is replaced at its age: at no moment is one in the Secret that lets nobody in."""

from __future__ import annotations

from typing import Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab import ControlPlane
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import World, client
from tests.support import secrets

DAY: Final = 86_400.0
NAME: Final = "uploader"
KEPT: Final = "uploader-key"


def works(world: World) -> str:
    """The id of the key in the Secret, which signs: what is refused is the right."""
    key_id, secret = secrets.held(world, KEPT)
    with pytest.raises(Exception, match="NoPermission"):
        client(world.emulator, key_id, secret).get_user(ram.GetUserRequest(user_name=NAME))
    return key_id


@pytest.mark.legitimate
def test_a_key_is_replaced_overlaps_and_goes(apart: ControlPlane, alone: World) -> None:
    secrets.may_keep(alone)
    key = {"secretName": KEPT, "rotateAfter": "2d"}
    with OperatorProcess.running(apart):
        alone.create("RamUser", NAME, {"accessMode": "AccessKey", "accessKey": key})
        alone.ready("RamUser", NAME)
        first = works(alone)
    with OperatorProcess.running(apart, shift=2.1 * DAY):
        alone.annotate("RamUser", NAME, reconcile_requested_at="aged")
        until(lambda: secrets.held(alone, KEPT)[0] != first, "another key")
        alone.ready("RamUser", NAME)
        second = works(alone)
        assert secrets.keys(alone, NAME) == {first: "Active", second: "Active"}
    with OperatorProcess.running(apart, shift=3.2 * DAY):
        alone.annotate("RamUser", NAME, reconcile_requested_at="over")
        until(lambda: secrets.keys(alone, NAME)[first] == "Inactive", "the old key is off")
        assert works(alone) == second
    with OperatorProcess.running(apart, shift=4.3 * DAY):
        alone.annotate("RamUser", NAME, reconcile_requested_at="gone")
        until(lambda: secrets.keys(alone, NAME).keys().isdisjoint({first}), "the old key is gone")
        # And the second has come of age.
        until(lambda: secrets.held(alone, KEPT)[0] != second, "a third key")
        works(alone)
