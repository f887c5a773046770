"""A rejection is remembered: nobody opens the change without having been shown it."""

from __future__ import annotations

from typing import Any, Final

import pytest

from lab import ControlPlane, RequestFailed
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import TRUST_FC, World, condition, trust
from tests.gate.approving import offer, opened, say
from tests.gate.attacks import ADMIN, ECS, FC, NAME, NOBODY, OUTSIDER, ROLE, a_role, widen
from tests.gate.triples import Entry, Moment, Resource, attack, names

Json = dict[str, Any]
EDITOR: Final = "eve@shop.example"
OBJECTOR: Final = "bob@shop.example"
GIT: Final = "system:serviceaccount:flux-system:kustomize-controller"
REASON: Final = "not before the audit"


def editors(world: World) -> World:
    """Two people may edit in the world's namespace, and no more."""
    where = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{world.namespace}/rolebindings"
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole"}
    for role in ("ram-operator-edit", "ram-operator-view"):
        body = {
            "metadata": {"name": role},
            "roleRef": {**reference, "name": role},
            "subjects": [{"kind": "User", "name": name} for name in (EDITOR, OBJECTOR)],
        }
        world.cluster.request("POST", where, body)
    return world


@pytest.fixture
def people(world: World) -> World:
    return editors(world)


def write(
    world: World, by: str, *, kind: str = ROLE, dry: bool = False, **annotations: str | None
) -> bool:
    """Somebody writes annotations with his own rights. False when the API server refuses it."""
    named = {f"ram.alibabacloud.com/{key}": value for key, value in annotations.items()}
    path = world.path(kind, NAME) + ("?dryRun=All" if dry else "")
    body = {"metadata": {"annotations": named}}
    try:
        world.cluster.patch_as(by, path, body, group="system:authenticated")
    except RequestFailed:
        return False
    return True


def rejected(world: World, by: str, digest: str, kind: str = ROLE) -> str:
    """Somebody rejects what is offered; the digest that is offered then."""
    until(lambda: write(world, by, kind=kind, reject=f"{digest} {REASON}"), "rights", 10.0)
    item = world.wait(
        kind,
        NAME,
        lambda o: bool(
            o["status"].get("lastHandledRejection") == digest
            and o["status"].get("pending", {}).get("digest", digest) != digest
        ),
        "the offer with the rejection",
    )
    pending = item["status"]["pending"]
    assert pending["rejections"][0]["by"] == by
    assert pending["rejections"][0]["reason"] == pending["rejected"] == REASON
    assert condition(item, "ApprovalRequired")["reason"] == "ApprovalRejected"
    assert f"Rejected by {by}" in condition(item, "ApprovalRequired")["message"]
    return str(pending["digest"])


def held(world: World) -> tuple[int, str]:
    start = a_role(world)
    widen(world)
    return start, offer(world, ROLE, NAME)


def overwritten(world: World, digest: str) -> None:
    assert write(world, EDITOR, reject=NOBODY)


def removed(world: World, digest: str) -> None:
    assert write(world, EDITOR, reject=None)


def softened(world: World, digest: str) -> None:
    """He who asked for it rejects it, too, for a reason that sounds like nothing."""
    assert write(world, EDITOR, reject=f"{digest} typing error")


def changed_and_back(world: World, digest: str) -> None:
    world.edit(ROLE, NAME, trustPolicy=TRUST_FC)
    world.ready(ROLE, NAME)
    assert write(world, EDITOR, reject=None)
    widen(world)


def joined(world: World, digest: str) -> None:
    """With a right beside it the change is another one, and the rejected part is in it."""
    world.edit(ROLE, NAME, policies=[ADMIN])
    offer(world, ROLE, NAME, instead_of=digest)
    assert write(world, EDITOR, reject=None)


def made_anew(world: World, digest: str) -> None:
    world.delete(ROLE, NAME)
    world.gone(ROLE, NAME)
    world.role(NAME, trustPolicy=trust(FC, ECS))


