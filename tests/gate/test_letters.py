"""A trust that somebody saves in other letters: the role stays open, and nobody gets in by it."""

from __future__ import annotations

from typing import Any, Final

import pytest

from lab.world import World, condition, is_ready, trust
from ram_emulator.admin import UserKeys
from tests.gate.approving import held, opened
from tests.gate.attacks import FC, NAME, OUTSIDER, ROLE, a_role
from tests.gate.test_providers import METADATA
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.hands import Hands, may_assume
from tests.support.trusts import trust_writes

Json = dict[str, Any]
READER: Final = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}
IDP: Final = "saml-provider/CorpIdP"
RECIPIENT: Final = {"StringEquals": {"saml:recipient": "https://signin.alibabacloud.com/saml"}}


def user(world: World, name: str) -> tuple[str, str]:
    return "RAM", f"acs:ram::{world.account_id}:user/{name}"


def idp(world: World, name: str) -> Json:
    named = ("Federated", f"acs:ram::{world.account_id}:{name}")
    return trust(named, FC, condition=RECIPIENT)


def metadata(world: World, text: str) -> None:
    world.admin.create_provider(world.account_id, "saml", "CorpIdP", metadata=text)


def agreed(world: World, **spec: Any) -> tuple[int, UserKeys]:
    """A role that trusts a user who is there. Returns where the journal ends, and his keys."""
    assume = [("System", "AliyunSTSAssumeRoleAccess")]
    keys = world.admin.create_user(world.account_id, "Deployer", policies=assume)
    start = a_role(world, trustPolicy=trust(user(world, "Deployer")), **spec)
    world.recorded(ROLE)
    return start, keys


def saved(world: World, document: Json) -> Json:
    """By hand; then looked at more often than it takes to believe it. Returns the object."""
    Hands(world).update_role(NAME, trust=document)
    world.settle()
    found: Json = {}
    for _ in range(2):
        found = world.look(ROLE, NAME)
        world.settle()
    return found


def is_left(world: World, start: int, item: Json) -> None:
    """Shown as a spelling, with nothing written and nobody alarmed."""
    assert world.writes(start) == []
    assert is_ready(item)
    assert condition(item, "Drifted")["status"] == "False"
    assert condition(item, "ApprovalRequired")["status"] == "False"
    assert condition(item, "Synced")["status"] == "True"
    (entry,) = item["status"]["drift"]
    assert (entry["field"], entry["severity"], entry["action"]) == (
        "trustPolicy",
        "info",
        "respelled",
    )
    assert "most likely the same" in condition(item, "Ready")["message"]


@pytest.mark.legitimate
@pytest.mark.parametrize("policy", ["RevertExcess", "Revert", "Report"])
def test_a_user_in_other_letters_keeps_the_role(world: World, policy: str) -> None:
    start, keys = agreed(world, driftPolicy=policy)
    item = saved(world, trust(user(world, "deployer")))
    is_left(world, start, item)
    assert may_assume(world, keys, NAME)
    record = world.record(ROLE, NAME)
    assert record is not None
    assert "user/Deployer" in record["baseline"]["trust"], "it is no agreement"
    # Put back by hand, it is forgotten.
    back = saved(world, trust(user(world, "Deployer")))
    assert "drift" not in back["status"]
    assert world.writes(start) == []


@pytest.mark.legitimate
def test_a_provider_in_other_letters_keeps_the_role(world: World) -> None:
    metadata(world, METADATA)
    start = a_role(world, trustPolicy=idp(world, IDP))
    world.recorded(ROLE)
    item = saved(world, idp(world, IDP.lower()))
    is_left(world, start, item)


@attack(Entry.PROVIDER_BY_HAND, Resource.PROVIDER, Moment.SETTLED)
def test_whoever_swaps_the_provider_under_other_letters_is_found(world: World) -> None:
    metadata(world, METADATA)
    start = a_role(world, trustPolicy=idp(world, IDP))
    world.recorded(ROLE)
    Hands(world).update_role(NAME, trust=idp(world, IDP.lower()))
    metadata(world, METADATA.replace("genuine", "forged"))
    world.settle()
    world.look(ROLE, NAME)
    pending = held(world, ROLE, NAME)["status"]["pending"]
    assert pending["kind"] == "ProviderChange"
    # Whoever makes the manifest say so as well does not make it agreed.
    world.edit(ROLE, NAME, trustPolicy=idp(world, IDP.lower()), policies=[READER])
    for _ in range(2):
        pending = held(world, ROLE, NAME)["status"]["pending"]
        world.look(ROLE, NAME)
        world.settle()
    assert pending["kind"] == "ProviderChange"
    assert opened(world, start) == []
    assert world.writes(start) == []


