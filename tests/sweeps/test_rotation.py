"""What no list shows is read in turns, and objects themselves are looked at once a day only."""

from __future__ import annotations

from collections.abc import Iterator

import alibabacloud_ram20150501.models as ram
import pytest

from lab.waiting import until
from lab.world import STALE, World, trust
from tests.support.hands import Hands
from tests.sweeps.conftest import Open
from tests.sweeps.counting import IDLE, reads, turned

ISSUER = "https://git.example"
READER = {"type": "System", "name": "ReadOnlyAccess"}


@pytest.fixture
def world(opened: Open) -> Iterator[World]:
    """Nobody says how often objects are looked at; who trusts whom moves no date."""
    behaviours = {
        "policy_attachments_stale_seconds": STALE,
        "update_date_moves_on_trust": False,
    }
    with opened(behaviours, driftInterval=None) as world:
        yield world


def people(world: World) -> None:
    """One of each kind, settled and seen by some sweeps."""
    world.role("web", policies=[READER])
    world.create("RamUser", "ann", {"policies": [READER]})
    member = {"type": "RamUser", "name": "ann"}
    world.create("RamGroup", "ops", {"members": [member]})
    world.policy("reader")
    for kind, name in (("RamRole", "web"), ("RamUser", "ann"), ("RamGroup", "ops")):
        world.ready(kind, name)
    world.ready("RamPolicy", "reader")
    # A write is looked at again soon.
    for kind, name in (("RamRole", "web"), ("RamUser", "ann"), ("RamGroup", "ops")):
        world.look(kind, name)
    world.look("RamPolicy", "reader")
    world.settle()
    turned(world)


def test_what_no_list_shows_is_found_in_turns_and_nothing_else_is_read(world: World) -> None:
    people(world)
    assert not set(reads(world, turned(world))) - IDLE

    stranger = f"acs:ram::{world.account_id}:root"
    Hands(world).update_role("web", trust=trust(("Service", "fc.aliyuncs.com"), ("RAM", stranger)))
    until(lambda: stranger not in str(world.cloud()["roles"]["web"]["trust"]), "it is taken back")
    world.told("DriftCorrected", "web")

    world.hand.create_access_key(ram.CreateAccessKeyRequest(user_name="ann"))
    shown = world.wait("RamUser", "ann", lambda item: item["status"].get("drift"), "drift")
    assert "accessKey" in shown["status"]["drift"][0]["field"]


def test_trusts_that_cannot_be_read_are_said_to_be_and_no_drift(world: World) -> None:
    people(world)
    armed = world.admin.add_fault("deny", account=world.account_id, action="GetRole", times=-1)

    def unlisted() -> list[str]:
        found = world.get("RamAccount", world.namespace) or {}
        inventory = found["status"].get("inventory") or {}
        return [item["kind"] for item in inventory.get("unlisted", ())]

    until(lambda: unlisted() == ["trusts"], "that it is said")
    assert not (world.get("RamRole", "web") or {})["status"].get("drift")
    world.admin.remove_fault(armed)
    until(lambda: unlisted() == [], "that it is over")
    assert not [entry for entry in world.writes() if entry["action"] == "UpdateRole"]


def test_a_provider_that_is_swapped_by_hand_is_found_by_the_sweep(world: World) -> None:
    genuine = {"issuerUrl": ISSUER, "clientIds": ["ci"], "fingerprints": ["aa" * 20]}
    world.admin.create_provider(world.account_id, "oidc", "git", **genuine)
    named = ("Federated", f"acs:ram::{world.account_id}:oidc-provider/git")
    bound = {"oidc:iss": ISSUER, "oidc:aud": "ci", "oidc:sub": "repo:app"}
    people(world)
    world.role("ci", trustPolicy=trust(named, condition={"StringEquals": bound}))
    world.ready("RamRole", "ci")
    world.settle()
    world.look("RamRole", "ci")
    turned(world)
    # It needs no look by itself any more.
    assert set(reads(world, turned(world))) - IDLE == {"GetOIDCProvider"}

    start = world.journal_end()
    swapped = {**genuine, "fingerprints": ["bb" * 20]}
    world.admin.create_provider(world.account_id, "oidc", "git", **swapped)
    shown = world.reason("RamRole", "ci", "ApprovalRequired")
    assert shown["status"]["pending"]["kind"] == "ProviderChange"
    assert world.writes(start) == []
