"""A key that is replaced at its age, or when somebody names it, and one that is to stay."""

from __future__ import annotations

import shlex
from typing import Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab import ControlPlane
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import World, client
from tests.support import documented, secrets

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


HERE: Final = "tests/gate/test_key_rotation.py"


def showing(name: str, namespace: str) -> list[str]:
    """What docs tell people to type, after kubectl."""
    return ["get", "ramuser", name, "-n", namespace, "-o", "jsonpath={.status.accessKeys[0].id}"]


def naming(name: str, namespace: str, key: str) -> list[str]:
    mark = f"ram.alibabacloud.com/rotate-access-key={key}"
    return ["annotate", "--overwrite", "ramuser", name, "-n", namespace, mark]


@pytest.mark.legitimate
def test_the_documented_commands_are_those_that_are_typed_here() -> None:
    said = [shlex.split(text) for text in documented.assigned(HERE)]
    where = ("shop-uploader", "identity")
    assert said == [["kubectl", *showing(*where)], ["kubectl", *naming(*where, "ecRO")]]


@pytest.mark.legitimate
def test_a_key_that_somebody_names_is_replaced_once(world: World) -> None:
    secrets.may_keep(world)
    key = {"secretName": KEPT}
    world.create("RamUser", NAME, {"accessMode": "AccessKey", "accessKey": key})
    world.ready("RamUser", NAME)
    first = secrets.held(world, KEPT)[0]
    said = world.cluster.kubectl(*showing(NAME, world.namespace)).stdout
    assert said == f"…{first[-4:]}"
    world.cluster.kubectl(*naming(NAME, world.namespace, said.removeprefix("…")))
    until(lambda: secrets.held(world, KEPT)[0] != first, "another key")
    world.told("AccessKeyRotated", NAME)
    second = secrets.held(world, KEPT)[0]
    item = world.wait(
        "RamUser", NAME, lambda item: len(item["status"].get("accessKeys", ())) == 2, "both keys"
    )
    assert [each["state"] for each in item["status"]["accessKeys"]] == ["Current", "Replaced"]
    world.settle()
    world.look("RamUser", NAME)
    assert secrets.keys(world, NAME) == {first: "Active", second: "Active"}


@pytest.mark.legitimate
def test_a_key_that_is_to_stay_is_left_with_its_secret(world: World) -> None:
    secrets.may_keep(world)
    key = {"secretName": KEPT, "onDelete": "Keep"}
    world.create("RamUser", NAME, {"accessMode": "AccessKey", "accessKey": key})
    world.ready("RamUser", NAME)
    mine = works(world)
    start = world.journal_end()
    world.delete("RamUser", NAME)
    world.gone("RamUser", NAME)
    assert "ownerReferences" not in (secrets.get(world, KEPT) or {})["metadata"]
    world.settle()
    world.look("RamAccount", world.namespace)
    assert works(world) == mine
    assert world.writes(start) == []