@attack(Entry.TRUST_BY_HAND, Resource.TRUST, Moment.SETTLED)
@pytest.mark.parametrize("more", [[OUTSIDER], [OUTSIDER, FC]], ids=["one", "two"])
def test_a_stranger_beside_other_letters_goes_at_once(
    world: World, more: list[tuple[str, str]]
) -> None:
    start, keys = agreed(world)
    item = saved(world, trust(user(world, "deployer"), *more))
    (write,) = trust_writes(world, start)
    assert {principal.raw for principal in _named(write)} == {user(world, "Deployer")[1]}
    assert may_assume(world, keys, NAME)
    assert condition(item, "ApprovalRequired")["status"] == "False"


@attack(Entry.TRUST_BY_HAND, Resource.TRUST, Moment.SETTLED)
def test_a_spelling_more_is_taken_back_and_the_agreed_one_stays(world: World) -> None:
    start, keys = agreed(world)
    saved(world, trust(user(world, "deployer"), user(world, "Deployer")))
    (write,) = trust_writes(world, start)
    assert [principal.raw for principal in _named(write)] == [user(world, "Deployer")[1]]
    assert may_assume(world, keys, NAME)


@attack(Entry.TRUST_BY_HAND, Resource.CONDITION, Moment.SETTLED)
def test_a_condition_dropped_with_the_letters_is_back(world: World) -> None:
    office = {"IpAddress": {"acs:SourceIp": ["192.0.2.0/24"]}}
    world.admin.create_user(world.account_id, "Deployer")
    start = a_role(world, trustPolicy=trust(user(world, "Deployer"), condition=office))
    world.recorded(ROLE)
    saved(world, trust(user(world, "deployer")))
    (write,) = trust_writes(world, start)
    (grant,) = write["sent"].grants
    assert grant.principal.raw == user(world, "Deployer")[1]
    assert grant.conditions == (("IpAddress", "acs:SourceIp", ("192.0.2.0/24",)),)


@attack(Entry.TRUST_BY_HAND, Resource.TRUST, Moment.SETTLED)
def test_whom_nobody_agreed_on_gets_the_role_by_no_letters(world: World) -> None:
    """A stranger alone: nobody who was agreed on is there, and the role is closed as ever."""
    start, keys = agreed(world)
    saved(world, trust(user(world, "by-hand")))
    (write,) = trust_writes(world, start)
    assert all("acs:CurrentTime" in str(grant.conditions) for grant in write["sent"].grants)
    assert not may_assume(world, keys, NAME)
    assert not may_assume(world, world.by_hand, NAME)


@attack(Entry.TRUST_BY_HAND, Resource.ROLE_POLICY, Moment.DRIFTED)
def test_nobody_gets_more_by_a_role_in_other_letters(world: World) -> None:
    start, _ = agreed(world)
    saved(world, trust(user(world, "deployer")))
    world.edit(ROLE, NAME, policies=[READER], description="harmless")
    item = world.wait(ROLE, NAME, lambda o: condition(o, "Drifted")["status"] == "True", "drift")
    world.settle()
    assert "attach" not in " ".join(entry["action"].lower() for entry in world.writes(start))
    assert condition(item, "Ready")["reason"] == "Drifted"
    # Who writes the manifest as the cloud has it has settled it; then it is attached.
    world.edit(ROLE, NAME, trustPolicy=trust(user(world, "deployer")))
    world.ready(ROLE, NAME)
    assert "AttachPolicyToRole" in [entry["action"] for entry in world.writes(start)]
    assert trust_writes(world, start) == []


@attack(Entry.MANIFEST, Resource.TRUST, Moment.DRIFTED)
def test_an_edit_beside_other_letters_is_offered_and_nothing_is_written(world: World) -> None:
    start, keys = agreed(world)
    saved(world, trust(user(world, "deployer")))
    world.edit(ROLE, NAME, trustPolicy=trust(user(world, "Deployer"), FC))
    pending = held(world, ROLE, NAME)["status"]["pending"]
    assert pending["verdict"] == "unknown"
    world.look(ROLE, NAME)
    world.settle()
    assert opened(world, start) == []
    assert may_assume(world, keys, NAME)


def _named(write: Json) -> list[Any]:
    return [grant.principal for grant in write["sent"].grants]
