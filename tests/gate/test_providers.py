"""The certificate behind a provider's name is swapped: nobody new is trusted without an approval.

Whoever may change providers in the cloud changes who may assume the roles that trust them, and no
trust changes its text. The operator does not manage providers, so it cannot put one back: it says
so at once, opens nothing more, and no approval is good for another provider than was shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from lab import waiting
from lab.world import World, condition
from tests.gate.approving import approve, held, offer, opened, say
from tests.gate.attacks import FC, NAME, ROLE
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.holding import on_hold
from tests.support.trusts import trust_writes

Json = dict[str, Any]
ATTACHED: Final = [{"type": "System", "name": "AliyunOSSReadOnlyAccess"}]
ISSUER: Final = "https://token.git.example"
GENUINE: Final = {"issuerUrl": ISSUER, "clientIds": ["ci"], "fingerprints": ["aa" * 20]}
METADATA: Final = "<EntityDescriptor><Certificate>genuine</Certificate></EntityDescriptor>"


def trusting(world: World, kind: str = "oidc", *others: tuple[str, str]) -> Json:
    """A trust that no rule has anything critical to say of."""
    bound = {
        "oidc": {"oidc:iss": ISSUER, "oidc:aud": "ci", "oidc:sub": "repo:app"},
        "saml": {"saml:recipient": "https://signin.alibabacloud.com/saml-role/sso"},
    }
    statements: list[Json] = [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Federated": [f"acs:ram::{world.account_id}:{kind}-provider/git"]},
            "Condition": {"StringEquals": bound[kind]},
        }
    ]
    for key, name in others:
        principal = {"Principal": {key: [name]}}
        statements.append({"Effect": "Allow", "Action": "sts:AssumeRole", **principal})
    return {"Version": "1", "Statement": statements}


def provider(world: World, kind: str = "oidc", **details: object) -> None:
    """It is made, or changed by hand, with effect at once."""
    genuine = GENUINE if kind == "oidc" else {"metadata": METADATA}
    world.admin.create_provider(world.account_id, kind, "git", **{**genuine, **details})


def federated(world: World, kind: str = "oidc", **spec: Any) -> int:
    """A role that trusts the provider. Returns where the journal ends."""
    provider(world, kind)
    world.role(NAME, trustPolicy=trusting(world, kind), **spec)
    world.ready(ROLE, NAME)
    return world.journal_end()


def remembered(world: World) -> dict[str, str]:
    """By the record, which follows the status."""
    record = waiting.found(lambda: world.record(ROLE, NAME), "the record of the role")
    found: dict[str, str] = record["providers"]
    return found


def remade(world: World) -> None:
    world.admin.delete_provider(world.account_id, "oidc", "git")
    provider(world, issuerUrl="https://evil.example")


SWAPS: Final[dict[str, tuple[str, Callable[[World], None], str]]] = {
    "certificate": (
        "oidc",
        lambda world: provider(world, fingerprints=["bb" * 20]),
        f"accepts the certificate {'bb' * 20} now",
    ),
    "one certificate more": (
        "oidc",
        lambda world: provider(world, fingerprints=["aa" * 20, "bb" * 20]),
        f"accepts the certificate {'bb' * 20} now",
    ),
    "client id": (
        "oidc",
        lambda world: provider(world, clientIds=["ci", "evil"]),
        "accepts tokens for client id evil now",
    ),
    "made anew for another issuer": ("oidc", remade, "another issuer"),
    "metadata": (
        "saml",
        lambda world: provider(world, "saml", metadata=METADATA.replace("genuine", "forged")),
        "another metadata",
    ),
}


@attack(Entry.PROVIDER_BY_HAND, Resource.PROVIDER, Moment.SETTLED)
@pytest.mark.parametrize("policy", ["RevertExcess", "Report"])
@pytest.mark.parametrize("swap", SWAPS)
def test_a_swapped_provider_is_critical_drift_and_opens_nothing_more(
    world: World, swap: str, policy: str
) -> None:
    kind, change, sentence = SWAPS[swap]
    start = federated(world, kind, driftPolicy=policy)
    before = remembered(world)
    change(world)
    world.look(ROLE, NAME)
    shown = held(world, ROLE, NAME)
    pending = shown["status"]["pending"]
    assert pending["kind"] == "ProviderChange"
    assert any(sentence in text for text in pending["gains"])
    assert {finding["id"] for finding in pending["findings"]} == {"RAM020"}
    assert condition(shown, "Drifted")["status"] == "True"
    (entry,) = shown["status"]["drift"]
    assert (entry["severity"], entry["action"]) == ("critical", "held")
    # Who comes in by it gets nothing from what is asked for meanwhile, and looks accept nothing.
    world.edit(ROLE, NAME, policies=ATTACHED)
    for _ in range(2):
        world.look(ROLE, NAME)
    world.settle()
    assert world.writes(start) == []
    assert remembered(world) == before

    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    assert trust_writes(world, start) == []
    assert [write["action"] for write in world.writes(start)] == ["AttachPolicyToRole"]
    assert remembered(world) != before
    assert condition(world.look(ROLE, NAME), "Drifted")["status"] == "False"


@attack(Entry.REPLAYED, Resource.PROVIDER, Moment.ENDED)
def test_a_provider_that_is_put_back_needs_nobody(world: World) -> None:
    start = federated(world)
    provider(world, clientIds=["evil"])
    world.look(ROLE, NAME)
    digest = offer(world, ROLE, NAME)
    provider(world)
    world.look(ROLE, NAME)
    assert "pending" not in world.ready(ROLE, NAME)["status"]
    assert say(world, ROLE, NAME, approve=digest)
    provider(world, clientIds=["other"])
    world.look(ROLE, NAME)
    held(world, ROLE, NAME)
    assert world.writes(start) == []


@attack(Entry.PROVIDER_BY_HAND, Resource.TRUST, Moment.OFFERED)
@pytest.mark.parametrize("kind", ["oidc", "saml"])
def test_an_approved_trust_is_not_written_once_its_provider_was_swapped(
    world: World, kind: str
) -> None:
    start = federated(world, kind)
    world.edit(ROLE, NAME, trustPolicy=trusting(world, kind, FC))
    digest = offer(world, ROLE, NAME)
    assert "git" in held(world, ROLE, NAME)["status"]["pending"]["after"]
    SWAPS["certificate" if kind == "oidc" else "metadata"][1](world)
    assert say(world, ROLE, NAME, approve=digest)
    again = offer(world, ROLE, NAME, instead_of=digest)
    world.look(ROLE, NAME)
    world.settle()
    assert opened(world, start) == []
    # It opens nothing later either, and what is offered now is for both.
    assert say(world, ROLE, NAME, approve=again)
    world.ready(ROLE, NAME)
    assert len(trust_writes(world, start)) == 1


@attack(Entry.PROVIDER_BY_HAND, Resource.TRUST, Moment.JUDGING)
def test_a_provider_that_is_swapped_while_the_approved_change_is_carried_out(world: World) -> None:
    start = federated(world)
    world.edit(ROLE, NAME, trustPolicy=trusting(world, "oidc", FC))
    digest = offer(world, ROLE, NAME)
    with on_hold(world, "GetRole") as hold:
        assert say(world, ROLE, NAME, approve=digest)
        hold.met()
        provider(world, fingerprints=["bb" * 20])
        world.settle()
    offer(world, ROLE, NAME, instead_of=digest)
    world.settle()
    assert opened(world, start) == []


@attack(Entry.PROVIDER_BY_HAND, Resource.PROVIDER, Moment.OFFERED)
def test_an_approval_of_one_provider_is_no_approval_of_the_next(world: World) -> None:
    start = federated(world)
    provider(world, fingerprints=["bb" * 20])
    world.look(ROLE, NAME)
    digest = offer(world, ROLE, NAME)
    provider(world, fingerprints=["cc" * 20])
    assert say(world, ROLE, NAME, approve=digest)
    offer(world, ROLE, NAME, instead_of=digest)
    world.look(ROLE, NAME)
    world.settle()
    assert world.writes(start) == []
    assert "aa" * 20 in remembered(world)["oidc-provider/git"]


@attack(Entry.PROVIDER_BY_HAND, Resource.NEW_ROLE, Moment.GONE)
def test_deleting_the_role_and_creating_it_again_accepts_no_other_provider(world: World) -> None:
    start = federated(world, deletionPolicy="Delete")
    world.delete(ROLE, NAME)
    world.gone(ROLE, NAME)
    provider(world, fingerprints=["bb" * 20])
    world.role(NAME, trustPolicy=trusting(world))
    pending = held(world, ROLE, NAME)["status"]["pending"]
    assert (pending["kind"], pending["verdict"]) == ("ProviderChange", "new")
    assert any("accepts the certificate" in text for text in pending["gains"])
    world.look(ROLE, NAME)
    world.settle()
    assert opened(world, start) == []
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    assert [entry["action"] for entry in opened(world, start)] == ["CreateRole"]


@attack(Entry.CREATED, Resource.PROVIDER, Moment.CREATION)
def test_a_name_that_stands_for_nobody_yet_is_trusted_by_no_new_role(world: World) -> None:
    """Otherwise whoever makes the provider later would decide whom it lets in."""
    start = world.journal_end()
    world.admin.set_behaviours(world.account_id, {"trust_principals_must_exist": False})
    world.role(NAME, trustPolicy=trusting(world))
    waits = world.reason(ROLE, NAME, "DependencyNotReady")
    assert "oidc-provider/git" in condition(waits, "Ready")["message"]
    assert opened(world, start) == []
    provider(world)
    world.look(ROLE, NAME)
    world.ready(ROLE, NAME)


@attack(Entry.PROVIDER_BY_HAND, Resource.TRUST, Moment.UNREAD)
def test_what_cannot_be_read_is_taken_for_nothing(world: World) -> None:
    """Neither for the provider that it was, nor for another one."""
    start = federated(world)
    before = remembered(world)
    world.edit(ROLE, NAME, trustPolicy=trusting(world, "oidc", FC))
    digest = offer(world, ROLE, NAME)
    world.admin.add_fault("deny", account=world.account_id, action="GetOIDCProvider", times=-1)
    provider(world, fingerprints=["bb" * 20])
    assert say(world, ROLE, NAME, approve=digest)
    seen = world.look(ROLE, NAME)
    assert condition(seen, "Ready")["reason"] == "AccessDenied"
    assert "GetOIDCProvider" in condition(seen, "Ready")["message"]
    # The digest is not shown with less than what it is for.
    assert "digest" not in seen["status"]["pending"]
    world.edit(ROLE, NAME, policies=ATTACHED)
    world.look(ROLE, NAME)
    world.settle()
    assert world.writes(start) == []
    assert remembered(world) == before
    world.admin.clear_faults()
    world.look(ROLE, NAME)
    offer(world, ROLE, NAME, instead_of=digest)
    assert world.writes(start) == []


@attack(Entry.DENIED, Resource.PROVIDER, Moment.OFFERED)
def test_whoever_stops_the_reads_does_not_end_the_alarm(world: World) -> None:
    start = federated(world)
    provider(world, fingerprints=["bb" * 20])
    world.look(ROLE, NAME)
    digest = offer(world, ROLE, NAME)
    before = world.look(ROLE, NAME)["status"]
    world.admin.add_fault("deny", account=world.account_id, action="GetOIDCProvider", times=-1)
    for _ in range(2):
        seen = world.look(ROLE, NAME)
    world.admin.clear_faults()
    assert condition(seen, "Ready")["reason"] == "AccessDenied"
    assert seen["status"]["drift"] == before["drift"]
    assert seen["status"]["pending"] == before["pending"]
    for kind in ("Drifted", "ApprovalRequired"):
        assert condition(seen, kind)["status"] == "True"
    events = [event["reason"] for event in world.events()]
    assert "ChangeReleased" not in events
    record = world.record(ROLE, NAME)
    assert record is not None
    assert record["pending"]["digest"] == digest
    assert record["pending"]["providers"] == "oidc-provider/git"
    assert world.writes(start) == []


@attack(Entry.MANIFEST, Resource.DOCUMENT, Moment.DRIFTED)
def test_the_policies_of_the_role_get_no_wider_meanwhile(world: World) -> None:
    world.policy("reader")
    start = federated(world, policies=[{"type": "RamPolicy", "name": "reader"}])
    provider(world, fingerprints=["bb" * 20])
    world.look(ROLE, NAME)
    held(world, ROLE, NAME)
    wider = {"Effect": "Allow", "Action": ["oss:*"], "Resource": ["*"]}
    world.edit("RamPolicy", "reader", document={"Version": "1", "Statement": [wider]})
    waits = world.reason("RamPolicy", "reader", "DependencyNotReady")
    assert NAME in condition(waits, "Ready")["message"]
    world.settle()
    assert world.writes(start) == []
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    world.look("RamPolicy", "reader")
    world.ready("RamPolicy", "reader")


@attack(Entry.DENIED, Resource.TRUST, Moment.OFFERED)
def test_no_digest_is_shown_with_half_of_what_it_opens(world: World) -> None:
    """Whoever swapped the certificate stops the reads, so that only the rest of it is shown."""
    start = federated(world)
    provider(world, fingerprints=["bb" * 20])
    world.edit(ROLE, NAME, trustPolicy=trusting(world, "oidc", FC))
    world.look(ROLE, NAME)
    pending = held(world, ROLE, NAME)["status"]["pending"]
    assert any("accepts the certificate" in text for text in pending["gains"])
    digest = pending["digest"]
    world.admin.add_fault("deny", account=world.account_id, action="GetOIDCProvider", times=-1)
    for _ in range(2):
        shown = world.look(ROLE, NAME)["status"]["pending"]
        assert not any("accepts the certificate" in text for text in shown["gains"])
        assert "digest" not in shown
    assert say(world, ROLE, NAME, approve=digest)
    world.look(ROLE, NAME)
    world.settle()
    world.admin.clear_faults()
    assert opened(world, start) == []


@attack(Entry.MANIFEST, Resource.PROVIDER, Moment.OFFERED)
def test_an_edit_beside_it_does_not_end_the_alarm(world: World) -> None:
    """Right after a write a difference is believed at the second look only."""
    start = federated(world)
    provider(world, fingerprints=["bb" * 20])
    world.look(ROLE, NAME)
    digest = offer(world, ROLE, NAME)
    seen = []
    for text in ("one", "two", "three"):
        world.edit(ROLE, NAME, description=text)
        seen.append(
            world.wait(
                ROLE,
                NAME,
                lambda o: (
                    condition(o, "Ready")["observedGeneration"] == o["metadata"]["generation"]
                ),
                "acted upon",
            )
        )
    for item in seen:
        assert condition(item, "Ready")["status"] == "False"
        assert condition(item, "ApprovalRequired")["status"] == "True"
    record = world.record(ROLE, NAME)
    assert record is not None
    assert record["pending"]["digest"] == digest
    assert [write["action"] for write in world.writes(start)] == ["UpdateRole"] * 3
    assert opened(world, start) == []
