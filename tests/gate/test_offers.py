"""An offer that ends, ends for good."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Final

import pytest

from lab import ControlPlane, RequestFailed
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import DOCUMENT, TRUST_FC, World, condition, trust
from tests.gate.approving import offer, opened, patched, say
from tests.gate.attacks import ADMIN, ECS, FC, LOG, NAME, OUTSIDER, ROLE, a_role, widen
from tests.gate.triples import Entry, Moment, Resource, attack, names
from tests.support.hands import Hands

Json = dict[str, Any]
ALL: Final[Json] = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}],
}


def back(world: World) -> None:
    world.edit(ROLE, NAME, trustPolicy=TRUST_FC)


def taken_back(world: World, digest: str) -> None:
    """As it was, and approved too late."""
    back(world)
    world.ready(ROLE, NAME)
    assert say(world, ROLE, NAME, approve=digest)
    world.look(ROLE, NAME)


def taken_back_while_suspended(world: World, digest: str) -> None:
    world.edit(ROLE, NAME, suspend=True)
    world.reason(ROLE, NAME, "Suspended")
    back(world)
    world.reason(ROLE, NAME, "Suspended")
    assert say(world, ROLE, NAME, approve=digest)
    widen(world)
    world.reason(ROLE, NAME, "Suspended")
    world.edit(ROLE, NAME, suspend=False)


def taken_back_while_nothing_can_be_read(world: World, digest: str) -> None:
    world.admin.add_fault("deny", account=world.account_id, action="GetRole", times=1000)
    world.look(ROLE, NAME)
    back(world)
    world.reason(ROLE, NAME, "AccessDenied")
    assert say(world, ROLE, NAME, approve=digest)
    widen(world)
    world.reason(ROLE, NAME, "AccessDenied")
    world.admin.clear_faults()


def taken_back_while_a_part_is_unread(world: World, digest: str) -> None:
    world.admin.add_fault("deny", account=world.account_id, action="ListTagResources", times=1000)
    back(world)
    world.reason(ROLE, NAME, "AccessDenied")
    assert say(world, ROLE, NAME, approve=digest)
    widen(world)
    world.wait(ROLE, NAME, lambda o: bool(o["status"].get("pending")), "hold")
    world.admin.clear_faults()


def taken_back_in_mode_observe(world: World, digest: str) -> None:
    world.edit("RamAccount", world.namespace, mode="Observe")
    back(world)
    world.look(ROLE, NAME)
    assert say(world, ROLE, NAME, approve=digest)
    widen(world)
    world.reason(ROLE, NAME, "ObserveOnly")
    world.edit("RamAccount", world.namespace, mode="Manage")


def asked_otherwise_meanwhile(world: World, digest: str) -> None:
    """Another dangerous edit was offered in between."""
    world.edit(ROLE, NAME, trustPolicy=trust(FC, LOG))
    offer(world, ROLE, NAME, instead_of=digest)
    assert say(world, ROLE, NAME, approve=digest)


def rights_beside_it_came_and_went(world: World, digest: str) -> None:
    """What an approver has seen beside the trust moved, and is as it was."""
    reader = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}
    world.edit(ROLE, NAME, policies=[reader])
    second = offer(world, ROLE, NAME, instead_of=digest)
    world.edit(ROLE, NAME, policies=[])
    offer(world, ROLE, NAME, instead_of=second)
    assert say(world, ROLE, NAME, approve=digest)


def the_tenant_lost_and_got_the_kind(world: World, digest: str) -> None:
    """The manifest is taken back while the account does not let it be managed."""
    spec = (world.get("RamAccount", world.namespace) or {})["spec"]
    world.edit("RamAccount", world.namespace, tenants=[])
    world.reason(ROLE, NAME, "NotPermitted")
    back(world)
    world.reason(ROLE, NAME, "NotPermitted")
    assert say(world, ROLE, NAME, approve=digest)
    widen(world)
    world.reason(ROLE, NAME, "NotPermitted")
    world.edit("RamAccount", world.namespace, tenants=spec["tenants"])


ENDS: Final[dict[str, Callable[[World, str], None]]] = {
    "taken back": taken_back,
    "while suspended": taken_back_while_suspended,
    "while nothing can be read": taken_back_while_nothing_can_be_read,
    "while a part is unread": taken_back_while_a_part_is_unread,
    "in mode Observe": taken_back_in_mode_observe,
    "asked otherwise": asked_otherwise_meanwhile,
    "rights came and went": rights_beside_it_came_and_went,
    "not permitted for a while": the_tenant_lost_and_got_the_kind,
}
ENDED_AT: Final = {
    "while suspended": Moment.SUSPENDED,
    "while nothing can be read": Moment.UNREAD,
    "while a part is unread": Moment.UNREAD,
    "in mode Observe": Moment.OBSERVED,
    "not permitted for a while": Moment.FORBIDDEN,
}


@pytest.mark.parametrize(
    "way",
    names({w: (Entry.REPLAYED, Resource.TRUST, ENDED_AT.get(w, Moment.ENDED)) for w in ENDS}),
)
def test_the_same_edit_made_later_is_asked_for_anew(world: World, way: str) -> None:
    start = a_role(world)
    widen(world)
    digest = offer(world, ROLE, NAME)
    ENDS[way](world, digest)
    widen(world)
    assert offer(world, ROLE, NAME) != digest
    # In whatever order it is written.
    assert say(world, ROLE, NAME, approve=None)
    assert say(world, ROLE, NAME, approve=digest)
    world.look(ROLE, NAME)
    world.settle()
    assert opened(world, start) == []
    again = offer(world, ROLE, NAME)
    assert say(world, ROLE, NAME, approve=again)
    world.ready(ROLE, NAME)
    assert len(opened(world, start)) == 1


OTHERS: Final[dict[str, tuple[str, Json, Json, Json]]] = {
    # kind: what it begins with, the edit, and what it was before.
    "attachment": ("RamUser", {}, {"policies": [ADMIN]}, {"policies": []}),
    "document": ("RamPolicy", {"document": DOCUMENT}, {"document": ALL}, {"document": DOCUMENT}),
    "group": ("RamGroup", {}, {"policies": [ADMIN]}, {"policies": []}),
    "session beside it": (
        ROLE,
        {"trustPolicy": TRUST_FC},
        {"trustPolicy": trust(FC, ECS), "maxSessionDurationSeconds": 7200},
        {"trustPolicy": TRUST_FC, "maxSessionDurationSeconds": 3600},
    ),
}


@pytest.mark.parametrize(
    "what",
    names(
        {
            "attachment": (Entry.REPLAYED, Resource.USER_POLICY, Moment.ENDED),
            "document": (Entry.REPLAYED, Resource.DOCUMENT, Moment.ENDED),
            "group": (Entry.REPLAYED, Resource.GROUP_POLICY, Moment.ENDED),
            "session beside it": (Entry.REPLAYED, Resource.SESSION, Moment.ENDED),
        }
    ),
)
def test_an_edit_of_any_kind_that_was_taken_back_is_asked_for_anew(world: World, what: str) -> None:
    kind, begin, edit, before = OTHERS[what]
    world.create(kind, NAME, begin)
    world.ready(kind, NAME)
    start = world.journal_end()
    world.edit(kind, NAME, **edit)
    digest = offer(world, kind, NAME)
    world.edit(kind, NAME, **before)
    world.ready(kind, NAME)
    assert say(world, kind, NAME, approve=digest)
    world.look(kind, NAME)
    world.edit(kind, NAME, **edit)
    assert offer(world, kind, NAME) != digest
    world.settle()
    assert opened(world, start) == []


@attack(Entry.REPLAYED, Resource.NEW_ROLE, Moment.ENDED)
def test_a_creation_that_was_asked_otherwise_meanwhile(world: World) -> None:
    world.role(NAME, trustPolicy=trust(OUTSIDER))
    digest = offer(world, ROLE, NAME)
    world.edit(ROLE, NAME, trustPolicy=trust(OUTSIDER, FC))
    offer(world, ROLE, NAME, instead_of=digest)
    assert say(world, ROLE, NAME, approve=digest)
    world.edit(ROLE, NAME, trustPolicy=trust(OUTSIDER))
    assert offer(world, ROLE, NAME) != digest
    world.settle()
    assert opened(world, 0) == []


@attack(Entry.ANEW, Resource.TRUST, Moment.ENDED)
def test_an_object_that_is_made_anew_with_the_same_edit(world: World) -> None:
    """Retained and applied again, by the same name and with the old approval."""
    start = a_role(world)
    widen(world)
    digest = offer(world, ROLE, NAME)
    world.delete(ROLE, NAME)
    world.gone(ROLE, NAME)
    until(lambda: "pending" not in _record(world), "that it waits no more", 10.0)
    with contextlib.suppress(RequestFailed):
        world.role(NAME, trustPolicy=trust(FC, ECS))
    assert offer(world, ROLE, NAME) != digest
    assert say(world, ROLE, NAME, approve=digest)
    world.look(ROLE, NAME)
    world.settle()
    assert opened(world, start) == []


@attack(Entry.TRUST_BY_HAND, Resource.TRUST, Moment.OFFERED)
def test_a_cloud_that_moved_and_is_as_it_was(world: World) -> None:
    """Report leaves what is done by hand: the offer is about something else, and then again not."""
    start = a_role(world, driftPolicy="Report")
    widen(world)
    digest = offer(world, ROLE, NAME)
    Hands(world).update_role(NAME, trust=trust(FC, LOG))
    world.settle()
    world.look(ROLE, NAME)
    second = offer(world, ROLE, NAME, instead_of=digest)
    assert say(world, ROLE, NAME, approve=digest)
    Hands(world).update_role(NAME, trust=TRUST_FC)
    world.settle()
    world.look(ROLE, NAME)
    third = offer(world, ROLE, NAME, instead_of=second)
    assert third != digest
    world.settle()
    assert opened(world, start) == []


@attack(Entry.NEIGHBOUR, Resource.TRUST, Moment.OFFERED)
def test_what_others_move_again_and_again_is_not_approved(
    apart: ControlPlane, alone: World
) -> None:
    """Neither as it was nor as it is, before ten minutes are over."""
    flags = {"replacement-seconds": "600"}
    with OperatorProcess.running(apart, flags):
        start = a_role(alone, driftPolicy="Report")
        widen(alone)
        first = offer(alone, ROLE, NAME)
        Hands(alone).update_role(NAME, trust=trust(FC, LOG))
        alone.settle()
        alone.look(ROLE, NAME)
        second = offer(alone, ROLE, NAME, instead_of=first)
        Hands(alone).update_role(NAME, trust=TRUST_FC)
        alone.settle()
        alone.look(ROLE, NAME)
        waits = "that it stays so until"
        alone.wait(
            ROLE, NAME, lambda o: waits in condition(o, "ApprovalRequired")["message"], waits
        )
        for digest in (first, second):
            assert say(alone, ROLE, NAME, approve=digest)
            assert "digest" not in alone.look(ROLE, NAME)["status"]["pending"]
        assert opened(alone, start) == []
    with OperatorProcess.running(apart, flags, shift=660.0):
        third = offer(alone, ROLE, NAME)
        assert third not in (first, second)
        assert say(alone, ROLE, NAME, approve=third)
        alone.ready(ROLE, NAME)
        assert len(opened(alone, start)) == 1


@attack(Entry.MANIFEST, Resource.TRUST, Moment.APPROVING)
def test_what_was_approved_in_vain_is_told(world: World) -> None:
    start = a_role(world)
    widen(world)
    digest = offer(world, ROLE, NAME)
    patched(world, ROLE, NAME, digest, trustPolicy=trust(FC, ECS, LOG))
    offer(world, ROLE, NAME, instead_of=digest)

    def told() -> list[str]:
        return [e["message"] for e in world.events() if e["reason"] == "ApprovalVoided"]

    world.look(ROLE, NAME)
    # Where it was written after the operator had seen the edit, the offer had gone before it.
    for message in told():
        assert digest in message
        assert "the manifest asks for something else now (trustPolicy)" in message
    assert opened(world, start) == []


@attack(Entry.REPLAYED, Resource.TRUST, Moment.DOWN)
def test_taken_back_while_nobody_looks(apart: ControlPlane, alone: World) -> None:
    with OperatorProcess.running(apart):
        start = a_role(alone)
        widen(alone)
        digest = offer(alone, ROLE, NAME)
    back(alone)
    assert say(alone, ROLE, NAME, approve=digest)
    with OperatorProcess.running(apart):
        alone.ready(ROLE, NAME)
        widen(alone)
        assert offer(alone, ROLE, NAME) != digest
        alone.settle()
        assert opened(alone, start) == []


@attack(Entry.REPLAYED, Resource.TRUST, Moment.BEGUN)
@pytest.mark.parametrize("unread", [False, True], ids=["seen", "unread"])
def test_a_write_that_was_begun_and_is_asked_for_no_more(
    apart: ControlPlane, alone: World, unread: bool
) -> None:
    """Killed right before the write; the edit is taken back, and made again under its approval."""
    with OperatorProcess.running(apart):
        start = a_role(alone)
        widen(alone)
        digest = offer(alone, ROLE, NAME)
    process = OperatorProcess.start(apart, apart.directory / "operator.log")
    try:
        alone.look(ROLE, NAME)
        alone.settle()
        fault = {"account": alone.account_id, "pid": process.child.pid}
        alone.admin.add_fault("kill_before", action="UpdateRole", **fault)
        assert say(alone, ROLE, NAME, approve=digest)
        until(lambda: not process.child.running, "that it is killed", 20.0)
    finally:
        process.stop(kill=True)
    assert "inFlight" in _record(alone)
    back(alone)
    if unread:
        alone.admin.add_fault("deny", account=alone.account_id, action="GetRole", times=1000)
    with OperatorProcess.running(apart):
        if unread:
            alone.reason(ROLE, NAME, "AccessDenied")
        else:
            alone.ready(ROLE, NAME)
        widen(alone)
        if unread:
            alone.reason(ROLE, NAME, "AccessDenied")
            alone.admin.clear_faults()
            alone.look(ROLE, NAME)
        assert offer(alone, ROLE, NAME) != digest
        alone.settle()
        assert opened(alone, start) == []


def _record(world: World) -> Json:
    found = world.record(ROLE, NAME)
    assert found is not None
    return found
