"""Access keys that would give somebody more than the object gave: held, and never left behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab.waiting import until
from lab.world import World, condition
from tests.gate.approving import approve, held
from tests.gate.triples import Entry, Moment, Resource, Triple, attack, rows
from tests.support import secrets

Json = dict[str, Any]
USER: Final = "RamUser"
NAME: Final = "uploader"
KEPT: Final = "uploader-key"
KEY: Final[Json] = {"accessMode": "AccessKey", "accessKey": {"secretName": KEPT}}
ADMIN: Final = {"type": "System", "name": "AdministratorAccess"}


def issued(world: World, since: int = 0) -> int:
    return sum(entry["action"] == "CreateAccessKey" for entry in world.writes(since))


def adopted(world: World) -> None:
    """Of an administrator whom nobody here made."""
    world.hand.create_user(ram.CreateUserRequest(user_name=NAME))
    world.settle()
    world.create(USER, NAME, {**KEY, "adoptionPolicy": "IfExists"})


def an_administrator(world: World) -> None:
    world.create(USER, NAME, {"policies": [ADMIN]})
    approve(world, USER, NAME)
    world.ready(USER, NAME)
    world.settle()
    world.edit(USER, NAME, **KEY)


def in_a_group(world: World) -> None:
    world.create(USER, NAME, {})
    world.create("RamGroup", "team", {"members": [{"type": USER, "name": NAME}]})
    world.ready("RamGroup", "team")
    world.settle()
    world.edit(USER, NAME, **KEY)


ASKED: Final[dict[str, tuple[Callable[[World], None], Triple]]] = {
    "adopted": (adopted, (Entry.ADOPTED, Resource.ACCESS_KEY, Moment.FIRST)),
    "an administrator": (
        an_administrator,
        (Entry.MANIFEST, Resource.ACCESS_KEY, Moment.SETTLED),
    ),
    "in a group": (in_a_group, (Entry.MANIFEST, Resource.ACCESS_KEY, Moment.SETTLED)),
}


@pytest.mark.parametrize("row", rows(ASKED, lambda row: row[1]))
def test_a_key_of_somebody_who_may_more_is_held(
    world: World, row: tuple[Callable[[World], None], Triple]
) -> None:
    secrets.may_keep(world)
    row[0](world)
    shown = held(world, USER, NAME)
    assert KEPT in condition(shown, "ApprovalRequired")["message"]
    world.settle()
    world.look(USER, NAME)
    assert issued(world) == 0
    assert secrets.get(world, KEPT) is None

    approve(world, USER, NAME)
    world.ready(USER, NAME)
    assert secrets.keys(world, NAME) == {secrets.held(world, KEPT)[0]: "Active"}


@attack(Entry.ANEW, Resource.ACCESS_KEY, Moment.SETTLED)
def test_what_was_agreed_on_for_one_object_is_not_for_the_next(world: World) -> None:
    secrets.may_keep(world)
    an_administrator(world)
    approve(world, USER, NAME)
    world.ready(USER, NAME)
    world.delete(USER, NAME)
    world.gone(USER, NAME)
    start = world.journal_end()
    world.create(USER, NAME, {**KEY, "adoptionPolicy": "IfExists", "policies": [ADMIN]})
    held(world, USER, NAME)
    assert issued(world, start) == 0


@attack(Entry.HANDED_OVER, Resource.ACCESS_KEY, Moment.SETTLED)
def test_whoever_gives_a_user_up_and_comes_back_has_not_made_it(world: World) -> None:
    """His mark is on it still, and says that he managed it."""
    secrets.may_keep(world)
    world.hand.create_user(ram.CreateUserRequest(user_name=NAME))
    world.settle()
    spec = {"adoptionPolicy": "IfExists"}
    world.create(USER, NAME, {**spec, "deletionPolicy": "Delete"})
    status = world.ready(USER, NAME)["status"]
    world.annotate(USER, NAME, abandon=status["cloudId"])
    world.delete(USER, NAME)
    world.gone(USER, NAME)
    world.settle()
    world.create(USER, NAME, {**spec, **KEY})
    held(world, USER, NAME)
    world.settle()
    world.look(USER, NAME)
    assert issued(world) == 0
    assert secrets.get(world, KEPT) is None


@attack(Entry.CREATED, Resource.ACCESS_KEY, Moment.FORBIDDEN)
def test_without_the_right_to_secrets_no_key_is_made(world: World) -> None:
    world.create(USER, NAME, dict(KEY))
    stalled = world.reason(USER, NAME, "AccessDenied")
    said = condition(stalled, "Ready")["message"]
    assert " ".join(["kubectl", *secrets.binding(world.namespace)]) in said
    assert issued(world) == 0


@attack(Entry.LOST_ANSWER, Resource.ACCESS_KEY, Moment.SENT)
def test_a_key_whose_answer_was_lost_lets_nobody_in(world: World) -> None:
    secrets.may_keep(world)
    world.admin.add_fault("error_after", account=world.account_id, action="CreateAccessKey")
    world.create(USER, NAME, dict(KEY))
    until(lambda: secrets.held(world, KEPT)[0] != "", "a key")
    world.ready(USER, NAME)
    mine = secrets.held(world, KEPT)[0]
    until(lambda: "Inactive" in secrets.keys(world, NAME).values(), "that the other one is off")
    assert secrets.keys(world, NAME)[mine] == "Active"
    assert issued(world) == 2


@attack(Entry.DELETED, Resource.ACCESS_KEY, Moment.FORBIDDEN)
def test_whoever_takes_the_right_away_keeps_no_key(world: World) -> None:
    secrets.may_keep(world)
    world.create(USER, NAME, dict(KEY))
    world.ready(USER, NAME)
    where = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{world.namespace}/rolebindings"
    world.cluster.request("DELETE", f"{where}/{secrets.ROLE}")
    world.delete(USER, NAME)
    world.gone(USER, NAME)
    (left,) = world.cloud()["users"][NAME]["accessKeys"]
    assert left["status"] == "Inactive"


@attack(Entry.HANDED_OVER, Resource.ACCESS_KEY, Moment.FIRST)
def test_whoever_takes_a_user_over_ends_no_key_and_gets_none(world: World) -> None:
    secrets.may_keep(world)
    world.create(USER, NAME, dict(KEY))
    status = world.ready(USER, NAME)["status"]
    theirs = secrets.held(world, KEPT)[0]
    world.annotate(USER, NAME, abandon=status["cloudId"])
    world.delete(USER, NAME)
    world.gone(USER, NAME)
    start = world.journal_end()
    spec = {"userName": NAME, "adoptionPolicy": "IfExists"}
    world.create(
        USER, "another", {**spec, "accessMode": "AccessKey", "accessKey": {"secretName": "more"}}
    )
    held(world, USER, "another")
    world.settle()
    world.look(USER, "another")
    assert issued(world, start) == 0
    (left,) = world.cloud()["users"][NAME]["accessKeys"]
    assert (left["id"], left["status"]) == (theirs, "Active")
