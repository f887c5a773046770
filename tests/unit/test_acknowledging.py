"""Acknowledged drift in the record: begun and ended by what the object says now; over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ram_operator import times
from ram_operator.cluster.api import path
from ram_operator.constants import ANNOTATION_ACKNOWLEDGE, ANNOTATION_ACKNOWLEDGED_BY
from ram_operator.gate.inputs import Guard
from ram_operator.kinds.record import FORMAT
from ram_operator.loop import acknowledging
from ram_operator.loop.ports import Ports
from ram_operator.loop.subject import Subject
from ram_operator.model.outcome import Acknowledging, Plan
from ram_operator.model.records import DriftEntry
from tests.unit.approvals_by_example import SAID
from tests.unit.record_world import IDENTITY, Json, Server
from tests.unit.test_gone import HOLDER, left
from tests.unit.test_offers import about, manifest

D = "sha256:" + "d" * 64
ENTRIES = [{"field": "trustPolicy", "stands": "sha256:x", "severity": "critical", "says": "ecs"}]
OFFER: Json = {
    "digest": D,
    "since": "2026-01-01T00:00:00Z",
    "expires": "2099-01-01T00:00:00Z",
    "entries": ENTRIES,
}
LATER = "2098-01-01T00:00:00Z"
TEXT = f"{D} until {LATER}"
HOLDS: Json = {**OFFER, "said": TEXT, "by": "ann", "guard": "intact", "until": LATER}
HOLDS.pop("expires")
OURS: Json = {"owner": {"cluster": "blue", "namespace": "apps", "name": "web", "uid": "u"}}


@dataclass
class Guarded:
    """A guard that stamps, and is what a test says when it is looked at anew."""

    now: Guard = Guard.INTACT
    stamps: bool = True
    asked: list[bool] = field(default_factory=list)

    def state(self, key: Any = None, *, fresh: bool = False) -> Guard:
        self.asked.append(fresh)
        return self.now


@contextmanager
def said(
    text: str = TEXT, by: str = "ann", guard: Guard = Guard.INTACT, **record: Any
) -> Iterator[tuple[Server, Ports, Subject]]:
    body = manifest()
    body["metadata"]["annotations"] = {
        name: value
        for name, value in ((ANNOTATION_ACKNOWLEDGE, text), (ANNOTATION_ACKNOWLEDGED_BY, by))
        if value
    }
    with about(body, **OURS, pending=None, format=FORMAT, **record) as (server, around, subject):
        guarded: Any = Guarded(guard)
        yield server, replace(around, guard=guarded), subject


def events(server: Server) -> list[str]:
    return [each["reason"] for each in server.writes if each.get("kind") == "Event"]


def test_what_is_offered_and_said_begins() -> None:
    with said(driftOffer=OFFER) as (server, around, subject):
        acknowledging.answer(around, subject)
        record = left(server)
        assert record["acknowledged"]["digest"] == D
        assert record["acknowledged"]["by"] == "ann"
        assert record["acknowledged"]["guard"] == "intact"
        assert "driftOffer" not in record
        since, until = (times.seconds(record["acknowledged"][n]) for n in ("since", "until"))
        assert until - since == times.DAY
        assert events(server) == ["DriftAcknowledged"]
        known = acknowledging.known(around, HOLDER, subject.body)
        assert known.holds is not None
        assert (known.ending, known.offer, known.voided) == (False, None, "")
        before = len(server.writes)
        acknowledging.answer(around, subject)
        assert len(server.writes) == before, "it is good once"


@pytest.mark.parametrize(
    ("guard", "by"),
    [(Guard.MISSING, "ann"), (Guard.INTACT, "")],
    ids=["the guard is gone", "nobody stamped it"],
)
def test_what_nobody_guarded_is_void_for_good(guard: Guard, by: str) -> None:
    with said(by=by, guard=guard, driftOffer=OFFER) as (server, around, subject):
        before = left(server)["sequence"]
        acknowledging.answer(around, subject)
        assert not left(server).keys() & {"acknowledged", "driftOffer"}
        assert left(server)["sequence"] == before + 1
        assert events(server) == ["AcknowledgementNotHonoured"]
        assert True in around.guard.asked, "what is remembered of the guard does not do"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "until"),
    [("", LATER), (f"{D} until 2097-01-01T00:00:00Z", LATER), (TEXT, "2026-01-01T00:00:00Z")],
    ids=["taken back", "changed", "over"],
)
def test_what_holds_ends(text: str, until: str) -> None:
    with said(text, acknowledged={**HOLDS, "until": until}) as (server, around, subject):
        acknowledging.answer(around, subject)
        assert "acknowledged" not in left(server)
        assert events(server) == ["AcknowledgementEnded"]


def test_what_was_said_to_another_object_ends() -> None:
    owner = {"owner": {**OURS["owner"], "uid": "before"}}
    with said(acknowledged=HOLDS, driftOffer=OFFER) as (server, around, subject):
        body = server.objects[path(IDENTITY.key)]
        body["record"] |= owner
        around.cache.put(body | {"metadata": {**body["metadata"], "resourceVersion": "999"}})
        acknowledging.answer(around, subject)
        assert "acknowledged" not in left(server)


def test_what_the_object_says_by_now_counts() -> None:
    with said(driftOffer=OFFER) as (server, around, subject):
        server.objects[path(HOLDER)]["metadata"]["annotations"] = {}
        acknowledging.answer(around, subject)
        assert "acknowledged" not in left(server)
    with said(driftOffer=OFFER) as (server, around, subject):
        anew = server.objects[path(HOLDER)]
        server.objects[path(HOLDER)] = {**anew, "metadata": {**anew["metadata"], "uid": "v"}}
        acknowledging.answer(around, subject)
        assert "acknowledged" not in left(server)


def test_what_does_not_count_is_told_with_the_offer() -> None:
    other = f"sha256:{'e' * 64} until {LATER}"
    with said(other, driftOffer=OFFER) as (_, around, subject):
        acknowledging.answer(around, subject)
        known = acknowledging.known(around, HOLDER, subject.body)
        assert known.offer is not None
        assert known.voided == "AcknowledgementStale"
    with said("", by="") as (_, around, subject):
        assert acknowledging.known(around, HOLDER, subject.body) == Acknowledging()


def test_what_has_had_its_time_is_not_told_as_if_it_held_although_the_record_has_it() -> None:
    over = {**HOLDS, "until": "2026-01-01T00:00:00Z"}
    with said(acknowledged=over) as (_, around, subject):
        assert acknowledging.known(around, HOLDER, subject.body) == Acknowledging()


def drift(*names: str, **more: Any) -> Plan:
    found = tuple(DriftEntry(name, f"sha256:{name}", "critical", "x") for name in names)
    return Plan(acknowledgeable=found, **more)


def test_an_offer_is_written_once_and_stays_while_not_all_can_be_read() -> None:
    with said("", by="") as (server, around, subject):

        def offer(plan: Plan) -> str:
            acknowledging.offer(around, subject, IDENTITY, plan, SAID)
            return str(left(server).get("driftOffer", {}).get("digest", ""))

        first = offer(drift("a", "b"))
        assert first
        writes = len(server.writes)
        assert offer(drift("a", "b")) == first
        assert offer(drift()) == first
        assert offer(drift("a", unread=frozenset({"b"}))) == first
        assert len(server.writes) == writes
        assert offer(drift("a")) != first
