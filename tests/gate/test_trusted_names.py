"""A name that some trust mentions is given to nobody unseen, however the trust mentions it."""

from __future__ import annotations

import uuid
from typing import Any, Final

from lab import ControlPlane
from lab.operator_process import OperatorProcess
from lab.world import API, GROUP, World, condition, trust
from tests.gate.approving import held, opened, say
from tests.gate.attacks import FC, NAME, NOBODY, ROLE, a_role
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.hands import Hands

Json = dict[str, Any]
USER: Final = "RamUser"


def arn(world: World, name: str) -> str:
    return f"acs:ram::{world.account_id}:user/{name}"


def anybody_may_be_named(world: World) -> None:
    """RAM may refuse names that stand for nobody, and a name may outlive who had it."""
    world.admin.set_behaviours(
        world.account_id,
        {"trust_principals_must_exist": False, "trust_wildcards_accepted": True},
    )


def is_held(world: World, start: int, name: str) -> None:
    pending = held(world, USER, name)["status"]["pending"]
    assert pending["kind"] == "NameAlreadyTrusted"
    assert "RAM016" in {finding["id"] for finding in pending["findings"]}
    say(world, USER, name, approve=NOBODY)
    world.look(USER, name)
    world.settle()
    assert opened(world, start) == []


@attack(Entry.CREATED, Resource.USER_NAME, Moment.CREATION)
def test_a_name_that_a_pattern_covers(world: World) -> None:
    """No manifest may have one, but a role that is taken over may."""
    anybody_may_be_named(world)
    Hands(world).create_role(NAME, trust(("RAM", arn(world, "dep*"))))
    world.settle()
    world.role(NAME, adoptionPolicy="IfExists", trustPolicy=trust(FC))
    held(world, ROLE, NAME)
    world.recorded(ROLE)
    start = world.journal_end()
    world.create(USER, "deployer", {"userName": "Deployer"})
    is_held(world, start, "deployer")
    world.create(USER, "other", {})
    world.ready(USER, "other")


@attack(Entry.CREATED, Resource.USER_NAME, Moment.CREATION)
def test_a_name_in_a_condition(world: World) -> None:
    only = {"StringEquals": {"acs:PrincipalARN": [arn(world, "later")]}}
    root = ("RAM", f"acs:ram::{world.account_id}:root")
    start = a_role(world, trustPolicy=trust(root, condition=only))
    world.recorded(ROLE)
    world.create(USER, "later", {})
    is_held(world, start, "later")


@attack(Entry.TRUST_BY_HAND, Resource.USER_NAME, Moment.REPORTED)
def test_a_name_that_somebody_put_there_by_hand(world: World) -> None:
    """Under Report it stays, for as long as nobody takes it out."""
    anybody_may_be_named(world)
    start = a_role(world, driftPolicy="Report")
    world.recorded(ROLE)
    Hands(world).update_role(NAME, trust=trust(FC, ("RAM", arn(world, "ghost"))))
    world.settle()
    world.look(ROLE, NAME)
    world.wait(ROLE, NAME, lambda o: condition(o, "Drifted")["status"] == "True", "drift")
    world.create(USER, "ghost", {})
    is_held(world, start, "ghost")
    # Taken out by hand, the name is as good as any other.
    Hands(world).update_role(NAME, trust=trust(FC))
    world.settle()
    world.look(ROLE, NAME)
    world.look(USER, "ghost")
    world.ready(USER, "ghost")


@attack(Entry.CREATED, Resource.USER_NAME, Moment.CREATION)
def test_a_name_that_a_role_of_another_namespace_mentions(world: World) -> None:
    anybody_may_be_named(world)
    other = f"other-{uuid.uuid4().hex[:8]}"
    body: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": other}}
    world.cluster.request("POST", "/api/v1/namespaces", body)
    account = world.get("RamAccount", world.namespace)
    assert account is not None
    tenants = account["spec"]["tenants"]
    world.edit(
        "RamAccount", world.namespace, tenants=[*tenants, {**tenants[0], "namespace": other}]
    )
    world.look("RamAccount", world.namespace)
    start = a_role(world, trustPolicy=trust(("RAM", arn(world, "Shared"))))
    world.recorded(ROLE)
    spec = {"accountRef": {"name": world.namespace}, "userName": "SHARED"}
    where = f"{GROUP}/namespaces/{other}/ramusers"
    meta = {"name": "mine", "namespace": other}
    made = {"apiVersion": API, "kind": USER, "metadata": meta, "spec": spec}
    world.cluster.request("POST", where, made)
    for _ in range(3):
        world.settle()
    found = world.cluster.request("GET", f"{where}/mine")
    assert found["status"]["pending"]["kind"] == "NameAlreadyTrusted"
    assert opened(world, start) == []
    world.cluster.request("DELETE", f"{where}/mine")


@attack(Entry.USER_BY_HAND, Resource.USER_NAME, Moment.OFFERED)
def test_who_is_made_by_hand_while_the_creation_waits_is_given_nothing(world: World) -> None:
    anybody_may_be_named(world)
    start = a_role(world, trustPolicy=trust(("RAM", arn(world, "heir"))))
    world.recorded(ROLE)
    world.create(USER, "heir", {})
    is_held(world, start, "heir")
    world.admin.create_user(world.account_id, "heir")
    world.settle()
    world.look(USER, "heir")
    world.reason(USER, "heir", "NotAdopted")
    assert world.writes(start) == []


@attack(Entry.CREATED, Resource.USER_NAME, Moment.DOWN)
def test_a_name_is_known_from_the_first_moment_of_a_process(
    apart: ControlPlane, alone: World
) -> None:
    anybody_may_be_named(alone)
    with OperatorProcess.running(apart):
        start = a_role(alone, trustPolicy=trust(("RAM", arn(alone, "early"))))
        alone.recorded(ROLE)
    alone.create(USER, "early", {})
    with OperatorProcess.running(apart):
        is_held(alone, start, "early")
