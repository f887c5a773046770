"""How offers end, by the object alone and by what is read; over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

import pytest

from ram_operator.cluster.api import path
from ram_operator.constants import (
    ANNOTATION_APPROVE,
    ANNOTATION_APPROVED_BY,
    ANNOTATION_REJECT,
    ANNOTATION_REJECTED_BY,
    HANDLED_REJECTION,
)
from ram_operator.gate import approvals
from ram_operator.gate.inputs import Approval, Guard
from ram_operator.kinds.manifest import asked
from ram_operator.kinds.record import facts_of
from ram_operator.kinds.table import KINDS
from ram_operator.loop import offers
from ram_operator.loop.ports import Ports
from ram_operator.loop.subject import Subject
from ram_operator.model.objects import Key
from ram_operator.model.outcome import Plan
from tests.unit.approvals_by_example import HELD as CHANGE
from tests.unit.approvals_by_example import RECORD, SAID, offered
from tests.unit.core import ECS, FC, OUTSIDER, trust, trust_json
from tests.unit.record_world import ACCOUNT, IDENTITY, Server
from tests.unit.test_gone import HELD, HOLDER, Json, left, world

ROW = KINDS["RamRole"]
SPEC: Json = {"roleName": IDENTITY.cloud_name, "trustPolicy": trust_json(FC, ECS)}
ASKED = asked(ROW, HOLDER.name, SPEC)
NO = "2026-01-01T00:00:00Z"
D = "sha256:" + "d" * 64
PENDING: Json = {
    **HELD["pending"],
    "digest": D,
    "expires": "2099-01-01T00:00:00Z",
    "change": "sha256:c",
    "wishes": ["w"],
    "asked": ASKED,
}
FLIGHT: Json = {
    "operation": "TrustChange",
    "approval": D,
    "change": "c",
    "sends": 1,
    "asked": ASKED,
}


def manifest(spec: Json = SPEC, generation: int = 2, **annotations: str) -> Json:
    named = {
        "approve": ANNOTATION_APPROVE,
        "reject": ANNOTATION_REJECT,
        "by": ANNOTATION_REJECTED_BY,
    }
    notes = {named[key]: value for key, value in annotations.items()}
    meta = {
        "name": "web",
        "namespace": "apps",
        "uid": "u",
        "generation": generation,
        "annotations": notes,
        "resourceVersion": "7",
    }
    return {"kind": "RamRole", "metadata": meta, "spec": spec, "status": {}}


@contextmanager
def about(body: Json, **record: Any) -> Iterator[tuple[Server, Ports, Subject]]:
    """The object as the API server has it, and its record."""
    with world(**{"pending": PENDING, "cloudId": "c", **record}) as (server, around):
        server.objects[path(HOLDER)] = body
        account = {"metadata": {"name": "default", "uid": "a"}, "spec": {"accountId": ACCOUNT}}
        around.cache.put({**account, "kind": "RamAccount"})
        yield server, around, Subject.of(HOLDER, body)


OTHERWISE: Json = {**SPEC, "trustPolicy": trust_json(FC)}


def test_what_is_asked_for_as_it_was_offered_stands() -> None:
    with about(manifest()) as (server, around, subject):
        assert offers.answer(around, subject) == {}
        assert server.writes == []


@pytest.mark.parametrize(
    "spec",
    [
        OTHERWISE,
        {**SPEC, "policies": [{"type": "System", "name": "X"}]},
        {**SPEC, "maxSessionDurationSeconds": 7200},
        {**SPEC, "roleName": "other"},
        {**SPEC, "suspend": True, "trustPolicy": trust_json(OUTSIDER)},
    ],
    ids=["trust", "policies", "session", "name", "suspended"],
)
def test_what_is_asked_for_otherwise_ends_the_offer(spec: Json) -> None:
    body = manifest(spec, approve=D)
    with about(body) as (server, around, subject):
        assert offers.answer(around, subject) == {}
        assert "pending" not in left(server)
        assert left(server)["sequence"] == 8
        (event,) = [w for w in server.writes if w.get("kind") == "Event"]
        assert event["reason"] == "ApprovalVoided"
        assert "the manifest asks for something else now" in event["message"]
        assert offers.answer(around, subject) == {}


@pytest.mark.parametrize("part", ["pending", "inFlight"])
def test_what_an_older_version_noted_ends_and_says_so(part: str) -> None:
    """Its digests are of 64 bits; the manifest is as it was."""
    short = {name: f"{at:016x}" for at, name in enumerate(ASKED)}
    block = {**(PENDING if part == "pending" else FLIGHT), "asked": short}
    found = {"pending": None, part: block}
    with about(manifest(approve=D), **found) as (server, around, subject):
        assert offers.answer(around, subject) == {}
        assert not left(server).get("pending")
        assert left(server).get("inFlight", {}).get("sends", 2) == 2
        (event,) = [w for w in server.writes if w.get("kind") == "Event"]
        assert event["reason"] == "ApprovalVoided"
        assert "an older version of the operator offered it" in event["message"]


def test_no_digest_is_shown_that_opens_nothing() -> None:
    body = manifest(OTHERWISE)
    body["status"] = {"pending": {"digest": D, "expires": "later", "summary": "s"}}
    with about(body) as (_, around, subject):
        assert offers.answer(around, subject) == {"pending": {"summary": "s"}}
    body = manifest()
    body["status"] = {"pending": {"digest": D, "expires": "later", "summary": "s"}}
    with about(body) as (_, around, subject):
        assert offers.answer(around, subject) == {}


def test_an_approval_that_nobody_gave_is_not_told_of() -> None:
    with about(manifest(OTHERWISE, approve="sha256:x")) as (server, around, subject):
        offers.answer(around, subject)
        assert "pending" not in left(server)
        assert [w for w in server.writes if w.get("kind") == "Event"] == []


def test_an_older_word_of_the_object_ends_nothing() -> None:
    with about(manifest(OTHERWISE)) as (server, around, subject):
        server.objects[path(HOLDER)] = manifest(generation=3)
        offers.answer(around, subject)
        assert left(server)["pending"]["digest"] == D


def test_another_objects_offer_is_none_of_ours() -> None:
    owner = {**HELD["owner"], "cluster": "green"}
    with about(manifest(OTHERWISE), owner=owner) as (server, around, subject):
        offers.answer(around, subject)
        assert left(server)["pending"]["digest"] == D


def test_a_rejection_goes_into_the_record_with_who_said_it() -> None:
    body = manifest(reject=f"{D} too wide", by="bob", approve=D)
    with about(body) as (server, around, subject):
        assert offers.answer(around, subject) == {HANDLED_REJECTION: D}
        record = left(server)
        assert record["sequence"] == 8
        (said,) = record["rejections"]
        assert {k: said[k] for k in ("change", "wishes", "by", "reason")} == {
            "change": "sha256:c",
            "wishes": ["w"],
            "by": "bob",
            "reason": "too wide",
        }
        (event,) = [w for w in server.writes if w.get("kind") == "Event"]
        assert "rejected by bob" in event["message"]
        # Later it is display.
        before = len(server.writes)
        assert offers.answer(around, subject) == {HANDLED_REJECTION: D}
        assert len(server.writes) == before


def test_a_rejection_that_the_watch_does_not_know_the_offer_of_is_recorded() -> None:
    """The record in memory is older than the one in the API server."""
    with about(manifest(reject=D), pending=None) as (server, around, subject):
        server.objects[path(IDENTITY.key)]["record"]["pending"] = PENDING
        assert offers.answer(around, subject) == {HANDLED_REJECTION: D}
        assert "pending" not in left(server)
        assert left(server)["rejections"][0]["by"] == approvals.UNKNOWN


def test_a_rejection_of_nothing_is_dealt_with() -> None:
    other = "sha256:" + "0" * 64
    with about(manifest(reject=f"{other} x")) as (server, around, subject):
        assert offers.answer(around, subject) == {HANDLED_REJECTION: other}
        assert server.writes == []


@pytest.mark.parametrize(
    "record",
    [
        {"pending": {**PENDING, "asked": None}},
        {"pending": {**PENDING, "asked": None, "rejected": "no"}},
    ],
    ids=["of an older version", "noted by an older version"],
)
def test_what_can_only_be_noted_with_the_offer_is_not_dealt_with_before(record: Json) -> None:
    with about(manifest(reject=D), **record) as (server, around, subject):
        assert offers.answer(around, subject) == {}
        assert server.writes == []


@pytest.mark.parametrize("sends", [0, 1, 2])
def test_a_rejection_of_a_write_that_was_begun_is_recorded_once(sends: int) -> None:
    flight = {**FLIGHT, "sends": sends, "wishes": ["w"]}
    body = manifest(reject=f"{D} no", by="bob")
    with about(body, pending=None, inFlight=flight) as (server, around, subject):
        assert offers.answer(around, subject) == {HANDLED_REJECTION: D}
        record = left(server)
        assert record["inFlight"]["sends"] == approvals.SENDS
        said = [(r["change"], r["wishes"], r["by"]) for r in record["rejections"]]
        assert said == [("c", ["w"], "bob")]
        assert offers.answer(around, subject) == {HANDLED_REJECTION: D}
        assert len(server.writes) == 1


def test_where_the_account_is_not_known_no_rejection_is_dealt_with() -> None:
    with about(manifest(reject="sha256:x")) as (_, around, subject):
        around.cache.remove(Key("RamAccount", "", "default"), "")
        assert offers.answer(around, subject) == {}
    bad = manifest({**SPEC, "roleName": "in valid"}, reject="sha256:x")
    with about(bad, pending=None) as (_, around, subject):
        assert offers.answer(around, subject) == {}


@pytest.mark.parametrize(
    ("flight", "spec", "sends"),
    [
        (FLIGHT, OTHERWISE, 2),
        (FLIGHT, SPEC, 1),
        ({**FLIGHT, "approval": ""}, OTHERWISE, 1),
        ({**FLIGHT, "asked": None}, OTHERWISE, 1),
        ({**FLIGHT, "sends": 0}, OTHERWISE, 2),
    ],
    ids=["asked otherwise", "the same", "of no approval", "of an older version", "refused"],
)
def test_a_write_that_was_begun_is_not_sent_again_once_it_is_not_asked_for(
    flight: Json, spec: Json, sends: int
) -> None:
    with about(manifest(spec), pending=None, inFlight=flight) as (server, around, subject):
        offers.answer(around, subject)
        assert left(server)["inFlight"]["sends"] == sends
        assert left(server)["inFlight"]["change"] == "c"


# By what is read


PLAN = Plan(held=CHANGE, in_sync=False)
SAYS = replace(SAID, scope=replace(SAID.scope, namespace="apps", object="web"))
OFFER = offered(CHANGE, replace(RECORD, sequence=7), SAYS).pending
assert OFFER is not None
MOVED = replace(PLAN, held=replace(CHANGE, context={}))


BLOCK: Json = {name: value for name, value in asdict(OFFER).items() if value}


@contextmanager
def having() -> Iterator[tuple[Server, Ports, Subject]]:
    with about(manifest(approve=OFFER.digest), pending=BLOCK) as (server, around, subject):
        yield server, around, subject


def look(around: Ports, subject: Subject, plan: Plan, said: Approval = SAYS) -> tuple[str, float]:
    held, wait = offers.offer(around, subject, IDENTITY, plan, said)
    return held.digest, wait


def settle(around: Ports) -> None:
    doubts = around.consistency._doubts
    for key, (seen, since) in doubts.items():
        doubts[key] = (seen, since - around.consistency.settle)


def test_an_offer_that_moved_is_replaced_by_the_second_look_that_says_so() -> None:
    with having() as (server, around, subject):
        assert look(around, subject, PLAN) == (OFFER.digest, 0.0)
        digest, wait = look(around, subject, MOVED)
        assert (digest, wait) == ("", around.consistency.settle)
        assert server.writes == []
        assert look(around, subject, MOVED)[1] > 0
        settle(around)
        digest, wait = look(around, subject, MOVED)
        assert digest not in ("", OFFER.digest)
        assert wait == 0.0
        assert left(server)["pending"]["digest"] == digest
        assert left(server)["sequence"] > 7
        (event,) = [w for w in server.writes if w.get("kind") == "Event"]
        assert "what it was given for has moved (policies as asked for)" in event["message"]


def test_looks_that_differ_from_each_other_replace_nothing() -> None:
    with having() as (server, around, subject):
        for _ in range(3):
            look(around, subject, MOVED)
            settle(around)
            assert look(around, subject, PLAN) == (OFFER.digest, 0.0)
        third = replace(PLAN, held=replace(CHANGE, context={"policies": {}}))
        look(around, subject, MOVED)
        settle(around)
        # It may be so all the time: then it is shown, without a digest.
        assert look(around, subject, third) == ("", 0.0)
        assert server.writes == []


@pytest.mark.parametrize(
    "doubt",
    [{"unsure": ("the tags to be read",)}, {"incomplete": True}],
    ids=["unsure", "unknown"],
)
def test_what_is_not_known_replaces_nothing_and_is_said(doubt: Json) -> None:
    with having() as (server, around, subject):
        for _ in range(2):
            held, wait = offers.offer(around, subject, IDENTITY, replace(MOVED, **doubt), SAYS)
            assert (held.digest, wait) == ("", 0.0)
            assert held.missing == doubt.get("unsure", ())
            settle(around)
        assert look(around, subject, replace(PLAN, **doubt)) == (OFFER.digest, 0.0)
        assert server.writes == []


@pytest.mark.parametrize("doubt", [True, False], ids=["unknown", "unsure"])
def test_a_first_offer_waits_for_whom_the_trust_lets_in_and_for_nothing_else(doubt: bool) -> None:
    plan = replace(PLAN, incomplete=doubt, unsure=("the tags to be read",))
    with about(manifest(), pending=None) as (server, around, subject):
        digest, _ = look(around, subject, plan)
        assert (digest == "") is doubt
        assert (server.writes == []) is doubt


def test_what_is_held_no_more_is_withdrawn_by_the_second_look() -> None:
    nothing = Plan()
    with having() as (server, around, subject):
        unsure = replace(nothing, unsure=("x",))
        assert offers.withdraw(around, subject, IDENTITY, unsure) == 0.0
        assert offers.withdraw(around, subject, IDENTITY, nothing) == around.consistency.settle
        look(around, subject, PLAN)
        assert offers.withdraw(around, subject, IDENTITY, nothing) == around.consistency.settle
        assert server.writes == []
        settle(around)
        assert offers.withdraw(around, subject, IDENTITY, nothing) == 0.0
        found = facts_of(server.objects[path(IDENTITY.key)], IDENTITY)
        assert (found.pending, found.sequence) == (None, 8)
        assert offers.withdraw(around, subject, IDENTITY, nothing) == 0.0


def test_what_the_manifest_asks_for_is_told_by_its_meaning_where_it_has_one() -> None:
    respelled = trust_json(FC, ECS)
    respelled["Statement"][0]["Action"] = ["sts:AssumeRole"]
    assert asked(ROW, "web", {**SPEC, "trustPolicy": respelled}) == ASKED
    assert asked(ROW, "web", {**SPEC, "description": "x"}) == ASKED
    assert asked(ROW, "web", {**SPEC, "maxSessionDurationSeconds": 3600}) == ASKED
    for broken in (None, "x", {"Statement": 1}, []):
        assert asked(ROW, "web", {**SPEC, "trustPolicy": broken}) != ASKED
    two = [{"type": "System", "name": "A"}, {"type": "System", "name": "B"}]
    spec = {**SPEC, "policies": two}
    assert asked(ROW, "web", spec) == asked(ROW, "web", {**SPEC, "policies": two[::-1]})


def test_every_field_that_the_gate_judges_is_asked_for() -> None:
    for row in KINDS.values():
        judged = {f.name for f in row.fields if f.gated or f.escalates or f.larger_is_wider}
        assert set(asked(row, "x", {})) == judged | {row.name_field}
    assert trust(FC).digest


class PutBack:
    """A guard of which nothing good is remembered, and which is there when it is looked at."""

    stamps = True

    def __init__(self, now: Guard) -> None:
        self.now = now

    def state(self, key: Key | None = None, *, fresh: bool = False) -> Guard:
        return self.now if fresh else Guard.MISSING


@pytest.mark.parametrize("now", [Guard.INTACT, Guard.MISSING])
def test_what_is_only_remembered_of_the_guard_voids_no_approval(now: Guard) -> None:
    body = manifest(approve=D)
    body["metadata"]["annotations"][ANNOTATION_APPROVED_BY] = "olga"
    with about(body) as (_, around, subject):
        guarded: Any = PutBack(now)
        assert offers.guard_state(replace(around, guard=guarded), subject) is now
