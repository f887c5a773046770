"""Deletions that wait where the account says so: those of users and roles. Nothing goes in the
cloud before somebody else than who asked agrees.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from lab import ControlPlane, RequestFailed
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import World, condition, trust
from tests.gate.approving import held, offer, say
from tests.gate.attacks import ADMIN, ECS, FC, NAME, ROLE
from tests.gate.test_denials import actions
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.hands import Hands

Json = dict[str, Any]
USER: Final = "RamUser"
OSS: Final = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}
MESSAGE: Final = "holds deletions: whoever wants this one says so first"
LOOKS: Final = 4


@pytest.fixture
def holding(world: World) -> World:
    """An account that holds deletions, as far as admission knows of it."""
    holds(world)
    return world


def holds(world: World) -> None:
    world.edit("RamAccount", world.namespace, gate={"holdDeletions": True})
    world.ready("RamAccount", world.namespace)
    world.role("probe", deletionPolicy="Delete")
    until(lambda: refusal(world, ROLE, "probe", rehearse=True), "that admission knows of it")
    world.edit(ROLE, "probe", deletionPolicy="Retain")
    world.wait(ROLE, "probe", lambda o: not o["metadata"].get("finalizers"), "nothing to undo")
    world.delete(ROLE, "probe")


def refusal(world: World, kind: str, name: str, *, rehearse: bool = False) -> str:
    """Why the API server refuses to delete it; "" where it does not."""
    try:
        query = "?dryRun=All" if rehearse else ""
        world.cluster.request("DELETE", world.path(kind, name) + query)
    except RequestFailed as failure:
        return str(failure)
    return ""


def asked_for(world: World, kind: str, name: str) -> int:
    """Somebody asks for the deletion, and deletes the object. Returns where the journal ended."""
    world.settle()
    start = world.journal_end()
    world.annotate(kind, name, delete_requested="yes")
    assert refusal(world, kind, name) == ""
    return start


def a_role(world: World, **spec: Any) -> None:
    world.role(NAME, deletionPolicy="Delete", policies=[OSS], **spec)
    world.ready(ROLE, NAME)


def looked_at(world: World, kind: str, name: str) -> Json:
    item: Json = {}
    for _ in range(LOOKS):
        world.settle()
        item = world.look(kind, name)
    return item


def agreed(world: World, kind: str, name: str) -> str:
    digest = offer(world, kind, name)
    assert say(world, kind, name, approve=digest)
    return digest


# --- Users and roles, where the account says so


def reason(item: Json) -> str:
    return str(condition(item, "Ready").get("reason"))


@attack(Entry.DELETED, Resource.EXISTENCE, Moment.SETTLED)
def test_a_deletion_is_asked_for_first(holding: World) -> None:
    a_role(holding)
    start = holding.journal_end()
    assert MESSAGE in refusal(holding, ROLE, NAME)
    # A forged stamp is nobody's word, and a kept identity nobody's loss.
    holding.annotate(ROLE, NAME, delete_requested_by="pat")
    assert MESSAGE in refusal(holding, ROLE, NAME)
    holding.edit(ROLE, NAME, deletionPolicy="Retain")
    holding.wait(ROLE, NAME, lambda o: not o["metadata"].get("finalizers"), "nothing to undo")
    assert refusal(holding, ROLE, NAME) == ""
    holding.gone(ROLE, NAME)
    assert NAME in holding.cloud()["roles"]
    assert actions(holding, start) == []


@attack(Entry.DELETED, Resource.EXISTENCE, Moment.SETTLED)
def test_a_role_is_deleted_as_approved(holding: World) -> None:
    a_role(holding)
    start = asked_for(holding, ROLE, NAME)
    item = held(holding, ROLE, NAME)
    pending = item["status"]["pending"]
    assert (pending["kind"], pending["verdict"]) == ("Deletion", "narrower")
    assert pending["losses"][0] == "service fc.aliyuncs.com can no longer assume this role"
    assert f"System/{OSS['name']}" in pending["losses"][1]
    assert condition(item, "ApprovalRequired")["status"] == "True"
    assert (condition(item, "Ready")["status"], reason(item)) == ("False", "ApprovalRequired")
    assert "abandon=" in condition(item, "Ready")["message"]
    by = item["metadata"]["annotations"]["ram.alibabacloud.com/delete-requested-by"]
    assert f"{by} asked for it" in pending["summary"]
    looked_at(holding, ROLE, NAME)
    assert actions(holding, start) == []
    digest = agreed(holding, ROLE, NAME)
    holding.gone(ROLE, NAME)
    assert actions(holding, start) == ["DetachPolicyFromRole", "DeleteRole"]
    (told,) = holding.told("Deleted", NAME)
    assert f"approved by approver as {digest}" in told
    record = holding.record(ROLE, NAME)
    assert record is not None
    assert "pending" not in record
    assert "inFlight" not in record


@attack(Entry.DELETED, Resource.EXISTENCE, Moment.SETTLED)
def test_a_user_is_deleted_as_approved(holding: World) -> None:
    holding.create(USER, "eve", {"policies": [OSS], "deletionPolicy": "Delete"})
    holding.ready(USER, "eve")
    start = asked_for(holding, USER, "eve")
    held(holding, USER, "eve")
    looked_at(holding, USER, "eve")
    assert actions(holding, start) == []
    agreed(holding, USER, "eve")
    holding.gone(USER, "eve")
    assert actions(holding, start) == ["DetachPolicyFromUser", "DeleteUser"]


@attack(Entry.BY_AUTHOR, Resource.EXISTENCE, Moment.OFFERED)
def test_who_asked_for_it_does_not_approve_it(holding: World) -> None:
    """Nor by a forged stamp, nor in the request in which he asks."""
    a_role(holding)
    start = holding.journal_end()
    assert say(holding, ROLE, NAME, by="approver", **{"delete-requested": "yes"})
    assert refusal(holding, ROLE, NAME) == ""
    digest = offer(holding, ROLE, NAME)
    assert not say(holding, ROLE, NAME, approve=digest)
    assert not say(holding, ROLE, NAME, approve=digest, **{"delete-requested-by": "ann"})
    assert not say(holding, ROLE, NAME, approve=digest, **{"delete-requested": None})
    assert not say(holding, ROLE, NAME, approve=digest, **{"delete-requested": "again"})
    looked_at(holding, ROLE, NAME)
    assert actions(holding, start) == []
    assert say(holding, ROLE, NAME, by="another", approve=digest)
    holding.gone(ROLE, NAME)


@attack(Entry.REPLAYED, Resource.EXISTENCE, Moment.REJECTED)
def test_what_was_rejected_stays_until_it_is_given_up(holding: World) -> None:
    a_role(holding)
    start = asked_for(holding, ROLE, NAME)
    digest = offer(holding, ROLE, NAME)
    assert say(holding, ROLE, NAME, reject=f"{digest} still in use")
    item = held(holding, ROLE, NAME, instead_of=digest)
    ready = condition(item, "Ready")["message"]
    assert "still in use" in ready
    assert f"abandon={item['status']['cloudId']}" in ready
    assert condition(item, "ApprovalRequired")["reason"] == "ApprovalRejected"
    # Other settings do not release it, nor does the digest of before open anything.
    holding.edit("RamAccount", holding.namespace, gate={"holdDeletions": False})
    holding.ready("RamAccount", holding.namespace)
    say(holding, ROLE, NAME, approve=digest)
    looked_at(holding, ROLE, NAME)
    assert actions(holding, start) == []
    holding.annotate(ROLE, NAME, abandon=item["status"]["cloudId"])
    holding.gone(ROLE, NAME)
    assert actions(holding, start) == []
    assert NAME in holding.cloud()["roles"]


@attack(Entry.TRUST_BY_HAND, Resource.EXISTENCE, Moment.OFFERED)
def test_another_trust_is_another_deletion(holding: World) -> None:
    a_role(holding)
    asked_for(holding, ROLE, NAME)
    digest = offer(holding, ROLE, NAME)
    Hands(holding).update_role(NAME, trust=trust(FC, ECS))
    holding.settle()
    start = holding.journal_end()
    assert say(holding, ROLE, NAME, approve=digest)
    held(holding, ROLE, NAME, instead_of=digest)
    # It is seen, and nothing is put right meanwhile.
    holding.wait(ROLE, NAME, lambda o: condition(o, "Drifted")["status"] == "True", "drift")
    assert actions(holding, start) == []
    agreed(holding, ROLE, NAME)
    holding.gone(ROLE, NAME)


@attack(Entry.REPLAYED, Resource.EXISTENCE, Moment.ENDED)
def test_an_approval_that_was_used_deletes_nothing_that_is_made_anew(holding: World) -> None:
    a_role(holding)
    asked_for(holding, ROLE, NAME)
    digest = agreed(holding, ROLE, NAME)
    holding.gone(ROLE, NAME)
    a_role(holding)
    start = asked_for(holding, ROLE, NAME)
    assert offer(holding, ROLE, NAME) != digest
    assert say(holding, ROLE, NAME, approve=digest)
    looked_at(holding, ROLE, NAME)
    assert actions(holding, start) == []


@attack(Entry.REPLAYED, Resource.EXISTENCE, Moment.OFFERED)
def test_the_approval_of_an_edit_deletes_nothing(holding: World) -> None:
    a_role(holding)
    holding.edit(ROLE, NAME, policies=[OSS, ADMIN])
    digest = offer(holding, ROLE, NAME)
    start = asked_for(holding, ROLE, NAME)
    held(holding, ROLE, NAME, instead_of=digest)
    assert say(holding, ROLE, NAME, approve=digest)
    looked_at(holding, ROLE, NAME)
    assert actions(holding, start) == []


Stop = Callable[[World, bool], None]


def by_object(world: World, on: bool) -> None:
    world.edit(ROLE, NAME, suspend=on)


def by_account(world: World, on: bool) -> None:
    world.edit("RamAccount", world.namespace, mode="Observe" if on else "Manage")
    world.ready("RamAccount", world.namespace)


@pytest.mark.parametrize(
    "stop",
    [
        pytest.param(
            by_object,
            id="by_object",
            marks=attack(Entry.DELETED, Resource.EXISTENCE, Moment.SUSPENDED),
        ),
        pytest.param(
            by_account,
            id="by_account",
            marks=attack(Entry.DELETED, Resource.EXISTENCE, Moment.OBSERVED),
        ),
    ],
)
def test_what_was_set_on_while_it_is_deleted_counts(world: World, stop: Stop) -> None:
    """Nobody asked for it in the way that is known: whoever approves has nobody to ask."""
    a_role(world)
    world.settle()
    start = world.journal_end()
    stop(world, True)
    world.delete(ROLE, NAME)
    holds(world) if stop is by_object else world.edit(
        "RamAccount", world.namespace, gate={"holdDeletions": True}
    )
    stop(world, False)
    item = held(world, ROLE, NAME)
    assert "nobody is known to have asked for it" in condition(item, "Ready")["message"]
    assert "delete-requested=" in condition(item, "Ready")["message"]
    assert not say(world, ROLE, NAME, approve=item["status"]["pending"]["digest"])
    looked_at(world, ROLE, NAME)
    assert [w for w in world.writes(start) if w["parameters"].get("RoleName") == NAME] == []


@attack(Entry.SETTINGS, Resource.EXISTENCE, Moment.OFFERED)
def test_what_is_held_stays_held_when_it_is_set_off(holding: World) -> None:
    a_role(holding)
    start = asked_for(holding, ROLE, NAME)
    offer(holding, ROLE, NAME)
    holding.edit("RamAccount", holding.namespace, gate={"holdDeletions": False})
    holding.ready("RamAccount", holding.namespace)
    looked_at(holding, ROLE, NAME)
    assert actions(holding, start) == []
    agreed(holding, ROLE, NAME)
    holding.gone(ROLE, NAME)


@pytest.mark.parametrize(
    "stop",
    [
        pytest.param(
            by_object,
            id="by_object",
            marks=attack(Entry.SUSPENDED, Resource.EXISTENCE, Moment.OFFERED),
        ),
        pytest.param(
            by_account,
            id="by_account",
            marks=attack(Entry.SETTINGS, Resource.EXISTENCE, Moment.OFFERED),
        ),
    ],
)
def test_an_approval_deletes_nothing_while_writing_is_stopped(holding: World, stop: Stop) -> None:
    a_role(holding)
    start = asked_for(holding, ROLE, NAME)
    digest = offer(holding, ROLE, NAME)
    stop(holding, True)
    assert say(holding, ROLE, NAME, approve=digest)
    looked_at(holding, ROLE, NAME)
    assert actions(holding, start) == []
    # And a request that is taken back takes the approval along.
    holding.annotate(ROLE, NAME, delete_requested=None)
    stop(holding, False)
    looked_at(holding, ROLE, NAME)
    assert actions(holding, start) == []


@attack(Entry.DELETED, Resource.EXISTENCE, Moment.OFFERED)
def test_a_namespace_keeps_what_is_held(holding: World) -> None:
    """Who deletes it deletes all objects of each kind in one request, and shows what is refused."""
    a_role(holding)
    start = holding.journal_end()

    def emptied() -> str:
        try:
            holding.cluster.request("DELETE", holding.path(ROLE))
        except RequestFailed as failure:
            return str(failure)
        return ""

    assert MESSAGE in emptied()
    holding.annotate(ROLE, NAME, delete_requested="yes")
    assert emptied() == ""
    digest = offer(holding, ROLE, NAME)
    looked_at(holding, ROLE, NAME)
    assert emptied() == ""
    assert actions(holding, start) == []
    assert say(holding, ROLE, NAME, approve=digest)
    holding.gone(ROLE, NAME)


@attack(Entry.KILLED, Resource.EXISTENCE, Moment.WRITTEN)
@pytest.mark.parametrize("action", ["DetachPolicyFromRole", "DeleteRole"])
def test_killed_while_an_approved_deletion_is_carried_out(
    apart: ControlPlane, alone: World, action: str
) -> None:
    """What is left of it needs no other approval."""
    log = apart.directory / "operator.log"
    process = OperatorProcess.start(apart, log)
    try:
        alone.ready("RamAccount", alone.namespace)
        holds(alone)
        a_role(alone)
        start = asked_for(alone, ROLE, NAME)
        digest = offer(alone, ROLE, NAME)
        pid = process.child.pid
        alone.admin.add_fault("kill_after", account=alone.account_id, action=action, pid=pid)
        assert say(alone, ROLE, NAME, approve=digest)
        until(lambda: not process.child.running, f"that the operator called {action}")
    finally:
        process.stop(kill=True)
    with OperatorProcess.running(apart):
        alone.gone(ROLE, NAME)
        (told,) = alone.told("Deleted", NAME)
    assert actions(alone, start) == ["DetachPolicyFromRole", "DeleteRole"]
    assert f"approved by approver as {digest}" in told