WAYS: Final = {
    "overwritten": overwritten,
    "removed": removed,
    "softened": softened,
    "taken back and made again": changed_and_back,
    "joined with another change": joined,
    "the object made anew": made_anew,
}
BY: Final = {
    "overwritten": Entry.OVERWRITTEN,
    "removed": Entry.OVERWRITTEN,
    "softened": Entry.OVERWRITTEN,
    "taken back and made again": Entry.MANIFEST,
    "joined with another change": Entry.MANIFEST,
    "the object made anew": Entry.ANEW,
}


@pytest.mark.parametrize(
    "way", names({way: (entry, Resource.REJECTION, Moment.REJECTED) for way, entry in BY.items()})
)
def test_a_rejection_is_shown_whatever_becomes_of_its_annotation(people: World, way: str) -> None:
    world = people
    start, digest = held(world)
    second = rejected(world, OBJECTOR, digest)
    WAYS[way](world, second)
    world.settle()
    item = world.look(ROLE, NAME)
    said = item["status"]["pending"]["rejections"]
    assert [(r["by"], r["reason"]) for r in said][-1] == (OBJECTOR, REASON)
    # What was offered before opens nothing.
    for old in (digest, NOBODY):
        say(world, ROLE, NAME, approve=old)
        world.look(ROLE, NAME)
    if way in ("softened", "joined with another change", "taken back and made again"):
        assert say(world, ROLE, NAME, approve=second)
        world.look(ROLE, NAME)
    world.settle()
    assert opened(world, start) == []
    # Whoever has seen it opens it.
    latest = offer(world, ROLE, NAME)
    assert say(world, ROLE, NAME, approve=latest)
    world.ready(ROLE, NAME)
    assert "UpdateRole" in [e["action"] for e in opened(world, start)]
    if way not in ("joined with another change", "the object made anew"):
        assert "rejections" not in (world.record(ROLE, NAME) or {})


@attack(Entry.OVERWRITTEN, Resource.REJECTION, Moment.DOWN)
def test_until_it_is_recorded_nobody_writes_over_it(apart: ControlPlane, alone: World) -> None:
    """While the operator is away the annotation is all there is."""
    with OperatorProcess.running(apart):
        start, digest = held(alone)
    editors(alone)
    until(lambda: write(alone, OBJECTOR, reject=f"{digest} {REASON}"), "rights", 10.0)
    for text in (NOBODY, None, f"{digest} fine"):
        assert not write(alone, EDITOR, reject=text)
    assert say(alone, ROLE, NAME, approve=digest)
    with OperatorProcess.running(apart):
        alone.wait(
            ROLE,
            NAME,
            lambda o: o["status"].get("lastHandledRejection") == digest,
            "that it is recorded",
        )
        assert write(alone, EDITOR, reject=NOBODY)
        alone.look(ROLE, NAME)
        assert offer(alone, ROLE, NAME) != digest
        alone.settle()
        assert opened(alone, start) == []
        messages = alone.told("ApprovalVoided", NAME)
        assert any(f"rejected by {OBJECTOR}" in message for message in messages)


@attack(Entry.OVERWRITTEN, Resource.REJECTION, Moment.SUSPENDED)
def test_one_that_nobody_could_judge_is_recorded_all_the_same(people: World) -> None:
    """Rejected while the object is suspended, or while the cloud cannot be read."""
    world = people
    start, digest = held(world)
    world.edit(ROLE, NAME, suspend=True)
    world.reason(ROLE, NAME, "Suspended")
    until(lambda: write(world, OBJECTOR, reject=f"{digest} {REASON}"), "rights", 10.0)
    world.wait(ROLE, NAME, lambda o: o["status"].get("lastHandledRejection") == digest, "recorded")
    assert write(world, EDITOR, reject=None)
    assert say(world, ROLE, NAME, approve=digest)
    world.edit(ROLE, NAME, suspend=False)
    assert offer(world, ROLE, NAME, instead_of=digest) != digest
    item = world.look(ROLE, NAME)
    assert item["status"]["pending"]["rejections"][0]["by"] == OBJECTOR
    world.settle()
    assert opened(world, start) == []


