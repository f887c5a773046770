"""A Secret with an access key that somebody deletes is found with the next sweep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from lab.waiting import until
from lab.world import World
from tests.support import secrets
from tests.sweeps.conftest import Open
from tests.sweeps.counting import swept

NAME, KEPT = "uploader", "uploader-key"
KEY: Final = {"accessMode": "AccessKey", "accessKey": {"secretName": KEPT}}


@pytest.fixture
def world(opened: Open) -> Iterator[World]:
    """Nobody says how often objects are looked at."""
    with opened({}, driftInterval=None) as world:
        yield world


def test_a_deleted_secret_is_found_without_a_look_at_the_user(world: World) -> None:
    secrets.may_keep(world)
    world.create("RamUser", NAME, dict(KEY))
    world.ready("RamUser", NAME)
    world.look("RamUser", NAME)
    world.settle()
    swept(world)
    first = secrets.held(world, KEPT)[0]
    secrets.delete(world, KEPT)
    until(lambda: secrets.held(world, KEPT)[0] not in ("", first), "another key")
    made = [entry for entry in world.writes() if entry["action"] == "CreateAccessKey"]
    assert len(made) == 2
