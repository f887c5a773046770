"""An approval is of no use anywhere else, nor for an object that is deleted meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.gate.approving import applied, held, offer, opened, say
from tests.gate.attacks import ECS, FC, NAME, OUTSIDER, ROLE, a_role, slowly, widen
from tests.support.world import HOSTILE, TRUST_FC, World, account_spec, put_secret, trust


def test_an_approval_is_of_no_use_in_another_account(world: World) -> None:
    """The same object, the same name, the same change; only the account is another."""
    keys = world.admin.create_account(behaviours=dict(HOSTILE))
    name = f"{world.namespace}-b"
    secret = {
        "accessKeyId": keys.admin_access_key_id,
        "accessKeySecret": keys.admin_access_key_secret,
    }
    put_secret(world.cluster, name, secret)
    other = replace(world, keys=keys)
    credentials = {"type": "Secret", "secretName": name}
    world.create("RamAccount", name, {**account_spec(other), "credentials": credentials})
    try:
        start = a_role(world)
        widen(world)
        digest = offer(world, ROLE, NAME)
        world.delete(ROLE, NAME)
        world.gone(ROLE, NAME)
        world.create(ROLE, NAME, {"accountRef": {"name": name}, "trustPolicy": TRUST_FC})
        world.ready(ROLE, NAME)
        there = other.journal_end()
        widen(world)
        held(world, ROLE, NAME, instead_of=digest)
        assert say(world, ROLE, NAME, approve=digest)
        world.look(ROLE, NAME)
        world.settle()
        assert opened(other, there) == []
        assert opened(world, start) == []
    finally:
        world.delete(ROLE, NAME)
        world.delete("RamAccount", name)


@pytest.mark.parametrize("deletion", ["Retain", "Delete"])
def test_what_is_deleted_while_its_change_is_carried_out_is_not_changed(
    world: World, deletion: str
) -> None:
    start = a_role(world, deletionPolicy=deletion)
    widen(world)
    digest = offer(world, ROLE, NAME)
    with slowly(world, "GetRole", 1):
        say(world, ROLE, NAME, approve=digest)
        world.settle()
        world.delete(ROLE, NAME)
    world.gone(ROLE, NAME)
    world.settle()
    assert opened(world, start) == []


def test_a_second_and_laxer_ramaccount_opens_nothing(world: World) -> None:
    start = a_role(world)
    widen(world)
    digest = offer(world, ROLE, NAME)
    name = f"{world.namespace}-lax"
    gate = {"trustedAccounts": [OUTSIDER[1].split(":")[3]]}
    world.create("RamAccount", name, {**account_spec(world), "gate": gate})
    try:
        world.reason("RamAccount", name, "Conflict")
        spec = {"accountRef": {"name": name}, "roleName": NAME, "adoptionPolicy": "IfExists"}
        applied(world, ROLE, "second", digest, trustPolicy=trust(FC, ECS), **spec)
        world.create(ROLE, "evil", {"accountRef": {"name": name}, "trustPolicy": trust(OUTSIDER)})
        for role in ("second", "evil"):
            world.reason(ROLE, role, "DependencyNotReady")
        # The first does not go while an object lives in it.
        world.delete("RamAccount", world.namespace)
        world.settle()
        world.settle()
        assert opened(world, start) == []
    finally:
        for role in ("second", "evil"):
            world.delete(ROLE, role)
        world.delete("RamAccount", name)