def test_one_of_no_offer_keeps_nobody_from_rejecting(people: World) -> None:
    """Somebody writes a rejection of nothing first, so that no other could be written."""
    world = people
    a_role(world)
    until(lambda: write(world, EDITOR, reject=NOBODY), "rights", 10.0)
    world.wait(
        ROLE, NAME, lambda o: o["status"].get("lastHandledRejection") == NOBODY, "that it is seen"
    )
    widen(world)
    rejected(world, OBJECTOR, offer(world, ROLE, NAME))


@attack(Entry.TOOL, Resource.REJECTION, Moment.REJECTED)
def test_git_does_not_open_what_somebody_rejected(people: World) -> None:
    world = people
    _, digest = held(world)
    second = rejected(world, OBJECTOR, digest)
    lists = "/api/v1/namespaces/ram-system/configmaps/ram-approvers"
    kind = "application/merge-patch+json"
    world.cluster.request("PATCH", lists, {"data": {"gitAccounts": GIT}}, content_type=kind)
    binding = f"{world.namespace}-git"
    bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
    body = {
        "metadata": {"name": binding},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "cluster-admin",
        },
        "subjects": [
            {"kind": "ServiceAccount", "namespace": "flux-system", "name": "kustomize-controller"}
        ],
    }
    world.cluster.request("POST", bindings, body)
    try:
        # That it may approve is seen by another value, which is none of what is offered.
        until(lambda: _may(world), "that git may approve", 20.0)
        start = world.journal_end()
        assert not write(world, GIT, approve=second)
        world.settle()
        assert opened(world, start) == []
    finally:
        world.cluster.request("DELETE", f"{bindings}/{binding}")
        world.cluster.request("PATCH", lists, {"data": {"gitAccounts": ""}}, content_type=kind)


def _may(world: World) -> bool:
    """By an object of which nothing was rejected."""
    if world.get("RamUser", NAME) is None:
        world.create("RamUser", NAME, {})
        world.ready("RamUser", NAME)
    return write(world, GIT, kind="RamUser", dry=True, approve=NOBODY)


@attack(Entry.REPLAYED, Resource.NEW_ROLE, Moment.REJECTED)
def test_a_creation_that_was_rejected(people: World) -> None:
    world = people
    world.role(NAME, trustPolicy=trust(OUTSIDER))
    digest = offer(world, ROLE, NAME)
    second = rejected(world, OBJECTOR, digest)
    assert write(world, EDITOR, reject=None)
    assert say(world, ROLE, NAME, approve=digest)
    world.look(ROLE, NAME)
    world.settle()
    assert opened(world, 0) == []
    assert say(world, ROLE, NAME, approve=second)
    world.ready(ROLE, NAME)
    assert [e["action"] for e in opened(world, 0)] == ["CreateRole"]


@attack(Entry.REJECTED, Resource.TRUST, Moment.BEGUN)
def test_a_write_that_was_begun_and_is_rejected(apart: ControlPlane, alone: World) -> None:
    """Killed right before the write: it is not sent once more, also without the annotation."""
    with OperatorProcess.running(apart):
        start, digest = held(alone)
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
    assert say(alone, ROLE, NAME, reject=f"{digest} {REASON}", by=OBJECTOR)
    with OperatorProcess.running(apart):
        alone.wait(
            ROLE, NAME, lambda o: bool(o["status"].get("pending", {}).get("rejections")), "shown"
        )
        alone.look(ROLE, NAME)
        assert say(alone, ROLE, NAME, reject=None)
        alone.look(ROLE, NAME)
        alone.settle()
        assert opened(alone, start) == []
        assert offer(alone, ROLE, NAME) != digest
